#include "capture/text/lines.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace tenon::capture::text {
namespace {

// The lines of `bytes`, fed in pieces of `piece` bytes.
std::vector<std::string> lines_of(std::string_view bytes, std::size_t piece = 1000) {
    std::vector<std::string> found;
    Lines lines{[&](const Line& line) -> Result<void> {
        EXPECT_EQ(line.number, found.size() + 1);
        found.emplace_back(line.too_long ? "too long" : line.text);
        return {};
    }};
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
        EXPECT_TRUE(lines.feed(bytes.substr(0, piece)));
    EXPECT_TRUE(lines.end());
    return found;
}

using Found = std::vector<std::string>;

TEST(Lines, EndInEveryWay) {
    for (const std::size_t piece : {1, 2, 3, 1000}) {
        EXPECT_EQ(lines_of("a\nb\r\nc\rd", piece), (Found{"a", "b", "c", "d"}));
        EXPECT_EQ(lines_of("a\r\n\r\nb\n\n", piece), (Found{"a", "", "b", ""}));
        EXPECT_EQ(lines_of("a\r\rb\r", piece), (Found{"a", "", "b"}));
    }
    EXPECT_EQ(lines_of(""), Found{});
}

TEST(Lines, MayBeginWithAMark) {
    EXPECT_EQ(lines_of("\xef\xbb\xbf"
                       "a\nb"),
              (Found{"a", "b"}));
}

TEST(Lines, MayBeUtf16OfEitherOrder) {
    // "a", an e with acute accent, a musical clef (U+1D11E), "b", with and without a mark.
    constexpr std::string_view little{
        "\xff\xfe"
        "a\0\xe9\0\x34\xd8\x1e\xdd\r\0\n\0b\0",
        16};
    constexpr std::string_view big{
        "\xfe\xff"
        "\0a\0\xe9\xd8\x34\xdd\x1e\0\r\0\n\0b",
        16};
    for (const std::size_t piece : {1, 2, 3, 1000}) {
        EXPECT_EQ(lines_of(little, piece), (Found{"a\xc3\xa9\xf0\x9d\x84\x9e", "b"}));
        EXPECT_EQ(lines_of(big, piece), (Found{"a\xc3\xa9\xf0\x9d\x84\x9e", "b"}));
    }
    std::string wide;
    for (const char letter : std::string{"65:00.0 Controller\nline"})
        wide += std::string{letter, '\0'};
    EXPECT_EQ(lines_of(wide, 7), (Found{"65:00.0 Controller", "line"}));
}

TEST(Lines, AreNotUtf16ForAFewZeros) {
    EXPECT_FALSE(is_utf16(std::string(64, '\0')));
    EXPECT_FALSE(is_utf16({"\x86\x80\x34\x12", 4}));
    EXPECT_FALSE(is_utf16({"a\0b\0", 4}));
    EXPECT_TRUE(
        is_utf16({"\xff\xfe"
                  "a\0",
                  4}));
}

TEST(Lines, OfUtf16MayBeBroken) {
    constexpr std::string_view lone_halves{
        "\xff\xfe"
        "\x34\xd8"
        "a\0\x1e\xdd"
        "b",
        9};
    EXPECT_EQ(lines_of(lone_halves), (Found{"\xef\xbf\xbd"
                                            "a\xef\xbf\xbd"}));
}

TEST(Lines, KnowThoseThatAreTooLong) {
    const std::string longest(65536, 'x');
    for (const std::size_t piece : {1000, 1000000}) {
        EXPECT_EQ(lines_of(longest + "\nb", piece), (Found{longest, "b"}));
        EXPECT_EQ(lines_of(longest + "x\nb", piece), (Found{"too long", "b"}));
        EXPECT_EQ(lines_of(longest + longest, piece), (Found{"too long"}));
    }
}

}  // namespace
}  // namespace tenon::capture::text
