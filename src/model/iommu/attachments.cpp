#include "model/iommu/attachments.hpp"

#include <algorithm>
#include <iterator>

namespace tenon::model::iommu {
namespace {

std::optional<DomainTable> table_of(const Route& route) {
    if (const auto* second = std::get_if<PageTable>(&route)) return *second;
    if (const auto* first = std::get_if<FirstStage>(&route)) return *first;
    return std::nullopt;
}

}  // namespace

void Attachments::translate(std::optional<RootPointer> root) {
    domains_.begin();
    root_ = root;
    const bool scalable = root && root->mode == TranslationMode::Scalable;
    domains_.set_rules(table_rules(shape_, scalable));
    domains_.invalidate_all();
    for (auto& [id, device] : devices_)
        evaluate(id, device);
    settle();
}

void Attachments::add(DeviceId device, SourceId source) {
    domains_.begin();
    const auto [place, is_new] = devices_.try_emplace(device, Device{.source = source});
    if (is_new) evaluate(device, place->second);
    evict_overfull();
}

void Attachments::renumber(DeviceId device, SourceId source) {
    const auto found = devices_.find(device);
    if (found == devices_.end() || found->second.source == source) return;
    domains_.begin();
    found->second.source = source;
    evaluate(device, found->second);
    evict_overfull();
}

void Attachments::remove(DeviceId device) {
    const auto found = devices_.find(device);
    if (found == devices_.end()) return;
    detach_pasids(device, found->second);
    auto& requests = found->second.requests;
    if (requests.target && std::holds_alternative<DomainId>(*requests.target))
        put(device, requests, {}, Blocked{});
    devices_.erase(found);
}

void Attachments::set_regions(DmaRegions regions) {
    domains_.set_regions(std::move(regions));
    settle();
}

// Software may name a domain that an entry has only now: all that a wider invalidation may mean is
// read again.
void Attachments::invalidate(const descriptor::Context& what) {
    domains_.begin();
    for (auto& [id, device] : devices_) {
        const bool selected = what.granularity != Granularity::Selective ||
                              ((device.source ^ what.source) & ~what.ignored & 0xffff) == 0;
        if (selected) evaluate(id, device);
    }
    evict_overfull();
}

void Attachments::invalidate(const descriptor::PasidCache& what) {
    domains_.begin();
    for (auto& [id, device] : devices_) {
        if (what.granularity != Granularity::Selective || what.pasid == device.own_pasid)
            evaluate(id, device);
        else
            evaluate_pasid(id, device, what.pasid);
    }
    evict_overfull();
}

// Of a number all domains, whichever PASID is meant: more than is asked for costs little.
void Attachments::invalidate(const descriptor::PasidIotlb& what) {
    domains_.invalidate(descriptor::Iotlb{
        .granularity = what.granularity, .domain = what.domain, .pages = what.pages});
}

void Attachments::settle() {
    domains_.begin();
    domains_.settle();
    evict_overfull();
    tell_troubles();
}

void Attachments::refused(DomainId domain) { evict(domain); }

void Attachments::refused(DeviceId device) {
    const auto found = devices_.find(device);
    if (found == devices_.end()) return;
    detach_pasids(device, found->second);
    const auto before = std::exchange(found->second.requests, {.target = Blocked{}});
    // Also if that is what was asked for: it is where it was before.
    effects_.emplace_back(effect::MoveDevice{device, Blocked{}});
    leave(before);
}

void Attachments::refused(DeviceId device, std::uint32_t pasid) {
    const auto found = devices_.find(device);
    if (found == devices_.end()) return;
    const auto place = found->second.pasids.find(pasid);
    if (place != found->second.pasids.end()) put(device, place->second, pasid, Blocked{});
}

std::optional<Target> Attachments::target(DeviceId device) const {
    const auto found = devices_.find(device);
    return found == devices_.end() ? std::nullopt : found->second.requests.target;
}

Effects Attachments::take_effects() {
    take_domain_effects();
    return std::exchange(effects_, {});
}

void Attachments::take_domain_effects() {
    auto more = domains_.take_effects();
    std::ranges::move(more, std::back_inserter(effects_));
}

void Attachments::evaluate(DeviceId id, Device& device) {
    DeviceTables tables{.requests = {.to = Identity{}}};
    if (root_) tables = read_device(memory_, shape_, *root_, device.source);
    device.directory = tables.pasids;
    device.own_pasid = tables.own_pasid;
    tell(device.told, tables.requests, {.source = device.source});
    attach(id, device.requests, {}, tables.requests);
    evaluate_pasids(id, device);
}

void Attachments::evaluate_pasids(DeviceId id, Device& device) {
    if (!device.directory) {
        detach_pasids(id, device);
        return;
    }
    const auto listed =
        list_pasids(memory_, shape_, *device.directory, device.own_pasid, limits_.pasids);
    cost_ += listed.tables;
    std::vector<std::uint32_t> gone;
    for (const auto& [pasid, place] : device.pasids)
        if (!std::ranges::binary_search(listed.pasids, pasid)) gone.push_back(pasid);
    for (const auto pasid : gone) {
        put(id, device.pasids.at(pasid), pasid, Blocked{});
        device.pasids.erase(pasid);
        device.told_of_pasids.erase(pasid);
    }
    for (const auto pasid : listed.pasids)
        evaluate_pasid(id, device, pasid);
}

void Attachments::evaluate_pasid(DeviceId id, Device& device, std::uint32_t pasid) {
    if (!device.directory || pasid == device.own_pasid || pasid >> shape_.pasid_width() != 0)
        return;
    const auto binding = read_pasid(memory_, shape_, *device.directory, pasid);
    if (binding.trouble && is_absence(*binding.trouble)) {
        const auto known = device.pasids.find(pasid);
        if (known != device.pasids.end()) put(id, known->second, pasid, Blocked{});
        device.pasids.erase(pasid);
        device.told_of_pasids.erase(pasid);
        return;
    }
    const auto told = device.told_of_pasids.find(pasid);
    std::optional<FaultReason> before;
    if (told != device.told_of_pasids.end()) before = told->second;
    tell(before, binding, {.source = device.source, .pasid = pasid});
    if (before)
        device.told_of_pasids[pasid] = *before;
    else
        device.told_of_pasids.erase(pasid);
    if (device.pasids.size() >= limits_.pasids && !device.pasids.contains(pasid)) return;
    attach(id, device.pasids[pasid], pasid, binding);
}

// Joins the new domain before it leaves the old one: one that stays is not made anew.
void Attachments::attach(DeviceId id, Attachment& place, std::optional<std::uint32_t> pasid,
                         const Binding& binding) {
    const auto table = table_of(binding.to);
    place.silent = binding.silent;
    if (!table) {
        put(id, place, pasid,
            std::holds_alternative<Identity>(binding.to) ? Target{Identity{}} : Target{Blocked{}});
        return;
    }
    const auto* current = place.target ? std::get_if<DomainId>(&*place.target) : nullptr;
    const auto* stays = current != nullptr ? domains_.table(*current) : nullptr;
    if (stays != nullptr && *stays == *table) {
        domains_.renumber(*current, std::exchange(place.number, binding.domain), binding.domain);
        return;
    }
    const auto joined = domains_.join(*table, binding.domain);
    take_domain_effects();
    put(id, place, pasid, joined ? Target{*joined} : Target{Blocked{}});
    place.number = binding.domain;
}

void Attachments::put(DeviceId id, Attachment& place, std::optional<std::uint32_t> pasid,
                      Target target) {
    const bool blocked = std::holds_alternative<Blocked>(target);
    const auto before = std::exchange(place, {.target = target, .silent = place.silent});
    if (before.target != target) {
        if (!pasid)
            effects_.emplace_back(effect::MoveDevice{id, target});
        else if (!blocked)
            effects_.emplace_back(effect::AttachPasid{id, *pasid, target});
        else if (before.target)
            effects_.emplace_back(effect::DetachPasid{id, *pasid});
    }
    leave(before);
}

void Attachments::leave(const Attachment& place) {
    if (!place.target) return;
    if (const auto* domain = std::get_if<DomainId>(&*place.target))
        domains_.leave(*domain, place.number);
    take_domain_effects();
}

void Attachments::detach_pasids(DeviceId id, Device& device) {
    for (auto& [pasid, place] : device.pasids)
        put(id, place, pasid, Blocked{});
    device.pasids.clear();
    device.told_of_pasids.clear();
}

void Attachments::evict_overfull() {
    take_domain_effects();
    for (const auto domain : domains_.take_overfull())
        evict(domain);
}

void Attachments::evict(DomainId domain) {
    const Target target{domain};
    for (auto& [id, device] : devices_) {
        if (device.requests.target == target) put(id, device.requests, {}, Blocked{});
        for (auto& [pasid, place] : device.pasids)
            if (place.target == target) put(id, place, pasid, Blocked{});
    }
}

// Told once for each thing that is wrong, and again if it was mended meanwhile. What is only absent
// is no mistake before the device asks, which the host alone sees.
void Attachments::tell(std::optional<FaultReason>& told, const Binding& binding,
                       const Fault& fault) {
    auto now = binding.trouble;
    if (now && is_absence(*now)) now.reset();
    if (now == told) return;
    told = now;
    if (!now || binding.silent) return;
    faults_.push_back(fault);
    faults_.back().reason = *now;
}

void Attachments::tell_troubles() {
    for (const auto& [domain, reason] : domains_.take_troubles()) {
        const Target target{domain};
        for (const auto& [id, device] : devices_) {
            if (device.requests.target != target || device.requests.silent) continue;
            faults_.push_back({.source = device.source, .reason = reason});
            break;
        }
    }
}

}  // namespace tenon::model::iommu
