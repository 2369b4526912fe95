#include "host/kernel_release.hpp"

#include <gtest/gtest.h>

namespace tenon::host {
namespace {

TEST(KernelRelease, IsReadOfWhatKernelsCallThemselves) {
    EXPECT_EQ(KernelRelease::parse("7.2.12-amd64"), (KernelRelease{7, 2}));
    EXPECT_EQ(KernelRelease::parse("6.15-rc3"), (KernelRelease{6, 15}));
    EXPECT_EQ(KernelRelease::parse("6.12.0-220.el10.x86_64"), (KernelRelease{6, 12}));
}

TEST(KernelRelease, IsNotReadOfOtherText) {
    EXPECT_FALSE(KernelRelease::parse(""));
    EXPECT_FALSE(KernelRelease::parse("seven.one"));
    EXPECT_FALSE(KernelRelease::parse("7"));
    EXPECT_FALSE(KernelRelease::parse("7."));
    EXPECT_FALSE(KernelRelease::parse("99999999999.1"));
}

TEST(KernelRelease, IsOrderedByNumbersNotByLetters) {
    EXPECT_LT((KernelRelease{6, 9}), tells_pasid);
    EXPECT_GE((KernelRelease{6, 15}), tells_pasid);
    EXPECT_LT((KernelRelease{7, 0}), tells_ats);
    EXPECT_GE((KernelRelease{7, 1}), tells_ats);
    EXPECT_GE((KernelRelease{10, 0}), tells_ats);
}

}  // namespace
}  // namespace tenon::host
