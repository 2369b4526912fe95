#include "model/iommu/second_stage.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/bytes.hpp"
#include "model/iommu/bits.hpp"

namespace tenon::model::iommu {
namespace {

constexpr unsigned page_shift = 12;
constexpr unsigned index_bits = 9;
constexpr std::size_t entries = 512;
constexpr std::size_t entry_size = 8;

// An entry. Source: 9.8.
constexpr std::uint64_t read_bit = 1u << 0;
constexpr std::uint64_t write_bit = 1u << 1;
constexpr std::uint64_t page_size_bit = 1u << 7;
constexpr std::uint64_t snoop_bit = 1u << 11;
constexpr std::uint64_t transient_bit = 1ull << 62;
constexpr std::uint64_t address_bits = 0x000f'ffff'ffff'f000;

class Walk {
public:
    Walk(const TableMemory& memory, const TableRules& rules, const DmaRegions& regions,
         const WalkLimits& limits)
        : memory_{memory}, rules_{rules}, regions_{regions}, limits_{limits} {}

    // The entries of one table that translate addresses of `range`, which all lie below it. `level`
    // is 1 where entries are pages of 4 KiB.
    void table(GuestAddress at, unsigned level, IovaRange range, Permissions above) {
        if (++out.tables > limits_.tables) {
            out.complete = false;
            return;
        }
        const unsigned shift = page_shift + (level - 1) * index_bits;
        const auto first = range.first >> shift & (entries - 1);
        const auto last = range.last >> shift & (entries - 1);
        std::vector<std::byte> bytes((last - first + 1) * entry_size);
        if (!memory_.read(at.plus(first * entry_size), bytes)) {
            note(rules_.scalable ? FaultReason::ScalableTableUnreadable
                                 : FaultReason::TableUnreadable);
            return;
        }
        for (auto index = first; index <= last && out.complete; ++index) {
            const auto base = (range.first & ~low_bits(shift + index_bits)) + (index << shift);
            const IovaRange covered{base, base + low_bits(shift)};
            entry(load<std::uint64_t>(bytes, (index - first) * entry_size), level, covered, range,
                  above);
        }
    }

    Walked out;

private:
    void entry(std::uint64_t value, unsigned level, IovaRange covered, IovaRange range,
               Permissions above) {
        const Permissions own{.read = (value & read_bit) != 0, .write = (value & write_bit) != 0};
        if (!own.any()) return;  // Not present.
        const bool leaf = level == 1 || (value & page_size_bit) != 0;
        if ((value & reserved(level, leaf)) != 0) {
            note(rules_.scalable ? FaultReason::ScalableTableReserved : FaultReason::TableReserved);
            return;
        }
        const auto allowed = own.both(above);
        // What is below cannot be reached, but may be wrong all the same; nobody asks.
        if (!allowed.any()) return;
        const GuestAddress address{value & address_bits};
        if (leaf) {
            page({.iova = Iova{covered.first},
                  .size = covered.last - covered.first + 1,
                  .address = address,
                  .allowed = allowed},
                 range);
            return;
        }
        table(address, level - 1,
              {std::max(covered.first, range.first), std::min(covered.last, range.last)}, allowed);
    }

    // Pages of 2 MiB and of 1 GiB are all that are large. Source: 11.4.2 (SSLPS).
    std::uint64_t reserved(unsigned level, bool leaf) const {
        auto bits = address_bits & ~low_bits(rules_.memory_bits);
        if (!rules_.snoop_bit) bits |= snoop_bit;
        if (!rules_.transient_bit) bits |= transient_bit;
        if (leaf && level > 1)
            bits |= address_bits & low_bits(page_shift + (level - 1) * index_bits);
        if (level > 3) bits |= page_size_bit;
        return bits;
    }

    // The addresses of interrupts are 1 MiB: a large page may have them in its middle.
    void page(const Extent& whole, const IovaRange& range) {
        const auto leads = whole.address.value();
        if (leads <= interrupt_addresses.last &&
            leads + whole.size - 1 >= interrupt_addresses.first)
            note(rules_.scalable ? FaultReason::ScalableLeadsToInterrupts
                                 : FaultReason::LeadsToInterrupts);
        const auto clipped = whole.clipped(range);
        for (const auto& [first, last] : {IovaRange{0, interrupt_addresses.first - 1},
                                          IovaRange{interrupt_addresses.last + 1, ~0ull}}) {
            const IovaRange part{first, last};
            if (clipped.range().overlaps(part)) beside_interrupts(clipped.clipped(part));
        }
    }

    void beside_interrupts(const Extent& extent) {
        regions_.follow(extent, out.extents);
        if (out.extents.size() > limits_.extents) out.complete = false;
    }

    void note(FaultReason reason) {
        if (!out.trouble) out.trouble = reason;
    }

    const TableMemory& memory_;
    const TableRules& rules_;
    const DmaRegions& regions_;
    const WalkLimits& limits_;
};

}  // namespace

TableRules table_rules(const UnitShape& shape, bool scalable) {
    return {.memory_bits = shape.memory_bits,
            .address_bits = shape.address_bits(),
            .snoop_bit = shape.snoop_control() || scalable,
            .transient_bit = shape.device_tlb(),
            .scalable = scalable};
}

Walked walk(const TableMemory& memory, const PageTable& table, const TableRules& rules,
            const DmaRegions& regions, const IovaRange& range, const WalkLimits& limits) {
    const auto width = std::min(page_shift + table.levels * index_bits, rules.address_bits);
    const auto last = std::min(range.last, low_bits(width));
    Walk running{memory, rules, regions, limits};
    if (range.first <= last)
        running.table(table.root, table.levels, {range.first, last}, {.read = true, .write = true});
    return std::move(running.out);
}

}  // namespace tenon::model::iommu
