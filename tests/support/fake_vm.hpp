// A virtual machine without KVM: what it was told, to look at.
#pragma once

#include <functional>
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
                            std::span<std::byte> memory) override;
    Result<void> remove_memory(std::uint32_t slot) override;
    Result<void> set_routes(std::span<const kvm_irq_routing_entry> table) override;
    Result<void> connect_irqfd(vmm::kvm::Gsi gsi, int event, int resample) override;
    Result<void> disconnect_irqfd(vmm::kvm::Gsi gsi, int /*event*/) override;
    Result<void> connect_doorbell(GuestAddress at, unsigned size, int event) override;
    Result<void> disconnect_doorbell(GuestAddress at, unsigned size, int event) override;
    Result<void> set_irq_line(vmm::kvm::Gsi gsi, bool level) override;
    Result<void> signal_msi(std::uint64_t address, std::uint32_t data) override;

    /// Guards what follows, where other threads may be in a call.
    std::mutex mutex;
    bool resamples = true;                         ///< Whether level-triggered events are there.
    std::map<std::uint32_t, int> resample_events;  ///< By interrupt number; no_resample: none.
    std::map<std::uint32_t, unsigned> raised;      ///< By what was pending when its event came.
    std::map<std::uint32_t, bool> levels;          ///< Of pins that were set.
    std::vector<std::pair<std::uint64_t, std::uint32_t>> sent;  ///< Messages given one by one.
    std::map<std::uint64_t, int> doorbells;                     ///< Event by address.
    std::map<std::uint32_t, Memory> slots;                      ///< By slot number.
    std::map<std::uint32_t, int> irqfds;                        ///< Event by interrupt number.
    std::vector<kvm_irq_routing_entry> routes;                  ///< The table that was set last.
    std::function<void()> routing;                              ///< Called before they are.
    unsigned route_commits = 0;
    unsigned messages = 0;  ///< Message routes in the table that was set last.
    Faults faults;          ///< Of what brings something in; taking out never fails here.
};

}  // namespace tenon::support
