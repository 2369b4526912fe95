#include "model/slot/pasid_needs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/machine/machine_plan.hpp"
#include "model/running/config_state.hpp"
#include "model/slot/slot.hpp"
#include "tests/support/config_builder.hpp"
#include "tests/support/slot_functions.hpp"

namespace tenon::model::slot {
namespace {

using support::ConfigBuilder;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint32_t prefixes = 1u << 21;

// With ACS at 0x100: its capability and control registers as given.
ConfigBuilder device(std::uint32_t access_control, std::uint32_t capabilities_2 = prefixes) {
    return ConfigBuilder{}
        .head(0x80)
        .express(0x80, 0)
        .put32(0xa4, capabilities_2)
        .extended(0x100, 0x0d, 0)
        .put32(0x104, access_control);
}

machine::DeviceRequest request(const ConfigBuilder& config) {
    machine::DeviceRequest one;
    one.facts.source = "device.lspci";
    one.facts.physical = config.image();
    one.facts.iommu.pasid = device::PasidFacts{.width = 20};
    one.port = "slot";
    return one;
}

std::vector<std::string> warnings(std::vector<machine::DeviceRequest> devices,
                                  unsigned viommu = 20) {
    const auto plan =
        machine::make_plan({.devices = std::move(devices), .viommu_pasid_width = viommu}).value();
    const auto& port = *plan.ports.front();
    return warnings_of(port.functions.front().view, port.slot);
}

TEST(PasidNeeds, AreMetByAFunctionThatSupportsPrefixes) {
    EXPECT_THAT(warnings({request(device(0))}), Not(Contains(HasSubstr("a Linux guest"))));
}

TEST(PasidNeeds, WarnsOfAFunctionWithoutPrefixes) {
    EXPECT_THAT(warnings({request(device(0, 0))}), Contains(HasSubstr("End-End TLP Prefixes")));
}

TEST(PasidNeeds, WarnsOfVersion1WhichHasNoSuchRegister) {
    EXPECT_THAT(warnings({request(device(0).put16(0x82, 0x0001))}),
                Contains(HasSubstr("End-End TLP Prefixes")));
}

TEST(PasidNeeds, SaysNothingWhereNoPasidIsShown) {
    EXPECT_THAT(warnings({request(device(0, 0))}, 0), Not(Contains(HasSubstr("a Linux guest"))));
}

TEST(PasidNeeds, WarnsOfAFunctionAmongOthersWithoutAcs) {
    const auto bare = ConfigBuilder{}.head(0x80).express(0x80, 0).put32(0xa4, prefixes);

    EXPECT_THAT(warnings({request(bare), request(bare)}),
                Contains(HasSubstr("it has no ACS capability")));
}

TEST(PasidNeeds, AreThoseOfTheSetThatIsThereNow) {
    const auto bare = ConfigBuilder{}.head(0x80).express(0x80, 0).put32(0xa4, prefixes);
    const auto plan =
        machine::make_plan({.devices = {request(bare), request(bare)}, .viommu_pasid_width = 20})
            .value();
    const auto& both = *plan.ports.front();

    const auto alone = support::without_function(both, 1);
    EXPECT_THAT(alone.slot.functions.front().warnings, testing::IsEmpty());
    EXPECT_EQ(with_function(alone, both.functions[1]).value(), both);
}

TEST(PasidNeeds, WarnsOfAServiceThatTheHostLeftOff) {
    EXPECT_THAT(warnings({request(device(0x00000004)), request(device(0))}),
                Contains(HasSubstr("Request Redirect is off")));
    EXPECT_THAT(warnings({request(device(0x00000010)), request(device(0))}),
                Contains(HasSubstr("Upstream Forwarding is off")));
}

// Linux takes a service that is not listed for one that is built in.
TEST(PasidNeeds, TakesAServiceThatIsNotListedForBuiltIn) {
    EXPECT_THAT(warnings({request(device(0)), request(device(0))}),
                Not(Contains(HasSubstr("a Linux guest"))));
    EXPECT_THAT(warnings({request(device(0x00140014)), request(device(0))}),
                Not(Contains(HasSubstr("a Linux guest"))));
}

TEST(RootPort, SupportsPrefixesAndAccessControl) {
    const auto plan = machine::make_plan({.devices = {request(device(0))}}).value();
    const auto& map = plan.ports.front()->map;

    EXPECT_EQ(map.start.read32(0x40 + 0x24) & prefixes, prefixes);
    EXPECT_EQ(map.start.read32(0x148), 0x0001000du);
    // Source Validation, Translation Blocking, Request and Completion Redirect, Upstream
    // Forwarding: there, and off.
    EXPECT_EQ(map.start.read32(0x14c), 0x0000001fu);
}

TEST(RootPort, LetsTheGuestSwitchAccessControlOn) {
    const auto plan = machine::make_plan({.devices = {request(device(0))}}).value();
    running::ConfigState state{plan.ports.front()->map};

    state.write(0x14e, 2, 0xffff);
    state.write(0x14c, 2, 0xffff);

    EXPECT_EQ(state.read(0x14c, 4, 0), 0x001f001fu);
}

}  // namespace
}  // namespace tenon::model::slot
