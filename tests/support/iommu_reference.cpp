#include "tests/support/iommu_reference.hpp"

namespace tenon::support {
namespace {

constexpr std::uint64_t page = 0xffff'ffff'ffff'f000;

bool fits(const ReferenceUnit& unit, std::uint64_t address) {
    return (address & page) >> unit.memory_bits == 0;
}

// Source: VT-d 4.1, 3.7, 9.8.
std::optional<Reached> second_stage(const GuestTables& tables, const ReferenceUnit& unit,
                                    std::uint64_t root, unsigned width, std::uint64_t iova,
                                    bool scalable) {
    if (iova >> 20 == 0xfee || iova >> width != 0 || iova >> unit.address_bits != 0)
        return std::nullopt;
    unsigned level = width == 39 ? 3 : 4;
    bool read = true;
    bool write = true;
    for (;; --level) {
        const unsigned shift = 12 + 9 * (level - 1);
        const auto at = root + (iova >> shift) % 512 * 8ull;
        if (!tables.exists(at)) return std::nullopt;
        const auto entry = tables.get(at);
        read = read && (entry & 1) != 0;
        write = write && (entry & 2) != 0;
        if (!read && !write) return std::nullopt;
        const bool leaf = level == 1 || (entry & 0x80) != 0;
        if (level == 4 && leaf) return std::nullopt;
        const auto leads = entry & 0x000f'ffff'ffff'f000;
        if (!fits(unit, leads) || (entry >> 62 & 1) != 0) return std::nullopt;
        if (!scalable && (entry & 0x800) != 0) return std::nullopt;
        if (!leaf) {
            root = leads;
            continue;
        }
        if (leads % (1ull << shift) != 0) return std::nullopt;
        auto reached = reference_memory(unit, leads + iova % (1ull << shift));
        if (!reached) return std::nullopt;
        reached->allowed.read = reached->allowed.read && read;
        reached->allowed.write = reached->allowed.write && write;
        if (!reached->allowed.any()) return std::nullopt;
        return reached;
    }
}

// Source: VT-d 4.1, 9.1, 9.3.
std::optional<Reached> legacy(const GuestTables& tables, const ReferenceUnit& unit,
                              std::uint16_t source, std::uint64_t iova) {
    const auto root_at = (unit.root_table & page) + source / 256 * 16ull;
    const auto root = tables.get(root_at);
    if ((root & 0xfff) != 1 || tables.get(root_at + 8) != 0 || !fits(unit, root))
        return std::nullopt;
    const auto at = (root & page) + source % 256 * 16ull;
    const auto low = tables.get(at);
    const auto high = tables.get(at + 8);
    if ((low & 1) == 0 || (low & 0xff0) != 0 || !fits(unit, low) || (high & 0x80) != 0 ||
        high >> 24 != 0)
        return std::nullopt;
    const auto width = (high & 7) == 1 ? 39u : 48u;
    if ((high & 7) != 1 && (high & 7) != 2) return std::nullopt;
    if ((low >> 2 & 3) == 2) return reference_memory(unit, iova);
    if ((low >> 2 & 3) != 0) return std::nullopt;
    return second_stage(tables, unit, low & page, width, iova, false);
}

// Source: VT-d 4.1, 9.2, 9.4 to 9.6.
std::optional<Reached> scalable(const GuestTables& tables, const ReferenceUnit& unit,
                                std::uint16_t source, std::optional<std::uint32_t> pasid,
                                std::uint64_t iova) {
    const auto root =
        tables.get((unit.root_table & page) + source / 256 * 16ull + (source % 256 < 128 ? 0 : 8));
    if ((root & 0xfff) != 1 || !fits(unit, root)) return std::nullopt;
    const auto context = (root & page) + source % 128 * 32ull;
    const auto low = tables.get(context);
    const auto own = tables.get(context + 8);
    if ((low & 1) == 0 || (low & 0x1f4) != 0 || !fits(unit, low) || own >> 20 != 0 ||
        tables.get(context + 16) != 0 || tables.get(context + 24) != 0)
        return std::nullopt;
    if (pasid && (low & 8) == 0) return std::nullopt;
    // A device that asks with the number of the entry for requests without one: never attached.
    if (pasid == own) return std::nullopt;
    const std::uint64_t number = pasid ? *pasid : own;
    if (number >> ((low >> 9 & 7) + 13) != 0) return std::nullopt;
    const auto directory = tables.get((low & page) + number / 64 * 8ull);
    if ((directory & 0xffd) != 1 || !fits(unit, directory)) return std::nullopt;
    const auto entry = (directory & page) + number % 64 * 64ull;
    const auto first = tables.get(entry);
    if ((first & 0xe21) != 1 || (tables.get(entry + 8) & 0x7f'0000) != 0 ||
        (tables.get(entry + 16) & 0xf00) != 0)
        return std::nullopt;
    for (std::uint64_t rest = 24; rest < 64; rest += 8)
        if (tables.get(entry + rest) != 0) return std::nullopt;
    if ((first >> 6 & 7) == 4) return reference_memory(unit, iova);
    if ((first >> 6 & 7) != 2 || !fits(unit, first)) return std::nullopt;
    if ((first >> 2 & 7) != 1 && (first >> 2 & 7) != 2) return std::nullopt;
    return second_stage(tables, unit, first & page, (first >> 2 & 7) == 1 ? 39 : 48, iova, true);
}

}  // namespace

std::optional<Reached> reference_memory(const ReferenceUnit& unit, std::uint64_t address) {
    for (const auto& region : unit.regions)
        if (address >= region.base.value() && address < region.base.value() + region.size)
            return Reached{address, region.allowed};
    return std::nullopt;
}

std::optional<Reached> reference_reach(const GuestTables& tables, const ReferenceUnit& unit,
                                       std::uint16_t source, std::optional<std::uint32_t> pasid,
                                       std::uint64_t iova) {
    if (!unit.translation) return pasid ? std::nullopt : reference_memory(unit, iova);
    const auto mode = unit.root_table >> 10 & 3;
    if (mode == 1) return scalable(tables, unit, source, pasid, iova);
    if (mode == 0 && !pasid) return legacy(tables, unit, source, iova);
    return std::nullopt;
}

}  // namespace tenon::support
