// A guest, the state machine, a host, and the specification that judges them, side by side.
#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/config_builder.hpp"
#include "tests/support/interrupt_host.hpp"
#include "tests/support/interrupt_specification.hpp"

namespace tenon::support {

/// MSI-X at c0, MSI (64-bit, 32 vectors at most) at 50, INTA.
inline model::function::FunctionView view_with_vectors(std::uint16_t vectors) {
    model::function::FunctionView view;
    view.msix = model::function::MsixPlan{.at = 0xc0, .vectors = vectors};
    view.msi = model::function::MsiPlan{
        .at = 0x50, .vectors = std::min<std::uint16_t>(vectors, 2), .wide = true};
    view.intx = model::function::IntxPlan{.pin = 1, .why = {}};
    return view;
}

/// Steps of guest and device; after each, `fault` says what is not as specified, if anything.
class InterruptBench {
public:
    InterruptBench(std::uint16_t vectors, bool noresize)
        : specification{vectors},
          host{vectors, noresize},
          state{view_with_vectors(vectors), noresize},
          config_{pci::express_size} {}

    void set_msix(bool enable, bool function_mask) {
        const auto before = specification.mode();
        specification.msix_enable = enable;
        specification.function_mask = function_mask;
        config_.write<std::uint16_t>(
            0xc2, static_cast<std::uint16_t>((enable ? 0x8000 : 0) | (function_mask ? 0x4000 : 0)));
        changed(before != specification.mode());
    }
    void set_msi(bool enable, std::uint64_t address, std::uint16_t data, bool two) {
        const auto before = specification.mode();
        const std::size_t count = two && specification.table.size() >= 2 ? 2 : 1;
        specification.msi_enable = enable;
        specification.msi_address = address;
        specification.msi_data = data;
        specification.msi_vectors = count;
        config_.write<std::uint16_t>(
            0x52, static_cast<std::uint16_t>((count == 2 ? 0x10 : 0) | (enable ? 1 : 0)));
        config_.write<std::uint32_t>(0x54, static_cast<std::uint32_t>(address));
        config_.write<std::uint32_t>(0x58, static_cast<std::uint32_t>(address >> 32));
        config_.write<std::uint16_t>(0x5c, data);
        changed(before != specification.mode());
    }
    void set_command(std::uint16_t command) {
        specification.command = command;
        config_.write<std::uint16_t>(0x04, command);
        changed(false);
    }
    void set_mask(std::uint32_t vector, bool masked) {
        specification.table[vector].masked = masked;
        table_written(vector, state.write_table(vector * 16 + 12, 4, masked ? 1 : 0));
    }
    void set_message(std::uint32_t vector, std::uint64_t address, std::uint32_t data) {
        specification.table[vector].address = address;
        table_written(vector, state.write_table(vector * 16, 8, address));
        specification.table[vector].data = data;
        table_written(vector, state.write_table(vector * 16 + 8, 4, data));
    }
    void raise(std::uint32_t vector) {
        expect(vector, specification.raise(vector));
        host.raise(vector);
        judge();
    }
    void reset() {
        const auto size = specification.table.size();
        specification = InterruptSpecification{size};
        config_ = pci::ConfigImage{pci::express_size};
        host.execute(state, state.reset());
        judge();
    }

    InterruptSpecification specification;
    InterruptHost host;
    model::running::InterruptState state;
    std::string fault;
    /// One vector that the device raises whenever the host's index is off for growth.
    std::optional<std::uint32_t> raised_while_off;
    unsigned spurious = 0;   ///< Interrupts too many so far.
    unsigned announced = 0;  ///< Interrupts fired so far.

    auto operator<=>(const InterruptBench& other) const {
        if (const auto order = specification <=> other.specification; order != 0) return order;
        if (const auto order = host <=> other.host; order != 0) return order;
        return state <=> other.state;
    }
    bool operator==(const InterruptBench& other) const { return (*this <=> other) == 0; }

private:
    void expect(std::uint32_t vector, unsigned count) {
        for (unsigned n = 0; n < count; ++n)
            expected_.push_back(vector);
    }
    void table_written(std::uint32_t vector, model::running::InterruptActions actions) {
        expect(vector, specification.settle(vector));
        host.execute(state, std::move(actions));
        judge();
    }
    void changed(bool leaves) {
        if (leaves) specification.forget_pending();
        for (std::uint32_t n = 0; n < specification.table.size(); ++n)
            expect(n, specification.settle(n));
        const auto before = host.windows;
        host.execute(state, state.config_changed(config_));
        if (leaves) host.windows = before;
        judge();
    }

    void blame(std::string what) {
        if (fault.empty()) fault = std::move(what);
    }

    // Compares what reached the guest with what should have; then the registers.
    void judge() {
        if (host.windows != 0 && raised_while_off)
            expect(*raised_while_off, specification.raise(*raised_while_off));
        host.windows = 0;
        if (!host.fault.empty()) blame(host.fault);
        judge_deliveries();
        for (std::uint32_t n = 0; n < specification.table.size() && fault.empty(); ++n)
            judge_pending(n);
        judge_modes();
        host.delivered.clear();
        host.fired.clear();
        expected_.clear();
    }

    void judge_deliveries() {
        for (const auto& one : host.delivered) {
            if (!specification.open(one.vector))
                blame(fmt::format("vector {} delivered while it is closed", one.vector));
            if (one.message.address != specification.address(one.vector) ||
                one.message.data != specification.data(one.vector))
                blame(fmt::format("vector {} delivered with another message", one.vector));
            const auto due = std::ranges::find(expected_, one.vector);
            if (due != expected_.end()) {
                expected_.erase(due);
                continue;
            }
            ++spurious;
            if (std::ranges::find(host.fired, one.vector) == host.fired.end())
                blame(fmt::format("vector {} invented", one.vector));
        }
        announced += static_cast<unsigned>(host.fired.size());
        // What came while the index was off, and before, may come as one.
        for (const auto vector : expected_)
            if (!host.silent(vector) && std::ranges::find(host.fired, vector) == host.fired.end())
                blame(fmt::format("vector {} lost", vector));
    }

    // A bit that was lost while the host's index was off is made good when the vector opens.
    void judge_pending(std::uint32_t vector) {
        const bool should = specification.table[vector].pending;
        const bool is = host.pending(state, vector);
        if (should == is || host.silent(vector)) return;
        if (should && (raised_while_off == vector || host.forgotten(vector))) return;
        blame(fmt::format("pending bit of vector {} is {}", vector, is));
    }

    void judge_modes() {
        using device::IrqIndex;
        const auto wanted = specification.msix()  ? std::optional{IrqIndex::Msix}
                            : specification.msi() ? std::optional{IrqIndex::Msi}
                                                  : std::nullopt;
        if (host.index() != wanted && !host.silent(0)) blame("the host is in another mode");
        if (host.intx_attached() != specification.intx() && !host.intx_silent())
            blame(fmt::format("INTx is {}", host.intx_attached()));
        std::uint32_t open = 0;
        for (std::uint32_t n = 0; n < specification.table.size(); ++n)
            open += specification.msix() && specification.open(n) && !host.silent(n) ? 1 : 0;
        if (open > host.taken() && host.index()) blame("an open vector has no event");
    }
    pci::ConfigImage config_;
    std::vector<std::uint32_t> expected_;
};

}  // namespace tenon::support
