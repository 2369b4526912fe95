#include "host/sysfs/function_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/result.hpp"

namespace tenon::host::sysfs {
namespace {

constexpr std::string_view no_resource =
    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n";

std::string resource_file(std::string_view first_line) {
    std::string text{first_line};
    for (int n = 0; n < 6; ++n)
        text += no_resource;
    return text;
}

TEST(ParseResources, TakesSizeAndFlags) {
    const auto resources = parse_resources(
        resource_file("0x00000000febf0000 0x00000000febf3fff 0x0000000000140204\n"));

    ASSERT_TRUE(resources);
    EXPECT_EQ(resources->at(0), (device::ResourceFacts{.size = 0x4000, .flags = 0x140204}));
    EXPECT_EQ(resources->at(6), device::ResourceFacts{});
}

TEST(ParseResources, TakesOneThatHasNoAddressYet) {
    // IORESOURCE_UNSET: the kernel found no room, start is 0 and end the size less one.
    const auto resources = parse_resources(
        resource_file("0x0000000000000000 0x0000000003ffffff 0x0000000020040200\n"));

    ASSERT_TRUE(resources);
    EXPECT_EQ(resources->at(0).size, 0x4000000u);
}

TEST(ParseResources, CountsAnEmptyOneAsAbsent) {
    const auto resources = parse_resources(
        resource_file("0x0000000000001000 0x0000000000000fff 0x0000000000000200\n"));

    ASSERT_TRUE(resources);
    EXPECT_EQ(resources->at(0).size, 0u);
}

TEST(ParseResources, NamesTheLineThatIsWrong) {
    const auto resources = parse_resources(resource_file("0x1000 0x1fff\n"));

    ASSERT_FALSE(resources);
    EXPECT_EQ(resources.error().what, "line 1: \"0x1000 0x1fff\" is not start, end and flags");
}

TEST(ParseResources, RefusesATruncatedFile) {
    EXPECT_FALSE(parse_resources(no_resource));
    EXPECT_FALSE(parse_resources(""));
}

TEST(KnownFact, SaysThatPrivilegeIsMissing) {
    const auto fact = known<int>(fail_system(EACCES, "/sys/x"));

    ASSERT_FALSE(fact);
    EXPECT_EQ(fact.why(), "needs privilege: /sys/x: Permission denied");
}

TEST(KnownFact, GivesOtherReasonsAsTheyAre) {
    const auto fact = known<int>(fail_system(EIO, "/sys/x"));

    ASSERT_FALSE(fact);
    EXPECT_EQ(fact.why(), "/sys/x: Input/output error");
}

}  // namespace
}  // namespace tenon::host::sysfs
