#include "model/iommu/domains.hpp"

#include <algorithm>

namespace tenon::model::iommu {
namespace {

// More ranges than that are compared as one.
constexpr std::size_t most_ranges = 64;

/// By address; what overlaps or lies side by side is one.
std::vector<IovaRange> merged(std::vector<IovaRange> ranges) {
    std::ranges::sort(ranges);
    std::vector<IovaRange> out;
    for (const auto& range : ranges) {
        if (!out.empty() && (range.first <= out.back().last || range.first - 1 == out.back().last))
            out.back().last = std::max(out.back().last, range.last);
        else
            out.push_back(range);
    }
    return out;
}

}  // namespace

void Domains::set_regions(DmaRegions regions) {
    regions_ = std::move(regions);
    invalidate_all();
}

std::optional<DomainId> Domains::join(const DomainTable& table, std::uint16_t number) {
    auto known = by_table_.find(table);
    if (known == by_table_.end()) {
        const DomainId id{++last_id_};
        known = by_table_.emplace(table, id).first;
        domains_.emplace(id, Domain{.table = table, .areas = MappedAreas{limits_.areas}});
        if (const auto* nested = std::get_if<FirstStage>(&table)) {
            effects_.emplace_back(effect::MakeNested{id, *nested});
            domains_.at(id).compared = moment_;  // Nobody has cached anything of it.
        } else {
            effects_.emplace_back(effect::MakeDomain{id});
        }
    }
    const auto id = known->second;
    auto& domain = domains_.at(id);
    ++domain.numbers[number];
    if (domain.compared == moment_ || compare_all(id, domain)) return id;
    leave(id, number);
    if (domains_.contains(id)) overfull_.push_back(id);
    return std::nullopt;
}

void Domains::renumber(DomainId domain, std::uint16_t from, std::uint16_t to) {
    const auto found = domains_.find(domain);
    if (found == domains_.end() || from == to) return;
    ++found->second.numbers[to];
    leave(domain, from);
}

void Domains::leave(DomainId domain, std::uint16_t number) {
    const auto found = domains_.find(domain);
    if (found == domains_.end()) return;
    auto& numbers = found->second.numbers;
    const auto users = numbers.find(number);
    if (users != numbers.end() && --users->second == 0) numbers.erase(users);
    if (!numbers.empty()) return;
    by_table_.erase(found->second.table);
    domains_.erase(found);
    effects_.emplace_back(effect::DropDomain{domain});
}

const DomainTable* Domains::table(DomainId domain) const {
    const auto found = domains_.find(domain);
    return found == domains_.end() ? nullptr : &found->second.table;
}

void Domains::invalidate(const descriptor::Iotlb& what) {
    for (auto& [id, domain] : domains_) {
        if (what.granularity != Granularity::Global && !domain.numbers.contains(what.domain))
            continue;
        if (what.granularity == Granularity::Selective && domain.stale.size() < most_ranges)
            domain.stale.push_back(what.pages);
        else
            domain.all_stale = true;
    }
}

void Domains::invalidate_all() { invalidate(descriptor::Iotlb{}); }

void Domains::settle() {
    for (auto& [id, domain] : domains_)
        if (!compare_stale(id, domain)) overfull_.push_back(id);
}

bool Domains::compare_stale(DomainId id, Domain& domain) {
    if (domain.all_stale) return compare_all(id, domain);
    bool fits = true;
    for (const auto& range : merged(std::exchange(domain.stale, {})))
        fits = fits && compare(id, domain, range);
    return fits;
}

bool Domains::compare_all(DomainId id, Domain& domain) {
    domain.stale.clear();
    domain.all_stale = false;
    domain.compared = moment_;
    return compare(id, domain, everywhere);
}

// What goes is unmapped before anything new is mapped: both may be at one address.
bool Domains::compare(DomainId id, Domain& domain, const IovaRange& range) {
    const auto* table = std::get_if<PageTable>(&domain.table);
    if (table == nullptr) {
        effects_.emplace_back(effect::InvalidateNested{id, range});
        return true;
    }
    const auto walked = walk(memory_, *table, rules_, regions_, range, limits_.walk);
    cost_ += walked.tables;
    if (walked.trouble && walked.trouble != domain.trouble)
        troubles_.emplace_back(id, *walked.trouble);
    if (walked.trouble || range == everywhere) domain.trouble = walked.trouble;
    if (!walked.complete) return false;
    const auto changes = domain.areas.update(range, walked.extents);
    // Whoever is attached leaves, and it is dropped: the host need not be asked for the rest.
    if (domain.areas.count() > limits_.mappings) return false;
    for (const auto& gone : changes.unmap)
        effects_.emplace_back(effect::Unmap{id, gone});
    for (const auto& extent : changes.map)
        effects_.emplace_back(effect::Map{id, extent});
    return true;
}

}  // namespace tenon::model::iommu
