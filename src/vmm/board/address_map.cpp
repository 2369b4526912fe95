#include "vmm/board/address_map.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tenon::vmm::board {

AddressMap::Change AddressMap::add(Id id, Range range) {
    wanted_.push_back({.id = id, .range = range});
    return settle();
}

AddressMap::Change AddressMap::remove(Id id) {
    std::erase_if(wanted_, [id](const Wanted& one) { return one.id == id; });
    return settle();
}

bool AddressMap::in_effect(Id id) const {
    return std::ranges::any_of(effect_, [id](const auto& one) { return one.second.id == id; });
}

bool AddressMap::is_free(Range range) const {
    const auto above = effect_.lower_bound(range.base);
    if (above != effect_.end() && above->second.range.overlaps(range)) return false;
    return above == effect_.begin() || !std::prev(above)->second.range.overlaps(range);
}

// From nothing, so that no history of the guest's leaves anything behind.
AddressMap::Change AddressMap::settle() {
    const auto before = std::exchange(effect_, {});
    for (const auto& one : wanted_)
        if (is_free(one.range)) effect_.emplace(one.range.base, one);

    const auto missing = [](const Effect& from, const Effect& in) {
        std::vector<Id> ids;
        for (const auto& [base, one] : from) {
            const auto same = in.find(base);
            if (same == in.end() || same->second.id != one.id) ids.push_back(one.id);
        }
        return ids;
    };
    return {.gone = missing(before, effect_), .come = missing(effect_, before)};
}

}  // namespace tenon::vmm::board
