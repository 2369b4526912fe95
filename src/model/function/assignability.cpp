#include "model/function/assignability.hpp"

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/shell.hpp"
#include "device/driver.hpp"
#include "device/host_parts.hpp"
#include "device/uses.hpp"
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

// What was only copied from another host knows no nodes of VFIO: commands for it would bind a
// device of whoever reads them.
bool is_copied(const device::DeviceFacts& facts) {
    return facts.origin != device::Origin::Live && !facts.nodes;
}

std::string bind_elsewhere(const pci::Address& address) {
    return fmt::format("bind {} to vfio-pci on its own host", to_string(address));
}

// A bus that is looked over again passes by a function that the kernel has still. Waking hurts
// nobody; taking it out ends what the host does with it.
chosen::Reason reason_of_ones(const device::DeviceFacts& facts) {
    chosen::Reason reason{
        .what =
            "every register reads as ones: the device is dead, asleep, powered off or not there",
        .remedy =
            "check its power and its slot; the first command wakes it, the others take it out "
            "of the kernel and look for it again",
        .commands = {}};
    if (is_copied(facts) || !facts.address) {
        reason.remedy = "check its power and its slot on its host";
        return reason;
    }
    const auto file = [&](std::string_view name) {
        return shell_word(
            fmt::format("/sys/bus/pci/devices/{}/{}", to_string(*facts.address), name));
    };
    reason.commands = {fmt::format("echo on > {}", file("power/control"))};
    if (facts.uses && !facts.uses->empty()) {
        reason.remedy = fmt::format(
            "check its power and its slot; the command wakes it; as for taking it out, {}",
            device::why_not_to_take(*facts.address, *facts.uses));
        return reason;
    }
    reason.commands.push_back(fmt::format("echo 1 > {}", file("remove")));
    reason.commands.emplace_back("echo 1 > /sys/bus/pci/rescan");
    return reason;
}

// 24 bits; 0: not known.
std::uint32_t class_of(const device::DeviceFacts& facts) {
    if (facts.identity) return facts.identity->class_code;
    if (facts.physical) return facts.physical->read32(pci::header::revision_id) >> 8;
    return facts.words ? facts.words->class_code.value_or(0) : 0;
}

// What binds the function itself to vfio-pci, or why nobody should.
chosen::Reason reason_by_driver(const device::DeviceFacts& facts) {
    const auto& driver = *facts.driver;
    chosen::Reason reason{
        .what = driver.empty()
                    ? std::string{"it is bound to no driver, so not to vfio-pci"}
                    : fmt::format("it is bound to the host driver {}, not to vfio-pci", driver),
        .remedy = device::why_not_to_take(facts),
        .commands = {}};
    if (!reason.remedy.empty()) return reason;
    const auto address = facts.address.value_or({});
    if (const auto part = device::board_part(class_of(facts)); part && address.bus == 0) {
        reason.remedy = fmt::format("it is {} of the host's board, which goes to no guest", *part);
        return reason;
    }
    if (is_copied(facts))
        reason.remedy = bind_elsewhere(facts.address.value_or({}));
    else
        reason.commands = device::bind_commands(facts.address.value_or({}), driver);
    return reason;
}

std::string blocking_member(const device::GroupFacts& group, const device::GroupMember& member) {
    return fmt::format(
        "{} of the same IOMMU group {} is bound to {}: a group is assigned as a "
        "whole or not at all",
        to_string(member.address), group.number, member.driver);
}

chosen::Reason reason_by_member(const device::DeviceFacts& facts,
                                const device::GroupMember& member) {
    auto advice = device::advice_for(member);
    if (is_copied(facts) && !advice.commands.empty()) {
        advice.commands.clear();
        if (advice.remedy.empty()) advice.remedy = bind_elsewhere(member.address);
    }
    return {.what = blocking_member(*facts.group, member),
            .remedy = std::move(advice.remedy),
            .commands = std::move(advice.commands)};
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
    if (facts.origin != device::Origin::File || !facts.physical) return warnings;
    if (facts.driver && !facts.driver->empty() && !device::is_vfio_driver(*facts.driver)) {
        const auto reason = reason_by_driver(facts);
        warnings.push_back(fmt::format("on its host, {}; {}", reason.what, reason.remedy));
    }
    if (!facts.group) return warnings;
    for (const auto& member : facts.group->members)
        if (!device::leaves_group_viable(member))
            warnings.push_back("on its host, " + blocking_member(*facts.group, member));
    return warnings;
}

std::optional<chosen::Reason> reason_by_class(std::uint32_t class_code) {
    const auto part = device::host_part(class_code);
    if (!part) return std::nullopt;
    return chosen::Reason{
        .what = fmt::format("it is {} (class {:04x}), a part of the host itself: it stays there",
                            *part, class_code >> 8),
        .remedy = "",
        .commands = {}};
}

bool is_lack_of_iommu(const chosen::Reason& reason) {
    return reason.what == no_iommu_but_group || reason.what == no_iommu_no_group;
}

std::vector<chosen::Reason> reasons_by_kind(const device::DeviceFacts& facts,
                                            const pci::ConfigImage& config,
                                            const pci::Capabilities& capabilities) {
    if (config.read32(0) == 0xffffffff && config.read32(8) == 0xffffffff)
        return {reason_of_ones(facts)};
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
    if (!facts.driver)
        unknowns.push_back("its driver: " + facts.driver.why());
    else if (!device::is_vfio_driver(*facts.driver))
        reasons.push_back(reason_by_driver(facts));
    if (facts.has_iommu && !*facts.has_iommu)
        reasons.push_back(
            {.what = std::string{facts.group ? no_iommu_but_group : no_iommu_no_group},
             .remedy = std::string{switch_iommu_on},
             .commands = {}});
    if (!facts.group) {
        if (!facts.has_iommu) unknowns.push_back("its IOMMU group: " + facts.group.why());
        return reasons;
    }
    for (const auto& member : facts.group->members)
        if (!device::leaves_group_viable(member))
            reasons.push_back(reason_by_member(facts, member));
    note_unknown_members(*facts.group, unknowns);
    return reasons;
}

}  // namespace tenon::model::function
