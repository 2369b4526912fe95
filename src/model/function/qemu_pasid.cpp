#include "model/function/qemu_pasid.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "model/function/pasid.hpp"
#include "model/function/pasid_view.hpp"
#include "pci/pasid.hpp"

namespace tenon::model::function {
namespace {

constexpr std::uint16_t last_bytes = pci::express_size - pci::pasid::size;
constexpr std::string_view source =
    "QEMU, hw/vfio/pci.c, vfio_pci_synthesize_pasid_cap(); hw/pci/pcie.c, pcie_insert_capability()";

// What keeps QEMU from making one; empty: nothing.
std::string obstacle(const device::DeviceFacts& facts, const chosen::FunctionProperties& properties,
                     bool begins) {
    if (properties.viommu_pasid_width == 0)
        return "the guest has no IOMMU that takes PASIDs (--viommu pasid; in QEMU intel-iommu with "
               "scalable-mode, fsts and pasid-bits)";
    if (properties.interface == device::Interface::Group)
        return "without iommufd QEMU knows nothing of PASIDs";
    if (!facts.iommu.pasid)
        return "what the host's IOMMU does is not known: " + facts.iommu.pasid.why();
    if (facts.iommu.pasid->width == 0) return "the host's IOMMU takes no PASIDs of this function";
    if (!begins) return "the function has no extended list";
    return "";
}

// Why QEMU cannot put one there; empty: it can. It looks at headers alone.
std::string no_place(const std::vector<chosen::Decision>& decisions, std::uint16_t at) {
    if (at < pci::first_extended || at > last_bytes || at % 4 != 0)
        return "a place is a multiple of 4 from 0x100 to 0xff8";
    bool any = false;
    for (const auto& decision : decisions) {
        if (!decision.guest_offset) continue;
        any = true;
        if (at >= *decision.guest_offset && at < *decision.guest_offset + 4)
            return fmt::format("{} begins there", decision.name);
    }
    return any || at == pci::first_extended ? "" : "the list is empty, and has to begin at 0x100";
}

// "Vendor Specific at 0xff0", "bytes that nobody names and are not zero"; empty: zeros of nobody.
std::string under(const pci::Ownership& owners, std::uint16_t at) {
    std::string found;
    for (std::size_t n = at; n < at + pci::pasid::size; ++n) {
        const auto& owner = owners.bytes[n];
        if (owner.kind == pci::OwnerKind::Capability ||
            owner.kind == pci::OwnerKind::HiddenCapability) {
            const auto& one = owners.capabilities[owner.capability];
            return fmt::format("{} at {:#05x}", pci::kind_of(one.list, one.id).name, one.at);
        }
        if (owner.kind == pci::OwnerKind::NotRead) return "bytes that were not read";
        if (owner.kind == pci::OwnerKind::NonZero)
            found = "bytes that nobody names and that are not zero";
    }
    return found;
}

// Behind the last one that points past the place; else at the end.
std::size_t place_in_list(const std::vector<chosen::Decision>& decisions, std::uint16_t at) {
    auto place = decisions.size();
    std::optional<std::size_t> previous;
    for (std::size_t n = 0; n < decisions.size(); ++n) {
        if (!decisions[n].guest_offset) continue;
        if (previous && *decisions[n].guest_offset > at) place = *previous + 1;
        previous = n;
    }
    return place;
}

}  // namespace

void view_pasid_as_qemu(const device::DeviceFacts& facts, const pci::ConfigImage& config,
                        const HostChain& chain, const chosen::FunctionProperties& properties,
                        bool begins, FunctionView& view, std::vector<chosen::Decision>& decisions) {
    const auto& host = facts.iommu.pasid;
    const auto at = properties.pasid_offset.value.value_or(last_bytes);
    chosen::PropertyReport report{
        .name = "pasid",
        .value = "auto",
        .origin = chosen::PropertyOrigin::Compatibility,
        .version = std::string{properties.version},
        .host = host ? fmt::format("{} bits", host->width) : "unknown: " + host.why()};
    const auto shown = std::ranges::find_if(decisions, [](const chosen::Decision& decision) {
        return decision.id == pci::extended_id::pasid && decision.guest_offset;
    });
    const auto why_not = obstacle(facts, properties, begins);
    if (shown != decisions.end()) {
        report.effect = "the device's own, as the host's kernel shows it";
    } else if (!why_not.empty()) {
        report.effect = "not shown: " + why_not;
    } else if (const auto taken = no_place(decisions, at); !taken.empty()) {
        report.effect = fmt::format("not shown: it cannot be at {:#05x}: {}", at, taken);
        view.warnings.push_back(fmt::format(
            "QEMU cannot put PASID at {:#05x}, says so, and starts without it: {}. pasid-offset= "
            "(x-vpasid-cap-offset) names another place",
            at, taken));
    } else {
        view.pasid = {.at = at,
                      .width = std::min(host->width, pci::pasid::most_width),
                      .execute = host->execute,
                      .privileged = host->privileged,
                      .why = "where QEMU puts it, whatever is there"};
        const auto below = under(owners_of(facts, config, chain), at);
        view.warnings.push_back(fmt::format(
            "what the guest writes to PASID at {:#05x} reaches the device's own bytes there as "
            "well{}",
            at, below.empty() ? "; they are nobody's and zero" : ": " + below));
        // The kernel lets through what no capability that it shows owns.
        emulate_pasid(view.map, *view.pasid);
        view.map.emulate<std::uint16_t>(at + pci::pasid::control, 0);
        view.map.also_pass<std::uint32_t>(at, ~0u);
        view.map.also_pass<std::uint32_t>(at + 4u, ~0u);
        report.effect =
            fmt::format("shown at {:#05x}, {} bits as the host has them", at, view.pasid->width);
        report.change = "pasid-offset= (x-vpasid-cap-offset) names another place";
        const auto& kind = pci::kind_of(chosen::CapabilityList::Extended, pci::extended_id::pasid);
        decisions.insert(
            decisions.begin() + static_cast<std::ptrdiff_t>(place_in_list(decisions, at)),
            {.list = chosen::CapabilityList::Extended,
             .id = pci::extended_id::pasid,
             .name = std::string{kind.name},
             .guest_offset = at,
             .size = pci::pasid::size,
             .action = chosen::Action::Synthesize,
             .why = "made by QEMU, " + view.pasid->why,
             .source = std::string{source}});
    }
    view.properties.push_back(std::move(report));
}

}  // namespace tenon::model::function
