#include "vmm/board/power.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <vector>

namespace tenon::vmm::board {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class PowerTest : public testing::Test {
protected:
    std::vector<MachineEnd> ends;
    PowerRegisters registers{[this](MachineEnd why) { ends.push_back(why); }};
};

TEST_F(PowerTest, EndsWhenSoftOffIsEntered) {
    // SLP_EN (bit 5) with SLP_TYP 5 in bits 4:2.
    registers.write(0, 1, 0x34);
    EXPECT_THAT(ends, ElementsAre(MachineEnd::PoweredOff));
}

TEST_F(PowerTest, IgnoresATypeWithoutTheEnableBit) {
    registers.write(0, 1, 0x14);
    EXPECT_THAT(ends, IsEmpty());
}

TEST_F(PowerTest, IgnoresOtherSleepTypes) {
    registers.write(0, 1, 0x20);
    EXPECT_THAT(ends, IsEmpty());
}

TEST_F(PowerTest, EndsAtAReset) {
    registers.write(2, 1, 1);
    EXPECT_THAT(ends, ElementsAre(MachineEnd::Reset));
}

TEST_F(PowerTest, TakesTheResetRegistersValueOnlyThere) {
    registers.write(1, 1, 1);
    registers.write(2, 1, 0);
    EXPECT_THAT(ends, IsEmpty());
    EXPECT_EQ(registers.read(1, 1), 0u);
}

TEST(CodeAtReset, WritesTheResetRegisterAndStops) {
    // mov dx, 0x602; mov al, 1; out dx, al; hlt; jmp back to hlt
    const std::array<std::uint8_t, 9> expected{0xba, 0x02, 0x06, 0xb0, 0x01,
                                               0xee, 0xf4, 0xeb, 0xfd};
    EXPECT_EQ(code_at_reset(0x600), (std::bit_cast<std::array<std::byte, 9>>(expected)));
}

}  // namespace
}  // namespace tenon::vmm::board
