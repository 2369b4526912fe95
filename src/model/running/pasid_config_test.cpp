// The PASID capability in a guest's configuration space: links, writes, reset.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/machine/machine_plan.hpp"
#include "model/running/config_state.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::model::running {
namespace {

using support::ConfigBuilder;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

device::DeviceFacts facts_of(const ConfigBuilder& config) {
    device::DeviceFacts facts;
    facts.source = "device.lspci";
    facts.physical = config.image();
    facts.iommu.pasid = device::PasidFacts{.width = 20, .execute = true, .privileged = true};
    return facts;
}

slot::FunctionPlan plan_of(const ConfigBuilder& config, const chosen::FunctionKeys& keys = {}) {
    machine::MachineRequest request{.viommu_pasid_width = 16};
    request.devices.push_back({.facts = facts_of(config), .keys = keys});
    return machine::make_plan(std::move(request)).value().ports.front()->functions.front();
}

// AER, then a Device Serial Number below it, then ATS: a list that runs backwards once.
ConfigBuilder device() {
    return ConfigBuilder{}
        .head(0x80)
        .express(0x80, 0)
        .extended(0x100, 0x01, 0x200)
        .extended(0x200, 0x03, 0x180)
        .extended(0x180, 0x0f, 0);
}

std::vector<std::uint16_t> chain(const pci::ConfigImage& image) {
    std::vector<std::uint16_t> places;
    for (const auto& one : pci::list_capabilities(image).extended)
        places.push_back(one.at);
    return places;
}

TEST(PasidView, LinksItselfBehindAListThatRunsBackwards) {
    const auto plan = plan_of(device());

    EXPECT_THAT(chain(plan.start()), ElementsAre(0x100, 0x200, 0x180, 0xff8));
}

TEST(PasidView, KeepsThePlaceInTheChainOfTheDevicesOwn) {
    const auto plan = plan_of(device().extended(0x200, 0x03, 0x300).extended(0x300, 0x1b, 0x180));

    EXPECT_THAT(chain(plan.start()), ElementsAre(0x100, 0x200, 0x300, 0x180));
    EXPECT_EQ(plan.start().read32(0x304), 0x00001006u);
}

TEST(PasidView, IsShownOnceWhereItIsPutElsewhere) {
    const auto plan = plan_of(device().extended(0x200, 0x03, 0x300).extended(0x300, 0x1b, 0x180),
                              {.pasid_offset = chosen::PasidOffset{0x400}});

    EXPECT_THAT(chain(plan.start()), ElementsAre(0x100, 0x200, 0x180, 0x400));
    EXPECT_EQ(plan.start().read32(0x300), 0u);
}

TEST(PasidView, BeginsAnEmptyList) {
    const auto plan = plan_of(ConfigBuilder{}.head(0x80).express(0x80, 0));

    EXPECT_THAT(chain(plan.start()), ElementsAre(0x100));
    EXPECT_EQ(plan.start().read32(0x100), 0x0001001bu);
}

TEST(PasidView, StandsBehindAHeadWhereAnEmptyListIsToHaveItElsewhere) {
    const auto plan = plan_of(ConfigBuilder{}.head(0x80).express(0x80, 0),
                              {.pasid_offset = chosen::PasidOffset{0x400}});

    EXPECT_EQ(plan.start().read32(0x100), 0x40000000u);
    EXPECT_EQ(plan.start().read32(0x400), 0x0001001bu);
    EXPECT_THAT(chain(plan.start()), ElementsAre(0x100, 0x400));
}

// The kernel hides the first capability as well.
TEST(PasidView, StandsBehindAHeadWhereOnlyHiddenOnesAre) {
    const auto plan = plan_of(ConfigBuilder{}
                                  .head(0x80)
                                  .express(0x80, 0)
                                  .extended(0x100, 0x1e, 0x110)
                                  .extended(0x110, 0x1b, 0));

    EXPECT_THAT(chain(plan.start()), ElementsAre(0x100, 0x110));
    EXPECT_EQ(plan.start().read32(0x100), 0x11000000u);
}

TEST(PasidView, LeavesACapabilityThatTheKernelShowsAndMakesNoSecond) {
    auto facts = facts_of(device().extended(0x180, 0x0f, 0x300).extended(0x300, 0x1b, 0));
    facts.vfio = device::VfioFacts{.config = *facts.physical};
    machine::MachineRequest request{.viommu_pasid_width = 20};
    request.devices.push_back({.facts = facts});

    const auto plan = machine::make_plan(std::move(request)).value();

    const auto& function = plan.ports.front()->functions.front();
    EXPECT_FALSE(function.view.pasid);
    EXPECT_THAT(chain(function.start()), ElementsAre(0x100, 0x200, 0x180, 0x300));
}

TEST(PasidView, HidesACapabilityThatTheKernelShowsWhereItIsOff) {
    auto facts = facts_of(device().extended(0x180, 0x0f, 0x300).extended(0x300, 0x1b, 0));
    facts.vfio = device::VfioFacts{.config = *facts.physical};

    const auto view = function::build_function_view(
        facts, {.pasid = {chosen::PasidMode::Off, chosen::PropertyOrigin::User}});

    EXPECT_THAT(chain(view.map.start), ElementsAre(0x100, 0x200, 0x180));
}

TEST(PasidView, WarnsOfPageRequestsWithoutAts) {
    const auto config = device().extended(0x180, 0x13, 0);

    EXPECT_THAT(plan_of(config).view.warnings,
                Contains(HasSubstr("Page Request Interface without ATS")));
    EXPECT_THAT(plan_of(device()).view.warnings,
                testing::Not(Contains(HasSubstr("Page Request Interface"))));
}

TEST(PasidView, RefusesAPlaceOfTheWrongForm) {
    machine::MachineRequest request;
    request.devices.push_back(
        {.facts = facts_of(device()), .keys = {.pasid_offset = chosen::PasidOffset{0x102}}});

    EXPECT_THAT(machine::make_plan(std::move(request)).error().what, HasSubstr("a multiple of 4"));
}

TEST(PasidView, RefusesAWiderGuestThanPasidsAre) {
    EXPECT_FALSE(machine::make_plan({.viommu_pasid_width = 21}));
}

TEST(PasidView, DoesNotTakeBytesThatNobodyReadForAnAnswer) {
    for (const std::size_t known : {64u, 256u}) {
        auto facts = facts_of(ConfigBuilder{known}.head(0x80).express(0x80, 0));

        const auto view = function::build_function_view(
            facts, {.pasid = {chosen::PasidMode::On, chosen::PropertyOrigin::User},
                    .viommu_pasid_width = 20});

        EXPECT_FALSE(view.pasid);
        EXPECT_THAT(view.reasons, IsEmpty());
        EXPECT_THAT(view.unknowns, Contains(HasSubstr("PASID, which is asked for")));
    }
}

// The kernel shows 256 bytes of a function of which there are more.
TEST(PasidView, IsNotPutWhereTheKernelShowsNoSpace) {
    auto facts = facts_of(device());
    facts.vfio =
        device::VfioFacts{.config = ConfigBuilder{256}.head(0x80).express(0x80, 0).image()};

    EXPECT_FALSE(function::build_function_view(facts, {.viommu_pasid_width = 20}).pasid);
}

// Writes.

TEST(ConfigState, TellsOfAGuestThatEnablesPasidAndPassesNothing) {
    const auto plan = plan_of(device());
    ConfigState state{plan.view, plan.start()};

    const auto effects = state.write(0xffe, 2, 0x0005);

    EXPECT_THAT(effects, ElementsAre(Effect{effect::PasidChanged{
                             .enabled = true, .execute = false, .privileged = true}}));
    EXPECT_EQ(state.read(0xffc, 4, 0), 0x00051006u);
    EXPECT_EQ(state.device_bits(0xff8, 4), 0u);
    EXPECT_EQ(state.device_bits(0xffc, 4), 0u);
}

TEST(ConfigState, DropsWritesToTheOtherBitsOfPasid) {
    const auto plan = plan_of(device());
    ConfigState state{plan.view, plan.start()};

    EXPECT_THAT(state.write(0xff8, 4, 0xffffffff), IsEmpty());
    EXPECT_THAT(state.write(0xffc, 2, 0xffff), IsEmpty());
    EXPECT_THAT(state.write(0xffe, 2, 0xfff8), IsEmpty());

    EXPECT_EQ(state.read(0xff8, 4, 0), 0x0001001bu);
    EXPECT_EQ(state.read(0xffc, 4, 0), 0x00001006u);
}

TEST(ConfigState, ClearsPasidWithAReset) {
    const auto plan = plan_of(device());
    ConfigState state{plan.view, plan.start()};
    state.write(0xffe, 1, 0x07);

    const auto effects = state.reset();

    EXPECT_THAT(effects, Contains(Effect{effect::PasidChanged{}}));
    EXPECT_EQ(state.read(0xffe, 2, 0), 0u);
}

TEST(ConfigState, ClearsPasidWithAFunctionLevelReset) {
    const auto plan = plan_of(device());
    ConfigState state{plan.view, plan.start()};
    state.write(0xffe, 2, 0x0001);

    const auto effects = state.write(0x88, 2, 0x8000);

    EXPECT_THAT(effects, Contains(Effect{effect::PasidChanged{}}));
    EXPECT_THAT(effects, Contains(Effect{effect::ResetFunction{}}));
    EXPECT_EQ(state.read(0xffe, 2, 0), 0u);
}

}  // namespace
}  // namespace tenon::model::running
