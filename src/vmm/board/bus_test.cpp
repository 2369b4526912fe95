#include "vmm/board/bus.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace tenon::vmm::board {
namespace {

/// 16 bytes of memory that counts the accesses.
class Scratch final : public BusDevice {
public:
    std::uint64_t read(std::uint64_t offset, unsigned size) override {
        ++reads;
        std::uint64_t value = 0;
        for (unsigned byte = 0; byte < size; ++byte)
            value |= std::uint64_t{bytes.at(offset + byte)} << (byte * 8);
        return value;
    }
    void write(std::uint64_t offset, unsigned size, std::uint64_t value) override {
        ++writes;
        for (unsigned byte = 0; byte < size; ++byte)
            bytes.at(offset + byte) = static_cast<std::uint8_t>(value >> (byte * 8));
    }
    std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(16);
    unsigned reads = 0;
    unsigned writes = 0;
};

TEST(Bus, BringsAnAccessToItsRangeAsAnOffset) {
    Bus bus;
    const auto scratch = std::make_shared<Scratch>();
    ASSERT_TRUE(bus.add(0x1000, 16, scratch));

    bus.write(0x1004, 2, 0xbeef);

    EXPECT_EQ(scratch->bytes[4], 0xef);
    EXPECT_EQ(scratch->bytes[5], 0xbe);
    EXPECT_EQ(bus.read(0x1004, 4), 0x0000beefu);
}

TEST(Bus, ReadsAllOnesWhereNobodyIs) {
    const Bus bus;

    EXPECT_EQ(bus.read(0x1000, 1), 0xffu);
    EXPECT_EQ(bus.read(0x1000, 2), 0xffffu);
    EXPECT_EQ(bus.read(0x1000, 4), 0xffffffffu);
    EXPECT_EQ(bus.read(0x1000, 8), 0xffffffffffffffffu);
}

TEST(Bus, GivesNoRangeAnAccessThatCrossesItsEnd) {
    Bus bus;
    const auto scratch = std::make_shared<Scratch>();
    ASSERT_TRUE(bus.add(0x1000, 16, scratch));

    bus.write(0x100e, 4, 0x12345678);

    EXPECT_EQ(bus.read(0x100e, 4), 0xffffffffu);
    EXPECT_EQ(scratch->writes, 0u);
    EXPECT_EQ(scratch->reads, 0u);
}

TEST(Bus, CutsAnAccessOfThreeBytesIntoSingleOnes) {
    Bus bus;
    const auto scratch = std::make_shared<Scratch>();
    ASSERT_TRUE(bus.add(0x1000, 16, scratch));

    bus.write(0x1001, 3, 0x332211);

    EXPECT_EQ(scratch->writes, 3u);
    EXPECT_EQ(bus.read(0x1001, 3), 0x332211u);
}

TEST(Bus, RefusesARangeThatBeginsInsideAnother) {
    Bus bus;
    ASSERT_TRUE(bus.add(0x1000, 0x100, std::make_shared<Scratch>()));

    const auto added = bus.add(0x10ff, 1, std::make_shared<Scratch>());

    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().kind, Error::Kind::Busy);
}

TEST(Bus, RefusesARangeThatReachesIntoTheNext) {
    Bus bus;
    ASSERT_TRUE(bus.add(0x1000, 0x100, std::make_shared<Scratch>()));

    EXPECT_FALSE(bus.add(0xf00, 0x101, std::make_shared<Scratch>()));
    EXPECT_TRUE(bus.add(0xf00, 0x100, std::make_shared<Scratch>()));
}

TEST(Bus, RefusesAnEmptyRangeAndOneThatWraps) {
    Bus bus;

    EXPECT_FALSE(bus.add(0x1000, 0, std::make_shared<Scratch>()));
    EXPECT_FALSE(bus.add(0xffff'ffff'ffff'f000, 0x1001, std::make_shared<Scratch>()));
    EXPECT_TRUE(bus.add(0xffff'ffff'ffff'f000, 0x1000, std::make_shared<Scratch>()));
}

TEST(Bus, ForgetsARangeThatWasRemoved) {
    Bus bus;
    const auto scratch = std::make_shared<Scratch>();
    ASSERT_TRUE(bus.add(0x1000, 16, scratch));

    bus.remove(*scratch);

    EXPECT_EQ(bus.read(0x1000, 1), 0xffu);
    EXPECT_EQ(scratch.use_count(), 1);
}

/// Takes its own range out at the first write, as a function does whose BAR the guest moves.
class Leaving final : public BusDevice {
public:
    explicit Leaving(Bus& bus) : bus_{bus} {}
    std::uint64_t read(std::uint64_t /*offset*/, unsigned /*size*/) override { return 7; }
    void write(std::uint64_t /*offset*/, unsigned /*size*/, std::uint64_t /*value*/) override {
        bus_.remove(*this);
    }

private:
    Bus& bus_;
};

TEST(Bus, LetsADeviceRemoveItselfWhileItIsCalled) {
    Bus bus;
    ASSERT_TRUE(bus.add(0x1000, 16, std::make_shared<Leaving>(bus)));

    bus.write(0x1000, 4, 0);

    EXPECT_EQ(bus.read(0x1000, 1), 0xffu);
}

TEST(Bus, LetsRangesComeAndGoWhileOthersRead) {
    Bus bus;
    ASSERT_TRUE(bus.add(0x2000, 16, std::make_shared<Scratch>()));
    bool wrong = false;
    {
        const std::jthread reader{[&](const std::stop_token& stop) {
            while (!stop.stop_requested())
                if (const auto value = bus.read(0x1000, 1); value != 0xff && value != 7)
                    wrong = true;
        }};
        for (unsigned round = 0; round < 1000; ++round) {
            const auto leaving = std::make_shared<Leaving>(bus);
            [[maybe_unused]] const auto added = bus.add(0x1000, 16, leaving);
            bus.remove(*leaving);
        }
    }
    EXPECT_FALSE(wrong);
}

}  // namespace
}  // namespace tenon::vmm::board
