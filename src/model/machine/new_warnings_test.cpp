// What a user is told when something comes to a machine or goes: all that is new, nothing twice,
// and nothing that those to come would make wrong.
#include "model/machine/new_warnings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "model/machine/arrival.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::model::machine {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

constexpr pci::Address gpu{.bus = 0x0b};
constexpr pci::Address sound{.bus = 0x0b, .function = 1};

// A function of this host, alone on its bus, with a reset of its own and this many vectors.
DeviceRequest function_at(const pci::Address& address, std::string port, unsigned number,
                          std::uint16_t vectors = 1) {
    device::DeviceFacts facts{to_string(address), device::Origin::Live};
    facts.physical = support::ConfigBuilder{}
                         .put32(0x10, 0xfe000004)
                         .head(0x80)
                         .express(0x80, 0xc0)
                         .second_registers(0x80, 0, 0)
                         .msix(0xc0, 0, vectors)
                         .image();
    facts.resources = std::array<device::ResourceFacts, 7>{device::ResourceFacts{.size = 0x4000}};
    facts.address = address;
    facts.driver = std::string{"vfio-pci"};
    facts.group = device::GroupFacts{.number = 1};
    facts.reset_methods = std::vector<std::string>{"flr"};
    facts.vfio = Unknown{"not opened"};
    facts.atomics = 0u;
    facts.virtual_function = false;
    facts.path = std::vector<device::BridgeFacts>{{.address = {.bus = 0x00}}};
    facts.bus_neighbours = std::vector<device::GroupMember>{};
    return {.facts = std::move(facts),
            .id = to_string(address),
            .port = std::move(port),
            .function = number};
}

// The GPU or its sound, which the kernel resets with the bus alone, on which both are.
DeviceRequest on_bus(const pci::Address& address, std::string port, unsigned number) {
    auto device = function_at(address, std::move(port), number);
    device.facts.reset_methods = std::vector<std::string>{};
    device.facts.bus_neighbours = std::vector<device::GroupMember>{
        {.address = address == gpu ? sound : gpu, .driver = "vfio-pci"}};
    return device;
}

DeviceRequest with_atomics(DeviceRequest device, std::uint32_t widths) {
    device.facts.atomics = widths;
    return device;
}

class NewWarnings : public testing::Test {
protected:
    // A machine that came to be with these limits; empty.
    void start(const InterruptLimits& limits = {}) {
        plan_ = make_plan({.ports = {{.name = "rp0"}, {.name = "rp1"}},
                           .processors = limits.processors,
                           .files = limits.files})
                    .value();
        ports_ = plan_.ports;
    }

    Arrival add(DeviceRequest device) {
        auto arrival = plan_arrival({.plan = plan_, .ports = ports_}, std::move(device)).value();
        ports_[arrival.port] = arrival.plan;
        for (const auto& other : arrival.others)
            ports_[other.port] = other.plan;
        return arrival;
    }

    MachinePlan plan_;
    std::vector<std::shared_ptr<const slot::PortPlan>> ports_;
};

TEST_F(NewWarnings, SayNothingOfAResetThatFunction0Brings) {
    start();
    const auto first = add(on_bus(sound, "rp0", 1));
    const auto last = add(on_bus(gpu, "rp0", 0));

    EXPECT_THAT(first.warnings, IsEmpty());
    EXPECT_THAT(last.warnings, IsEmpty());
    EXPECT_THAT(last.of_others, IsEmpty());
}

TEST_F(NewWarnings, SayThatThereIsNoResetWhenTheSlotIsWhole) {
    start();
    const auto first = add(on_bus(sound, "rp0", 1));
    const auto last = add(function_at({.bus = 0x0c}, "rp0", 0));

    EXPECT_THAT(first.warnings, IsEmpty());
    EXPECT_THAT(last.warnings, IsEmpty());
    ASSERT_THAT(last.of_others, SizeIs(1));
    EXPECT_EQ(last.of_others[0].id, "0000:0b:00.1");
    EXPECT_THAT(last.of_others[0].warnings,
                ElementsAre(AllOf(StartsWith("0000:0b:00.1 (0000:0b:00.1): it is not reset"),
                                  HasSubstr("0000:0b:00.0"))));
}

TEST_F(NewWarnings, AreNotSaidAgainWhenOthersCome) {
    start();
    EXPECT_THAT(add(on_bus(gpu, "rp0", 0)).warnings, SizeIs(1));

    const auto other = add(function_at({.bus = 0x0c}, "rp1", 0));

    EXPECT_THAT(other.warnings, IsEmpty());
    EXPECT_THAT(other.of_others, IsEmpty());
}

TEST_F(NewWarnings, OfThoseWhoStayAreSaidWhenSomethingGoes) {
    start();
    add(on_bus(gpu, "rp0", 0));
    EXPECT_THAT(add(on_bus(sound, "rp1", 0)).of_others, IsEmpty());

    const auto departure = plan_departure(ports_, 1);

    ASSERT_THAT(departure.of_others, SizeIs(1));
    EXPECT_EQ(departure.of_others[0].id, "0000:0b:00.0");
    EXPECT_THAT(departure.of_others[0].warnings, ElementsAre(HasSubstr("it is not reset")));
}

TEST_F(NewWarnings, SayOfAnotherThatItsAtomicsAreGatedNow) {
    start();
    const auto first = add(with_atomics(function_at({.bus = 0x0c}, "rp0", 1), 0));
    const auto last = add(with_atomics(function_at({.bus = 0x0d}, "rp0", 0), 3));

    EXPECT_THAT(first.warnings, IsEmpty());
    EXPECT_THAT(last.warnings, IsEmpty());
    ASSERT_THAT(last.of_others, SizeIs(1));
    EXPECT_EQ(last.of_others[0].id, "0000:0c:00.0");
    EXPECT_THAT(last.of_others[0].warnings,
                ElementsAre(HasSubstr("completes AtomicOps for another function of the slot")));
}

TEST_F(NewWarnings, OfAPortAreSaidWithWhoBringsThem) {
    start();
    const auto first = add(with_atomics(function_at({.bus = 0x0c}, "rp0", 1), 4));
    const auto last = add(with_atomics(function_at({.bus = 0x0d}, "rp0", 0), 4));

    EXPECT_THAT(first.warnings, ElementsAre(StartsWith("port rp0 completes 128 bit AtomicOps")));
    EXPECT_THAT(last.warnings, IsEmpty());
}

TEST_F(NewWarnings, CountTheVectorsOfTheMachineWithTheArrivalInIt) {
    // 200 files are for others: 100 vectors fit.
    start({.processors = 1u, .files = 300u});
    EXPECT_THAT(add(function_at({.bus = 0x0c}, "rp0", 0, 64)).warnings, IsEmpty());

    const auto second = add(function_at({.bus = 0x0d}, "rp1", 0, 64));

    EXPECT_THAT(second.warnings, ElementsAre(HasSubstr("128 interrupt vectors, each a file")));
    EXPECT_THAT(plan_departure(ports_, 1).of_others, IsEmpty());
}

}  // namespace
}  // namespace tenon::model::machine
