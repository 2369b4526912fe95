#include "base/result.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace tenon {
namespace {

Result<int> failing() { return fail_system(EACCES, "VFIO group 14", "Join the group vfio."); }

Result<int> doubled(Result<int> (*source)()) {
    TENON_TRY(value, source(), "doubling");
    return value * 2;
}

Result<void> checked(Result<void> (*source)()) {
    TENON_TRY_DO(source(), "checking");
    return {};
}

TEST(Result, PutsTheStepInFrontAndKeepsTheRest) {
    const auto result = doubled(failing);

    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().what, "doubling: VFIO group 14: Permission denied");
    EXPECT_EQ(result.error().os_error, EACCES);
    EXPECT_EQ(result.error().kind, Error::Kind::Denied);
    EXPECT_EQ(to_string(result.error()),
              "doubling: VFIO group 14: Permission denied. Join the group vfio.");
}

TEST(Result, PassesValuesThrough) {
    const auto result = doubled([]() -> Result<int> { return 21; });

    ASSERT_TRUE(result);
    EXPECT_EQ(*result, 42);
}

TEST(Result, ReturnsTheErrorOfAStepWithoutValue) {
    const auto result =
        checked([]() -> Result<void> { return malformed("offset {:#x} is odd", 0x41); });

    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().what, "checking: offset 0x41 is odd");
    EXPECT_EQ(result.error().kind, Error::Kind::Malformed);
}

TEST(SystemError, ChoosesTheKindByErrno) {
    EXPECT_EQ(system_error(ENOENT, "x").kind, Error::Kind::NotFound);
    EXPECT_EQ(system_error(EBUSY, "x").kind, Error::Kind::Busy);
    EXPECT_EQ(system_error(ENOTTY, "x").kind, Error::Kind::Unsupported);
    EXPECT_EQ(system_error(EIO, "x").kind, Error::Kind::Io);
}

}  // namespace
}  // namespace tenon
