#include "vmm/kvm/irq_routes.hpp"

#include <algorithm>

namespace tenon::vmm::kvm {

IrqRoutes::IrqRoutes(Vm& vm) : vm_{vm} {}

Result<Gsi> IrqRoutes::allocate() {
    const MutexLock lock{mutex_};
    const auto free = std::ranges::find(messages_, false, &Entry::taken);
    const auto index = static_cast<std::uint32_t>(free - messages_.begin());
    const std::uint32_t number = abi::ioapic_pins + index;
    if (number >= abi::max_irq_routes)
        return std::unexpected(
            Error{.kind = Error::Kind::Busy,
                  .what = "KVM's interrupt routing table: all 4096 entries taken",
                  .hint = "assign fewer devices, or limit their vectors"});
    if (free == messages_.end()) messages_.emplace_back();
    messages_[index] = Entry{.taken = true};
    return Gsi{number};
}

void IrqRoutes::release(Gsi gsi) {
    const MutexLock lock{mutex_};
    auto& entry = messages_.at(gsi.value() - abi::ioapic_pins);
    changed_ = changed_ || entry.routed;
    entry = Entry{};
}

void IrqRoutes::set(Gsi gsi, std::uint64_t address, std::uint32_t data) {
    const MutexLock lock{mutex_};
    auto& entry = messages_.at(gsi.value() - abi::ioapic_pins);
    if (entry.routed && entry.address == address && entry.data == data) return;
    entry = Entry{.taken = true, .routed = true, .address = address, .data = data};
    changed_ = true;
}

Result<void> IrqRoutes::commit() {
    const MutexLock lock{mutex_};
    if (!changed_) return {};
    TENON_TRY_DO(vm_.set_routes(table()), "routing interrupts");
    changed_ = false;
    return {};
}

std::vector<kvm_irq_routing_entry> IrqRoutes::table() const {
    std::vector<kvm_irq_routing_entry> routes;
    for (std::uint32_t pin = 0; pin < abi::ioapic_pins; ++pin) {
        kvm_irq_routing_entry route{};
        route.gsi = pin;
        route.type = KVM_IRQ_ROUTING_IRQCHIP;
        route.u.irqchip.irqchip = KVM_IRQCHIP_IOAPIC;
        route.u.irqchip.pin = pin;
        routes.push_back(route);
    }
    for (std::uint32_t index = 0; index < messages_.size(); ++index) {
        const auto& entry = messages_[index];
        if (!entry.routed) continue;
        kvm_irq_routing_entry route{};
        route.gsi = abi::ioapic_pins + index;
        route.type = KVM_IRQ_ROUTING_MSI;
        route.u.msi.address_lo = static_cast<__u32>(entry.address);
        route.u.msi.address_hi = static_cast<__u32>(entry.address >> 32);
        route.u.msi.data = entry.data;
        routes.push_back(route);
    }
    return routes;
}

}  // namespace tenon::vmm::kvm
