#include "library/plan_json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/config_builder.hpp"

namespace tenon::library {
namespace {

using nlohmann::json;
using support::ConfigBuilder;

json plan_of(device::DeviceFacts facts) {
    return json::parse(
        render_json(model::machine::make_plan({.devices = {{.facts = std::move(facts)}}}).value()));
}

json function_of(device::DeviceFacts facts) {
    return plan_of(std::move(facts)).at("ports").at(0).at("functions").at(0);
}

device::DeviceFacts facts_of(const ConfigBuilder& config) {
    device::DeviceFacts facts{"dump"};
    facts.physical = config.image();
    return facts;
}

TEST(PlanJson, NamesTheFunctionInHex) {
    const auto function = function_of(facts_of(ConfigBuilder{256}));

    EXPECT_EQ(function.at("id"), "dev0");
    EXPECT_EQ(function.at("host"), "dump");
    EXPECT_EQ(function.at("guest"), "01:00.0");
    EXPECT_EQ(function.at("guest_function"), 0);
    EXPECT_EQ(function.at("vendor"), "0x1b36");
    EXPECT_EQ(function.at("device"), "0x0010");
    EXPECT_EQ(function.at("class"), "0x010802");
    EXPECT_EQ(function.at("assignable"), true);
    EXPECT_EQ(function.at("reasons"), json::array());
}

TEST(PlanJson, KeepsItsKeysInOrder) {
    const auto text = render_json(
        model::machine::make_plan({.devices = {{.facts = facts_of(ConfigBuilder{256})}}}).value());

    EXPECT_LT(text.find("\"machine\""), text.find("\"assignable\""));
    EXPECT_LT(text.find("\"assignable\""), text.find("\"ports\""));
    EXPECT_LT(text.find("\"id\""), text.find("\"vendor\""));
    EXPECT_TRUE(text.ends_with("}\n"));
}

TEST(PlanJson, GivesACapabilityItsPlaces) {
    // ARI at 0x100 is hidden; a null capability keeps the pointer to Device Serial Number.
    const auto capabilities = function_of(facts_of(ConfigBuilder{}
                                                       .head(0x80)
                                                       .express(0x80, 0)
                                                       .extended(0x100, 0x0e, 0xff0)
                                                       .extended(0xff0, 0x03, 0)))
                                  .at("capabilities");

    ASSERT_EQ(capabilities.size(), 4u);
    EXPECT_EQ(capabilities.at(0).at("list"), "standard");
    EXPECT_EQ(capabilities.at(0).at("id"), "0x10");
    EXPECT_EQ(capabilities.at(0).at("host_offset"), "0x80");
    EXPECT_EQ(capabilities.at(0).at("guest_offset"), "0x80");
    EXPECT_EQ(capabilities.at(3).at("id"), "0x3");
    EXPECT_EQ(capabilities.at(3).at("guest_offset"), "0xff0");
    EXPECT_EQ(capabilities.at(3).at("size"), 12);
}

TEST(PlanJson, ListsHiddenAndPlaceholderCapabilities) {
    const auto capabilities = function_of(facts_of(ConfigBuilder{}
                                                       .head(0x80)
                                                       .express(0x80, 0)
                                                       .extended(0x100, 0x0e, 0x200)
                                                       .extended(0x200, 0x03, 0)))
                                  .at("capabilities");

    const auto hidden =
        capabilities.at(1).at("id") == "0xe" ? capabilities.at(1) : capabilities.at(2);
    const auto null =
        capabilities.at(1).at("id") == "0xe" ? capabilities.at(2) : capabilities.at(1);
    EXPECT_EQ(hidden.at("action"), "hide");
    EXPECT_EQ(hidden.at("host_offset"), "0x100");
    EXPECT_EQ(hidden.at("guest_offset"), nullptr);
    EXPECT_EQ(null.at("id"), "0x0");
    EXPECT_EQ(null.at("action"), "emulate");
    EXPECT_EQ(null.at("host_offset"), nullptr);
    EXPECT_EQ(null.at("guest_offset"), "0x100");
}

TEST(PlanJson, HasNullForWhatIsNotKnown) {
    const auto function = function_of(facts_of(ConfigBuilder{64}.put32(0x10, 0xfe000004)));

    EXPECT_EQ(function.at("config_known"), 64);
    EXPECT_EQ(function.at("capabilities"), json::array());
    EXPECT_EQ(function.at("driver"), nullptr);
    EXPECT_EQ(function.at("iommu_group"), nullptr);
    EXPECT_EQ(function.at("bars").at(0).at("size"), nullptr);
    EXPECT_EQ(function.at("bars").at(0).at("guest_address"), nullptr);
    EXPECT_FALSE(function.at("unknowns").empty());
    EXPECT_EQ(function.at("opened"), false);
}

TEST(PlanJson, HasNullForADriverThatNobodyTold) {
    auto facts = facts_of(ConfigBuilder{256});
    facts.group =
        device::GroupFacts{.number = 14,
                           .members = {{.address = {.bus = 1}, .driver = "", .driver_known = false},
                                       {.address = {.bus = 2}, .driver = ""}}};

    const auto function = function_of(facts);

    const auto& members = function.at("iommu_group").at("members");
    EXPECT_TRUE(members.at(0).at("driver").is_null());
    EXPECT_EQ(members.at(1).at("driver"), "");
}

TEST(PlanJson, SaysWhatMendsARefusal) {
    auto facts = facts_of(ConfigBuilder{256});
    facts.origin = device::Origin::Live;
    facts.address = pci::Address{.bus = 1};
    facts.driver = std::string{"nvme"};
    facts.group = device::GroupFacts{
        .number = 14,
        .members = {{.address = {.bus = 1, .function = 1}, .driver = "snd", .is_bridge = false}}};

    const auto plan = plan_of(facts);

    EXPECT_EQ(plan.at("assignable"), false);
    const auto& function = plan.at("ports").at(0).at("functions").at(0);
    EXPECT_EQ(function.at("reasons").size(), 2u);
    EXPECT_NE(function.at("reasons").at(0).get<std::string>().find("driver_override"),
              std::string::npos);
    EXPECT_EQ(function.at("driver"), "nvme");
    EXPECT_EQ(function.at("iommu_group").at("number"), 14);
    EXPECT_EQ(function.at("iommu_group").at("members").at(0).at("address"), "0000:01:00.1");
}

TEST(PlanJson, SurvivesTextThatIsNotUtf8) {
    auto facts = facts_of(ConfigBuilder{256});
    facts.source = "dump\xff";

    EXPECT_EQ(function_of(facts).at("source"), "dump\xef\xbf\xbd");
}

}  // namespace
}  // namespace tenon::library
