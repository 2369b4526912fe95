// MSI and MSI-X of one function: the guest's registers in, actions on host and KVM out. Pure.
//
// The host follows the guest: MSI-X is on in the device while the guest has it on, also with every
// vector masked; a vector exists on the host from its first use until the guest switches MSI-X off.
// Masking a vector never touches the host's interrupt: its event is taken from KVM and kept, so
// that what arrives meanwhile is the pending bit.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "device/facts.hpp"
#include "model/function_view.hpp"

namespace tenon::model {

/// A message signalled interrupt as the guest wrote it.
struct Message {
    std::uint64_t address = 0;
    std::uint32_t data = 0;

    bool operator==(const Message&) const = default;
};

/// What the shell does, in order. Vectors are numbers inside the function.
namespace action {
/// Switch the index on without an active vector.
struct EnableEmpty {
    device::IrqIndex index;
    bool operator==(const EnableEmpty&) const = default;
};
/// Connect vector `vector` to its event on the host; the index is on and can grow.
struct ConnectVector {
    device::IrqIndex index;
    std::uint32_t vector;
    bool operator==(const ConnectVector&) const = default;
};
/// Switch the index off and on again with vectors 0..count-1, those named connected to their
/// events.
struct EnableVectors {
    device::IrqIndex index;
    std::uint32_t count;
    std::vector<std::uint32_t> connected;
    bool operator==(const EnableVectors&) const = default;
};
/// Switch the index off; every event and route of the function goes.
struct DisableAll {
    device::IrqIndex index;
    bool operator==(const DisableAll&) const = default;
};
/// Give the vector this message in KVM's routing table. Takes effect at the next CommitRoutes.
struct SetRoute {
    std::uint32_t vector;
    Message message;
    bool operator==(const SetRoute&) const = default;
};
struct CommitRoutes {
    bool operator==(const CommitRoutes&) const = default;
};
/// Hand the vector's event to KVM; what is pending in it is delivered.
struct Attach {
    std::uint32_t vector;
    bool operator==(const Attach&) const = default;
};
/// Take the vector's event back from KVM; what arrives stays in it.
struct Detach {
    std::uint32_t vector;
    bool operator==(const Detach&) const = default;
};
/// Signal the vector's event from here: interrupts may have been lost while the index was off.
struct Fire {
    std::uint32_t vector;
    bool operator==(const Fire&) const = default;
};
/// The guest programmed a message that is no interrupt: say so once; it is not delivered.
struct Report {
    std::uint32_t vector;
    Message message;
    bool operator==(const Report&) const = default;
};
}  // namespace action

using InterruptAction =
    std::variant<action::EnableEmpty, action::ConnectVector, action::EnableVectors,
                 action::DisableAll, action::SetRoute, action::CommitRoutes, action::Attach,
                 action::Detach, action::Fire, action::Report>;

/// The state machine. Not thread-safe; one caller at a time.
class InterruptState {
public:
    /// `msix_noresize`: the host cannot add MSI-X vectors to an enabled index.
    InterruptState(const FunctionView& view, bool msix_noresize);

    /// The guest's configuration space may have changed: `config` holds our bytes of it.
    std::vector<InterruptAction> config_changed(const pci::ConfigImage& config);

    /// The guest wrote `size` bytes (4 or 8; others are ignored) at `offset` of the MSI-X table.
    std::vector<InterruptAction> write_table(std::uint32_t offset, std::uint8_t size,
                                             std::uint64_t value);

    /// The guest read the MSI-X table.
    std::uint64_t read_table(std::uint32_t offset, std::uint8_t size) const;

    /// Whether the vector's event may be pending in us: it is connected but not attached.
    bool may_pend(std::uint32_t vector) const;

    /// Back to the state after a reset: everything off.
    std::vector<InterruptAction> reset();

    /// How many vectors the function has in the mode that needs most.
    std::uint32_t capacity() const;

private:
    enum class Mode { None, Msi, Msix };

    /// What the guest wrote for a vector.
    struct Entry {
        Message message;
        bool masked = true;
    };
    /// What became of a vector outside.
    struct Outside {
        bool connected = false;  ///< Has an event on the host.
        bool attached = false;   ///< The event is with KVM.
        std::optional<Message> routed;
        bool reported = false;  ///< Its message was reported as being no interrupt.
    };
    using Actions = std::vector<InterruptAction>;

    void leave(Actions& actions);
    void enter_msi(const pci::ConfigImage& config, Actions& actions);
    void read_msi(const pci::ConfigImage& config);
    void settle(Actions& actions);
    void connect(const std::vector<std::uint32_t>& open, Actions& actions);
    void grow(std::uint32_t count, const std::vector<std::uint32_t>& open, Actions& actions);
    void route(const std::vector<std::uint32_t>& open, Actions& actions);
    std::vector<std::uint32_t> open_vectors(Actions& actions);

    std::optional<MsixPlan> msix_;
    std::optional<MsiPlan> msi_;
    bool noresize_;
    Mode mode_ = Mode::None;
    bool function_mask_ = false;
    std::uint32_t allocated_ = 0;  ///< Vectors the host has, where it cannot add any.
    std::vector<Entry> table_;     ///< MSI-X, kept while it is off.
    std::vector<Entry> messages_;  ///< MSI, while it is on.
    std::vector<Outside> outside_;
};

}  // namespace tenon::model
