#include "model/iommu/remapping_unit.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tenon::model::iommu {
namespace {

// More ranges than that are one: every interrupt.
constexpr std::size_t most_interrupt_ranges = 64;

/// The place of `offset` if `size` bytes may be accessed there.
std::optional<std::uint16_t> place(std::uint64_t offset, std::uint8_t size) {
    if ((size != 4 && size != 8) || offset % size != 0 || offset >= registers_size)
        return std::nullopt;
    return static_cast<std::uint16_t>(offset);
}

constexpr std::uint16_t upper(std::uint16_t offset) {
    return static_cast<std::uint16_t>(offset + 4);
}

}  // namespace

RemappingUnit::RemappingUnit(const UnitShape& shape, const TableMemory& memory,
                             const UnitLimits& limits)
    : shape_{shape},
      limits_{limits},
      memory_{memory},
      registers_{shape.capability, shape.extended_capability},
      faults_{registers_},
      queue_{registers_, memory, shape_},
      attachments_{memory, shape_, limits.shadow} {}

std::uint64_t RemappingUnit::read(std::uint64_t offset, std::uint8_t size) const {
    const auto at = place(offset, size);
    if (!at) return 0;
    return size == 8 ? registers_.read64(*at) : registers_.read32(*at);
}

// Both halves are there before one of them acts.
Effects RemappingUnit::write(std::uint64_t offset, std::uint8_t size, std::uint64_t value) {
    const auto at = place(offset, size);
    if (!at) return {};
    const auto low = static_cast<std::uint32_t>(value);
    const auto high = static_cast<std::uint32_t>(value >> 32);
    registers_.write32(*at, low);
    if (size == 8) registers_.write32(upper(*at), high);
    act(*at, low);
    if (size == 8) act(upper(*at), high);
    return take_effects();
}

Effects RemappingUnit::go_on() {
    if (busy_) run_queue();
    return take_effects();
}

// What a write of 32 bits at `offset` sets off, with its bits as they were written.
void RemappingUnit::act(std::uint16_t offset, std::uint32_t value) {
    switch (offset) {
        case at::global_command:
            command(value);
            return;
        case upper(at::context_command):
            invalidate_context();
            return;
        case upper(at::iotlb):
            invalidate_iotlb();
            return;
        case at::queue_tail:
            run_queue();
            return;
        case at::fault_status:
            faults_.written();
            if ((value & QueueErrorStatus::mask) == 0) return;
            queue_.resume();
            run_queue();
            return;
        case at::fault_event:
            event_unmasked(registers_, at::fault_event, effects_);
            return;
        case at::completion_status:
            if ((value & WaitComplete::mask) != 0) settle_event(registers_, at::completion_event);
            return;
        case at::completion_event:
            event_unmasked(registers_, at::completion_event, effects_);
            return;
        default:
            if (offset >= at::fault_records) faults_.written();
            return;
    }
}

void RemappingUnit::set_status(std::uint32_t bit, bool on) {
    registers_.set32(at::global_status, on ? status() | bit : status() & ~bit);
}

// Pointers are latched before what they are for is switched on. Source: 11.4.4.1.
void RemappingUnit::command(std::uint32_t value) {
    const bool was_on = (status() & global::translation) != 0;
    const bool set_root = (value & global::root_table) != 0;
    if (set_root) {
        root_ = RootPointer::of(registers_.read64(at::root_table));
        set_status(global::root_table, true);
    }
    // Without a root there is nothing to translate by.
    const bool on = (value & global::translation) != 0 && (status() & global::root_table) != 0;
    set_status(global::translation, on);
    if (on != was_on || (on && set_root))
        attachments_.translate(on ? std::optional{root_} : std::nullopt);
    if (shape_.interrupt_remapping()) set_interrupts(value);
    settle();
    const bool queue = (value & global::queue) != 0;
    if (queue == queue_.enabled()) return;
    set_status(global::queue, queue);
    busy_ = false;
    if (!queue) {
        queue_.stop();
        return;
    }
    queue_.start();
    // Some software sets the tail first.
    run_queue();
}

void RemappingUnit::set_interrupts(std::uint32_t value) {
    const auto before = interrupts_;
    if ((value & global::interrupt_table) != 0) {
        interrupts_.table = InterruptTablePointer::of(registers_.read64(at::interrupt_table));
        set_status(global::interrupt_table, true);
    }
    interrupts_.remapping =
        (value & global::interrupts) != 0 && (status() & global::interrupt_table) != 0;
    interrupts_.compatibility = (value & global::compatibility) != 0;
    set_status(global::interrupts, interrupts_.remapping);
    set_status(global::compatibility, interrupts_.compatibility);
    const bool reloaded = interrupts_.remapping && (value & global::interrupt_table) != 0;
    if (reloaded || before.remapping != interrupts_.remapping ||
        (interrupts_.remapping && before.compatibility != interrupts_.compatibility))
        resolve_all();
}

void RemappingUnit::resolve_all() { stale_interrupts_ = {.all = true, .entries = {}}; }

// With the queue on, these registers are not to be used; software that does so all the same is told
// that nothing was done. Source: 6.5.1, 11.4.6.1.
void RemappingUnit::invalidate_context() {
    const auto value = registers_.get<ContextCommand>(at::context_command);
    if (value.get<InvalidateContext>() == 0) return;
    const auto asked = queue_.enabled() ? 0 : value.get<ContextRequested>();
    if (asked != 0) {
        attachments_.invalidate(
            descriptor::Context{.granularity = static_cast<Granularity>(asked),
                                .domain = static_cast<std::uint16_t>(value.get<ContextDomain>()),
                                .source = static_cast<SourceId>(value.get<ContextSource>()),
                                .ignored = ignored_functions(value.get<ContextFunctionMask>())});
        settle();
    }
    registers_.set64(at::context_command,
                     value.with<InvalidateContext>(0).with<ContextActual>(asked).raw());
}

// A mask that is too large is done for the whole domain. Source: 11.4.8.1.
void RemappingUnit::invalidate_iotlb() {
    const auto value = registers_.get<IotlbCommand>(at::iotlb);
    if (value.get<InvalidateIotlb>() == 0) return;
    auto done = queue_.enabled() ? 0 : value.get<IotlbRequested>();
    if (done != 0) {
        const auto address = registers_.get<InvalidateAddress>(at::invalidate_address);
        const auto mask = static_cast<unsigned>(address.get<InvalidateMask>());
        if (done == 3 && mask > shape_.address_mask()) done = 2;
        attachments_.invalidate(
            descriptor::Iotlb{.granularity = static_cast<Granularity>(done),
                              .domain = static_cast<std::uint16_t>(value.get<IotlbDomain>()),
                              .pages = pages_of(address.raw(), mask)});
        settle();
    }
    registers_.set64(at::iotlb, value.with<InvalidateIotlb>(0).with<IotlbActual>(done).raw());
}

void RemappingUnit::run_queue() {
    busy_ = false;
    const auto begin = attachments_.cost();
    for (;;) {
        const auto next = queue_.next();
        if (!next) {
            registers_.set64(at::queue_error, std::to_underlying(next.error()));
            settle();
            faults_.raise(QueueErrorStatus::mask, effects_);
            return;
        }
        if (!*next) break;
        carry_out(**next);
        if (attachments_.cost() - begin > limits_.work) {
            busy_ = true;
            break;
        }
    }
    settle();
}

void RemappingUnit::carry_out(const Descriptor& descriptor) {
    using namespace tenon::model::iommu::descriptor;
    if (const auto* context = std::get_if<Context>(&descriptor))
        attachments_.invalidate(*context);
    else if (const auto* pages = std::get_if<Iotlb>(&descriptor))
        attachments_.invalidate(*pages);
    else if (const auto* pasids = std::get_if<PasidCache>(&descriptor))
        attachments_.invalidate(*pasids);
    else if (const auto* walked = std::get_if<PasidIotlb>(&descriptor))
        attachments_.invalidate(*walked);
    else if (const auto* entries = std::get_if<InterruptEntries>(&descriptor)) {
        if (stale_interrupts_.all || !interrupts_.remapping) return;
        if (stale_interrupts_.entries.size() == most_interrupt_ranges ||
            (entries->first == 0 && entries->last == 0xffff))
            resolve_all();
        else
            stale_interrupts_.entries.push_back({entries->first, entries->last});
    } else if (const auto* wait = std::get_if<Wait>(&descriptor))
        complete(*wait);
}

void RemappingUnit::complete(const descriptor::Wait& wait) {
    settle();
    if (wait.status) effects_.emplace_back(effect::WriteStatus{*wait.status, wait.data});
    if (!wait.interrupt) return;
    const auto status = registers_.get<CompletionStatus>(at::completion_status);
    if (status.get<WaitComplete>() != 0) return;
    registers_.set32(at::completion_status, WaitComplete::mask);
    raise_event(registers_, at::completion_event, effects_);
}

// All that was invalidated so far, as effects.
void RemappingUnit::settle() {
    attachments_.settle();
    auto more = attachments_.take_effects();
    std::ranges::move(more, std::back_inserter(effects_));
    for (const auto& fault : attachments_.take_faults())
        faults_.record(fault, effects_);
    if (!stale_interrupts_.all && stale_interrupts_.entries.empty()) return;
    effects_.emplace_back(std::exchange(stale_interrupts_, {}));
}

Effects RemappingUnit::take_effects() { return std::exchange(effects_, {}); }

Effects RemappingUnit::add(DeviceId device, SourceId source) {
    attachments_.add(device, source);
    settle();
    return take_effects();
}

Effects RemappingUnit::renumber(DeviceId device, SourceId source) {
    attachments_.renumber(device, source);
    // Its interrupts come from another source.
    if (interrupts_.remapping) resolve_all();
    settle();
    return take_effects();
}

Effects RemappingUnit::remove(DeviceId device) {
    attachments_.remove(device);
    settle();
    return take_effects();
}

Effects RemappingUnit::set_regions(DmaRegions regions) {
    attachments_.set_regions(std::move(regions));
    settle();
    return take_effects();
}

Effects RemappingUnit::refused(DomainId domain) {
    attachments_.refused(domain);
    settle();
    return take_effects();
}

Effects RemappingUnit::refused(DeviceId device) {
    attachments_.refused(device);
    settle();
    return take_effects();
}

Effects RemappingUnit::refused(DeviceId device, std::uint32_t pasid) {
    attachments_.refused(device, pasid);
    settle();
    return take_effects();
}

Effects RemappingUnit::reset() {
    if (interrupts_.remapping) resolve_all();
    registers_.reset();
    faults_.reset();
    queue_.stop();
    busy_ = false;
    root_ = {};
    interrupts_ = {};
    attachments_.translate(std::nullopt);
    settle();
    return take_effects();
}

InterruptOutcome RemappingUnit::resolve(SourceId source, const Message& message) const {
    return resolve_interrupt(memory_, interrupts_, source, message);
}

// Source: 7.2 (the index of the entry is in the upper bits).
SentInterrupt RemappingUnit::send(SourceId source, const Message& message) {
    const auto outcome = resolve(source, message);
    if (const auto* sent = std::get_if<Message>(&outcome)) return {.message = *sent, .effects = {}};
    const auto& refusal = std::get<InterruptRefusal>(outcome);
    if (!refusal.silent)
        faults_.record({.source = source,
                        .reason = refusal.reason,
                        .information = static_cast<std::uint64_t>(refusal.index) << 48},
                       effects_);
    return {.message = std::nullopt, .effects = take_effects()};
}

}  // namespace tenon::model::iommu
