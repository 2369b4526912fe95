#include "model/function/assignability.hpp"

#include <fmt/core.h>

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

}  // namespace

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
    if (facts.origin == device::Origin::File) {
        unknowns.emplace_back("the driver and the IOMMU group on its host");
        return reasons;
    }
    const auto address = facts.address.value_or({});
    if (!facts.driver) {
        unknowns.push_back("its driver: " + facts.driver.why());
    } else if (!device::is_vfio_driver(*facts.driver)) {
        const bool bound = !facts.driver->empty();
        reasons.push_back({.what = bound ? fmt::format("it is bound to the host driver {}, not to "
                                                       "vfio-pci",
                                                       *facts.driver)
                                         : "it is bound to no driver, so not to vfio-pci",
                           .remedy = "",
                           .commands = device::bind_commands(address, *facts.driver)});
    }
    if (facts.has_iommu && !*facts.has_iommu) {
        reasons.push_back(
            {.what = facts.group ? "no IOMMU translates its DMA (its group is one of VFIO's unsafe "
                                   "mode)"
                                 : "it is in no IOMMU group: no IOMMU translates its DMA",
             .remedy = "switch the IOMMU on in the firmware and on the kernel's command line "
                       "(intel_iommu=on, or amd_iommu=on), then reboot",
             .commands = {}});
    }
    if (!facts.group) {
        if (!facts.has_iommu) unknowns.push_back("its IOMMU group: " + facts.group.why());
        return reasons;
    }
    for (const auto& member : facts.group->members) {
        if (device::leaves_group_viable(member)) continue;
        reasons.push_back(
            {.what = fmt::format("{} of the same IOMMU group {} is bound to {}: a "
                                 "group is assigned as a whole or not at all",
                                 to_string(member.address), facts.group->number, member.driver),
             .remedy = "",
             .commands = device::bind_commands(member.address, member.driver)});
    }
    return reasons;
}

}  // namespace tenon::model::function
