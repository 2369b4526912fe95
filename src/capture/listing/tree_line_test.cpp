#include "capture/listing/tree_line.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/text.hpp"

namespace tenon::capture::listing {
namespace {

using testing::ElementsAre;

std::vector<std::string> read(std::string_view drawing) {
    TreeLines lines;
    std::vector<std::string> found;
    for (const auto line : split(drawing, '\n'))
        lines.take(line, [&](const TreeFunction& one) {
            found.push_back(fmt::format("{} {}", to_string(one.address),
                                        one.above ? to_string(*one.above) : "root"));
        });
    return found;
}

TEST(TreeLines, TellWhoIsAboveWhom) {
    EXPECT_THAT(
        read("-[0000:00]-+-00.0  Intel Corporation Host bridge\n"
             "           +-01.0-[01]--+-00.0  NVIDIA Corporation GP104\n"
             "           |            \\-00.1  NVIDIA Corporation Audio\n"
             "           +-1c.0-[02-04]----00.0-[03-04]--+-01.0-[03]----00.0  A\n"
             "           |                               \\-02.0-[04]--\n"
             "           \\-1f.0  Intel Corporation LPC"),
        ElementsAre("0000:00:00.0 root", "0000:00:01.0 root", "0000:01:00.0 0000:00:01.0",
                    "0000:01:00.1 0000:00:01.0", "0000:00:1c.0 root", "0000:02:00.0 0000:00:1c.0",
                    "0000:03:01.0 0000:02:00.0", "0000:03:00.0 0000:03:01.0",
                    "0000:03:02.0 0000:02:00.0", "0000:00:1f.0 root"));
}

TEST(TreeLines, MayHaveSeveralRoots) {
    EXPECT_THAT(read("-+-[0000:80]-+-00.0\n"
                     " |           \\-01.0-[81]----00.0\n"
                     " \\-[0000:00]-+-00.0\n"
                     "             \\-02.0"),
                ElementsAre("0000:80:00.0 root", "0000:80:01.0 root", "0000:81:00.0 0000:80:01.0",
                            "0000:00:00.0 root", "0000:00:02.0 root"));
}

TEST(TreeLines, EndWithAnotherLine) {
    EXPECT_THAT(read("-[0000:00]-+-00.0\nsomething else\n           +-01.0"),
                ElementsAre("0000:00:00.0 root"));
}

TEST(TreeLines, DoNotGuessTheBusOfAColumnThatIsNotTheirs) {
    EXPECT_THAT(read("-[0000:00]-+-00.0\n     +-01.0\n           +-02.0"),
                ElementsAre("0000:00:00.0 root"));
}

TEST(TreeLines, AreBounded) {
    std::string line = "-[0000:00]-";
    for (int n = 0; n < 200; ++n)
        line += "--00.0-[01]--";

    EXPECT_LE(read(line).size(), 34u);
}

}  // namespace
}  // namespace tenon::capture::listing
