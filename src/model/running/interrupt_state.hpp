// Interrupts of one function: the guest's registers and the host's answers in, actions on host and
// KVM out. Pure.
//
//             decoding, no MSI(-X)          MSI Enable
//     none ◀───────────────────────▶ INTx ◀────────────▶ MSI
//       ▲                              ▲                  ▲
//       └──────────────────────────────┴─────▶ MSI-X ◀────┘     MSI-X Enable, which wins
//
// The host follows the guest: MSI-X is on in the device while the guest has it on, also with every
// vector masked; a vector exists on the host from its first use until the guest switches MSI-X off.
// Masking a vector never touches the host's interrupt: its event is taken from KVM and kept, so
// that what arrives meanwhile is the pending bit.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/function/function_view.hpp"
#include "model/running/interrupt_action.hpp"
#include "model/running/intx_state.hpp"
#include "model/running/message_vectors.hpp"
#include "model/running/msix_table.hpp"

namespace tenon::model::running {

/// The state machine. Not thread-safe; one caller at a time.
class InterruptState {
public:
    /// `msix_noresize`: the host cannot add MSI-X vectors to an enabled index.
    InterruptState(const function::FunctionView& view, bool msix_noresize);

    /// The guest's configuration space may have changed: `config` holds our bytes of it.
    InterruptActions config_changed(const pci::ConfigImage& config);

    /// The guest wrote `size` bytes (4 or 8; others are ignored) at `offset` of the MSI-X table.
    InterruptActions write_table(std::uint32_t offset, std::uint8_t size, std::uint64_t value);

    /// The guest read the MSI-X table.
    std::uint64_t read_table(std::uint32_t offset, std::uint8_t size) const {
        return table_.read(offset, size);
    }

    /// The host refused `action`, one of those given out last, and offers `offered` vectors
    /// instead, if any. All others count as done; the answer is to be carried out after them. Each
    /// refusal leaves less to be refused: the exchange ends.
    InterruptActions refused(const InterruptAction& action, std::optional<std::uint32_t> offered);

    /// Where the pending bit of a vector is.
    PendingAt pending_at(std::uint32_t vector) const { return vectors_.pending_at(vector); }

    /// Back to the state after a reset: everything off.
    InterruptActions reset();

    /// How many vectors the function has in the mode that needs most.
    std::uint32_t capacity() const;

    auto operator<=>(const InterruptState&) const = default;

private:
    MessageVectors::Registers registers() const;
    void follow_msi(const pci::ConfigImage& config, InterruptActions& actions);
    void follow_msix(const pci::ConfigImage& config, InterruptActions& actions);
    void follow_intx(const pci::ConfigImage& config, InterruptActions& actions);

    std::optional<function::MsixPlan> msix_;
    std::optional<function::MsiPlan> msi_;
    bool function_mask_ = false;
    MsixTable table_;                       ///< Kept while MSI-X is off.
    std::vector<VectorEntry> msi_entries_;  ///< While MSI is on.
    MessageVectors vectors_;
    std::optional<IntxState> intx_;
};

}  // namespace tenon::model::running
