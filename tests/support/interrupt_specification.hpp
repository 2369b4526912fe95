// What the specification says of a function's interrupts, as plain as it can be said: the judge of
// model::InterruptState. It shares no code with it.
// Source: PCIe Base Spec 6.0, 6.1.4 and 7.7.2.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <vector>

namespace tenon::support {

/// The registers of a function with INTx, MSI and MSI-X, and what it sent.
struct InterruptSpecification {
    struct Vector {
        bool masked = true;
        bool pending = false;
        std::uint64_t address = 0;
        std::uint32_t data = 0;

        auto operator<=>(const Vector&) const = default;
    };

    explicit InterruptSpecification(std::size_t vectors) : table(vectors) {}

    // What the guest wrote last.
    bool msix_enable = false;
    bool function_mask = false;
    bool msi_enable = false;
    std::size_t msi_vectors = 1;
    std::uint64_t msi_address = 0;
    std::uint16_t msi_data = 0;
    std::uint16_t command = 0;
    std::vector<Vector> table;

    bool msix() const { return msix_enable; }
    bool msi() const { return msi_enable && !msix_enable; }

    /// What cannot change without everything being forgotten: the mode, and for MSI the number of
    /// vectors.
    std::size_t mode() const { return msix() ? 100 : msi() ? msi_vectors : 0; }

    /// INTx may be raised: no messages, the function is alive, Interrupt Disable is clear.
    bool intx() const {
        return !msix() && !msi() && (command & 0x0007) != 0 && (command & 0x0400) == 0;
    }

    /// Whether a message of the vector would be sent and be an interrupt now. A message that is
    /// none is refused: the vector counts as masked.
    bool open(std::size_t vector) const {
        const auto is_interrupt = [](std::uint64_t address) { return address >> 20 == 0xfee; };
        if (msi()) return vector < msi_vectors && is_interrupt(msi_address);
        return msix() && !function_mask && !table[vector].masked &&
               is_interrupt(table[vector].address);
    }

    std::uint64_t address(std::size_t vector) const {
        return msi() ? msi_address : table[vector].address;
    }
    std::uint32_t data(std::size_t vector) const {
        if (!msi()) return table[vector].data;
        const auto low = static_cast<std::uint32_t>(msi_vectors - 1);
        return (msi_data & ~low) | static_cast<std::uint32_t>(vector);
    }

    /// The device raises a vector; how many messages that sends.
    unsigned raise(std::size_t vector) {
        if (!msix() && !(msi() && vector < msi_vectors)) return 0;
        if (open(vector)) return 1;
        table[vector].pending = true;
        return 0;
    }

    /// After a register changed: what was pending and is open now is sent, once.
    unsigned settle(std::size_t vector) {
        if (!table[vector].pending || !open(vector)) return 0;
        table[vector].pending = false;
        return 1;
    }

    /// Leaving a mode forgets what was pending in it.
    void forget_pending() {
        for (auto& vector : table)
            vector.pending = false;
    }

    auto operator<=>(const InterruptSpecification&) const = default;
};

}  // namespace tenon::support
