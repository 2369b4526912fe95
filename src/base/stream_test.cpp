#include "base/stream.hpp"

#include <gtest/gtest.h>

#include <array>

namespace tenon {
namespace {

TEST(TextStream, EndsAfterItsText) {
    TextStream stream{"abc"};
    std::array<char, 2> out{};

    EXPECT_EQ(stream.read(out).value(), 2u);
    EXPECT_EQ(stream.read(out).value(), 1u);
    EXPECT_EQ(out[0], 'c');
    EXPECT_EQ(stream.read(out).value(), 0u);
}

TEST(ReadAll, RefusesMoreThanItsLimit) {
    TextStream exact{"12345678"};
    TextStream longer{"123456789"};

    EXPECT_EQ(read_all(exact, 8, "it").value(), "12345678");
    EXPECT_EQ(read_all(longer, 8, "it").error().what, "it: longer than 8 bytes");
}

TEST(PeekedStream, GivesAgainWhatWasLookedAt) {
    PeekedStream stream{std::make_unique<TextStream>("abcdef")};

    EXPECT_EQ(stream.peek(2).value(), "ab");
    EXPECT_EQ(stream.peek(4).value(), "abcd");
    EXPECT_EQ(stream.peek(1).value(), "a");
    EXPECT_EQ(read_all(stream, 100, "it").value(), "abcdef");
}

TEST(PeekedStream, ShowsNoMoreThanThereIs) {
    PeekedStream stream{std::make_unique<TextStream>("ab")};

    EXPECT_EQ(stream.peek(6).value(), "ab");
    EXPECT_EQ(read_all(stream, 100, "it").value(), "ab");
}

}  // namespace
}  // namespace tenon
