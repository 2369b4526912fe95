#include "vmm/kvm/irq_routes.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace tenon::vmm::kvm {
namespace {

using model::iommu::InterruptOutcome;
using model::iommu::InterruptRefusal;
using model::iommu::Message;

// As many as a unit records.
constexpr std::size_t most_lost = 8;

kvm_irq_routing_entry route_of(std::uint32_t gsi, const Message& message) {
    kvm_irq_routing_entry route{};
    route.gsi = gsi;
    route.type = KVM_IRQ_ROUTING_MSI;
    route.u.msi.address_lo = static_cast<__u32>(message.address);
    route.u.msi.address_hi = static_cast<__u32>(message.address >> 32);
    route.u.msi.data = message.data;
    return route;
}

kvm_irq_routing_entry pin_of_kernel(std::uint32_t pin) {
    kvm_irq_routing_entry route{};
    route.gsi = pin;
    route.type = KVM_IRQ_ROUTING_IRQCHIP;
    route.u.irqchip.irqchip = KVM_IRQCHIP_IOAPIC;
    route.u.irqchip.pin = pin;
    return route;
}

}  // namespace

IrqRoutes::IrqRoutes(Vm& vm, const model::iommu::TableMemory* tables) : vm_{vm}, tables_{tables} {}

IrqRoutes::Entry& IrqRoutes::at(Gsi gsi) { return messages_.at(gsi.value() - abi::ioapic_pins); }

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
    messages_[index] = Entry{.taken = true, .sent = {}, .leads = {}};
    return Gsi{number};
}

void IrqRoutes::release(Gsi gsi) {
    const MutexLock lock{mutex_};
    auto& entry = at(gsi);
    changed_ = changed_ || entry.leads;
    entry = Entry{};
}

void IrqRoutes::set(Gsi gsi, const SentMessage& sent) {
    const MutexLock lock{mutex_};
    auto& entry = at(gsi);
    entry.sent = sent;
    lead(entry);
}

void IrqRoutes::renumber(Gsi gsi, model::iommu::SourceId source) {
    const MutexLock lock{mutex_};
    auto& entry = at(gsi);
    if (!entry.sent || entry.sent->source == source) return;
    entry.sent->source = source;
    lead(entry);
}

void IrqRoutes::set_pin(Gsi pin, const std::optional<SentMessage>& sent) {
    const MutexLock lock{mutex_};
    auto& entry = pins_.at(pin.value());
    entry.sent = sent;
    lead(entry);
}

// KVM refuses a table in which one message is none. Source: Linux arch/x86/kvm/irq.c,
// kvm_msi_route_invalid().
InterruptOutcome IrqRoutes::resolve(const SentMessage& sent) const {
    if (tables_ == nullptr) return sent.message;
    if (!switches_.remapping && !is_interrupt(sent.message)) return InterruptRefusal{};
    return resolve_interrupt(*tables_, switches_, sent.source, sent.message);
}

void IrqRoutes::lead(Entry& entry) {
    std::optional<Message> leads;
    if (entry.sent) {
        const auto outcome = resolve(*entry.sent);
        if (const auto* const message = std::get_if<Message>(&outcome)) leads = *message;
    }
    if (leads == entry.leads) return;
    entry.leads = leads;
    changed_ = true;
}

Result<void> IrqRoutes::commit() {
    const MutexLock lock{mutex_};
    return write();
}

Result<void> IrqRoutes::write() {
    if (!changed_) return {};
    TENON_TRY_DO(vm_.set_routes(table()), "routing interrupts");
    changed_ = false;
    return {};
}

// What is sent is delivered before the guest finds an invalidation of its entry done: with the
// lock.
Result<void> IrqRoutes::send(const SentMessage& sent) {
    const MutexLock lock{mutex_};
    const auto outcome = resolve(sent);
    if (const auto* const message = std::get_if<Message>(&outcome))
        return vm_.signal_msi(message->address, message->data);
    if (!switches_.remapping || lost_.size() == most_lost) return {};
    lost_.push_back(sent);
    if (lost_event_) lost_event_->signal();
    return {};
}

Result<void> IrqRoutes::remap(const model::iommu::InterruptSwitches& switches,
                              const model::iommu::effect::ResolveInterrupts& stale) {
    const MutexLock lock{mutex_};
    switches_ = switches;
    const auto follow = [&](Entry& entry) TENON_REQUIRES(mutex_) {
        if (entry.sent && means(stale, entry.sent->message)) lead(entry);
    };
    for (auto& entry : pins_)
        follow(entry);
    for (auto& entry : messages_)
        follow(entry);
    return write();
}

Result<int> IrqRoutes::lost_event() {
    const MutexLock lock{mutex_};
    if (!lost_event_) {
        TENON_TRY(created, EventFd::create(), "interrupts that are lost");
        lost_event_ = std::move(created);
    }
    return lost_event_->number();
}

std::vector<SentMessage> IrqRoutes::take_lost() {
    const MutexLock lock{mutex_};
    if (lost_event_) lost_event_->take();
    return std::exchange(lost_, {});
}

std::vector<kvm_irq_routing_entry> IrqRoutes::table() const {
    std::vector<kvm_irq_routing_entry> routes;
    for (std::uint32_t pin = 0; pin < abi::ioapic_pins; ++pin) {
        if (tables_ == nullptr)
            routes.push_back(pin_of_kernel(pin));
        else if (const auto& leads = pins_.at(pin).leads)
            routes.push_back(route_of(pin, *leads));
    }
    for (std::uint32_t index = 0; index < messages_.size(); ++index)
        if (const auto& leads = messages_[index].leads)
            routes.push_back(route_of(abi::ioapic_pins + index, *leads));
    return routes;
}

}  // namespace tenon::vmm::kvm
