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

// The registers in the device are the host's, whose IOMMU driver has set them: what the guest
// switches is for its own IOMMU, and for who follows it.
void AssignedFunction::tell(bool enabled, decltype(board::TranslationSwitch::of) of) const {
    board_.translation({.id = first_plan_->view.id, .enabled = enabled, .of = of});
}

void AssignedFunction::carry_out(const model::running::effect::PasidChanged& effect) {
    tell(effect.enabled,
         board::PasidSwitch{.execute = effect.execute, .privileged = effect.privileged});
    if (effect.enabled && !board_.takes_pasids)
        board_.warnings.once(fmt::format(
            "{}: the guest switched PASID on; its PASIDs are not attached in the host, and nothing "
            "translates them",
            name_));
}

void AssignedFunction::carry_out(const model::running::effect::AtsChanged& effect) {
    constexpr std::uint64_t smallest = 4096;
    tell(effect.enabled,
         board::AtsSwitch{.smallest_translation = smallest << effect.smallest_translation_unit});
}

void AssignedFunction::carry_out(const model::running::effect::PageRequestsChanged& effect) {
    tell(effect.enabled, board::PageRequestSwitch{.allocation = effect.allocation});
}

// What goes to the device of it goes by itself.
void AssignedFunction::carry_out(const model::running::effect::AtomicsChanged& /*effect*/) {}

}  // namespace tenon::vmm::assigned
