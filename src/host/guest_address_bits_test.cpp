#include "host/guest_address_bits.hpp"

#include <gtest/gtest.h>

namespace tenon::host {
namespace {

TEST(GuestAddressBits, AreTheSmallerOfWhatTheLeafHas) {
    EXPECT_EQ(guest_address_bits_of(0x00003028), 40u);
    EXPECT_EQ(guest_address_bits_of(0x00303034), 48u);
    EXPECT_EQ(guest_address_bits_of(0x00343030), 48u);
    EXPECT_EQ(guest_address_bits_of(0), 36u);
    EXPECT_EQ(guest_address_bits_of(0x000000ff), 36u);
}

TEST(GuestAddressBits, OfThisMachineAreKnown) {
    const auto bits = read_guest_address_bits(linux_kernel());
    ASSERT_TRUE(bits);
    EXPECT_GE(*bits, 32u);
    EXPECT_LE(*bits, 52u);
}

}  // namespace
}  // namespace tenon::host
