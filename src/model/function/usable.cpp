#include "model/function/usable.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "pci/capability.hpp"

namespace tenon::model::function {
namespace {

// How decide_pasid() would have it shown: by an IOMMU that is not there.
constexpr std::string_view no_taker = "--viommu pasid";
constexpr std::string_view no_iommu = "of no use: the guest has no IOMMU";

bool is_ours(GuestIommu iommu) {
    return iommu == GuestIommu::Legacy || iommu == GuestIommu::Scalable ||
           iommu == GuestIommu::Nested;
}

std::string use_of_ats(GuestIommu iommu, const Known<bool>& host) {
    if (iommu == GuestIommu::None) return std::string{no_iommu};
    if (host && !*host) return "of no use: the host's kernel keeps it off";
    if (iommu == GuestIommu::OfOthers)
        return "usable where the guest's IOMMU, which others build, takes it";
    std::string use =
        "usable through the guest's IOMMU (vtd): the host's answers the device by what the guest "
        "maps, and empties its cache when that goes";
    if (!host) use += ", if the host has ATS on";
    return use;
}

std::string_view why_no_pasids(GuestIommu unit) {
    if (unit == GuestIommu::Legacy)
        return "the guest's IOMMU (vtd) has legacy tables, which name no PASIDs";
    return "the guest's IOMMU (vtd) takes none: viommu-pasid says why";
}

std::string use_of_pasid(GuestIommu iommu) {
    switch (iommu) {
        case GuestIommu::None:
            return std::string{no_iommu};
        case GuestIommu::OfOthers:
            return "usable where the guest's IOMMU, which others build, takes PASIDs";
        case GuestIommu::Scalable:
            return "usable through the guest's IOMMU (vtd): requests with a PASID reach what the "
                   "guest's tables of that PASID map";
        case GuestIommu::Nested:
            return "usable through the guest's IOMMU (vtd): the host's walks the guest's tables of "
                   "a PASID, a process's too (SVA), whose pages must be there";
        case GuestIommu::Legacy:
            break;
    }
    return "of no use: " + std::string{why_no_pasids(iommu)};
}

chosen::PropertyReport* find(FunctionView& view, std::string_view name) {
    const auto found = std::ranges::find(view.properties, name, &chosen::PropertyReport::name);
    return found == view.properties.end() ? nullptr : &*found;
}

void add(chosen::PropertyReport* report, const std::string& use) {
    if (report == nullptr) return;
    report->effect += (report->effect == "shown" ? ", " : "; ") + use;
}

}  // namespace

bool sees_extended(const FunctionView& view, std::uint16_t id) {
    return std::ranges::any_of(view.capabilities, [id](const chosen::Decision& decision) {
        return decision.list == chosen::CapabilityList::Extended && decision.id == id &&
               decision.guest_offset;
    });
}

void say_what_is_usable(GuestIommu iommu, const Known<bool>& host_ats, FunctionView& view) {
    if (sees_extended(view, pci::extended_id::ats))
        add(find(view, "ats"), use_of_ats(iommu, host_ats));
    auto* const pasid = find(view, "pasid");
    if (sees_extended(view, pci::extended_id::pasid)) {
        add(pasid, use_of_pasid(iommu));
    } else if (is_ours(iommu) && pasid != nullptr && pasid->change == no_taker) {
        pasid->effect = fmt::format("not shown: {}", why_no_pasids(iommu));
        pasid->change = "";
    }
}

}  // namespace tenon::model::function
