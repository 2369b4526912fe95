#include "model/chosen/target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::model::chosen {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TargetChoice chosen_by(const std::string& text) {
    const auto version = version_of_target(text);
    EXPECT_TRUE(version) << text;
    const auto choice = find_target(version.value_or(""));
    EXPECT_TRUE(choice) << text;
    return choice.value_or(TargetChoice{});
}

TEST(Target, IsTheNewestWithoutAVersion) {
    const auto choice = chosen_by("qemu");

    EXPECT_EQ(choice.target->as.name, "QEMU 11.1");
    EXPECT_EQ(choice.target->place, QemuPlace::Port);
    EXPECT_THAT(choice.doubt, IsEmpty());
}

TEST(Target, OfTenonIsNone) {
    EXPECT_EQ(version_of_target("tenon").value_or("none"), "");
    EXPECT_FALSE(find_target("tenon-1"));
    EXPECT_FALSE(find_target("qemu-11.1"));  // Tenon with QEMU's defaults.
}

TEST(Target, HasTheRulesOfItsOwnVersion) {
    EXPECT_TRUE(chosen_by("qemu-11.1").target->takes_ats);
    EXPECT_FALSE(chosen_by("qemu-11.0").target->takes_ats);
    EXPECT_EQ(chosen_by("qemu-11.0").target->as.defaults.ats.value, AtsMode::On);
    EXPECT_THAT(chosen_by("qemu-11.0").doubt, IsEmpty());
}

TEST(Target, TakesTheNearestOfAVersionWithoutRules) {
    const auto debian = chosen_by("qemu-7.2");

    EXPECT_EQ(debian.target->as.name, "QEMU 11.0");
    EXPECT_EQ(debian.asked, "qemu-7.2");
    EXPECT_THAT(debian.doubt, HasSubstr("AtomicOps before 8.1"));
    EXPECT_THAT(debian.doubt, HasSubstr("no PASID was shown before 11.0"));
    EXPECT_THAT(chosen_by("qemu-10.2").doubt, Not(HasSubstr("AtomicOps")));
    EXPECT_EQ(chosen_by("qemu-12.0").target->as.name, "QEMU 11.1");
    EXPECT_THAT(chosen_by("qemu-12.0").doubt, HasSubstr("not known"));
}

TEST(Target, SaysWhereTheFunctionIs) {
    const auto choice = chosen_by("qemu-11.0,place=root-bus");

    EXPECT_EQ(choice.target->place, QemuPlace::RootBus);
    EXPECT_EQ(choice.target->as.name, "QEMU 11.0, root-bus");
    EXPECT_EQ(chosen_by("qemu,place=pc").target->place, QemuPlace::Pc);
    EXPECT_EQ(chosen_by("qemu,place=port").target->place, QemuPlace::Port);
}

TEST(Target, RefusesWhatItDoesNotKnow) {
    for (const std::string text : {"", "qemu-", "qemu-11", "qemu-11.x", "qemu11.1", "xen",
                                   "qemu,place=moon", "qemu,port", "qemu-100.0", "tenon,place=pc"})
        EXPECT_FALSE(version_of_target(text)) << text;
}

TEST(Target, IsFoundByEveryNameOfARow) {
    for (const auto& target : targets()) {
        const auto found = find_target(target.as.name);
        ASSERT_TRUE(found) << target.as.name;
        EXPECT_EQ(found->target, &target);
    }
}

}  // namespace
}  // namespace tenon::model::chosen
