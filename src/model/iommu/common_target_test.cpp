#include "model/iommu/common_target.hpp"

#include <gtest/gtest.h>

#include <array>

namespace tenon::model::iommu {
namespace {

constexpr Target five{DomainId{5}};
constexpr Target six{DomainId{6}};
constexpr Target identity{Identity{}};
constexpr Target blocked{Blocked{}};

Target together(std::initializer_list<Target> wanted) {
    return common_target({wanted.begin(), wanted.size()});
}

TEST(CommonTarget, IsWhereAllGo) {
    EXPECT_EQ(together({five}), five);
    EXPECT_EQ(together({five, five, five}), five);
    EXPECT_EQ(together({identity, identity}), identity);
    EXPECT_EQ(together({blocked, blocked}), blocked);
}

// Each would reach what the guest gave another.
TEST(CommonTarget, IsNowhereWhereTheyGoApart) {
    EXPECT_EQ(together({five, six}), blocked);
    EXPECT_EQ(together({five, five, identity}), blocked);
    EXPECT_EQ(together({identity, blocked}), blocked);
    EXPECT_EQ(together({blocked, five}), blocked);
    EXPECT_EQ(together({}), blocked);
}

}  // namespace
}  // namespace tenon::model::iommu
