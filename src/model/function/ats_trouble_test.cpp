#include "model/function/ats_trouble.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/function/function_view.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::model::function {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

TEST(AtsTrouble, IsFoundByIds) {
    // AMD Navi 14.
    EXPECT_NE(find_ats_trouble({.vendor = 0x1002, .device = 0x7340}), nullptr);
    EXPECT_EQ(find_ats_trouble({.vendor = 0x1002, .device = 0x7342}), nullptr);
}

TEST(AtsTrouble, MayEndWithARevision) {
    // Intel IPU E2000.
    EXPECT_NE(find_ats_trouble({.vendor = 0x8086, .device = 0x1452, .revision = 0x1f}), nullptr);
    EXPECT_EQ(find_ats_trouble({.vendor = 0x8086, .device = 0x1452, .revision = 0x20}), nullptr);
}

TEST(AtsTrouble, MayBeOfOneBoardAlone) {
    device::Identity raven{.vendor = 0x1002,
                           .device = 0x15d8,
                           .subsystem_vendor = 0xea50,
                           .subsystem_device = 0xcc08,
                           .revision = 0xcf};
    EXPECT_NE(find_ats_trouble(raven), nullptr);
    raven.subsystem_device = 0xcc09;
    EXPECT_EQ(find_ats_trouble(raven), nullptr);
}

// A Navi 14 with ATS at 100.
device::DeviceFacts navi() {
    device::DeviceFacts facts;
    facts.source = "navi.txt";
    facts.physical = support::ConfigBuilder{}
                         .put32(0x00, 0x73401002)
                         .put32(0x08, 0x030000c5)
                         .head(0x40)
                         .express(0x40, 0)
                         .extended(0x100, 0x0f, 0)
                         .image();
    return facts;
}

TEST(AtsTrouble, IsAWarningWhereTheGuestSeesAts) {
    EXPECT_THAT(build_function_view(navi()).warnings,
                Contains(HasSubstr("known trouble with its ATS: its driver has to prepare it")));
}

TEST(AtsTrouble, IsNoneWhereAtsIsHidden) {
    chosen::FunctionProperties properties;
    properties.ats = {.value = chosen::AtsMode::Off, .origin = chosen::PropertyOrigin::User};

    EXPECT_THAT(build_function_view(navi(), properties).warnings,
                Not(Contains(HasSubstr("trouble with its ATS"))));
}

}  // namespace
}  // namespace tenon::model::function
