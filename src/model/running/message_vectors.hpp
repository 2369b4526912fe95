// The vectors of MSI or MSI-X outside the guest: which have an event on the host, where the event
// leads, what KVM routes. Brings all that to what the guest's registers say.
//
//   device ──▶ event on the host ──▶ KVM (irqfd, route) ──▶ guest
//              ▲ connected           ▲ path Kvm
//                                └─▶ us (KVM_SIGNAL_MSI)    path Relay: where KVM refused
//                                └─▶ nobody: pending        path None: masked
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/running/interrupt_action.hpp"
#include "model/running/msix_table.hpp"

namespace tenon::model::running {

/// Where a vector's pending bit is.
enum class PendingAt {
    Device,   ///< It has no event yet: the device holds the bit.
    Event,    ///< Signalled and not delivered.
    Nowhere,  ///< It is delivered as it comes.
};

/// Vectors 0..capacity-1 of the mode that is on. Not thread-safe.
class MessageVectors {
public:
    /// What the guest's registers say now. Vectors past `entries` are closed.
    struct Registers {
        std::span<const VectorEntry> entries;
        bool function_mask = false;
    };

    /// `noresize`: the host cannot add MSI-X vectors to an enabled index.
    MessageVectors(std::uint32_t capacity, bool noresize)
        : noresize_{noresize}, outside_(capacity) {}

    std::optional<device::IrqIndex> index() const { return index_; }

    /// The guest switched `index` on; no other is on.
    void enable(device::IrqIndex index, const Registers& registers, InterruptActions& actions);

    /// The guest switched it off, or it was reset.
    void disable(InterruptActions& actions);

    /// The registers of all vectors, or of `vector` alone, may have changed.
    void settle(const Registers& registers, InterruptActions& actions);
    void settle(std::uint32_t vector, const Registers& registers, InterruptActions& actions);

    /// The vector's message was written: one that is no interrupt is said again.
    void rewritten(std::uint32_t vector) { outside_[vector].reported = false; }

    /// The shell could not carry out `action`, the host offering `offered` vectors instead, if
    /// any. All actions given out before count as done; what follows comes after them.
    void refused(const action::EnableEmpty& action, InterruptActions& actions);
    void refused(const action::ConnectVectors& action, const Registers& registers,
                 InterruptActions& actions);
    void refused(const action::EnableVectors& action, std::optional<std::uint32_t> offered,
                 InterruptActions& actions);
    void refused(const action::CommitRoutes& action, const Registers& registers,
                 InterruptActions& actions);
    /// KVM refused the vector's route or irqfd.
    void relay(std::uint32_t vector, const Registers& registers, InterruptActions& actions);
    /// The vector's event cannot be had.
    void silence(std::uint32_t vector, InterruptActions& actions);

    PendingAt pending_at(std::uint32_t vector) const;

    auto operator<=>(const MessageVectors&) const = default;

private:
    enum class Path { None, Kvm, Relay };
    struct Outside {
        bool connected = false;  ///< Has an event on the host.
        bool silent = false;     ///< The host refused it one; until the mode is left.
        bool relayed = false;    ///< KVM refused it; until the mode is left.
        bool owed = false;       ///< One may have been lost while it was closed: fire when open.
        bool reported = false;   ///< Its message was said to be no interrupt.
        Path path = Path::None;
        std::optional<Message> routed;  ///< The message that path leads to, or led to.

        auto operator<=>(const Outside&) const = default;
    };

    bool is_open(std::uint32_t vector, const Registers& registers) const;
    void close(std::uint32_t vector, const Registers& registers, InterruptActions& actions);
    void route(std::uint32_t vector, const Registers& registers, InterruptActions& actions);
    void open(std::uint32_t vector, const Registers& registers, InterruptActions& actions);
    void settle(std::uint32_t first, std::uint32_t end, const Registers& registers,
                InterruptActions& actions);
    void connect(std::uint32_t first, std::uint32_t end, const Registers& registers,
                 InterruptActions& actions);
    void connect_runs(const std::vector<std::uint32_t>& wanted, InterruptActions& actions);
    void grow(const std::vector<std::uint32_t>& wanted, InterruptActions& actions);
    void enable_again(std::uint32_t count, InterruptActions& actions);
    void mute(std::uint32_t vector, InterruptActions& actions);
    void refused_msi(std::uint32_t count, InterruptActions& actions);
    void refused_growth(const action::EnableVectors& action, std::uint32_t offered,
                        InterruptActions& actions);
    std::uint32_t used() const;

    bool noresize_;
    std::optional<device::IrqIndex> index_;  ///< That the guest has on.
    bool on_host_ = false;
    bool told_relay_ = false;
    bool was_off_ = false;              ///< The host's index was off while the guest had it on.
    std::uint32_t allocated_ = 0;       ///< Vectors the host has, where it cannot add any.
    std::vector<std::uint32_t> grown_;  ///< Connected by the last growth.
    std::vector<std::uint32_t> burst_;  ///< Routed by the last commit.
    std::vector<Outside> outside_;
};

}  // namespace tenon::model::running
