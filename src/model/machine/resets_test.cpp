// A machine that functions came to and left is reset as one that starts with those who are there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

#include "model/machine/arrival.hpp"
#include "tests/support/config_builder.hpp"
#include "tests/support/random_function.hpp"

namespace tenon::model::machine {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using Bytes = std::vector<std::uint8_t>;

constexpr pci::Address gpu{.bus = 0x0b};
constexpr pci::Address sound{.bus = 0x0b, .function = 1};

// A function of this host that the kernel resets with the bus alone, on which both are.
DeviceRequest on_bus(const pci::Address& address, std::string port, unsigned number) {
    device::DeviceFacts facts{to_string(address), device::Origin::Live};
    facts.physical = support::ConfigBuilder{}.head(0x80).express(0x80, 0).image();
    facts.resources = std::array<device::ResourceFacts, 7>{};
    facts.address = address;
    facts.driver = std::string{"vfio-pci"};
    facts.group = device::GroupFacts{.number = 1};
    facts.reset_methods = std::vector<std::string>{};
    facts.vfio = Unknown{"not opened"};
    facts.virtual_function = false;
    facts.path = std::vector<device::BridgeFacts>{{.address = {.bus = 0x00}}};
    facts.bus_neighbours = std::vector<device::GroupMember>{
        {.address = address == gpu ? sound : gpu, .driver = "vfio-pci"}};
    return {.facts = std::move(facts),
            .id = to_string(address),
            .port = std::move(port),
            .function = number};
}

// A machine to which functions come and from which they go, as who runs it does it.
class Machine {
public:
    Result<void> add(const DeviceRequest& device) {
        TENON_TRY(arrival, plan_arrival({.plan = empty_, .ports = ports_}, DeviceRequest{device}),
                  "");
        follow(arrival.port, arrival.plan, arrival.others);
        here_.push_back(device);
        return {};
    }

    void take_out(std::size_t port) {
        const auto departure = plan_departure(ports_, port);
        for (const auto& function : ports_[port]->functions)
            std::erase_if(here_, [&](const auto& one) { return one.id == function.view.id; });
        follow(port, departure.plan, departure.others);
    }

    const std::vector<slot::FunctionPlan>& functions(std::size_t port) const {
        return ports_[port]->functions;
    }

    // As a machine that starts with those who are there; all of their plans.
    bool is_as_made_afresh() const {
        const auto fresh = make_plan({.ports = named(), .devices = here_}).value();
        for (std::size_t port = 0; port < ports_.size(); ++port)
            if (ports_[port]->functions != fresh.ports[port]->functions) return false;
        return true;
    }

    std::size_t count() const { return here_.size(); }

private:
    static std::vector<chosen::PortRequest> named() {
        return {{.name = "rp0"}, {.name = "rp1"}, {.name = "rp2"}};
    }

    void follow(std::size_t port, const std::shared_ptr<const slot::PortPlan>& plan,
                const std::vector<PortChange>& others) {
        ports_[port] = plan;
        for (const auto& other : others)
            ports_[other.port] = other.plan;
    }

    MachinePlan empty_ = make_plan({.ports = named()}).value();
    std::vector<std::shared_ptr<const slot::PortPlan>> ports_ = empty_.ports;
    std::vector<DeviceRequest> here_;
};

TEST(Resets, OfASlotThatFilledAreThoseOfOneThatWasFull) {
    Machine machine;
    // Function 0 comes last.
    ASSERT_TRUE(machine.add(on_bus(sound, "rp0", 1)));
    EXPECT_TRUE(machine.is_as_made_afresh());
    EXPECT_THAT(machine.functions(0)[0].view.warnings, SizeIs(1));
    ASSERT_TRUE(machine.add(on_bus(gpu, "rp0", 0)));

    EXPECT_TRUE(machine.is_as_made_afresh());
    ASSERT_THAT(machine.functions(0), SizeIs(2));
    for (const auto& function : machine.functions(0)) {
        EXPECT_TRUE(with_bus(function.reset)) << function.view.id;
        EXPECT_FALSE(function.access.resets) << function.view.id;
        EXPECT_THAT(function.view.warnings, IsEmpty()) << function.view.id;
    }
}

TEST(Resets, OfAnotherSlotFollowWhoComesAndGoes) {
    Machine machine;
    ASSERT_TRUE(machine.add(on_bus(gpu, "rp0", 0)));
    EXPECT_EQ(*machine.functions(0)[0].reset.way, function::ResetWay::None);
    ASSERT_TRUE(machine.add(on_bus(sound, "rp2", 0)));
    EXPECT_TRUE(with_bus(machine.functions(0)[0].reset));
    EXPECT_TRUE(machine.is_as_made_afresh());

    machine.take_out(2);

    EXPECT_EQ(*machine.functions(0)[0].reset.way, function::ResetWay::None);
    EXPECT_TRUE(machine.is_as_made_afresh());
}

TEST(Resets, OfTheBusThatAreAskedForWaitForTheWholeSlot) {
    Machine machine;
    auto first = on_bus(sound, "rp0", 1);
    auto last = on_bus(gpu, "rp0", 0);
    first.keys.reset = last.keys.reset = chosen::ResetChoice::Bus;

    // Alone in a slot that is whole it is refused.
    EXPECT_FALSE(Machine{}.add(last));
    ASSERT_TRUE(machine.add(first));
    ASSERT_TRUE(machine.add(last));

    EXPECT_TRUE(machine.is_as_made_afresh());
    for (const auto& function : machine.functions(0))
        EXPECT_TRUE(function.view.assignable && with_bus(function.reset)) << function.view.id;
}

// Functions of a few buses, some beside strangers, in the slots that chance gives them.
std::vector<DeviceRequest> random_requests(support::ByteSource& bytes) {
    std::vector<device::DeviceFacts> all(2 + bytes.below(4), on_bus(gpu, "", 0).facts);
    support::put_on_buses(bytes, all);
    std::vector<DeviceRequest> requests;
    for (const auto& facts : all) {
        constexpr std::array choices{chosen::ResetChoice::Auto,     chosen::ResetChoice::Auto,
                                     chosen::ResetChoice::Auto,     chosen::ResetChoice::None,
                                     chosen::ResetChoice::Function, chosen::ResetChoice::Bus};
        DeviceRequest request{.facts = facts,
                              .id = to_string(*facts.address),
                              .port = "rp" + std::to_string(bytes.below(3)),
                              .function = static_cast<unsigned>(bytes.below(4))};
        request.keys.reset = choices.at(bytes.below(choices.size()));
        requests.push_back(std::move(request));
    }
    return requests;
}

RC_GTEST_PROP(Resets, ForgetInWhichOrderFunctionsCameAndWent, ()) {
    const auto bytes = *rc::gen::container<Bytes>(160, rc::gen::arbitrary<std::uint8_t>());
    support::ByteSource source{bytes};
    const auto requests = random_requests(source);
    Machine machine;
    std::size_t most = 0;
    bool with_bus = false;
    for (unsigned step = 0; step < 16; ++step) {
        const auto what = source.below(requests.size() + 1);
        // Who is here already, or finds the place taken, is refused; nothing changes.
        if (what < requests.size()) {
            [[maybe_unused]] const auto added = machine.add(requests[what]);
        } else {
            machine.take_out(source.below(3));
        }
        RC_ASSERT(machine.is_as_made_afresh());
        most = std::max(most, machine.count());
        for (std::size_t port = 0; port < 3; ++port)
            for (const auto& function : machine.functions(port))
                with_bus |= function::with_bus(function.reset);
    }
    RC_TAG(most, with_bus ? "a bus" : "none");
}

}  // namespace
}  // namespace tenon::model::machine
