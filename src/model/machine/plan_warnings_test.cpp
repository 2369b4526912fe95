#include "model/machine/plan_warnings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/config_builder.hpp"

namespace tenon::model::machine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

DeviceRequest card(const char* id) {
    DeviceRequest one{.id = id, .port = "gpu"};
    one.facts.source = "0000:01:00.0";
    one.facts.physical = support::ConfigBuilder{}.head(0x80).express(0x80, 0).image();
    return one;
}

DeviceRequest with_odd_rom(DeviceRequest one) {
    one.rom = {.file = "card.rom", .image = std::make_shared<const std::vector<std::byte>>(2)};
    return one;
}

MachinePlan plan_of(std::vector<DeviceRequest> devices) {
    auto plan = make_plan({.devices = std::move(devices)}).value();
    auto port = *plan.ports.front();
    port.slot.warnings = {"port gpu: of the port"};
    plan.ports.front() = std::make_shared<const slot::PortPlan>(std::move(port));
    plan.interrupts.warnings = {"of the vectors"};
    return plan;
}

TEST(PlanWarnings, AreThoseOfPortsFunctionsAndBudgetsEachOnce) {
    auto plan = plan_of({with_odd_rom(card("one")), card("two")});
    plan.ports.push_back(plan.ports.front());

    EXPECT_THAT(warnings_of(plan),
                ElementsAre("port gpu: of the port",
                            StartsWith("one (0000:01:00.0): card.rom does not"), "of the vectors"));
}

TEST(PlanWarnings, CountTheFilesThatVectorsAre) {
    slot::PortPlan port;
    auto& view = port.functions.emplace_back().view;
    view.guest_view = true;
    view.msix = function::MsixPlan{.vectors = 129};
    const std::vector ports(8, port);

    EXPECT_THAT(sum_interrupts(ports, {.files = 1024}).warnings,
                ElementsAre(HasSubstr("1032 interrupt vectors, each a file")));
    EXPECT_THAT(sum_interrupts(ports, {.files = 20000}).warnings, ElementsAre());
}

}  // namespace
}  // namespace tenon::model::machine
