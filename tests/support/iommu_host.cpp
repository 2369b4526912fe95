#include "tests/support/iommu_host.hpp"

#include <algorithm>
#include <iterator>

namespace tenon::support {

using namespace model::iommu;

void IommuHost::carry_out(const Effects& effects, const std::function<void()>& after_each) {
    for (const auto& effect : effects) {
        std::visit([&](const auto& what) { apply(what); }, effect);
        if (after_each) after_each();
    }
}

std::optional<Reached> IommuHost::reach(DeviceId device, std::optional<std::uint32_t> pasid,
                                        std::uint64_t iova, std::optional<Reached> identity) const {
    Target target{Blocked{}};
    if (!pasid) {
        const auto found = devices.find(device);
        if (found != devices.end()) target = found->second;
    } else if (const auto found = pasids.find({device, *pasid}); found != pasids.end()) {
        target = found->second;
    }
    if (std::holds_alternative<Identity>(target)) return identity;
    const auto* id = std::get_if<DomainId>(&target);
    if (id == nullptr || !domains.contains(*id)) return std::nullopt;
    const auto& areas = domains.at(*id);
    auto area = areas.upper_bound(iova);
    if (area == areas.begin()) return std::nullopt;
    --area;
    if (area->second.range().last < iova) return std::nullopt;
    return Reached{area->second.address.value() + (iova - area->first), area->second.allowed};
}

void IommuHost::apply(const effect::MakeDomain& what) {
    if (!domains.try_emplace(what.domain).second) wrong.emplace_back("a domain is made twice");
}

void IommuHost::apply(const effect::MakeNested& what) {
    if (domains.contains(what.domain) || !nested.try_emplace(what.domain, what.table).second)
        wrong.emplace_back("a domain is made twice");
}

void IommuHost::apply(const effect::InvalidateNested& what) {
    if (!nested.contains(what.domain))
        wrong.emplace_back("what is forgotten is of no domain that the host walks");
    forgotten.push_back(what);
}

void IommuHost::apply(const effect::DropDomain& what) {
    const Target target{what.domain};
    const auto is_there = [&](const auto& entry) { return entry.second == target; };
    if (std::ranges::any_of(devices, is_there) || std::ranges::any_of(pasids, is_there))
        wrong.emplace_back("a domain is dropped that a device is in");
    if (nested.erase(what.domain) != 0) return;
    if (domains.erase(what.domain) == 0) wrong.emplace_back("a domain is dropped that is not");
}

void IommuHost::apply(const effect::Unmap& what) {
    const auto domain = domains.find(what.domain);
    if (domain == domains.end()) return;
    auto& areas = domain->second;
    auto area = areas.lower_bound(what.range.first);
    if (area == areas.end() || area->first != what.range.first) {
        wrong.emplace_back("what is unmapped does not begin with a mapping");
        return;
    }
    std::uint64_t last = 0;
    while (area != areas.end() && area->first <= what.range.last) {
        last = area->second.range().last;
        area = areas.erase(area);
    }
    if (last != what.range.last) wrong.emplace_back("a mapping is cut");
}

void IommuHost::apply(const effect::Map& what) {
    const auto domain = domains.find(what.domain);
    if (domain == domains.end()) return;
    auto& areas = domain->second;
    const auto range = what.extent.range();
    auto next = areas.upper_bound(range.last);
    if (next != areas.begin() && std::prev(next)->second.range().overlaps(range))
        wrong.emplace_back("a mapping overlaps another");
    if (range.overlaps(interrupt_addresses)) wrong.emplace_back("interrupts are mapped");
    if (!what.extent.allowed.any() || what.extent.size % 0x1000 != 0 || range.first % 0x1000 != 0 ||
        what.extent.address.value() % 0x1000 != 0)
        wrong.emplace_back("a mapping allows nothing or is no page");
    areas.emplace(range.first, what.extent);
}

void IommuHost::apply(const effect::MoveDevice& what) {
    check(what.to);
    devices[what.device] = what.to;
}

void IommuHost::apply(const effect::AttachPasid& what) {
    check(what.to);
    if (std::holds_alternative<Blocked>(what.to))
        wrong.emplace_back("a PASID is attached to nothing");
    pasids[{what.device, what.pasid}] = what.to;
}

void IommuHost::apply(const effect::DetachPasid& what) {
    if (pasids.erase({what.device, what.pasid}) == 0)
        wrong.emplace_back("a PASID is detached that is not attached");
}

void IommuHost::check(const Target& target) {
    const auto* id = std::get_if<DomainId>(&target);
    if (id != nullptr && !domains.contains(*id) && !nested.contains(*id))
        wrong.emplace_back("a device is moved to a domain that is not");
}

}  // namespace tenon::support
