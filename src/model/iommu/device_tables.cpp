#include "model/iommu/device_tables.hpp"

#include <algorithm>
#include <array>

#include "base/bytes.hpp"
#include "model/iommu/bits.hpp"
#include "model/iommu/registers.hpp"

namespace tenon::model::iommu {
namespace {

constexpr std::uint64_t present = 1u << 0;
constexpr std::uint64_t no_fault_record = 1u << 1;
constexpr std::uint64_t address_bits = 0xffff'ffff'ffff'f000;

/// Bits of an address that lead out of the guest's physical address space.
std::uint64_t beyond_memory(const UnitShape& shape) { return ~low_bits(shape.memory_bits); }

template <std::size_t Words>
std::optional<std::array<std::uint64_t, Words>> read_entry(const TableMemory& memory,
                                                           GuestAddress at) {
    std::array<std::byte, Words * 8ull> bytes{};
    if (!memory.read(at, bytes)) return std::nullopt;
    std::array<std::uint64_t, Words> words{};
    for (std::size_t n = 0; n < Words; ++n)
        words[n] = load<std::uint64_t>(bytes, n * 8ull);
    return words;
}

Binding refused(FaultReason reason, bool silent = false) {
    return {.to = Blocked{}, .trouble = reason, .silent = silent};
}

/// The reasons of one kind of table.
struct Reasons {
    FaultReason unreadable;
    FaultReason absent;
    FaultReason reserved;
};
constexpr Reasons of_root{FaultReason::RootUnreadable, FaultReason::RootNotPresent,
                          FaultReason::RootReserved};
constexpr Reasons of_context{FaultReason::ContextUnreadable, FaultReason::ContextNotPresent,
                             FaultReason::ContextReserved};
constexpr Reasons of_scalable_root{FaultReason::ScalableRootUnreadable,
                                   FaultReason::ScalableRootNotPresent,
                                   FaultReason::ScalableRootReserved};
constexpr Reasons of_scalable_context{FaultReason::ScalableContextUnreadable,
                                      FaultReason::ScalableContextNotPresent,
                                      FaultReason::ScalableContextReserved};
constexpr Reasons of_directory{FaultReason::DirectoryUnreadable, FaultReason::DirectoryNotPresent,
                               FaultReason::DirectoryReserved};
constexpr Reasons of_pasid{FaultReason::PasidUnreadable, FaultReason::PasidNotPresent,
                           FaultReason::PasidReserved};

// Multi-level page tables of `aw`, the encoding of an address width. Source: 9.3, 9.6 (AW).
std::optional<PageTable> page_table(const UnitShape& shape, std::uint64_t base, std::uint64_t aw) {
    const auto levels = static_cast<unsigned>(aw) + 2;
    if (!shape.takes_levels(levels)) return std::nullopt;
    return PageTable{GuestAddress{base & address_bits}, levels};
}

// Source: 9.1, 9.3.
Binding read_legacy(const TableMemory& memory, const UnitShape& shape, const RootPointer& root,
                    SourceId source) {
    const auto entry = read_entry<2>(memory, root.table.plus((source >> 8) * 16ull));
    if (!entry) return refused(of_root.unreadable);
    const auto [root_low, root_high] = *entry;
    if ((root_low & present) == 0) return refused(of_root.absent);
    const auto root_reserved = (low_bits(12) & ~present) | beyond_memory(shape);
    if ((root_low & root_reserved) != 0 || root_high != 0) return refused(of_root.reserved);

    const GuestAddress contexts{root_low & address_bits};
    const auto context = read_entry<2>(memory, contexts.plus((source & 0xff) * 16ull));
    if (!context) return refused(of_context.unreadable);
    const auto [low, high] = *context;
    const bool silent = (low & no_fault_record) != 0;
    if ((low & present) == 0) return refused(of_context.absent, silent);
    // Bits 6:3 of the upper half are software's own.
    constexpr auto low_reserved = low_bits(12) & ~low_bits(4);
    constexpr auto high_reserved = ~low_bits(24) | 1u << 7;
    if ((low & (low_reserved | beyond_memory(shape))) != 0 || (high & high_reserved) != 0)
        return refused(of_context.reserved, silent);

    constexpr std::uint64_t with_device_tlb = 1;
    constexpr std::uint64_t pass_through = 2;
    const auto type = field(low, 3, 2);
    const auto table = page_table(shape, low, field(high, 2, 0));
    // Also what is passed through names a width, and one that the unit has.
    if (!table || type > pass_through || (type == with_device_tlb && !shape.device_tlb()))
        return refused(FaultReason::ContextInvalid, silent);
    const auto domain = static_cast<std::uint16_t>(field(high, 23, 8));
    if (type == pass_through) return {.to = Identity{}, .domain = domain, .silent = silent};
    return {.to = *table, .domain = domain, .silent = silent};
}

/// A context entry of scalable mode.
struct ScalableContext {
    PasidDirectory directory;
    std::uint32_t own_pasid = 0;
    bool pasids = false;
    bool silent = false;
};

// Source: 9.2, 9.4.
std::variant<Binding, ScalableContext> read_scalable_context(const TableMemory& memory,
                                                             const UnitShape& shape,
                                                             const RootPointer& root,
                                                             SourceId source) {
    const unsigned devfn = source & 0xff;
    const auto halves = read_entry<2>(memory, root.table.plus((source >> 8) * 16ull));
    if (!halves) return refused(of_scalable_root.unreadable);
    const auto half = (*halves)[devfn < 0x80 ? 0 : 1];
    if ((half & present) == 0) return refused(of_scalable_root.absent);
    if ((half & ((low_bits(12) & ~present) | beyond_memory(shape))) != 0)
        return refused(of_scalable_root.reserved);

    const GuestAddress contexts{half & address_bits};
    const auto context = read_entry<4>(memory, contexts.plus((devfn & 0x7f) * 32ull));
    if (!context) return refused(of_scalable_context.unreadable);
    const auto [low, high, third, fourth] = *context;
    const bool silent = (low & no_fault_record) != 0;
    if ((low & present) == 0) return refused(of_scalable_context.absent, silent);
    constexpr std::uint64_t device_tlb = 1u << 2;
    constexpr std::uint64_t pasid_enable = 1u << 3;
    constexpr std::uint64_t page_requests = 1u << 4;
    // Of the second word: the PASID of requests without one; privileged ones are not ours.
    auto reserved = (low_bits(9) & ~low_bits(5)) | page_requests | beyond_memory(shape);
    if (!shape.device_tlb()) reserved |= device_tlb;
    if (shape.pasid_width() == 0) reserved |= pasid_enable;
    if ((low & reserved) != 0 || (high & ~low_bits(pasid_bits)) != 0 || third != 0 || fourth != 0)
        return refused(of_scalable_context.reserved, silent);
    return ScalableContext{.directory = {.base = GuestAddress{low & address_bits},
                                         .bits = static_cast<unsigned>(field(low, 11, 9)) + 7},
                           .own_pasid = static_cast<std::uint32_t>(high),
                           .pasids = (low & pasid_enable) != 0,
                           .silent = silent};
}

// Source: 9.6 (FSPTPTR, FSPM, SRE, WPE, EAFE).
Binding first_stage(const UnitShape& shape, const std::array<std::uint64_t, 8>& entry,
                    Binding binding) {
    const auto word = entry[2];
    const auto mode = field(word, 3, 2);
    const FirstStage table{.root = GuestAddress{word & address_bits},
                           .levels = static_cast<unsigned>(mode) + 4,
                           .supervisor = field(word, 0, 0) != 0,
                           .write_protection = field(word, 4, 4) != 0,
                           .extended_accessed_flag = field(word, 7, 7) != 0};
    const bool has = shape.first_stage() && mode <= (shape.five_levels() ? 1u : 0u) &&
                     (!table.supervisor || shape.supervisor_requests()) &&
                     (!table.extended_accessed_flag || shape.extended_accessed_flag());
    if (!has) return refused(FaultReason::PasidInvalid, binding.silent);
    if ((word & beyond_memory(shape)) != 0) return refused(of_pasid.reserved, binding.silent);
    binding.to = table;
    return binding;
}

// Source: 9.6. What belongs to memory types is ignored, as the unit has none; what no table of
// entries names is reserved.
Binding bind(const UnitShape& shape, const std::array<std::uint64_t, 8>& entry) {
    const bool silent = (entry[0] & no_fault_record) != 0;
    if ((entry[0] & present) == 0) return refused(of_pasid.absent, silent);
    constexpr std::uint64_t dirty_tracking = 1u << 9;
    constexpr std::uint64_t first_reserved = 1u << 5 | dirty_tracking | 1u << 10 | 1u << 11;
    constexpr std::uint64_t second_reserved = low_bits(23) & ~low_bits(16);
    constexpr std::uint64_t third_reserved = low_bits(12) & ~low_bits(8);
    const bool rest =
        std::any_of(entry.begin() + 3, entry.end(), [](std::uint64_t word) { return word != 0; });
    if ((entry[0] & first_reserved) != 0 || (entry[1] & second_reserved) != 0 ||
        (entry[2] & third_reserved) != 0 || rest)
        return refused(of_pasid.reserved, silent);
    constexpr std::uint64_t first_stage_only = 1;
    constexpr std::uint64_t second_stage = 2;
    constexpr std::uint64_t pass_through = 4;
    const auto type = field(entry[0], 8, 6);
    const auto domain = static_cast<std::uint16_t>(field(entry[1], 15, 0));
    if (type == pass_through) return {.to = Identity{}, .domain = domain, .silent = silent};
    if (type == first_stage_only)
        return first_stage(shape, entry, {.domain = domain, .silent = silent});
    const auto table = page_table(shape, entry[0], field(entry[0], 4, 2));
    if (type != second_stage || !shape.second_stage() || !table)
        return refused(FaultReason::PasidInvalid, silent);
    if ((entry[0] & beyond_memory(shape)) != 0) return refused(of_pasid.reserved, silent);
    return {.to = *table, .domain = domain, .silent = silent};
}

/// The table of a directory entry, or why there is none. Source: 9.5.
std::variant<GuestAddress, Binding> pasid_table(const UnitShape& shape,
                                                std::optional<std::uint64_t> entry) {
    if (!entry) return refused(of_directory.unreadable);
    const bool silent = (*entry & no_fault_record) != 0;
    if ((*entry & present) == 0) return refused(of_directory.absent, silent);
    if ((*entry & ((low_bits(12) & ~low_bits(2)) | beyond_memory(shape))) != 0)
        return refused(of_directory.reserved, silent);
    return GuestAddress{*entry & address_bits};
}

constexpr unsigned table_bits = 6;
constexpr std::size_t table_entries = 1u << table_bits;
constexpr std::size_t pasid_entry_size = 64;
constexpr std::size_t page_size = 0x1000;

}  // namespace

RootPointer RootPointer::of(std::uint64_t register_value) {
    const RootTable value{register_value};
    return {.table = GuestAddress{register_value & RootTableBase::mask},
            .mode = static_cast<TranslationMode>(value.get<TranslationTableMode>())};
}

DeviceTables read_device(const TableMemory& memory, const UnitShape& shape, const RootPointer& root,
                         SourceId source) {
    if (root.mode == TranslationMode::Abort) return {};
    const bool scalable = root.mode == TranslationMode::Scalable;
    if (root.mode == TranslationMode::Reserved || (scalable && !shape.scalable()) ||
        (root.table.value() & beyond_memory(shape)) != 0)
        return {.requests = refused(FaultReason::RootTableInvalid)};
    if (!scalable) return {.requests = read_legacy(memory, shape, root, source)};
    const auto read = read_scalable_context(memory, shape, root, source);
    if (const auto* binding = std::get_if<Binding>(&read)) return {.requests = *binding};
    const auto& context = std::get<ScalableContext>(read);
    DeviceTables tables{.own_pasid = context.own_pasid};
    if (context.own_pasid >> (context.directory.bits + table_bits) != 0)
        tables.requests = refused(FaultReason::RidPasidInvalid);
    else
        tables.requests = read_pasid(memory, shape, context.directory, context.own_pasid);
    // One of both is enough for silence.
    tables.requests.silent = tables.requests.silent || context.silent;
    if (context.pasids) tables.pasids = context.directory;
    return tables;
}

Binding read_pasid(const TableMemory& memory, const UnitShape& shape,
                   const PasidDirectory& directory, std::uint32_t pasid) {
    if (pasid >> (directory.bits + table_bits) != 0) return refused(of_directory.absent);
    const auto at = directory.base.plus((pasid >> table_bits) * 8ull);
    const auto table = pasid_table(shape, read_word(memory, at));
    if (const auto* binding = std::get_if<Binding>(&table)) return *binding;
    const auto index = pasid & (table_entries - 1);
    const auto entry =
        read_entry<8>(memory, std::get<GuestAddress>(table).plus(index * pasid_entry_size));
    if (!entry) return refused(of_pasid.unreadable);
    return bind(shape, *entry);
}

PresentPasids list_pasids(const TableMemory& memory, const UnitShape& shape,
                          const PasidDirectory& directory, std::uint32_t own, std::size_t limit) {
    PresentPasids found;
    const auto bits = std::min(shape.pasid_width(), directory.bits + table_bits);
    const std::uint64_t count = 1ull << bits;
    std::vector<std::byte> entries(page_size);
    std::vector<std::byte> table(page_size);
    const auto directory_entries = (count + table_entries - 1) >> table_bits;
    for (std::uint64_t n = 0; n < directory_entries; ++n) {
        const auto inside = n * 8ull % page_size;
        if (inside == 0) {
            // A directory of which a page is no memory has no PASIDs there.
            if (!memory.read(directory.base.plus(n * 8ull), entries))
                std::ranges::fill(entries, std::byte{0});
            ++found.tables;
        }
        const auto at = pasid_table(shape, load<std::uint64_t>(entries, inside));
        if (std::holds_alternative<Binding>(at)) continue;
        ++found.tables;
        if (!memory.read(std::get<GuestAddress>(at), table)) continue;
        for (std::uint64_t index = 0; index < table_entries; ++index) {
            const auto pasid = n << table_bits | index;
            if (pasid >= count || pasid == own) continue;
            if ((load<std::uint64_t>(table, index * pasid_entry_size) & present) == 0) continue;
            if (found.pasids.size() == limit) {
                found.complete = false;
                return found;
            }
            found.pasids.push_back(static_cast<std::uint32_t>(pasid));
        }
    }
    return found;
}

}  // namespace tenon::model::iommu
