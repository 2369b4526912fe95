#include "model/running/interrupt_state.hpp"

#include <algorithm>

#include "model/running/msi_registers.hpp"
#include "pci/header.hpp"
#include "pci/msi.hpp"
#include "pci/msix.hpp"

namespace tenon::model::running {

using device::IrqIndex;

namespace {

template <typename... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};

pci::MsixControl control_of(const function::MsixPlan& plan, const pci::ConfigImage& config) {
    return pci::MsixControl{config.read16(plan.at + pci::msix::control)};
}

pci::MsiControl control_of(const function::MsiPlan& plan, const pci::ConfigImage& config) {
    return pci::MsiControl{config.read16(plan.at + pci::msi::control)};
}

std::uint32_t capacity_of(const function::FunctionView& view) {
    const std::uint32_t msix = view.msix ? view.msix->vectors : 0;
    const std::uint32_t msi = view.msi ? view.msi->vectors : 0;
    return std::max(msix, msi);
}

}  // namespace

InterruptState::InterruptState(const function::FunctionView& view, bool msix_noresize)
    : msix_{view.msix},
      msi_{view.msi},
      table_{view.msix ? view.msix->vectors : 0u},
      vectors_{capacity_of(view), msix_noresize} {
    if (view.intx) intx_.emplace(view.intx->delivery);
}

std::uint32_t InterruptState::capacity() const {
    const std::uint32_t msix = msix_ ? msix_->vectors : 0;
    const std::uint32_t msi = msi_ ? msi_->vectors : 0;
    return std::max(msix, msi);
}

MessageVectors::Registers InterruptState::registers() const {
    if (vectors_.index() == IrqIndex::Msi) return {.entries = msi_entries_};
    return {.entries = table_.entries(), .function_mask = function_mask_};
}

InterruptActions InterruptState::config_changed(const pci::ConfigImage& config) {
    // MSI-X wins where a guest switches both on, which the specification leaves undefined.
    const bool msix = msix_ && control_of(*msix_, config).get<pci::MsixEnable>() != 0;
    const bool msi = !msix && msi_ && control_of(*msi_, config).get<pci::MsiEnable>() != 0;

    InterruptActions actions;
    if (intx_ && (msix || msi)) intx_->leave(actions);
    const auto wanted = msix  ? std::optional{IrqIndex::Msix}
                        : msi ? std::optional{IrqIndex::Msi}
                              : std::nullopt;
    if (vectors_.index() && vectors_.index() != wanted) vectors_.disable(actions);
    if (msix)
        follow_msix(config, actions);
    else if (msi)
        follow_msi(config, actions);
    else
        follow_intx(config, actions);
    return actions;
}

void InterruptState::follow_msix(const pci::ConfigImage& config, InterruptActions& actions) {
    function_mask_ = control_of(*msix_, config).get<pci::MsixFunctionMask>() != 0;
    const MessageVectors::Registers now{.entries = table_.entries(),
                                        .function_mask = function_mask_};
    if (vectors_.index())
        vectors_.settle(now, actions);
    else
        vectors_.enable(IrqIndex::Msix, now, actions);
}

void InterruptState::follow_msi(const pci::ConfigImage& config, InterruptActions& actions) {
    const auto before = msi_entries_.size();
    read_msi_vectors(*msi_, config, msi_entries_);
    // The guest changed the number of vectors while MSI is on: start again with the new one.
    if (vectors_.index() && msi_entries_.size() != before) vectors_.disable(actions);
    if (vectors_.index())
        vectors_.settle({.entries = msi_entries_}, actions);
    else
        vectors_.enable(IrqIndex::Msi, {.entries = msi_entries_}, actions);
}

// Nothing raises INTx in a function that neither decodes nor masters the bus: the host's stays off
// until then.
void InterruptState::follow_intx(const pci::ConfigImage& config, InterruptActions& actions) {
    if (!intx_) return;
    const pci::Command command{config.read16(pci::header::command)};
    const bool alive = command.get<pci::IoEnable>() != 0 || command.get<pci::MemoryEnable>() != 0 ||
                       command.get<pci::BusMasterEnable>() != 0;
    if (alive)
        intx_->settle(command.get<pci::InterruptDisable>() == 0, actions);
    else
        intx_->leave(actions);
}

InterruptActions InterruptState::write_table(std::uint32_t offset, std::uint8_t size,
                                             std::uint64_t value) {
    InterruptActions actions;
    const auto vector = table_.write(offset, size, value);
    if (!vector) return actions;
    vectors_.rewritten(*vector);
    if (vectors_.index() == IrqIndex::Msix) vectors_.settle(*vector, registers(), actions);
    return actions;
}

InterruptActions InterruptState::refused(const InterruptAction& action,
                                         std::optional<std::uint32_t> offered) {
    InterruptActions actions;
    const auto now = registers();
    std::visit(Overloaded{
                   [&](const action::EnableEmpty& a) { vectors_.refused(a, actions); },
                   [&](const action::ConnectVectors& a) { vectors_.refused(a, now, actions); },
                   [&](const action::EnableVectors& a) { vectors_.refused(a, offered, actions); },
                   [&](const action::CommitRoutes& a) { vectors_.refused(a, now, actions); },
                   [&](const action::SetRoute& a) { vectors_.relay(a.vector, now, actions); },
                   [&](const action::Attach& a) { vectors_.relay(a.vector, now, actions); },
                   [&](const action::Relay& a) { vectors_.silence(a.vector, actions); },
                   [&](const action::DisableAll&) {
                       actions.emplace_back(action::Report{.incident = Incident::NotSwitchedOff});
                   },
                   [&](const action::AttachIntx& a) {
                       if (intx_) intx_->refused(a.delivery, actions);
                   },
                   [&](const action::EnableIntx& a) {
                       if (intx_) intx_->refused(a.delivery, actions);
                   },
                   [](const auto&) {},
               },
               action);
    return actions;
}

InterruptActions InterruptState::reset() {
    InterruptActions actions;
    vectors_.disable(actions);
    if (intx_) intx_->leave(actions);
    table_.reset();
    msi_entries_.clear();
    function_mask_ = false;
    return actions;
}

std::string_view name_of(Incident incident) {
    switch (incident) {
        case Incident::NoInterrupt:
            return "no-interrupt";
        case Incident::NotEnabled:
            return "not-enabled";
        case Incident::Silent:
            return "silent-vector";
        case Incident::FewerVectors:
            return "fewer-vectors";
        case Incident::Relayed:
            return "relayed";
        case Incident::IntxTrapped:
            return "intx-trapped";
        case Incident::IntxSilent:
            return "intx-silent";
        case Incident::NotSwitchedOff:
            return "not-switched-off";
    }
    return "unknown";
}

}  // namespace tenon::model::running
