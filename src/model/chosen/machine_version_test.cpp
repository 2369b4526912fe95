#include "model/chosen/machine_version.hpp"

#include <gtest/gtest.h>

#include <set>

namespace tenon::model::chosen {
namespace {

TEST(MachineVersion, HasOneRowForEachName) {
    std::set<std::string_view> names;
    for (const auto& version : machine_versions())
        EXPECT_TRUE(names.insert(version.name).second) << version.name;
    EXPECT_EQ(machine_versions().front().name, "tenon-1");
    EXPECT_EQ(find_machine_version("qemu-11.0")->name, "qemu-11.0");
    EXPECT_EQ(find_machine_version("qemu-10.0"), nullptr);
}

TEST(MachineVersion, GivesItsDefaultsWhereTheUserSaidNothing) {
    const auto current = choose_properties(*find_machine_version("tenon-1"), {});
    const auto old = choose_properties(*find_machine_version("qemu-11.0"), {});

    EXPECT_EQ(current.ats, (Property<AtsMode>{AtsMode::Auto, PropertyOrigin::Version}));
    EXPECT_EQ(old.ats, (Property<AtsMode>{AtsMode::On, PropertyOrigin::Compatibility}));
    EXPECT_EQ(old.version, "qemu-11.0");
}

TEST(MachineVersion, GivesWayToTheUser) {
    const auto properties =
        choose_properties(*find_machine_version("qemu-11.0"), {.ats = AtsMode::Off});

    EXPECT_EQ(properties.ats, (Property<AtsMode>{AtsMode::Off, PropertyOrigin::User}));
}

// What a caller gets who names no version.
TEST(FunctionProperties, AreTheCurrentDefaultsAsMade) {
    EXPECT_EQ(FunctionProperties{}, choose_properties(machine_versions().front(), {}));
}

}  // namespace
}  // namespace tenon::model::chosen
