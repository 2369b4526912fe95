// What the guest's accesses to configuration space ask of a function's parts, carried out.
#include <fmt/core.h>

#include <variant>

#include "base/bytes.hpp"
#include "pci/header.hpp"
#include "vmm/assigned/function.hpp"

namespace tenon::vmm::assigned {

void AssignedFunction::execute(const std::vector<model::running::Effect>& effects) {
    for (const auto& effect : effects)
        std::visit(
            [this](const auto& one) {
                mutex_.assume_held();
                carry_out(one);
            },
            effect);
}

void AssignedFunction::carry_out(const model::running::effect::RemoveBars& effect) {
    for (const auto& bar : effect.bars)
        bars_->remove(bar);
}

void AssignedFunction::carry_out(const model::running::effect::PlaceBars& effect) {
    for (const auto& bar : effect.bars)
        bars_->place(bar, shared_from_this());
}

// Whoever lets it master the bus has waited for the memory; where that is not there all the same,
// the guest ends, and the function stays quiet.
bool AssignedFunction::may_go_out(const model::running::effect::WriteDevice& effect) const {
    if (!memory_ || effect.offset != pci::header::command) return true;
    const pci::Command command{static_cast<std::uint16_t>(effect.value)};
    return command.get<pci::BusMasterEnable>() == 0 || memory_->mapped();
}

void AssignedFunction::carry_out(const model::running::effect::WriteDevice& effect) {
    if (!may_go_out(effect)) return;
    const auto bytes = bytes_of(effect.value).first(effect.size);
    board_.warnings.check(device_->write(device::config_region, effect.offset, bytes),
                          {name_, "configuration registers"},
                          fmt::format("{}: configuration register {:#x}", name_, effect.offset));
}

void AssignedFunction::carry_out(const model::running::effect::UpdateDevice& effect) {
    board_.warnings.check(update_device(effect), {name_, "configuration registers"},
                          fmt::format("{}: configuration register {:#x}", name_, effect.offset));
}

Result<void> AssignedFunction::update_device(const model::running::effect::UpdateDevice& effect) {
    std::uint16_t now = 0;
    TENON_TRY_DO(device_->read(device::config_region, effect.offset, writable_bytes_of(now)), "");
    const auto wanted = static_cast<std::uint16_t>((now & ~effect.mask) | effect.value);
    if (wanted == now) return {};
    return device_->write(device::config_region, effect.offset, bytes_of(wanted));
}

Result<void> AssignedFunction::clear_requester_enable() {
    const auto effect = model::running::clear_requester_enable(plan_->view);
    return effect ? update_device(*effect) : Result<void>{};
}

void AssignedFunction::carry_out(const model::running::effect::InterruptsChanged& /*effect*/) {
    interrupts_->config_changed(config_.bytes());
}

void AssignedFunction::carry_out(const model::running::effect::ResetFunction& /*effect*/) {
    reset_wanted_ = true;
}

void AssignedFunction::carry_out(const model::running::effect::ResetSecondaryBus& /*effect*/) {}

// The machine has no IOMMU for the guest yet: nobody would translate.
void AssignedFunction::carry_out(const model::running::effect::PasidChanged& effect) {
    if (effect.enabled)
        board_.warnings.once(fmt::format(
            "{}: the guest switched PASID on; without an IOMMU of the guest nothing translates it",
            name_));
}

// Nor would anybody ask for translations; what goes to the device for AtomicOps goes by itself.
void AssignedFunction::carry_out(const model::running::effect::AtsChanged& /*effect*/) {}
void AssignedFunction::carry_out(const model::running::effect::PageRequestsChanged& /*effect*/) {}
void AssignedFunction::carry_out(const model::running::effect::AtomicsChanged& /*effect*/) {}

}  // namespace tenon::vmm::assigned
