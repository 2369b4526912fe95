#include "model/function/reset_trouble.hpp"

#include <gtest/gtest.h>

namespace tenon::model::function {
namespace {

TEST(ResetTrouble, IsFoundByIds) {
    // AMD Matisse USB 3.0 (1022:149c, class 0c0330).
    const auto* const row = find_reset_trouble(0x1022, 0x149c, 0x0c0330, 0x00);
    ASSERT_NE(row, nullptr);
    EXPECT_EQ(row->reset, TroubledReset::Function);
    EXPECT_EQ(row->evidence, "Linux commit 0d14f06cd665");
}

TEST(ResetTrouble, IsNotGuessedOfANeighbouringId) {
    EXPECT_EQ(find_reset_trouble(0x1022, 0x149d, 0x0c0330, 0x00), nullptr);
    EXPECT_EQ(find_reset_trouble(0x10de, 0x233f, 0x030200, 0xa1), nullptr);
    EXPECT_EQ(find_reset_trouble(0x10de, 0x2380, 0x030200, 0xa1), nullptr);
    EXPECT_NE(find_reset_trouble(0x10de, 0x2340, 0x030200, 0xa1), nullptr);
    EXPECT_NE(find_reset_trouble(0x10de, 0x237f, 0x030200, 0xa1), nullptr);
}

TEST(ResetTrouble, MayBeOfOneRevisionAlone) {
    EXPECT_NE(find_reset_trouble(0xd063, 0x1000, 0x020000, 0x01), nullptr);
    EXPECT_EQ(find_reset_trouble(0xd063, 0x1000, 0x020000, 0x02), nullptr);
}

TEST(ResetTrouble, OfADisplayIsNotThatOfItsSound) {
    EXPECT_EQ(find_reset_trouble(0x1002, 0x67df, 0x030000, 0xc7)->reset, TroubledReset::Any);
    EXPECT_EQ(find_reset_trouble(0x1002, 0xaaf0, 0x040300, 0x00), nullptr);
}

TEST(ResetTrouble, OfOtherAmdDisplaysIsWithTheirPowerStates) {
    // Navi 21, which gnif/vendor-reset says to need nothing.
    EXPECT_EQ(find_reset_trouble(0x1002, 0x73bf, 0x030000, 0xc1)->reset,
              TroubledReset::PowerManagement);
}

}  // namespace
}  // namespace tenon::model::function
