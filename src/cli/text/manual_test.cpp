#include "cli/text/manual.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "cli/help.hpp"
#include "cli/text/help_page.hpp"
#include "library/words/device_argument.hpp"
#include "library/words/memory_argument.hpp"
#include "library/words/port_argument.hpp"

namespace tenon::cli::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view help = R"(Does something
to devices.

Usage: tenon it [OPTION]...
       tenon it FILE

  -v, --verbose           say all
  --port NAME[,key=value...]   a port. The keys are
    hot=on|off            whether it is
                          hot
  --end                   the last

A DEVICE is one of
  0b:00.0                 an address
Not others. The keys are
  id=NAME                 its name

Exit status: 0 done,
1 not.

Examples
  tenon it \
        --end
)";

TEST(HelpPage, HasThePartsOfAText) {
    const auto page = read_help(help);

    EXPECT_THAT(page.usage, ElementsAre("tenon it [OPTION]...", "tenon it FILE"));
    ASSERT_EQ(page.blocks.size(), 4u);
    EXPECT_EQ(page.blocks[0].words, "Does something to devices.");
    ASSERT_EQ(page.blocks[1].items.size(), 3u);
    const auto& port = page.blocks[1].items[1];
    EXPECT_EQ(port.head, "--port NAME[,key=value...]");
    ASSERT_EQ(port.keys.size(), 1u);
    EXPECT_EQ(port.keys[0].head, "hot=on|off");
    EXPECT_EQ(port.keys[0].what, "whether it is hot");
    EXPECT_EQ(page.blocks[2].items[0].head, "0b:00.0");
    EXPECT_EQ(page.blocks[3].words, "Not others. The keys are");
    EXPECT_EQ(page.status, "0 done, 1 not.");
    EXPECT_THAT(page.examples, ElementsAre("tenon it \\", "      --end"));
}

TEST(HelpPage, EndsForEveryText) {
    EXPECT_TRUE(read_help("").blocks.empty());
    EXPECT_EQ(read_help("   indented").blocks.front().items.front().head, "indented");
    EXPECT_TRUE(read_help("Usage: a").blocks.empty());
}

TEST(Manual, KeepsWhatRoffWouldRead) {
    const auto text = manual_of_help(
        {.name = "tenon-it", .what = "does it", .date = "2026-12-03", .see_also = "a(1)"},
        read_help(".hidden \\ and `tenon list --json`\n\nUsage: it's -x\n"));

    EXPECT_THAT(text, HasSubstr("\n\\&.hidden \\e and \\fBtenon list \\-\\-json\\fR\n"));
    EXPECT_THAT(text, HasSubstr("it\\(aqs \\-x"));
    EXPECT_THAT(text, testing::StartsWith(".TH TENON\\-IT 1 2026-12-03 \"tenon "));
}

TEST(Manual, HasEveryKeyOfTheTables) {
    const auto escape = [](std::string_view head) {
        std::string text;
        for (const char letter : head)
            text += letter == '-' ? std::string{"\\-"} : std::string{letter};
        return "\n.B " + text + "\n";
    };
    const auto of = [](const std::string& page) {
        return manual_of_help({.name = "x", .what = "x", .date = "x", .see_also = "x"},
                              read_help(page));
    };
    const auto file = manual_of_file(
        {.name = "x", .section = "5", .what = "x", .date = "x", .see_also = "x"}, {},
        std::array{
            ManualKeys{.title = "DEVICES", .words = "has", .keys = library::words::device_keys()}});

    for (const auto& keys : {library::words::device_keys(), library::words::port_keys(),
                             library::words::memory_keys()})
        for (const auto& key : keys) {
            const auto head = escape(fmt::format("{}={}", key.name, key.value));
            EXPECT_THAT(of(plan_help()), HasSubstr(head));
            EXPECT_THAT(of(run_help()), HasSubstr(head));
        }
    for (const auto& key : library::words::device_keys())
        EXPECT_THAT(file, HasSubstr(escape(fmt::format("{} = {}", key.name, key.value))));
}

TEST(Manual, HasEachDeclarationOfAHeader) {
    const auto text = manual_of_header(
        {.name = "libx", .section = "3", .what = "x", .date = "x", .see_also = "x"},
        "/* SPDX */\n/*\n * What it is.\n *\n * More.\n */\n#ifdef __cplusplus\nextern \"C\" "
        "{\n#endif\n\n"
        "/* ---- Plans ------- */\n\n/* Makes\n * one. */\nTENON_C_API int x_make(void);\n\n"
        "#ifdef __cplusplus\n}\n#endif\n");

    EXPECT_THAT(text, HasSubstr("\nWhat it is.\n.PP\nMore.\n"));
    EXPECT_THAT(text, HasSubstr("\n.SS Plans\n"));
    EXPECT_THAT(text, HasSubstr("\nMakes one.\n.PP\n.nf\n.RS 4\nint x_make(void);\n"));
    EXPECT_THAT(text, Not(HasSubstr("cplusplus")));
    EXPECT_THAT(text, Not(HasSubstr("SPDX")));
    EXPECT_THAT(
        manual_of_header({.name = "x", .what = "x", .date = "x", .see_also = "x"}, "no comment"),
        HasSubstr(".SH"));
}

}  // namespace
}  // namespace tenon::cli::text
