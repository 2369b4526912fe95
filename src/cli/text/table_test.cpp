#include "cli/text/table.hpp"

#include <gtest/gtest.h>

namespace tenon::cli::text {
namespace {

TEST(Table, AlignsItsColumns) {
    Table table{{{"at"}, {"name"}}};
    table.add({{.text = "0x40"}, {.text = "a"}});
    table.add({{.text = "0x100"}, {.text = "b"}});

    EXPECT_EQ(table.render({}, 2),
              "  at     name\n"
              "  0x40   a\n"
              "  0x100  b\n");
}

TEST(Table, HasNoTitlesIfNoColumnHas) {
    Table table{{{}, {}}};
    table.add({{.text = "a"}, {.text = "b"}});

    EXPECT_EQ(table.render({}, 0), "a  b\n");
}

TEST(Table, WrapsTheLastColumnAtTheEndOfTheLine) {
    Table table{{{}, {}}};
    table.add({{.text = "a"}, {.text = "one two three four five six seven"}});

    EXPECT_EQ(table.render({.width = 30}, 2),
              "  a  one two three four five\n"
              "     six seven\n");
}

TEST(Table, WrapsAColumnAtItsLimit) {
    Table table{{{"", 5}, {}}};
    table.add({{.text = "ab cd ef"}, {.text = "x"}});

    EXPECT_EQ(table.render({}, 0), "ab cd  x\nef\n");
}

TEST(Table, WrapsItsWidestColumnsBeforeItRunsOverTheLine) {
    Table table{{{"BAR"}, {"kind"}, {"access"}}};
    table.add({{.text = "0"},
               {.text = "64-bit memory, prefetchable"},
               {.text = "the guest reaches the device directly"}});

    EXPECT_EQ(table.render({.width = 50}, 0),
              "BAR  kind                 access\n"
              "0    64-bit memory,       the guest reaches the\n"
              "     prefetchable         device directly\n");
}

TEST(Table, BecomesAListWhereItsWordsAreTooLong) {
    Table table{{{"BAR"}, {"in the guest"}, {"access"}}};
    table.add({{.text = "0"},
               {.text = "0x0000000000000000"},
               {.text = "the guest reaches the device directly"}});

    EXPECT_EQ(table.render({.width = 40}, 0),
              "BAR 0\n"
              "  in the guest: 0x0000000000000000\n"
              "  access: the guest reaches the device\n"
              "    directly\n");
}

TEST(Table, LeavesMissingCellsEmpty) {
    Table table{{{}, {}, {}}};
    table.add({{.text = "a"}, {}, {.text = "c"}});
    table.add({{.text = "b"}, {.text = "d"}});

    EXPECT_EQ(table.render({}, 0), "a     c\nb  d\n");
}

TEST(Table, ColoursDoNotMoveColumns) {
    Table table{{{}, {}}};
    table.add({{.text = "no", .tone = Tone::Bad}, {.text = "text", .lead = "Lead:"}});

    EXPECT_EQ(table.render({.colour = true}, 0), "\x1b[1;31mno\x1b[0m  \x1b[1mLead:\x1b[0m text\n");
    EXPECT_EQ(table.render({}, 0), "no  Lead: text\n");
}

TEST(Paragraph, HangsItsFurtherLines) {
    EXPECT_EQ(paragraph("one two three four five six", {.width = 26}, 1, 1),
              " one two three four five\n"
              "  six\n");
}

}  // namespace
}  // namespace tenon::cli::text
