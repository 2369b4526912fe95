#include "model/iommu/register_file.hpp"

namespace tenon::model::iommu {
namespace {

template <typename Reg>
constexpr DeclaredRegister declare(std::uint16_t offset, std::uint64_t reset = 0) {
    return {.offset = offset,
            .size = sizeof(Reg{0}.raw()),
            .reset = reset,
            .writable = Reg::mask_of(Access::ReadWrite),
            .clearable = Reg::mask_of(Access::WriteOneToClear)};
}

constexpr DeclaredRegister read_only(std::uint16_t offset, std::uint8_t size,
                                     std::uint64_t reset = 0) {
    return {.offset = offset, .size = size, .reset = reset};
}

// A message that was never programmed is none: events are masked after a reset.
constexpr std::uint32_t masked = EventMask::mask;

constexpr std::array register_table{
    read_only(at::version, 4, version_value),
    read_only(at::capability, 8),
    read_only(at::extended_capability, 8),
    read_only(at::global_status, 4),
    declare<RootTable>(at::root_table),
    declare<ContextCommand>(at::context_command),
    declare<FaultStatus>(at::fault_status),
    declare<EventControl>(at::fault_event + event_part::control, masked),
    declare<EventData>(at::fault_event + event_part::data),
    declare<EventAddress>(at::fault_event + event_part::address),
    declare<EventUpperAddress>(at::fault_event + event_part::upper_address),
    declare<QueueHead>(at::queue_head),
    declare<QueueTail>(at::queue_tail),
    declare<QueueAddress>(at::queue_address),
    declare<CompletionStatus>(at::completion_status),
    declare<EventControl>(at::completion_event + event_part::control, masked),
    declare<EventData>(at::completion_event + event_part::data),
    declare<EventAddress>(at::completion_event + event_part::address),
    declare<EventUpperAddress>(at::completion_event + event_part::upper_address),
    declare<QueueErrorRecord>(at::queue_error),
    declare<InterruptTable>(at::interrupt_table),
    declare<InvalidateAddress>(at::invalidate_address),
    declare<IotlbCommand>(at::iotlb),
};

/// How one word answers a write.
struct Word {
    std::uint32_t reset = 0;
    std::uint32_t writable = 0;
    std::uint32_t clearable = 0;
};

using Words = std::array<Word, registers_end / 4>;

constexpr void place(Words& words, const DeclaredRegister& one) {
    for (unsigned half = 0; half < one.size / 4u; ++half)
        words[one.offset / 4u + half] = {
            .reset = static_cast<std::uint32_t>(one.reset >> (32 * half)),
            .writable = static_cast<std::uint32_t>(one.writable >> (32 * half)),
            .clearable = static_cast<std::uint32_t>(one.clearable >> (32 * half))};
}

constexpr Words lay_out() {
    Words words{};
    for (const auto& one : register_table)
        place(words, one);
    for (unsigned n = 0; n < fault_record_count; ++n) {
        const auto offset = static_cast<std::uint16_t>(at::fault_records + n * fault_record_size);
        place(words, declare<FaultRecordLow>(offset));
        place(words, declare<FaultRecordHigh>(static_cast<std::uint16_t>(offset + 8)));
    }
    return words;
}

constexpr Words layout = lay_out();

}  // namespace

std::span<const DeclaredRegister> declared_registers() { return register_table; }

RegisterFile::RegisterFile(std::uint64_t capability, std::uint64_t extended_capability)
    : capability_{capability}, extended_capability_{extended_capability} {
    reset();
}

void RegisterFile::reset() {
    for (std::size_t n = 0; n < words_.size(); ++n)
        words_[n] = layout[n].reset;
    set64(at::capability, capability_);
    set64(at::extended_capability, extended_capability_);
}

std::uint32_t RegisterFile::read32(std::uint16_t offset) const {
    return offset < registers_end ? words_[offset / 4u] : 0;
}

std::uint64_t RegisterFile::read64(std::uint16_t offset) const {
    return read32(offset) |
           static_cast<std::uint64_t>(read32(static_cast<std::uint16_t>(offset + 4))) << 32;
}

void RegisterFile::write32(std::uint16_t offset, std::uint32_t value) {
    if (offset >= registers_end) return;
    const auto& rule = layout[offset / 4u];
    auto& word = words_[offset / 4u];
    word = (word & ~rule.writable & ~(rule.clearable & value)) | (value & rule.writable);
}

void RegisterFile::set32(std::uint16_t offset, std::uint32_t value) {
    if (offset < registers_end) words_[offset / 4u] = value;
}

void RegisterFile::set64(std::uint16_t offset, std::uint64_t value) {
    set32(offset, static_cast<std::uint32_t>(value));
    set32(static_cast<std::uint16_t>(offset + 4), static_cast<std::uint32_t>(value >> 32));
}

}  // namespace tenon::model::iommu
