#include "tests/support/fake_vm.hpp"

#include <unistd.h>

#include <cerrno>

namespace tenon::support {

Result<void> FakeVm::set_memory(std::uint32_t slot, GuestAddress at, std::span<std::byte> memory) {
    const std::lock_guard lock{mutex};
    if (auto error = faults.next()) return fail_system(*error, "memory slot");
    for (const auto& [other, there] : slots)
        if (other != slot && at.value() < there.at + there.size &&
            there.at < at.value() + memory.size())
            return fail_system(EEXIST, "memory slot");
    slots[slot] = {.at = at.value(), .size = memory.size()};
    return {};
}

Result<void> FakeVm::remove_memory(std::uint32_t slot) {
    const std::lock_guard lock{mutex};
    slots.erase(slot);
    return {};
}

Result<void> FakeVm::set_routes(std::span<const kvm_irq_routing_entry> table) {
    const std::lock_guard lock{mutex};
    if (auto error = faults.next()) return fail_system(*error, "interrupt routes");
    if (routing) routing();
    ++route_commits;
    messages = 0;
    routes.assign(table.begin(), table.end());
    for (const auto& route : table)
        messages += route.type == KVM_IRQ_ROUTING_MSI ? 1 : 0;
    return {};
}

Result<void> FakeVm::connect_irqfd(vmm::kvm::Gsi gsi, int event, int resample) {
    const std::lock_guard lock{mutex};
    if (auto error = faults.next()) return fail_system(*error, "irqfd");
    if (resample != no_resample && !resamples) return fail_system(EINVAL, "irqfd");
    irqfds[gsi.value()] = event;
    std::uint64_t pending = 0;
    if (::read(event, &pending, sizeof pending) == sizeof pending) ++raised[gsi.value()];
    resample_events[gsi.value()] = resample;
    return {};
}

Result<void> FakeVm::disconnect_irqfd(vmm::kvm::Gsi gsi, int /*event*/) {
    const std::lock_guard lock{mutex};
    irqfds.erase(gsi.value());
    resample_events.erase(gsi.value());
    return {};
}

Result<void> FakeVm::connect_doorbell(GuestAddress at, unsigned /*size*/, int event) {
    const std::lock_guard lock{mutex};
    if (auto error = faults.next()) return fail_system(*error, "doorbell");
    if (!doorbells.emplace(at.value(), event).second) return fail_system(EEXIST, "doorbell");
    return {};
}

Result<void> FakeVm::disconnect_doorbell(GuestAddress at, unsigned /*size*/, int /*event*/) {
    const std::lock_guard lock{mutex};
    if (doorbells.erase(at.value()) == 0) return fail_system(ENOENT, "doorbell");
    return {};
}

Result<void> FakeVm::set_irq_line(vmm::kvm::Gsi gsi, bool level) {
    const std::lock_guard lock{mutex};
    if (auto error = faults.next()) return fail_system(*error, "interrupt pin");
    levels[gsi.value()] = level;
    return {};
}

Result<void> FakeVm::signal_msi(std::uint64_t address, std::uint32_t data) {
    const std::lock_guard lock{mutex};
    if (auto error = faults.next()) return fail_system(*error, "message");
    sent.emplace_back(address, data);
    return {};
}

}  // namespace tenon::support
