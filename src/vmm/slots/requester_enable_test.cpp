#include "vmm/assigned/function.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "model/slot/slot.hpp"
#include "tests/support/fake_slots.hpp"

namespace tenon::vmm::slots {
using assigned::AssignedFunction;

namespace {

// Device Control 2 of the NVMe, whose PCI Express capability is at 0x80, and AtomicOp Requester
// Enable.
constexpr std::uint16_t control_2 = 0xa8;
constexpr std::uint16_t enable = 0x0040;
constexpr std::uint16_t initiate_flr = 0x8000;

// An NVMe whose host reports `widths`, assigned below a port of its own. The kernel has set the bit
// when it was asked, as it does.
class RequesterEnable : public testing::Test {
protected:
    void assign(std::uint32_t widths, bool virtual_function = false) {
        host_->info().atomic_completer = widths;
        host_->config().write<std::uint16_t>(control_2, 0x0400 | enable);
        model::machine::DeviceRequest request;
        request.facts.origin = device::Origin::Live;
        request.facts.address = pci::Address{.bus = 1};
        request.facts.vfio = support::FakeDevice{*host_}.facts().value();
        request.facts.virtual_function = virtual_function;
        request.facts.atomics = widths;
        plan_ = model::machine::make_plan({.devices = {std::move(request)}}).value();
        slots_.emplace(plan_, board_);
        function_ =
            AssignedFunction::create(support::first_of(plan_),
                                     std::make_unique<support::FakeDevice>(*host_), board_.parts())
                .value();
        slots_->seat(0, function_);
    }
    ~RequesterEnable() override {
        if (function_) function_->shut_down();
    }

    std::uint16_t on_the_device() { return host_->config().read16(control_2); }

    std::unique_ptr<support::FakeFunction> host_ = support::nvme_function();
    model::machine::MachinePlan plan_;
    support::FakeBoard board_;
    std::optional<support::FakeSlots> slots_;
    std::shared_ptr<AssignedFunction> function_;
};

TEST_F(RequesterEnable, IsClearWhenTheGuestStarts) {
    assign(3);
    EXPECT_EQ(on_the_device(), 0x0400);
    EXPECT_EQ(function_->read_config(control_2, 2), 0x0400u);
}

TEST_F(RequesterEnable, IsTheGuestsInAParticipant) {
    assign(3);
    function_->write_config(control_2, 2, 0x0440);
    EXPECT_EQ(on_the_device(), 0x0440);
    EXPECT_EQ(function_->read_config(control_2, 2), 0x0440u);
    function_->write_config(control_2, 1, 0x00);
    EXPECT_EQ(on_the_device(), 0x0400);
}

TEST_F(RequesterEnable, NeverReachesAGatedDevice) {
    assign(0);
    function_->write_config(control_2, 2, 0x0450);
    EXPECT_EQ(on_the_device(), 0x0410);
    EXPECT_EQ(function_->read_config(control_2, 2), 0x0410u);
}

// The kernel gives the device back what it had before the reset.
TEST_F(RequesterEnable, IsClearAfterEachKindOfReset) {
    assign(3);
    function_->write_config(control_2, 2, 0x0440);
    slots_->write(function_, 0x88, 2, initiate_flr);
    EXPECT_EQ(on_the_device(), 0x0400);

    function_->write_config(control_2, 2, 0x0440);
    // Secondary Bus Reset in Bridge Control of the port.
    slots_->topology.write({.bus = 0, .devfn = 1 << 3, .offset = 0x3e}, 2, 0x0040);
    EXPECT_EQ(on_the_device(), 0x0400);
    EXPECT_EQ(function_->read_config(control_2, 2), 0x0400u);
}

TEST_F(RequesterEnable, OfAVirtualFunctionIsKeptHere) {
    assign(3, true);
    EXPECT_EQ(on_the_device(), 0x0440);
    function_->write_config(control_2, 2, 0x0440);
    EXPECT_EQ(function_->read_config(control_2, 2) & enable, enable);
    slots_->write(function_, 0x88, 2, initiate_flr);
    EXPECT_EQ(function_->read_config(control_2, 2) & enable, 0u);
}

TEST_F(RequesterEnable, FollowsTheSlotWhileTheGuestRuns) {
    assign(3);
    function_->write_config(control_2, 2, 0x0450);
    const auto seen = [this] {
        // Bits 9:7 of Device Capabilities 2; bit 21 tells of prefixes.
        return slots_->topology.read({.bus = 0, .devfn = 1 << 3, .offset = 0x64}, 4) & 0x00000380;
    };
    EXPECT_EQ(seen(), 0x00000180u);

    // Somebody comes with whom it has no width in common.
    auto other = plan_.ports[0]->functions[0];
    other.view.function = 1;
    other.view.atomics.widths = std::uint32_t{4};
    const auto both = std::make_shared<const model::slot::PortPlan>(
        model::slot::with_function(*plan_.ports[0], other).value());
    slots_->chassis.slot(0).follow(both);
    EXPECT_EQ(seen(), 0x00000000u);
    EXPECT_EQ(on_the_device(), 0x0410);
    EXPECT_EQ(function_->read_config(0x0e, 1), 0x80u);
    function_->write_config(control_2, 2, 0x0440);
    EXPECT_EQ(on_the_device(), 0x0400);

    // And goes again.
    slots_->chassis.slot(0).follow(plan_.ports[0]);
    EXPECT_EQ(seen(), 0x00000180u);
    EXPECT_EQ(function_->read_config(0x0e, 1), 0x00u);
    function_->write_config(control_2, 2, 0x0440);
    EXPECT_EQ(on_the_device(), 0x0440);
}

TEST_F(RequesterEnable, ThatCannotBeClearedFailsTheStart) {
    host_->config().write<std::uint16_t>(control_2, enable);
    const model::machine::MachinePlan plan = support::plan_of({host_.get()});
    auto opened = std::make_unique<support::FakeDevice>(*host_);
    // The facts are the plan's: the first call reads the register.
    host_->faults().fail_call(1);
    const auto created =
        AssignedFunction::create(support::first_of(plan), std::move(opened), board_.parts());
    ASSERT_FALSE(created);
    EXPECT_THAT(created.error().what, testing::HasSubstr("AtomicOp Requester Enable"));
}

}  // namespace
}  // namespace tenon::vmm::slots
