#include "device/atomic_widths.hpp"

#include <gtest/gtest.h>

#include "device/facts.hpp"

namespace tenon::device {
namespace {

TEST(AtomicWidths, AreReadAsTheyAreWritten) {
    for (const std::uint32_t mask : {1u, 2u, 3u, 4u, 5u, 6u, 7u})
        EXPECT_EQ(parse_widths(key_of_widths(mask)).value(), mask);
    EXPECT_EQ(parse_widths("128+32").value(), atomics_128 | atomics_32);
}

TEST(AtomicWidths, RefuseWhatDoesNotExist) {
    for (const auto* const text : {"", "16", "32+32", "32+", "+64", "32,64", "0x20", "256", "none"})
        EXPECT_FALSE(parse_widths(text)) << text;
}

TEST(AtomicWidths, AreWordsForAPerson) {
    EXPECT_EQ(words_of_widths(0), "no");
    EXPECT_EQ(words_of_widths(atomics_64), "64 bit");
    EXPECT_EQ(words_of_widths(atomics_32 | atomics_64), "32 and 64 bit");
    EXPECT_EQ(words_of_widths(7), "32, 64 and 128 bit");
}

}  // namespace
}  // namespace tenon::device
