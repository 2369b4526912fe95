#include "cli/text/timing_text.hpp"

#include <gtest/gtest.h>

namespace tenon::cli::text {
namespace {

using std::chrono::microseconds;

TEST(TimingText, TellsEachMomentAndHowLongItsStepTook) {
    EXPECT_EQ(render_timeline({{.what = "plan made", .at = microseconds{1250}},
                               {.what = "first output", .at = microseconds{250750}}}),
              "tenon: timing of the start, in ms since the program began\n"
              "       1.250       +1.250  plan made\n"
              "     250.750     +249.500  first output\n");
}

}  // namespace
}  // namespace tenon::cli::text
