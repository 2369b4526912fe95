// The descriptors of the invalidation queue. Source: Intel VT-d specification 4.1, 6.5.2.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <expected>
#include <optional>
#include <variant>

#include "model/iommu/device_tables.hpp"

namespace tenon::model::iommu {

/// Why the queue stands still. Source: 11.4.9.9 (IQEI).
enum class QueueError : std::uint8_t {
    InvalidTail = 1,
    Unreadable = 2,
    InvalidType = 3,
    ReservedBits = 4,
    InvalidWidth = 5,
    MisalignedTail = 6,
};

/// How much is invalidated of contexts and translations.
enum class Granularity : std::uint8_t { Global = 1, Domain = 2, Selective = 3 };

namespace descriptor {
/// Context entries. Selective: of the sources that are `source` outside of `ignored`.
struct Context {
    Granularity granularity = Granularity::Global;
    std::uint16_t domain = 0;
    SourceId source = 0;
    std::uint16_t ignored = 0;  ///< Bits of the function number.
    auto operator<=>(const Context&) const = default;
};
/// Translations. Selective: those of `pages`.
struct Iotlb {
    Granularity granularity = Granularity::Global;
    std::uint16_t domain = 0;
    IovaRange pages{0, ~0ull};
    auto operator<=>(const Iotlb&) const = default;
};
/// What devices have cached. The host's kernel tells them whenever it changes a translation.
struct DeviceTlb {
    auto operator<=>(const DeviceTlb&) const = default;
};
/// Entries of the interrupt table, by index; both inclusive.
struct InterruptEntries {
    std::uint16_t first = 0;
    std::uint16_t last = 0xffff;
    auto operator<=>(const InterruptEntries&) const = default;
};
/// All before it is done: says so in memory and by an interrupt.
struct Wait {
    bool interrupt = false;
    std::optional<GuestAddress> status;  ///< Where `data` is written, a multiple of 4.
    std::uint32_t data = 0;
    auto operator<=>(const Wait&) const = default;
};
/// First-stage and passed-through translations of a PASID. Selective: those of `pages`.
struct PasidIotlb {
    Granularity granularity = Granularity::Domain;
    std::uint16_t domain = 0;
    std::uint32_t pasid = 0;
    IovaRange pages{0, ~0ull};
    auto operator<=>(const PasidIotlb&) const = default;
};
/// PASID entries. Selective: those of `pasid`.
struct PasidCache {
    Granularity granularity = Granularity::Global;
    std::uint16_t domain = 0;
    std::uint32_t pasid = 0;
    auto operator<=>(const PasidCache&) const = default;
};
}  // namespace descriptor

using Descriptor = std::variant<descriptor::Context, descriptor::Iotlb, descriptor::DeviceTlb,
                                descriptor::InterruptEntries, descriptor::Wait,
                                descriptor::PasidIotlb, descriptor::PasidCache>;

/// The functions of a slot that a function mask (0..3) ignores the difference of.
std::uint16_t ignored_functions(std::uint64_t function_mask);

/// The pages of an invalidation, with `mask` at most 52.
IovaRange pages_of(std::uint64_t address, unsigned mask);

/// Reads a descriptor of four words, or of two, the others being 0. What the unit does not have is
/// no type of it; every reserved bit counts.
std::expected<Descriptor, QueueError> parse_descriptor(const std::array<std::uint64_t, 4>& words,
                                                       bool wide, const UnitShape& shape);

}  // namespace tenon::model::iommu
