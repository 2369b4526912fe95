#include "model/iommu/descriptor.hpp"

#include <algorithm>

#include "model/iommu/bits.hpp"

namespace tenon::model::iommu {
namespace {

constexpr std::uint64_t bits(unsigned high, unsigned low) {
    return low_bits(high - low + 1) << low;
}

using Words = std::array<std::uint64_t, 4>;
using Parsed = std::expected<Descriptor, QueueError>;

constexpr auto reserved_bits = std::unexpected{QueueError::ReservedBits};

// Type is in two places of the first word.
constexpr std::uint64_t type_bits = bits(3, 0) | bits(11, 9);

/// Whether nothing but these bits is set in the first two words.
bool only(const Words& words, std::uint64_t low, std::uint64_t high) {
    return (words[0] & ~(type_bits | low)) == 0 && (words[1] & ~high) == 0;
}

std::uint16_t domain_of(const Words& words) {
    return static_cast<std::uint16_t>(field(words[0], 31, 16));
}

constexpr std::uint64_t page_fields = bits(63, 12) | bits(6, 0);  // Address, hint, mask.

Parsed context(const Words& words) {
    const auto granularity = field(words[0], 5, 4);
    if (!only(words, bits(5, 4) | bits(31, 16) | bits(47, 32) | bits(49, 48), 0) ||
        granularity == 0)
        return reserved_bits;
    return descriptor::Context{.granularity = static_cast<Granularity>(granularity),
                               .domain = domain_of(words),
                               .source = static_cast<SourceId>(field(words[0], 47, 32)),
                               .ignored = ignored_functions(field(words[0], 49, 48))};
}

Parsed iotlb(const Words& words, const UnitShape& shape) {
    const auto granularity = field(words[0], 5, 4);
    if (!only(words, bits(7, 4) | bits(31, 16), page_fields) || granularity == 0)
        return reserved_bits;
    descriptor::Iotlb made{.granularity = static_cast<Granularity>(granularity),
                           .domain = domain_of(words)};
    if (made.granularity != Granularity::Selective) return made;
    const auto mask = static_cast<unsigned>(field(words[1], 5, 0));
    if (mask > shape.address_mask()) return reserved_bits;
    made.pages = pages_of(words[1], mask);
    return made;
}

// The source of a physical function's invalidations needs DIT, which the unit lacks.
Parsed device_tlb(const Words& words) {
    if (!only(words, bits(20, 16) | bits(47, 32), bits(63, 12) | 1)) return reserved_bits;
    return descriptor::DeviceTlb{};
}

Parsed device_pasid_tlb(const Words& words) {
    if (!only(words, bits(8, 4) | bits(31, 16) | bits(51, 32), bits(63, 11) | 1))
        return reserved_bits;
    return descriptor::DeviceTlb{};
}

Parsed interrupt_entries(const Words& words) {
    if (!only(words, bits(4, 4) | bits(31, 27) | bits(47, 32), 0)) return reserved_bits;
    if (field(words[0], 4, 4) == 0) return descriptor::InterruptEntries{};
    const auto mask = std::min<std::uint64_t>(field(words[0], 31, 27), 16);
    const auto inside = low_bits(static_cast<unsigned>(mask));
    const auto index = field(words[0], 47, 32);
    return descriptor::InterruptEntries{.first = static_cast<std::uint16_t>(index & ~inside),
                                        .last = static_cast<std::uint16_t>(index | inside)};
}

Parsed wait(const Words& words) {
    // Draining of page requests needs PDS, which the unit lacks. Order is always kept.
    if (!only(words, bits(6, 4) | bits(63, 32), bits(63, 2))) return reserved_bits;
    descriptor::Wait made{.interrupt = field(words[0], 4, 4) != 0,
                          .data = static_cast<std::uint32_t>(words[0] >> 32)};
    if (field(words[0], 5, 5) != 0) made.status = GuestAddress{words[1]};
    return made;
}

Parsed pasid_iotlb(const Words& words, const UnitShape& shape) {
    constexpr std::uint64_t whole_pasid = 2;
    if (!only(words, bits(5, 4) | bits(31, 16) | bits(51, 32), page_fields) ||
        field(words[0], 5, 4) < whole_pasid)
        return reserved_bits;
    descriptor::PasidIotlb made{.domain = domain_of(words),
                                .pasid = static_cast<std::uint32_t>(field(words[0], 51, 32))};
    if (field(words[0], 5, 4) == whole_pasid) return made;
    const auto mask = static_cast<unsigned>(field(words[1], 5, 0));
    if (mask > shape.address_mask()) return reserved_bits;
    made.granularity = Granularity::Selective;
    made.pages = pages_of(words[1], mask);
    return made;
}

Parsed pasid_cache(const Words& words) {
    if (!only(words, bits(5, 4) | bits(31, 16) | bits(51, 32), 0)) return reserved_bits;
    descriptor::PasidCache made{.domain = domain_of(words),
                                .pasid = static_cast<std::uint32_t>(field(words[0], 51, 32))};
    switch (field(words[0], 5, 4)) {
        case 0:
            made.granularity = Granularity::Domain;
            return made;
        case 1:
            made.granularity = Granularity::Selective;
            return made;
        case 3:
            made.granularity = Granularity::Global;
            return made;
        default:
            return reserved_bits;
    }
}

}  // namespace

std::uint16_t ignored_functions(std::uint64_t function_mask) {
    constexpr std::array<std::uint16_t, 4> masks{0, 4, 6, 7};
    return masks.at(function_mask & 3);
}

IovaRange pages_of(std::uint64_t address, unsigned mask) {
    const auto inside = low_bits(std::min(12 + mask, 63u));
    return {address & ~inside, address | inside};
}

std::expected<Descriptor, QueueError> parse_descriptor(const std::array<std::uint64_t, 4>& words,
                                                       bool wide, const UnitShape& shape) {
    constexpr auto unknown = std::unexpected{QueueError::InvalidType};
    const auto type = field(words[0], 3, 0) | field(words[0], 11, 9) << 4;
    if (words[2] != 0 || words[3] != 0) return reserved_bits;
    switch (type) {
        case 1:
            return context(words);
        case 2:
            return iotlb(words, shape);
        case 3:
            return shape.device_tlb() ? device_tlb(words) : unknown;
        case 4:
            return shape.interrupt_remapping() ? interrupt_entries(words) : unknown;
        case 5:
            return wait(words);
        case 6:
            return wide ? pasid_iotlb(words, shape) : unknown;
        case 7:
            return wide ? pasid_cache(words) : unknown;
        case 8:
            return wide && shape.device_tlb() ? device_pasid_tlb(words) : unknown;
        default:
            return unknown;
    }
}

}  // namespace tenon::model::iommu
