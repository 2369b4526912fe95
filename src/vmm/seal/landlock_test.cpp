#include "vmm/seal/landlock.hpp"

#include <gtest/gtest.h>

namespace tenon::vmm::seal {
namespace {

// Source: Linux Documentation/userspace-api/landlock.rst, Compatibility and previous limitations.
TEST(Deniable, IsWhatEachVersionKnows) {
    EXPECT_EQ(deniable(0).files, 0u);
    EXPECT_EQ(deniable(1).files, 0x1fffu);
    EXPECT_EQ(deniable(2).files, 0x3fffu);
    EXPECT_EQ(deniable(3).files, 0x7fffu);
    EXPECT_EQ(deniable(3).network, 0u);
    EXPECT_EQ(deniable(4).network, 3u);
    EXPECT_EQ(deniable(5).files, 0xffffu);
    EXPECT_EQ(deniable(5).scoped, 0u);
    EXPECT_EQ(deniable(6).scoped, 3u);
}

TEST(Deniable, IsNotMoreForAVersionThatNobodyKnowsHere) {
    EXPECT_EQ(deniable(1000).files, deniable(6).files);
    EXPECT_EQ(deniable(1000).size, 24u);
}

TEST(Deniable, FillsAsMuchOfTheStructureAsTheVersionHas) {
    EXPECT_EQ(deniable(3).size, 8u);
    EXPECT_EQ(deniable(4).size, 16u);
    EXPECT_EQ(deniable(6).size, 24u);
}

}  // namespace
}  // namespace tenon::vmm::seal
