#include "base/known.hpp"

#include <gtest/gtest.h>

namespace tenon {
namespace {

TEST(Known, StartsUnknownWithAReason) {
    const Known<int> fact;

    EXPECT_FALSE(fact);
    EXPECT_EQ(fact.why(), "not read");
}

TEST(Known, HoldsZeroAsAValue) {
    const Known<int> fact{0};

    ASSERT_TRUE(fact);
    EXPECT_EQ(*fact, 0);
}

// Which of several facts was missing is easily taken for another.
TEST(Known, MayBeAskedWhyInAnyState) {
    EXPECT_EQ(Known<int>{Unknown{"no privilege"}}.why(), "no privilege");
    EXPECT_EQ(Known<int>{0}.why(), "it is known");
}

TEST(Known, IsNotEqualToAnUnknownOne) {
    EXPECT_NE(Known<int>{0}, Known<int>{Unknown{"no privilege"}});
    EXPECT_EQ(Known<int>{Unknown{"no privilege"}}.value_or(7), 7);
}

}  // namespace
}  // namespace tenon
