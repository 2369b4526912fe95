#include "model/function/assignability.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "device/driver.hpp"
#include "pci/express.hpp"
#include "pci/header.hpp"

namespace tenon::model::function {
namespace {

std::optional<chosen::Reason> reason_by_port_type(const pci::ConfigImage& config,
                                                  const pci::Capabilities& capabilities) {
    const auto express =
        capabilities.find(chosen::CapabilityList::Standard, pci::capability_id::pci_express);
    if (!express) return std::nullopt;
    const pci::ExpressCapabilities caps{config.read16(express->at + pci::express::capabilities)};
    const auto type = static_cast<pci::PortType>(caps.get<pci::DevicePortType>());
    switch (type) {
        case pci::PortType::Endpoint:
        case pci::PortType::LegacyEndpoint:
        case pci::PortType::RootComplexEndpoint:
            return std::nullopt;
        default:
            return chosen::Reason{
                .what = fmt::format("its PCI Express type is {} ({:#x}): only endpoints can be "
                                    "assigned",
                                    pci::name_of(type), caps.get<pci::DevicePortType>()),
                .remedy = "",
                .commands = {}};
    }
}

constexpr std::string_view no_iommu_but_group =
    "no IOMMU translates its DMA (its group is one of VFIO's unsafe mode)";
constexpr std::string_view no_iommu_no_group =
    "it is in no IOMMU group: no IOMMU translates its DMA";

// What the host's own processors and buses hang on. Whose driver is taken away, or whose DMA a
// guest commands, the host falls. Class and subclass. Source: PCI Code and ID
// Assignment 1.16, 1.7, 1.9.
struct HostPart {
    std::uint32_t class_code;
    std::string_view what;
};
constexpr auto host_parts = std::to_array<HostPart>({
    {0x0600, "a host bridge"},
    {0x0601, "an ISA bridge"},
    {0x0602, "an EISA bridge"},
    {0x0603, "a MicroChannel bridge"},
    {0x0800, "an interrupt controller"},
    {0x0802, "a system timer"},
    {0x0803, "a real-time clock"},
    {0x0806, "an IOMMU"},
    {0x0807, "a Root Complex Event Collector"},
});

// Binds `address`, or says where to. What was only copied from another host knows no nodes of VFIO:
// commands for it would bind a device of whoever reads them.
chosen::Reason with_binding(std::string what, const device::DeviceFacts& facts,
                            const pci::Address& address, const std::string& driver) {
    const bool copied = facts.origin != device::Origin::Live && !facts.nodes;
    if (copied)
        return {.what = std::move(what),
                .remedy = fmt::format("bind {} to vfio-pci on its own host", to_string(address)),
                .commands = {}};
    return {
        .what = std::move(what), .remedy = "", .commands = device::bind_commands(address, driver)};
}

std::string blocking_member(const device::GroupFacts& group, const device::GroupMember& member) {
    return fmt::format(
        "{} of the same IOMMU group {} is bound to {}: a group is assigned as a "
        "whole or not at all",
        to_string(member.address), group.number, member.driver);
}

// Members that may block, for all that is known.
void note_unknown_members(const device::GroupFacts& group, std::vector<std::string>& unknowns) {
    for (const auto& member : group.members)
        if (!member.driver_known && !member.is_bridge)
            unknowns.push_back(fmt::format("the driver of {}, of the same IOMMU group {}",
                                           to_string(member.address), group.number));
}

// Of a dump, what stands in the way on the host that it is of.
void note_host_of_dump(const device::DeviceFacts& facts, std::vector<std::string>& unknowns) {
    if (!facts.driver && !facts.group)
        unknowns.emplace_back("the driver and the IOMMU group on its host");
    else if (!facts.group)
        unknowns.emplace_back("the IOMMU group on its host");
    else if (!facts.driver)
        unknowns.emplace_back("the driver on its host");
    if (facts.group) note_unknown_members(*facts.group, unknowns);
}

}  // namespace

std::vector<std::string> warnings_of_dump(const device::DeviceFacts& facts) {
    std::vector<std::string> warnings;
    if (facts.origin != device::Origin::File || !facts.physical || !facts.group) return warnings;
    for (const auto& member : facts.group->members)
        if (!device::leaves_group_viable(member))
            warnings.push_back("on its host, " + blocking_member(*facts.group, member));
    return warnings;
}

std::optional<chosen::Reason> reason_by_class(std::uint32_t class_code) {
    const auto* const part = std::ranges::find(host_parts, class_code >> 8, &HostPart::class_code);
    if (part == host_parts.end()) return std::nullopt;
    return chosen::Reason{
        .what = fmt::format("it is {} (class {:04x}), a part of the host itself: it stays there",
                            part->what, part->class_code),
        .remedy = "",
        .commands = {}};
}

bool is_lack_of_iommu(const chosen::Reason& reason) {
    return reason.what == no_iommu_but_group || reason.what == no_iommu_no_group;
}

std::vector<chosen::Reason> reasons_by_kind(const pci::ConfigImage& config,
                                            const pci::Capabilities& capabilities) {
    if (config.read32(0) == 0xffffffff && config.read32(8) == 0xffffffff)
        return {{.what = "every register reads as ones: the device is dead, powered off or not "
                         "there",
                 .remedy = "check its power and its slot, then look for it again",
                 .commands = {"echo 1 > /sys/bus/pci/rescan"}}};
    // What a bus without a function answers, or a file that is something else.
    if (config.read32(0) == 0)
        return {{.what = "its Vendor ID and Device ID read as zero: no function answers like that",
                 .remedy = "",
                 .commands = {}}};
    const pci::HeaderType type{config.read8(pci::header::header_type)};
    switch (type.get<pci::HeaderLayout>()) {
        case pci::layout_endpoint:
            break;
        case pci::layout_bridge:
            return {{.what = "it is a PCI bridge (header type 1): the functions behind it can be "
                             "assigned, the bridge stays with the host",
                     .remedy = "",
                     .commands = {}}};
        case pci::layout_cardbus:
            return {
                {.what = "it is a CardBus bridge (header type 2)", .remedy = "", .commands = {}}};
        default:
            return {{.what = fmt::format("its header type {:#04x} is not one that PCI defines",
                                         type.get<pci::HeaderLayout>()),
                     .remedy = "",
                     .commands = {}}};
    }
    if (auto reason = reason_by_port_type(config, capabilities)) return {*std::move(reason)};
    return {};
}

std::vector<chosen::Reason> reasons_by_host(const device::DeviceFacts& facts,
                                            std::vector<std::string>& unknowns) {
    std::vector<chosen::Reason> reasons;
    if (facts.origin == device::Origin::File && facts.physical) {
        note_host_of_dump(facts, unknowns);
        return reasons;
    }
    const auto address = facts.address.value_or({});
    if (!facts.driver) {
        unknowns.push_back("its driver: " + facts.driver.why());
    } else if (!device::is_vfio_driver(*facts.driver)) {
        const bool bound = !facts.driver->empty();
        reasons.push_back(with_binding(
            bound ? fmt::format("it is bound to the host driver {}, not to vfio-pci", *facts.driver)
                  : "it is bound to no driver, so not to vfio-pci",
            facts, address, *facts.driver));
    }
    if (facts.has_iommu && !*facts.has_iommu)
        reasons.push_back(
            {.what = std::string{facts.group ? no_iommu_but_group : no_iommu_no_group},
             .remedy = std::string{switch_iommu_on},
             .commands = {}});
    if (!facts.group) {
        if (!facts.has_iommu) unknowns.push_back("its IOMMU group: " + facts.group.why());
        return reasons;
    }
    for (const auto& member : facts.group->members) {
        if (device::leaves_group_viable(member)) continue;
        reasons.push_back(with_binding(blocking_member(*facts.group, member), facts, member.address,
                                       member.driver));
    }
    note_unknown_members(*facts.group, unknowns);
    return reasons;
}

}  // namespace tenon::model::function
