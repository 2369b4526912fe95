#include "base/bytes.hpp"

#include <gtest/gtest.h>

#include <array>

namespace tenon {
namespace {

TEST(Bytes, AreLittleEndian) {
    std::array<std::byte, 4> bytes{};

    store<std::uint16_t>(bytes, 1, 0x8086);

    EXPECT_EQ(bytes[1], std::byte{0x86});
    EXPECT_EQ(bytes[2], std::byte{0x80});
    EXPECT_EQ(load<std::uint32_t>(bytes, 0), 0x00808600u);
}

TEST(Align, RoundsToThePowerOfTwo) {
    EXPECT_EQ(align_up(0x1001, 0x1000), 0x2000u);
    EXPECT_EQ(align_up(0x1000, 0x1000), 0x1000u);
    EXPECT_EQ(align_down(0x1fff, 0x1000), 0x1000u);
}

}  // namespace
}  // namespace tenon
