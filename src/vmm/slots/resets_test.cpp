// Functions that are reset with the bus above them on the host.
#include "vmm/slots/resets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <future>

#include "tests/support/fake_slots.hpp"
#include "vmm/slots/assignment.hpp"

namespace tenon::vmm::slots {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint16_t command = 0x04;
constexpr std::uint16_t decoding = 0x0006;
// Device Control of the NVMe, whose PCI Express capability is at 0x80, and Initiate FLR.
constexpr std::uint16_t device_control = 0x88;
constexpr std::uint16_t initiate_flr = 0x8000;

// Two controllers of one host bus, 01:00.0 and 01:00.1, in one slot of the guest or in two.
struct Host {
    explicit Host(std::array<std::string, 2> ports = {"rp0", "rp0"},
                  model::chosen::ResetChoice choice = model::chosen::ResetChoice::Bus) {
        support::FakeFunction::share_bus({functions[0].get(), functions[1].get()});
        model::machine::MachineRequest request;
        for (std::uint8_t n = 0; n < 2; ++n) {
            functions.at(n)->info().can_reset = choice != model::chosen::ResetChoice::Auto;
            model::machine::DeviceRequest device;
            device.id = fmt::format("f{}", n);
            device.port = ports.at(n);
            if (ports[0] == ports[1]) device.function = n;
            device.facts.origin = device::Origin::Live;
            device.facts.address = address(n);
            device.facts.driver = std::string{"vfio-pci"};
            device.facts.group = device::GroupFacts{.number = 1};
            device.facts.virtual_function = false;
            device.facts.path = std::vector<device::BridgeFacts>{{.address = {.bus = 0}}};
            device.facts.bus_neighbours = std::vector<device::GroupMember>{
                {.address = address(1u - n), .driver = "vfio-pci"}};
            device.facts.vfio = support::FakeDevice{*functions.at(n)}.facts().value();
            device.keys.reset = choice;
            request.devices.push_back(std::move(device));
        }
        plan = model::machine::make_plan(std::move(request)).value();
        slots.emplace(plan, board);
    }
    static pci::Address address(unsigned n) {
        return {.bus = 1, .function = static_cast<std::uint8_t>(n)};
    }

    Result<std::unique_ptr<Assignment>> assign() {
        return Assignment::create(plan, opened,
                                  {.board = board.parts(),
                                   .memory = memory,
                                   .chassis = slots->chassis,
                                   .resets = slots->resets,
                                   .files = nullptr});
    }

    void write(std::uint8_t bus, std::uint8_t devfn, std::uint16_t offset, std::uint32_t value) {
        slots->topology.write({.bus = bus, .devfn = devfn, .offset = offset}, 2, value);
    }
    std::uint32_t read(std::uint8_t bus, std::uint8_t devfn, std::uint16_t offset) {
        return slots->topology.read({.bus = bus, .devfn = devfn, .offset = offset}, 2);
    }
    unsigned bus_resets() const {
        EXPECT_EQ(functions[0]->bus_resets(), functions[1]->bus_resets());
        EXPECT_FALSE(functions[0]->disturbed());
        EXPECT_FALSE(functions[1]->disturbed());
        return functions[0]->bus_resets();
    }

    std::array<std::unique_ptr<support::FakeFunction>, 2> functions{support::nvme_function(),
                                                                    support::nvme_function()};
    model::machine::MachinePlan plan;
    device::OpenedFunctions opened{
        [this](device::Interface, std::span<const device::DeviceFacts>,
               std::optional<int>) -> Result<std::unique_ptr<device::DeviceOpener>> {
            auto made = std::make_unique<support::FakeOpener>();
            for (unsigned n = 0; n < 2; ++n)
                made->add(address(n), *functions.at(n));
            return made;
        }};
    support::FakeBoard board;
    board::GuestMemory memory = board::GuestMemory::create(4 << 20, 0xc0000000).value();
    std::optional<support::FakeSlots> slots;
};

TEST(Resets, OfABusComeAtTheStartAndAtTheEndOnceForAll) {
    Host host;
    {
        const auto assignment = host.assign();
        ASSERT_TRUE(assignment) << assignment.error().what;
        EXPECT_EQ(host.bus_resets(), 1u);
        host.write(1, 0, command, decoding);
        host.write(1, 1, command, decoding);
        host.write(1, 0, 0xc2, 0x8000);
    }
    EXPECT_EQ(host.bus_resets(), 2u);
}

TEST(Resets, OfABusAreTheChoiceWhereThereIsNoOther) {
    Host host{{"rp0", "rp1"}, model::chosen::ResetChoice::Auto};
    const auto assignment = host.assign();
    ASSERT_TRUE(assignment);
    EXPECT_EQ(host.bus_resets(), 1u);
}

TEST(Resets, OfABusAreNotDoneWhereTheFunctionsAreResetAlone) {
    Host host{{"rp0", "rp0"}, model::chosen::ResetChoice::Function};
    {
        const auto assignment = host.assign();
        ASSERT_TRUE(assignment);
        host.slots->topology.restart();
    }
    EXPECT_EQ(host.bus_resets(), 0u);
}

TEST(Resets, OfTheMachineResetTheBusOnce) {
    Host host;
    const auto assignment = host.assign();
    ASSERT_TRUE(assignment);
    host.write(1, 0, command, decoding);
    host.write(1, 1, command, decoding);
    host.write(1, 1, 0xc2, 0x8000);

    host.slots->topology.restart();

    EXPECT_EQ(host.bus_resets(), 2u);
    EXPECT_EQ(host.read(1, 1, command), 0u);
    EXPECT_EQ(host.read(1, 1, 0xc2) & 0x8000, 0u);
    EXPECT_THAT(host.functions[1]->vectors(device::IrqIndex::Msix), IsEmpty());
}

TEST(Resets, OfTheGuestsBusResetTheHostsWhereAllAreBelowIt) {
    Host host;
    const auto assignment = host.assign();
    ASSERT_TRUE(assignment);
    host.write(1, 0, command, decoding);
    host.write(1, 1, command, decoding);

    host.write(0, 1 << 3, 0x3e, 0x0040);
    host.write(0, 1 << 3, 0x3e, 0x0000);

    EXPECT_EQ(host.bus_resets(), 2u);
    EXPECT_EQ(host.read(1, 0, command), 0u);
    EXPECT_EQ(host.read(1, 1, command), 0u);
}

TEST(Resets, OfAnotherGuestBusSpareAFunctionThatIsInUse) {
    Host host{{"rp0", "rp1"}};
    const auto assignment = host.assign();
    ASSERT_TRUE(assignment);
    host.write(2, 0, command, decoding);

    host.write(0, 1 << 3, 0x3e, 0x0040);

    EXPECT_EQ(host.bus_resets(), 1u);
    EXPECT_EQ(host.read(2, 0, command), decoding);
}

TEST(Resets, OfOneFunctionResetTheBusWhileTheGuestUsesNoOther) {
    Host host;
    const auto assignment = host.assign();
    ASSERT_TRUE(assignment);
    host.write(1, 0, command, decoding);
    const auto bar = host.read(1, 1, 0x12);

    host.write(1, 0, device_control, initiate_flr);

    EXPECT_EQ(host.bus_resets(), 2u);
    EXPECT_EQ(host.read(1, 0, command), 0u);
    EXPECT_EQ(host.read(1, 1, 0x12), bar);
}

// The reset would take what an access of that moment does.
TEST(Resets, OfOneFunctionHoldTheOthersOfItsBusMeanwhile) {
    Host host;
    const auto assignment = host.assign();
    ASSERT_TRUE(assignment);
    std::future<std::uint32_t> reading;
    host.functions[0]->before_reset([&] {
        reading = std::async(std::launch::async, [&] { return host.read(1, 1, 0); });
        EXPECT_EQ(reading.wait_for(std::chrono::milliseconds{20}), std::future_status::timeout);
    });

    host.write(1, 0, device_control, initiate_flr);

    EXPECT_EQ(host.bus_resets(), 2u);
    ASSERT_TRUE(reading.valid());
    EXPECT_EQ(reading.get(), 0x1b36u);
    host.functions[0]->before_reset({});
}

TEST(Resets, OfOneFunctionSpareAnotherThatTheGuestUses) {
    Host host;
    const auto assignment = host.assign();
    ASSERT_TRUE(assignment);
    host.write(1, 0, command, decoding);
    host.write(1, 1, command, decoding);

    host.write(1, 0, device_control, initiate_flr);

    EXPECT_EQ(host.bus_resets(), 1u);
    EXPECT_EQ(host.read(1, 0, command), 0u);
    EXPECT_EQ(host.functions[0]->config().read16(command) & decoding, 0u);
    EXPECT_EQ(host.read(1, 1, command), decoding);
}

TEST(Resets, OfABusThatTheKernelRefusesFailTheStartWhereTheyWereAskedFor) {
    Host host;
    auto stranger = support::nvme_function();
    support::FakeFunction::share_bus(
        {host.functions[0].get(), host.functions[1].get(), stranger.get()});

    const auto assignment = host.assign();

    ASSERT_FALSE(assignment);
    EXPECT_THAT(assignment.error().what, HasSubstr("resetting the bus above"));
    EXPECT_EQ(host.functions[0]->opened(), 0u);
    EXPECT_EQ(stranger->bus_resets(), 0u);
}

TEST(Resets, OfABusThatTheKernelRefusesAreNoReasonNotToStartElse) {
    Host host{{"rp0", "rp0"}, model::chosen::ResetChoice::Auto};
    auto stranger = support::nvme_function();
    support::FakeFunction::share_bus(
        {host.functions[0].get(), host.functions[1].get(), stranger.get()});
    EXPECT_TRUE(host.assign());
    EXPECT_EQ(stranger->bus_resets(), 0u);
}

}  // namespace
}  // namespace tenon::vmm::slots
