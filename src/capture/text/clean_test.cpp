#include "capture/text/clean.hpp"

#include <gtest/gtest.h>

namespace tenon::capture::text {
namespace {

std::string cleaned(std::string_view line) {
    std::string room;
    return std::string{clean(line, room)};
}

TEST(Clean, LeavesAPlainLineWhereItIs) {
    constexpr std::string_view line = "00: 86 80\t53 09 [x] (y)";
    std::string room;
    EXPECT_EQ(clean(line, room).data(), line.data());
}

TEST(Clean, TakesColoursOfATerminalAway) {
    EXPECT_EQ(cleaned("\x1b[1;32m65:00.0\x1b[0m NVMe\x1b[K"), "65:00.0 NVMe");
    EXPECT_EQ(cleaned("\x1b]0;title\x07"
                      "a\x1b]8;;x\x1b\\b"),
              "ab");
    EXPECT_EQ(cleaned("a\x1b["), "a");
    EXPECT_EQ(cleaned("a\x1b"), "a");
    EXPECT_EQ(cleaned("a\x1b]0;never ends"), "a");
}

TEST(Clean, ReadsHtml) {
    EXPECT_EQ(cleaned("&gt; 00: 86&nbsp;80&#160;53&#x20;09 &lt;ignored&gt; &amp;gt;"),
              "> 00: 86 80 53 09 <ignored> &gt;");
    EXPECT_EQ(cleaned("<pre class=\"x\">00: 86</pre><br>10: 00<BR />"), "00: 86\n10: 00\n");
    EXPECT_EQ(cleaned("<div><span style='a'>x</span></div>"), "x");
    EXPECT_EQ(cleaned("&; &#; &#x; &unknown; &#99999999999; & <"),
              "&; &#; &#x; &unknown; &#99999999999; & <");
}

TEST(Clean, KeepsWordsInAngles) {
    EXPECT_EQ(cleaned("Memory at <unassigned> <-- BAR0 <prefetch> <6>"),
              "Memory at <unassigned> <-- BAR0 <prefetch> <6>");
}

TEST(Clean, MakesEverySpaceAPlainOne) {
    EXPECT_EQ(cleaned("a\xc2\xa0"
                      "b\xe2\x80\xaf"
                      "c\xe3\x80\x80"
                      "d\xa0"
                      "e\x0c"
                      "f"),
              "a b c d e f");
    EXPECT_EQ(cleaned("a\xe2\x80\x8b"
                      "b\xef\xbb\xbf"),
              "ab");
}

TEST(Clean, MakesBarsOfLines) { EXPECT_EQ(cleaned("\xe2\x94\x82 00: 86"), "| 00: 86"); }

TEST(Clean, ReadsWhatMailQuotes) {
    EXPECT_EQ(cleaned("Region 0: Memory at c0000000 [size=3D32M]=20"),
              "Region 0: Memory at c0000000 [size=32M] ");
    EXPECT_EQ(cleaned("00:=C2=A086 80=09"), "00: 86 80\t");
}

TEST(Clean, DoesNotTakeASizeForQuotedMail) {
    for (const auto* const size : {"16", "32M", "64K", "128K", "256", "512", "4K", "1G", "8M"})
        EXPECT_EQ(cleaned(std::string{"[size="} + size + "]"), std::string{"[size="} + size + "]");
    EXPECT_EQ(cleaned("a=zz =4 ="), "a=zz =4 =");
}

TEST(Clean, MakesNoLetterOfWhatIsNone) {
    EXPECT_EQ(cleaned({"0\0a\x01"
                       "b\x7f\xfe\xc3\xa9",
                       9}),
              "0?a?b???");
}

}  // namespace
}  // namespace tenon::capture::text
