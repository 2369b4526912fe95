#include "vmm/board/firmware_parts.hpp"

#include <gtest/gtest.h>

#include "vmm/board/cmos.hpp"
#include "vmm/board/config_ports.hpp"

namespace tenon::vmm::board {
namespace {

using namespace std::chrono_literals;

TEST(PmTimer, CountsAtItsFrequencyIn32Bits) {
    std::chrono::nanoseconds passed{0};
    PmTimer timer{[&] { return passed; }};
    EXPECT_EQ(timer.read(0, 4), 0u);
    passed = 1s;
    EXPECT_EQ(timer.read(0, 4), 3'579'545u);
    EXPECT_EQ(timer.read(1, 1), 3'579'545u >> 8 & 0xff);
    passed = 1h;
    EXPECT_EQ(timer.read(0, 4), 3600ull * 3'579'545 & 0xffff'ffff);
    passed = 24h * 365 * 100;
    EXPECT_EQ(timer.read(0, 4), 100ull * 365 * 24 * 3600 * 3'579'545 & 0xffff'ffff);
}

TEST(ResetCommand, ResetsByThePulseAlone) {
    unsigned resets = 0;
    ResetCommand port{[&] { ++resets; }};
    EXPECT_EQ(port.read(0, 1), 0u);
    port.write(0, 1, 0xd1);
    EXPECT_EQ(resets, 0u);
    port.write(0, 1, 0xfe);
    EXPECT_EQ(resets, 1u);
}

class Cells final : public PciHost {
public:
    std::uint32_t read(const Place& place, unsigned size) override {
        last = place;
        last_size = size;
        return 0x1234'5678u & static_cast<std::uint32_t>(all_ones(size));
    }
    void write(const Place& place, unsigned size, std::uint32_t value) override {
        last = place;
        last_size = size;
        written = value;
    }
    void restart() override {}

    Place last;
    unsigned last_size = 0;
    std::uint32_t written = 0;
};

TEST(ConfigPorts, ReachesTheDwordThatTheAddressNames) {
    Cells cells;
    ConfigPorts ports{cells, [] {}};
    ports.write(0, 4, 0xff02'1944);
    EXPECT_EQ(ports.read(0, 4), 0x8002'1944u);

    EXPECT_EQ(ports.read(6, 2), 0x5678u);
    EXPECT_EQ(cells.last, (PciHost::Place{.bus = 2, .devfn = 0x19, .offset = 0x46}));
    EXPECT_EQ(cells.last_size, 2u);
    ports.write(7, 1, 0xab);
    EXPECT_EQ(cells.last, (PciHost::Place{.bus = 2, .devfn = 0x19, .offset = 0x47}));
    EXPECT_EQ(cells.written, 0xabu);
}

TEST(ConfigPorts, ReachesNobodyWithoutAnAddressOrAcrossTheDword) {
    Cells cells;
    ConfigPorts ports{cells, [] {}};
    EXPECT_EQ(ports.read(4, 4), 0xffff'ffffu);
    ports.write(4, 4, 1);
    ports.write(0, 4, 0x8000'0000);
    EXPECT_EQ(ports.read(6, 4), 0xffff'ffffu);
    ports.write(2, 4, 1);
    ports.write(0, 8, 1);
    EXPECT_EQ(cells.last_size, 0u);
}

TEST(ConfigPorts, ResetsByTheControlRegister) {
    unsigned resets = 0;
    Cells cells;
    ConfigPorts ports{cells, [&] { ++resets; }};
    ports.write(1, 1, 0x02);
    EXPECT_EQ(resets, 0u);
    ports.write(1, 1, 0x06);
    EXPECT_EQ(resets, 1u);
    EXPECT_EQ(ports.read(0, 4), 0u);
}

class CmosClock : public testing::Test {
protected:
    std::uint64_t get(std::uint8_t index) {
        cmos_.write(0, 1, index);
        return cmos_.read(1, 1);
    }
    void set(std::uint8_t index, std::uint8_t value) {
        cmos_.write(0, 1, index);
        cmos_.write(1, 1, value);
    }

    Cmos::Time now_{std::chrono::sys_days{std::chrono::year{2026} / 12 / 4} + 13h + 25min + 59s};
    Cmos cmos_{[this] { return now_; }};
};

TEST_F(CmosClock, TellsTheTimeInBcd) {
    EXPECT_EQ(get(0x00), 0x59u);
    EXPECT_EQ(get(0x02), 0x25u);
    EXPECT_EQ(get(0x84), 0x13u);  // With NMIs masked.
    EXPECT_EQ(get(0x06), 0x06u);  // A Friday.
    EXPECT_EQ(get(0x07), 0x04u);
    EXPECT_EQ(get(0x08), 0x12u);
    EXPECT_EQ(get(0x09), 0x26u);
    EXPECT_EQ(get(0x32), 0x20u);
    EXPECT_EQ(get(0x0a) & 0x80, 0u);
    EXPECT_EQ(get(0x0d), 0x80u);
}

TEST_F(CmosClock, TellsItInBinaryWhereAskedTo) {
    set(0x0b, 0x06);
    EXPECT_EQ(get(0x00), 59u);
    EXPECT_EQ(get(0x09), 26u);
}

TEST_F(CmosClock, IsSetWhileItIsHeldAndGoesOnFromThere) {
    set(0x0b, 0x82);
    set(0x09, 0x30);
    now_ += 1s;
    EXPECT_EQ(get(0x00), 0x59u);
    set(0x00, 0x10);
    set(0x0b, 0x02);
    EXPECT_EQ(get(0x00), 0x10u);
    EXPECT_EQ(get(0x09), 0x30u);
    now_ += 5s;
    EXPECT_EQ(get(0x00), 0x15u);
}

TEST_F(CmosClock, TakesNoDateThatIsNone) {
    set(0x0b, 0x82);
    set(0x08, 0x13);
    set(0x0b, 0x02);
    EXPECT_EQ(get(0x08), 0x12u);
}

TEST_F(CmosClock, KeepsOtherBytes) {
    set(0x0f, 0x05);
    set(0x7f, 0xaa);
    EXPECT_EQ(get(0x0f), 0x05u);
    EXPECT_EQ(get(0x7f), 0xaau);
    EXPECT_EQ(get(0x10), 0u);
    EXPECT_EQ(cmos_.read(0, 1), 0xffu);
    EXPECT_EQ(cmos_.read(0, 2), 0xffffu);
}

}  // namespace
}  // namespace tenon::vmm::board
