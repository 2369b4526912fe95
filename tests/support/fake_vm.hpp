// A virtual machine without KVM: what it was told, to look at.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/faults.hpp"
#include "vmm/kvm/vm.hpp"

namespace tenon::support {

class FakeVm final : public vmm::kvm::Vm {
public:
    struct Memory {
        std::uint64_t at = 0;
        std::uint64_t size = 0;
        bool operator==(const Memory&) const = default;
    };

    Result<void> set_memory(std::uint32_t slot, GuestAddress at,
                            std::span<std::byte> memory) override {
        const std::lock_guard lock{mutex};
        if (auto error = faults.next()) return fail_system(*error, "memory slot");
        for (const auto& [other, there] : slots)
            if (other != slot && at.value() < there.at + there.size &&
                there.at < at.value() + memory.size())
                return fail_system(EEXIST, "memory slot");
        slots[slot] = {.at = at.value(), .size = memory.size()};
        return {};
    }
    Result<void> remove_memory(std::uint32_t slot) override {
        const std::lock_guard lock{mutex};
        slots.erase(slot);
        return {};
    }
    Result<void> set_routes(std::span<const kvm_irq_routing_entry> table) override {
        const std::lock_guard lock{mutex};
        if (auto error = faults.next()) return fail_system(*error, "interrupt routes");
        ++route_commits;
        messages = 0;
        routes.assign(table.begin(), table.end());
        for (const auto& route : table)
            messages += route.type == KVM_IRQ_ROUTING_MSI ? 1 : 0;
        return {};
    }
    Result<void> connect_irqfd(vmm::kvm::Gsi gsi, int event, int resample) override {
        const std::lock_guard lock{mutex};
        if (auto error = faults.next()) return fail_system(*error, "irqfd");
        if (resample != no_resample && !resamples) return fail_system(EINVAL, "irqfd");
        irqfds[gsi.value()] = event;
        std::uint64_t pending = 0;
        if (::read(event, &pending, sizeof pending) == sizeof pending) ++raised[gsi.value()];
        resample_events[gsi.value()] = resample;
        return {};
    }
    Result<void> disconnect_irqfd(vmm::kvm::Gsi gsi, int /*event*/) override {
        const std::lock_guard lock{mutex};
        irqfds.erase(gsi.value());
        resample_events.erase(gsi.value());
        return {};
    }
    Result<void> set_irq_line(vmm::kvm::Gsi gsi, bool level) override {
        const std::lock_guard lock{mutex};
        if (auto error = faults.next()) return fail_system(*error, "interrupt pin");
        levels[gsi.value()] = level;
        return {};
    }
    Result<void> signal_msi(std::uint64_t address, std::uint32_t data) override {
        const std::lock_guard lock{mutex};
        if (auto error = faults.next()) return fail_system(*error, "message");
        sent.emplace_back(address, data);
        return {};
    }

    /// Guards what follows, where other threads may be in a call.
    std::mutex mutex;
    bool resamples = true;                         ///< Whether level-triggered events are there.
    std::map<std::uint32_t, int> resample_events;  ///< By interrupt number; no_resample: none.
    std::map<std::uint32_t, unsigned> raised;      ///< By what was pending when its event came.
    std::map<std::uint32_t, bool> levels;          ///< Of pins that were set.
    std::vector<std::pair<std::uint64_t, std::uint32_t>> sent;  ///< Messages given one by one.
    std::map<std::uint32_t, Memory> slots;                      ///< By slot number.
    std::map<std::uint32_t, int> irqfds;                        ///< Event by interrupt number.
    std::vector<kvm_irq_routing_entry> routes;                  ///< The table that was set last.
    unsigned route_commits = 0;
    unsigned messages = 0;  ///< Message routes in the table that was set last.
    Faults faults;          ///< Of what brings something in; taking out never fails here.
};

}  // namespace tenon::support
