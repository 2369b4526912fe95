#include "model/running/message_vectors.hpp"

#include <algorithm>
#include <utility>

#include "model/running/vector_growth.hpp"

namespace tenon::model::running {

using device::IrqIndex;

namespace {

// Where message writes become interrupts. Source: Intel SDM volume 3A, 11.11.1.
bool is_interrupt(const Message& message) {
    return message.address >= 0xfee00000 && message.address < 0xfef00000;
}

}  // namespace

bool MessageVectors::is_open(std::uint32_t vector, const Registers& registers) const {
    if (!index_ || registers.function_mask || vector >= registers.entries.size()) return false;
    const auto& entry = registers.entries[vector];
    return !entry.masked && !outside_[vector].silent && is_interrupt(entry.message);
}

PendingAt MessageVectors::pending_at(std::uint32_t vector) const {
    if (vector >= outside_.size() || !outside_[vector].connected) return PendingAt::Device;
    return outside_[vector].path == Path::None ? PendingAt::Event : PendingAt::Nowhere;
}

void MessageVectors::enable(IrqIndex index, const Registers& registers, InterruptActions& actions) {
    index_ = index;
    const auto vectors = static_cast<std::uint32_t>(registers.entries.size());
    if (index == IrqIndex::Msi) {
        for (std::uint32_t n = 0; n < vectors; ++n)
            outside_[n].connected = true;
        enable_again(vectors, actions);
    } else {
        // Where the host cannot grow and the guest starts with open vectors, growing is enabling.
        bool any = false;
        for (std::uint32_t n = 0; noresize_ && n < vectors && !any; ++n)
            any = is_open(n, registers);
        if (!any) {
            actions.emplace_back(action::EnableEmpty{index});
            on_host_ = true;
            allocated_ = 1;
        }
    }
    settle(registers, actions);
}

void MessageVectors::disable(InterruptActions& actions) {
    if (index_) actions.emplace_back(action::DisableAll{*index_});
    index_.reset();
    on_host_ = false;
    told_relay_ = false;
    was_off_ = false;
    allocated_ = 0;
    grown_.clear();
    burst_.clear();
    std::ranges::fill(outside_, Outside{});
}

void MessageVectors::close(std::uint32_t vector, const Registers& registers,
                           InterruptActions& actions) {
    auto& outside = outside_[vector];
    if (outside.path != Path::None) {
        outside.path = Path::None;
        actions.emplace_back(action::Detach{vector});
    }
    if (registers.function_mask || vector >= registers.entries.size() || outside.reported) return;
    const auto& entry = registers.entries[vector];
    if (entry.masked || is_interrupt(entry.message)) return;
    // Linux writes zeros into MSI, which is still on then, when it lets go of the interrupt.
    if (index_ == IrqIndex::Msi && entry.message == Message{}) return;
    outside.reported = true;
    actions.emplace_back(action::Report{
        .incident = Incident::NoInterrupt, .vector = vector, .message = entry.message});
}

void MessageVectors::route(std::uint32_t vector, const Registers& registers,
                           InterruptActions& actions) {
    auto& outside = outside_[vector];
    const auto& message = registers.entries[vector].message;
    if (outside.relayed || outside.routed == message) return;
    outside.routed = message;
    actions.emplace_back(action::SetRoute{.vector = vector, .message = message});
    burst_.push_back(vector);
}

void MessageVectors::open(std::uint32_t vector, const Registers& registers,
                          InterruptActions& actions) {
    auto& outside = outside_[vector];
    const auto& message = registers.entries[vector].message;
    if (outside.relayed && (outside.path != Path::Relay || outside.routed != message)) {
        outside.path = Path::Relay;
        outside.routed = message;
        actions.emplace_back(action::Relay{.vector = vector, .message = message});
    } else if (outside.path == Path::None) {
        outside.path = Path::Kvm;
        actions.emplace_back(action::Attach{vector});
    }
    if (std::exchange(outside.owed, false)) actions.emplace_back(action::Fire{vector});
}

// Close, route with one commit, open, connect: what was open before stays open throughout.
void MessageVectors::settle(std::uint32_t first, std::uint32_t end, const Registers& registers,
                            InterruptActions& actions) {
    burst_.clear();
    bool any = false;
    for (auto n = first; n < end; ++n) {
        if (!is_open(n, registers)) {
            close(n, registers, actions);
            continue;
        }
        any = true;
        route(n, registers, actions);
    }
    if (!any) return;
    if (!burst_.empty()) actions.emplace_back(action::CommitRoutes{});
    for (auto n = first; n < end; ++n)
        if (is_open(n, registers)) open(n, registers, actions);
    connect(first, end, registers, actions);
}

void MessageVectors::settle(const Registers& registers, InterruptActions& actions) {
    if (index_) settle(0, static_cast<std::uint32_t>(outside_.size()), registers, actions);
}

void MessageVectors::settle(std::uint32_t vector, const Registers& registers,
                            InterruptActions& actions) {
    if (index_) settle(vector, vector + 1, registers, actions);
}

void MessageVectors::connect(std::uint32_t first, std::uint32_t end, const Registers& registers,
                             InterruptActions& actions) {
    std::vector<std::uint32_t> wanted;
    for (auto n = first; n < end; ++n)
        if (!outside_[n].connected && is_open(n, registers)) wanted.push_back(n);
    if (wanted.empty() || index_ != IrqIndex::Msix) return;
    if (noresize_ && wanted.back() >= allocated_) return grow(wanted, actions);
    if (!on_host_) {
        on_host_ = true;
        allocated_ = 1;
        actions.emplace_back(action::EnableEmpty{IrqIndex::Msix});
    }
    connect_runs(wanted, actions);
}

// One call for all that stand together, without a vector in use between them.
void MessageVectors::connect_runs(const std::vector<std::uint32_t>& wanted,
                                  InterruptActions& actions) {
    action::ConnectVectors run;
    for (const auto n : wanted) {
        if (!run.vectors.empty()) {
            bool used_between = false;
            for (auto between = run.vectors.back() + 1; between < n && !used_between; ++between)
                used_between = outside_[between].connected;
            if (used_between) actions.emplace_back(std::exchange(run, {}));
        }
        outside_[n].connected = true;
        run.vectors.push_back(n);
    }
    actions.emplace_back(std::move(run));
}

std::uint32_t MessageVectors::used() const {
    for (auto n = static_cast<std::uint32_t>(outside_.size()); n > 0; --n)
        if (outside_[n - 1].connected) return n;
    return 0;
}

void MessageVectors::grow(const std::vector<std::uint32_t>& wanted, InterruptActions& actions) {
    grown_ = wanted;
    for (const auto n : wanted)
        outside_[n].connected = true;
    was_off_ = was_off_ || on_host_;
    enable_again(grown_vectors(used(), allocated_, static_cast<std::uint32_t>(outside_.size())),
                 actions);
}

// What a device raised while the index was off is lost, and one interrupt too many is harmless:
// every vector is owed one, at once if it is open, else when it is opened.
void MessageVectors::enable_again(std::uint32_t count, InterruptActions& actions) {
    action::EnableVectors enable{.index = *index_, .count = count, .connected = {}};
    for (std::uint32_t n = 0; n < outside_.size(); ++n)
        if (outside_[n].connected) enable.connected.push_back(n);
    allocated_ = count;
    on_host_ = true;
    actions.emplace_back(std::move(enable));
    if (!was_off_) return;
    for (std::uint32_t n = 0; n < outside_.size(); ++n) {
        outside_[n].owed = outside_[n].path == Path::None;
        if (!outside_[n].owed) actions.emplace_back(action::Fire{n});
    }
}

// Takes the vector out of everything, for as long as the mode lasts.
void MessageVectors::mute(std::uint32_t vector, InterruptActions& actions) {
    auto& outside = outside_[vector];
    if (outside.path != Path::None) actions.emplace_back(action::Detach{vector});
    if (outside.routed && !outside.relayed) actions.emplace_back(action::DropRoute{vector});
    outside = Outside{.silent = true, .reported = outside.reported};
}

void MessageVectors::silence(std::uint32_t vector, InterruptActions& actions) {
    if (vector >= outside_.size() || outside_[vector].silent) return;
    mute(vector, actions);
    actions.emplace_back(
        action::Report{.incident = Incident::Silent, .vector = vector, .message = {}});
}

void MessageVectors::refused(const action::EnableEmpty& /*action*/, InterruptActions& actions) {
    on_host_ = false;
    allocated_ = 0;
    actions.emplace_back(action::Report{.incident = Incident::NotEnabled});
}

void MessageVectors::refused(const action::ConnectVectors& action, const Registers& /*registers*/,
                             InterruptActions& actions) {
    if (action.vectors.size() == 1) return silence(action.vectors.front(), actions);
    // The host takes them all or none: find out which it refuses.
    for (const auto n : action.vectors)
        actions.emplace_back(action::ConnectVectors{{n}});
}

void MessageVectors::refused(const action::EnableVectors& action,
                             std::optional<std::uint32_t> offered, InterruptActions& actions) {
    if (action.index != index_) return;
    on_host_ = false;
    const auto fewer = std::min(offered.value_or(0), action.count - 1);
    if (action.index == IrqIndex::Msi)
        refused_msi(offered ? fewer : std::min(1u, action.count - 1), actions);
    else
        refused_growth(action, fewer, actions);
}

// MSI: as many as the host offers; the others stay silent, which is said once.
void MessageVectors::refused_msi(std::uint32_t count, InterruptActions& actions) {
    for (auto n = count; n < outside_.size(); ++n)
        if (outside_[n].connected) mute(n, actions);
    if (count == 0) {
        actions.emplace_back(action::Report{.incident = Incident::NotEnabled});
        return;
    }
    enable_again(count, actions);
    actions.emplace_back(action::Report{.incident = Incident::FewerVectors, .vector = count});
}

// MSI-X on a host that cannot grow, and the index is off now: first without reserve, then without
// the vectors that are new or that find no place, then without any.
void MessageVectors::refused_growth(const action::EnableVectors& action, std::uint32_t offered,
                                    InterruptActions& actions) {
    const auto needed = used();
    if (offered >= needed || (offered == 0 && action.count > needed))
        return enable_again(std::max(offered, needed), actions);
    for (auto n = offered; n < outside_.size(); ++n) {
        const bool is_new = grown_.empty() || std::ranges::binary_search(grown_, n);
        if (outside_[n].connected && (offered != 0 || is_new)) silence(n, actions);
    }
    grown_.clear();
    const auto left = used();
    if (left != 0) return enable_again(left, actions);
    on_host_ = true;
    allocated_ = 1;
    actions.emplace_back(action::EnableEmpty{IrqIndex::Msix});
}

void MessageVectors::refused(const action::CommitRoutes& /*action*/, const Registers& registers,
                             InterruptActions& actions) {
    for (const auto n : std::exchange(burst_, {}))
        relay(n, registers, actions);
}

void MessageVectors::relay(std::uint32_t vector, const Registers& registers,
                           InterruptActions& actions) {
    if (vector >= outside_.size()) return;
    auto& outside = outside_[vector];
    if (!index_ || outside.relayed || outside.silent) return;
    if (outside.path != Path::None) actions.emplace_back(action::Detach{vector});
    if (outside.routed) actions.emplace_back(action::DropRoute{vector});
    outside.path = Path::None;
    outside.routed.reset();
    outside.relayed = true;
    if (!std::exchange(told_relay_, true))
        actions.emplace_back(
            action::Report{.incident = Incident::Relayed, .vector = vector, .message = {}});
    if (is_open(vector, registers)) open(vector, registers, actions);
}

}  // namespace tenon::model::running
