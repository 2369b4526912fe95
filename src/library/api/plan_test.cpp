#include "tenon/plan.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <optional>

#include "library/plan_json.hpp"
#include "library/request.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon {
namespace {

using testing::HasSubstr;

// A recorded NVMe controller with MSI-X in a BAR of 16 KiB, as the text of lspci.
class PublicPlan : public testing::Test {
protected:
    PublicPlan() {
        const auto image = support::ConfigBuilder{}
                               .put32(0x10, 0xfe800004)
                               .head(0x40)
                               .express(0x40, 0xb0)
                               .msix(0xb0, 0)
                               .extended(0x100, 0x0f, 0x110)  // ATS
                               .extended(0x110, 0x13, 0)      // Page Request Interface
                               .image();
        std::ofstream text{file_};
        text << "01:00.0 0108: 1b36:0010\n"
                "\tRegion 0: Memory at fe800000 (64-bit, non-prefetchable) [size=16K]\n";
        for (std::size_t at = 0; at < image.known(); at += 16) {
            text << fmt::format("{:02x}:", at);
            for (std::size_t n = 0; n < 16; ++n)
                text << fmt::format(" {:02x}", image.read8(at + n));
            text << '\n';
        }
    }
    ~PublicPlan() override { ::unlink(file_.c_str()); }

    Plan plan(std::vector<std::string> ports = {}) const {
        return Plan::make({.devices = {file_ + ",id=disk"}, .ports = std::move(ports)}).value();
    }

    std::string file_ = testing::TempDir() + "public_plan.lspci";
};

TEST_F(PublicPlan, HasTheProposalForASlot) {
    const auto made = Plan::make({.devices = {file_ + "#01:00.*,host-group=4"}}).value();

    ASSERT_EQ(made.proposals().size(), 1u);
    const auto& proposal = made.proposals()[0];
    EXPECT_EQ(proposal.host_slot, "0000:01:00");
    ASSERT_EQ(proposal.slots.size(), 1u);
    EXPECT_EQ(proposal.slots[0].functions.at(0).host, "0000:01:00.0");
    EXPECT_EQ(proposal.slots[0].port, made.ports()[0].name);
    EXPECT_EQ(proposal.arguments.size(), 4u);
    EXPECT_TRUE(plan().proposals().empty());
}

TEST_F(PublicPlan, IsThePlanOfTheProgram) {
    const auto ours = plan({"rp7"});

    const auto theirs = library::plan_machine(library::this_host(),
                                              {.ports = {"rp7"}, .devices = {file_ + ",id=disk"}});
    EXPECT_EQ(ours.json(), library::render_json(theirs.value().plan));
    EXPECT_EQ(ours.machine(), theirs->plan.version);
    EXPECT_TRUE(ours.assignable());
    EXPECT_TRUE(ours.problems().empty());
    ASSERT_EQ(ours.ports().size(), 2u);
    EXPECT_EQ(ours.ports()[0].name, "rp7");
    EXPECT_EQ(ours.ports()[1].secondary_bus, 2u);
    EXPECT_EQ(ours.ports()[1].link_speed, "8 GT/s");
    EXPECT_EQ(ours.ports()[1].link_width, 4u);
}

TEST_F(PublicPlan, TellsOfTheGuestAndOfWhatWasChosen) {
    const auto made = Plan::make({.devices = {file_ + ",id=disk,ats=off"},
                                  .ports = {"rp1,hotplug=off"},
                                  .viommu = "pasid=16",
                                  .memory = "4G",
                                  .cpus = "3"})
                          .value();

    const auto& guest = made.guest();
    EXPECT_EQ(guest.processors, 3u);
    EXPECT_EQ(guest.memory, 4ull << 30);
    ASSERT_EQ(guest.parts.size(), 2u);
    EXPECT_EQ(guest.parts[1].base, 4ull << 30);
    const auto chosen = [](const std::vector<Property>& properties, std::string_view name) {
        for (const auto& property : properties)
            if (property.name == name) return property;
        return Property{};
    };
    EXPECT_EQ(chosen(guest.properties, "viommu").value, "pasid=16");
    EXPECT_EQ(chosen(made.ports()[0].properties, "hotplug").value, "off");
    EXPECT_EQ(chosen(made.ports()[0].properties, "hotplug").origin, PropertyOrigin::User);
    EXPECT_EQ(chosen(made.ports()[1].properties, "hotplug").value, "on");
    EXPECT_EQ(chosen(made.find_function("disk")->properties, "ats").origin, PropertyOrigin::User);
}

TEST_F(PublicPlan, TellsOfAFunctionWhatWasDecided) {
    const auto made = plan();

    const auto* const function = made.find_function("disk");

    ASSERT_NE(function, nullptr);
    EXPECT_EQ(made.find_function("other"), nullptr);
    EXPECT_EQ(function->guest, "01:00.0");
    EXPECT_EQ(function->vendor, 0x1b36);
    EXPECT_EQ(function->class_code, 0x010802u);
    EXPECT_EQ(function->config_size, 4096u);
    ASSERT_EQ(function->capabilities.size(), 4u);
    const auto& msix = function->capabilities[1];
    EXPECT_EQ(msix.id, 0x11);
    EXPECT_EQ(msix.host_offset, 0xb0);
    EXPECT_EQ(msix.guest_offset, 0xb0);
    EXPECT_EQ(msix.action, Action::Emulate);
    EXPECT_THAT(msix.source, HasSubstr("7.7.2"));
    ASSERT_TRUE(function->msix);
    EXPECT_EQ(function->msix->vectors, 8u);
    EXPECT_EQ(function->msix->table_offset, 0x2000u);
    ASSERT_EQ(function->bars.size(), 1u);
    EXPECT_EQ(function->bars[0].size.value_or(0), 0x4000u);
    EXPECT_EQ(function->bars[0].kind, BarKind::Memory64);
    EXPECT_FALSE(function->driver);
    EXPECT_FALSE(function->opened);
}

TEST_F(PublicPlan, GivesTheSpaceThatAGuestStartsWith) {
    const auto made = plan();

    const auto bytes = made.start_bytes("disk").value();

    ASSERT_EQ(bytes.size(), 4096u);
    EXPECT_EQ(bytes[0], std::byte{0x36});
    EXPECT_EQ(bytes[0x34], std::byte{0x40});
    const auto address = made.find_function("disk")->bars[0].guest_address.value();
    EXPECT_EQ(bytes[0x13], static_cast<std::byte>(address >> 24));
    EXPECT_EQ(made.start_bytes("other").error().kind, Error::Kind::NotFound);
}

TEST_F(PublicPlan, WarnsOfWhatASlotMakesOfItsFunctions) {
    const auto made = Plan::make({.devices = {file_ + ",id=gpu,port=slot,host-atomics=32",
                                              file_ + ",id=audio,port=slot,host-atomics=none"}})
                          .value();

    const auto own_port = testing::Contains(HasSubstr("a port of its own"));
    EXPECT_THAT(made.find_function("gpu")->warnings, testing::Not(own_port));
    EXPECT_THAT(made.find_function("audio")->warnings, own_port);
    EXPECT_THAT(made.ports()[0].warnings, testing::ElementsAre(HasSubstr("6.15.3.1")));
    EXPECT_THAT(made.warnings(), testing::Contains(made.ports()[0].warnings[0]));
    EXPECT_THAT(made.warnings(), testing::Contains(testing::AllOf(testing::StartsWith("audio ("),
                                                                  HasSubstr("own"))));
}

TEST_F(PublicPlan, SaysWhatIsWrongWithARequest) {
    const auto unknown_key = Plan::make({.devices = {file_ + ",colour=blue"}});
    const auto no_file = Plan::make({.devices = {"/nowhere"}});
    const auto no_version = Plan::make({.devices = {file_}, .machine = "ibm-pc"});

    EXPECT_EQ(unknown_key.error().kind, Error::Kind::Malformed);
    EXPECT_THAT(unknown_key.error().what, HasSubstr("colour"));
    EXPECT_EQ(no_file.error().kind, Error::Kind::NotFound);
    EXPECT_THAT(no_version.error().what, HasSubstr("ibm-pc"));
}

TEST_F(PublicPlan, MakesASpaceThatLivesWithoutThePlan) {
    std::optional<ConfigSpace> space;
    std::uint64_t address = 0;
    {
        const auto made = plan();
        address = made.find_function("disk")->bars[0].guest_address.value();
        space = made.config_space("disk").value();
    }

    // Memory Space Enable: the BAR comes in, and the device is told.
    const auto effects = space->write(0x04, 2, 0x0002);

    const std::vector<BarPlace> places{{.index = 0, .address = address}};
    EXPECT_EQ(space->placed(), places);
    EXPECT_EQ(std::ranges::count(effects, Effect{effect::PlaceBars{places}}), 1);
    EXPECT_TRUE(std::ranges::any_of(effects, [](const Effect& one) {
        const auto* const write = std::get_if<effect::WriteDevice>(&one);
        return write != nullptr && write->offset == 0x04;
    }));
    EXPECT_EQ(space->reset(), std::vector<Effect>{effect::RemoveBars{places}});
    EXPECT_TRUE(space->placed().empty());
}

TEST_F(PublicPlan, AnswersAGuestFromTheDeviceWhereItIsTheDevices) {
    const auto space = plan().config_space("disk").value();

    const auto ids = space.device_pieces(0x00, 4);        // Ours: ids never change.
    const auto control = space.device_pieces(0x48, 2);    // Device Control, the device's.
    const auto across = space.read(0x02, 4, 0xffffffff);  // Not inside one dword.

    EXPECT_EQ(space.read(0x00, 4, 0) & 0xffff, 0x1b36u);
    EXPECT_LE(ids.size(), 1u);
    ASSERT_EQ(control.size(), 1u);
    EXPECT_EQ(*control.begin(), (DevicePiece{.offset = 0x48, .size = 2}));
    EXPECT_EQ(across, 0xffffffffu);
}

TEST_F(PublicPlan, TellsWhatTheGuestSwitchesOn) {
    const auto made = Plan::make({.devices = {file_ + ",id=disk,host-atomics=32+64"}}).value();
    auto space = made.config_space("disk").value();

    // Device Control 2, ATS Control, Page Request Control.
    EXPECT_THAT(space.write(0x68, 2, 0x0040),
                testing::Contains(Effect{effect::AtomicsChanged{.enabled = true}}));
    EXPECT_EQ(
        space.write(0x106, 2, 0x8001),
        std::vector<Effect>{(effect::AtsChanged{.enabled = true, .smallest_translation_unit = 1})});
    EXPECT_EQ(space.write(0x114, 2, 0x0001),
              std::vector<Effect>{effect::PageRequestsChanged{.enabled = true}});
}

TEST_F(PublicPlan, ClearsInTheDeviceWhatTheKernelSets) {
    const auto made = plan();
    const std::vector<Effect> prepared{
        effect::WriteDevice{.offset = 0x04, .size = 2, .value = 0},
        effect::UpdateDevice{.offset = 0x68, .mask = 0x0040, .value = 0}};

    EXPECT_EQ(made.config_space("disk").value().prepare_device(), prepared);
    EXPECT_TRUE(made.host_bridge_config_space().prepare_device().empty());
}

TEST_F(PublicPlan, ResetsFunctionAndBusWhenTheGuestAsks) {
    const auto made = plan();
    auto function = made.config_space("disk").value();
    auto port = made.port_config_space(made.ports()[0].name).value();

    // Initiate Function Level Reset in Device Control; Secondary Bus Reset in Bridge Control.
    const auto function_effects = function.write(0x48, 2, 0x8000);
    const auto port_effects = port.write(0x3e, 2, 0x0040);

    EXPECT_EQ(std::ranges::count(function_effects, Effect{effect::ResetFunction{}}), 1);
    EXPECT_EQ(std::ranges::count(port_effects, Effect{effect::ResetSecondaryBus{}}), 1);
    EXPECT_EQ(made.port_config_space("other").error().kind, Error::Kind::NotFound);
    EXPECT_EQ(made.host_bridge_config_space().read(0x00, 4, 0) & 0xffff, 0x1b36u);
}

}  // namespace
}  // namespace tenon
