// What the interrupts of a function ask of host and KVM. The state machine makes these, the shell
// carries them out in order, and tells the state machine of each that was refused.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "device/facts.hpp"
#include "model/function/intx_plan.hpp"

namespace tenon::model::running {

/// A message signalled interrupt as the guest wrote it.
struct Message {
    std::uint64_t address = 0;
    std::uint32_t data = 0;

    auto operator<=>(const Message&) const = default;
};

/// What happened that nobody asked for, and the guest's driver may notice.
enum class Incident {
    NoInterrupt,     ///< The guest's message is no interrupt: the vector delivers nothing.
    NotEnabled,      ///< The host does not switch the index on: no vector works.
    Silent,          ///< The host does not give the vector: it delivers nothing.
    FewerVectors,    ///< The host gives only the first `vector` ones of MSI.
    Relayed,         ///< KVM does not take the vector: we deliver it, slower.
    IntxTrapped,     ///< KVM or VFIO cannot end INTx by itself: BARs are trapped meanwhile.
    IntxSilent,      ///< INTx does not work.
    NotSwitchedOff,  ///< The host keeps the index.
};

/// One word for it, for events: "no-interrupt", "silent-vector"…
std::string_view name_of(Incident incident);

/// What the shell does, in order. Vectors are numbers inside the function.
namespace action {
/// Switch the index on without an active vector.
struct EnableEmpty {
    device::IrqIndex index;
    auto operator<=>(const EnableEmpty&) const = default;
};
/// Give these MSI-X vectors, in rising order, their events on the host, by one call; none between
/// them has one. The index is on and has room.
struct ConnectVectors {
    std::vector<std::uint32_t> vectors;
    auto operator<=>(const ConnectVectors&) const = default;
};
/// Switch the index off, if it is on, and on with vectors 0..count-1, those named connected to
/// their events.
struct EnableVectors {
    device::IrqIndex index;
    std::uint32_t count;
    std::vector<std::uint32_t> connected;
    auto operator<=>(const EnableVectors&) const = default;
};
/// Switch the index off; every event and route of the function's vectors goes.
struct DisableAll {
    device::IrqIndex index;
    auto operator<=>(const DisableAll&) const = default;
};
/// Give the vector this message in KVM's routing table. Takes effect at the next CommitRoutes.
struct SetRoute {
    std::uint32_t vector;
    Message message;
    auto operator<=>(const SetRoute&) const = default;
};
/// Take the vector out of KVM's routing table, at the next CommitRoutes of anybody.
struct DropRoute {
    std::uint32_t vector;
    auto operator<=>(const DropRoute&) const = default;
};
struct CommitRoutes {
    auto operator<=>(const CommitRoutes&) const = default;
};
/// Hand the vector's event to KVM; what is pending in it is delivered.
struct Attach {
    std::uint32_t vector;
    auto operator<=>(const Attach&) const = default;
};
/// From now on deliver this message ourselves whenever the vector's event is signalled.
struct Relay {
    std::uint32_t vector;
    Message message;
    auto operator<=>(const Relay&) const = default;
};
/// Take the vector's event back; what arrives stays in it.
struct Detach {
    std::uint32_t vector;
    auto operator<=>(const Detach&) const = default;
};
/// Signal the vector's event from here: interrupts may have been lost while the index was off.
struct Fire {
    std::uint32_t vector;
    auto operator<=>(const Fire&) const = default;
};
/// Lead the event of INTx to the guest's pin; what is pending in it is delivered.
struct AttachIntx {
    function::IntxDelivery delivery;
    auto operator<=>(const AttachIntx&) const = default;
};
/// Take it back; the pin falls.
struct DetachIntx {
    auto operator<=>(const DetachIntx&) const = default;
};
/// Switch INTx on in the host, with its event; for Irqfd its end goes back by an event as well.
struct EnableIntx {
    function::IntxDelivery delivery;
    auto operator<=>(const EnableIntx&) const = default;
};
/// Switch INTx off in the host.
struct DisableIntx {
    auto operator<=>(const DisableIntx&) const = default;
};
/// Say so, once.
struct Report {
    Incident incident;
    std::uint32_t vector = 0;
    Message message = {};
    auto operator<=>(const Report&) const = default;
};
}  // namespace action

using InterruptAction =
    std::variant<action::EnableEmpty, action::ConnectVectors, action::EnableVectors,
                 action::DisableAll, action::SetRoute, action::DropRoute, action::CommitRoutes,
                 action::Attach, action::Relay, action::Detach, action::Fire, action::AttachIntx,
                 action::DetachIntx, action::EnableIntx, action::DisableIntx, action::Report>;
using InterruptActions = std::vector<InterruptAction>;

}  // namespace tenon::model::running
