// The device key reset= while a guest runs.
#include <gtest/gtest.h>

#include "vmm/assigned/function.hpp"
// The one above has to come before what includes the kernel's headers.
#include "tests/support/fake_slots.hpp"

namespace tenon::vmm::slots {
using assigned::AssignedFunction;

namespace {

// Device Control of the NVMe, whose PCI Express capability is at 0x80, and Initiate FLR.
constexpr std::uint16_t device_control = 0x88;
constexpr std::uint16_t initiate_flr = 0x8000;

// How often the device is reset when the guest resets it, and when its bus is reset.
class ResetOfAGuest : public testing::TestWithParam<model::chosen::ResetChoice> {
protected:
    ResetOfAGuest() {
        model::machine::DeviceRequest request;
        request.facts.origin = device::Origin::Live;
        request.facts.address = pci::Address{.bus = 1};
        request.facts.vfio = support::FakeDevice{*host_}.facts().value();
        request.keys.reset = GetParam();
        plan_ = model::machine::make_plan({.devices = {std::move(request)}}).value();
        slots_.emplace(plan_, board_);
        function_ =
            AssignedFunction::create(support::first_of(plan_),
                                     std::make_unique<support::FakeDevice>(*host_), board_.parts())
                .value();
    }
    ~ResetOfAGuest() override { function_->shut_down(); }

    unsigned expected() const { return GetParam() == model::chosen::ResetChoice::None ? 0 : 1; }

    std::unique_ptr<support::FakeFunction> host_ = support::nvme_function();
    model::machine::MachinePlan plan_;
    support::FakeBoard board_;
    std::optional<support::FakeSlots> slots_;
    std::shared_ptr<AssignedFunction> function_;
};

INSTANTIATE_TEST_SUITE_P(Choices, ResetOfAGuest,
                         testing::Values(model::chosen::ResetChoice::Auto,
                                         model::chosen::ResetChoice::Function,
                                         model::chosen::ResetChoice::None),
                         [](const auto& choice) { return std::string{name_of(choice.param)}; });

TEST_P(ResetOfAGuest, ReachesTheDeviceUnlessNoneWasAskedFor) {
    const auto before = host_->resets();
    slots_->write(function_, device_control, 2, initiate_flr);
    EXPECT_EQ(host_->resets() - before, expected());
    slots_->resets.reset({function_});
    EXPECT_EQ(host_->resets() - before, 2 * expected());
}

TEST_P(ResetOfAGuest, StopsItsDmaInAnyCase) {
    constexpr std::uint16_t command = 0x04;
    function_->write_config(command, 2, 0x0006);
    slots_->resets.reset({function_});
    EXPECT_EQ(host_->config().read16(command) & 0x0006, 0x0000);
}

TEST_P(ResetOfAGuest, IsInThePlan) {
    const auto& function = plan_.ports[0]->functions[0];
    EXPECT_EQ(function.reset.choice, GetParam());
    EXPECT_EQ(function.access.resets, GetParam() != model::chosen::ResetChoice::None);
    EXPECT_TRUE(function.view.assignable);
}

}  // namespace
}  // namespace tenon::vmm::slots
