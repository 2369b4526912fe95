#include "model/iommu/mapped_areas.hpp"

#include <algorithm>
#include <iterator>

namespace tenon::model::iommu {
namespace {

using Found = Extents::const_iterator;

constexpr std::uint64_t page_size = 0x1000;
constexpr std::uint64_t most_joined = 2 << 20;

/// Whether `found`, from `at` on, says of all of `area`'s addresses what `area` says.
bool says_the_same(Found at, Found end, const Extent& area) {
    auto next = area.iova.value();
    const auto stop = next + area.size;
    for (; at != end && next < stop; ++at) {
        if (at->iova.value() > next || at->allowed != area.allowed) return false;
        const auto inside = next - at->iova.value();
        if (at->address.value() + inside != area.address.value() + (next - area.iova.value()))
            return false;
        next = at->iova.value() + at->size;
    }
    return next >= stop;
}

/// The first of `found` that ends after `address`.
Found first_past(const Extents& found, std::uint64_t address) {
    return std::ranges::partition_point(
        found, [=](const Extent& one) { return one.range().last < address; });
}

/// Adds the parts of `extent` that are in none of `kept`, which are by address.
void add_beside(const Extent& extent, const std::vector<IovaRange>& kept, Extents& out) {
    auto next = extent.iova.value();
    const auto last = extent.range().last;
    auto range =
        std::ranges::partition_point(kept, [=](const IovaRange& one) { return one.last < next; });
    for (; range != kept.end() && range->first <= last; ++range) {
        if (range->first > next) out.push_back(extent.clipped({next, range->first - 1}));
        if (range->last >= last) return;
        next = range->last + 1;
    }
    out.push_back(extent.clipped({next, last}));
}

/// Whether a part of `area`, of several pages, is in `found` or outside of `range`.
bool is_cut(const Extent& area, const IovaRange& range, const Extents& found) {
    if (area.size <= page_size) return false;
    const auto [first, last] = area.range();
    if (first < range.first || last > range.last) return true;
    const auto next = first_past(found, first);
    return next != found.end() && next->iova.value() <= last;
}

Extents joined_pages(const Extents& extents) {
    Extents out;
    bool of_pages = false;  // The last one.
    for (const auto& next : extents) {
        const bool page = next.size == page_size;
        if (page && of_pages && out.back().continues_in(next) && out.back().size < most_joined)
            out.back().size += next.size;
        else
            out.push_back(next);
        of_pages = page;
    }
    return out;
}

void add_range(const IovaRange& range, std::vector<IovaRange>& out) {
    if (!out.empty() && out.back().last + 1 == range.first)
        out.back().last = range.last;
    else
        out.push_back(range);
}

}  // namespace

AreaChanges MappedAreas::update(const IovaRange& range, const Extents& found) {
    AreaChanges changes;
    std::vector<IovaRange> kept;
    Extents rest;  // Of areas that go, what is outside of the range: it is as it was.
    bool cut = false;
    auto area = areas_.upper_bound(range.first);
    if (area != areas_.begin() && std::prev(area)->second.range().last >= range.first) --area;
    while (area != areas_.end() && area->first <= range.last) {
        const auto whole = area->second;
        const auto inside = whole.clipped(range);
        if (says_the_same(first_past(found, inside.iova.value()), found.end(), inside)) {
            kept.push_back(inside.range());
            ++area;
            continue;
        }
        add_range(whole.range(), changes.unmap);
        cut = cut || is_cut(whole, range, found);
        const auto [first, last] = whole.range();
        if (first < range.first) rest.push_back(whole.clipped({first, range.first - 1}));
        if (last > range.last) rest.push_back(whole.clipped({range.last + 1, last}));
        area = areas_.erase(area);
    }
    for (const auto& extent : found)
        add_beside(extent, kept, changes.map);
    if (cut && size_ == AreaSize::Pages) size_ = AreaSize::Entry;
    if (size_ == AreaSize::Invalidation)
        changes.map = coalesced(changes.map);
    else if (size_ == AreaSize::Pages && range != everywhere)
        changes.map = joined_pages(changes.map);
    changes.map.insert(changes.map.end(), rest.begin(), rest.end());
    std::ranges::sort(changes.map, {}, &Extent::iova);
    for (const auto& extent : changes.map)
        areas_.emplace(extent.iova.value(), extent);
    return changes;
}

Extents MappedAreas::areas() const {
    Extents all;
    all.reserve(areas_.size());
    for (const auto& [first, extent] : areas_)
        all.push_back(extent);
    return all;
}

}  // namespace tenon::model::iommu
