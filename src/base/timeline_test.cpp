#include "base/timeline.hpp"

#include <gtest/gtest.h>

namespace tenon {
namespace {

TEST(Timeline, KeepsMomentsInTheirOrder) {
    Timeline timeline;

    timeline.mark("open");
    timeline.mark("map");

    const auto moments = timeline.moments();
    ASSERT_EQ(moments.size(), 2u);
    EXPECT_EQ(moments[0].what, "open");
    EXPECT_EQ(moments[1].what, "map");
    EXPECT_GE(moments[0].at.count(), 0);
    EXPECT_LE(moments[0].at, moments[1].at);
}

TEST(Timeline, CountsTheFirstTimeAlone) {
    Timeline timeline;
    timeline.mark("output");
    const auto first = timeline.moments()[0].at;

    timeline.mark("output");

    ASSERT_EQ(timeline.moments().size(), 1u);
    EXPECT_EQ(timeline.moments()[0].at, first);
}

TEST(Timeline, IsNeededByNobody) {
    mark(nullptr, "open");
    Timeline timeline;
    mark(&timeline, "open");
    EXPECT_EQ(timeline.moments().size(), 1u);
}

}  // namespace
}  // namespace tenon
