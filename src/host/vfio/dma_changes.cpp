#include "host/vfio/dma_changes.hpp"

#include <algorithm>
#include <iterator>

namespace tenon::host::vfio {
namespace {

bool is_same(const DmaEntry& one, const DmaEntry& other) {
    return one.bytes.data() == other.bytes.data() && one.bytes.size() == other.bytes.size() &&
           one.rights == other.rights;
}

bool has(const DmaMaps& maps, Iova at, const DmaEntry& entry) {
    const auto found = maps.find(at);
    return found != maps.end() && is_same(found->second, entry);
}

}  // namespace

DmaChanges changes_between(const DmaMaps& now, const DmaMaps& wanted) {
    DmaChanges changes;
    bool goes_on = false;  // Nothing that stays lies behind the last range.
    for (const auto& [at, entry] : now) {
        if (has(wanted, at, entry)) {
            goes_on = false;
            continue;
        }
        if (!goes_on) changes.unmap.push_back({.at = at});
        goes_on = true;
        auto& range = changes.unmap.back();
        range.size = at.value() - range.at.value() + entry.bytes.size();
        range.mapped += entry.bytes.size();
    }
    for (const auto& [at, entry] : wanted)
        if (!has(now, at, entry)) changes.map.emplace(at, entry);
    return changes;
}

std::optional<DmaRange> whole_mappings(const DmaMaps& maps, Iova at, std::uint64_t size) {
    DmaRange range{.at = at};
    for (auto next = maps.find(at); next != maps.end() && range.size < size; ++next) {
        if (next->first.value() != at.value() + range.size) break;
        range.size += next->second.bytes.size();
    }
    if (range.size != size || size == 0) return std::nullopt;
    range.mapped = size;
    return range;
}

std::vector<std::span<std::byte>> find_memory(const DmaMaps& maps, Iova from, std::uint64_t size) {
    std::vector<std::span<std::byte>> pieces;
    auto source = maps.upper_bound(from);
    if (source != maps.begin()) --source;
    auto next = from.value();
    while (size != 0) {
        if (source == maps.end() || source->first.value() > next) return {};
        const auto inside = next - source->first.value();
        const auto& bytes = source->second.bytes;
        if (inside >= bytes.size()) return {};
        const auto piece = bytes.subspan(inside, std::min(size, bytes.size() - inside));
        if (!pieces.empty() && pieces.back().data() + pieces.back().size() == piece.data())
            pieces.back() = {pieces.back().data(), pieces.back().size() + piece.size()};
        else
            pieces.push_back(piece);
        next += piece.size();
        size -= piece.size();
        ++source;
    }
    return pieces;
}

}  // namespace tenon::host::vfio
