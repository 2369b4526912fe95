#include "model/iommu/guest_memory.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/bytes.hpp"

namespace tenon::model::iommu {

std::optional<std::uint64_t> read_word(const TableMemory& memory, GuestAddress at) {
    std::array<std::byte, 8> bytes{};
    if (!memory.read(at, bytes)) return std::nullopt;
    return load<std::uint64_t>(bytes, 0);
}

DmaRegions::DmaRegions(std::vector<DmaRegion> regions) : regions_{std::move(regions)} {
    std::ranges::sort(regions_, {}, &DmaRegion::base);
}

void DmaRegions::follow(const Extent& extent, Extents& out) const {
    const auto begin = extent.address.value();
    const auto end = begin + extent.size;
    auto region = std::ranges::upper_bound(regions_, extent.address, {}, &DmaRegion::base);
    if (region != regions_.begin()) --region;
    for (; region != regions_.end() && region->base.value() < end; ++region) {
        const auto from = std::max(begin, region->base.value());
        const auto to = std::min(end, region->base.value() + region->size);
        const auto allowed = extent.allowed.both(region->allowed);
        if (from >= to || !allowed.any()) continue;
        out.push_back({.iova = extent.iova.plus(from - begin),
                       .size = to - from,
                       .address = GuestAddress{from},
                       .allowed = allowed});
    }
}

}  // namespace tenon::model::iommu
