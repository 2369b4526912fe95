#include "model/slot/slot_member.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "device/atomic_widths.hpp"
#include "model/chosen/decision.hpp"
#include "model/function/atomics_host.hpp"
#include "model/function/reset.hpp"
#include "pci/express.hpp"
#include "pci/header.hpp"

namespace tenon::model::slot {
namespace {

Known<bool> has_extended(const pci::ConfigImage& config, const pci::Capabilities& capabilities,
                         std::uint16_t id) {
    if (config.known() <= pci::conventional_size)
        return Unknown{
            fmt::format("only {} bytes of its configuration space were read", config.known())};
    return bool{capabilities.find(chosen::CapabilityList::Extended, id)};
}

// Only a virtual function answers with ones where others have their ids. Source: PCIe Base Spec
// 6.0, 9.3.4.1.1.
bool is_virtual(const device::DeviceFacts& facts, const pci::ConfigImage& config) {
    return facts.virtual_function.value_or(config.read32(pci::header::vendor_id) == 0xffffffff);
}

// Whether a driver that would be served alone is not served by a port that completes `completer`.
bool loses(const SlotMember& member, std::uint32_t completer) {
    if (member.widths == 0 || member.widths == completer) return false;
    if (member.driver == nullptr || !member.driver->all)
        return (member.widths & ~completer &
                (member.driver == nullptr ? ~0u : member.driver->widths)) != 0;
    const auto asked = member.driver->widths;
    return (asked & ~member.widths) == 0 && (asked & ~completer) != 0;
}

std::optional<std::string> apart_by_atomics(const SlotMembers& together) {
    const auto decision = decide_together(together);
    for (unsigned number = 0; number < together.size(); ++number) {
        const auto& member = *together[number];
        if (loses(member, decision.completer))
            return fmt::format("AtomicOps: in one slot the port would complete {}; alone {} has {}",
                               widths_in_words(decision.completer), member.host,
                               widths_in_words(member.widths));
        const bool gated = decision.completer != 0 && !decision.participants[number];
        if (gated && member.driver != nullptr && !member.driver->reads_back)
            return fmt::format(
                "AtomicOps: none complete for {} on the host; beside a function that has some, its "
                "driver {} would be told that they do",
                member.host, member.driver->name);
    }
    return std::nullopt;
}

std::optional<std::string> apart_by_access_control(const SlotMembers& together) {
    for (const auto* const member : together)
        if (member->takes_pasid && member->access_control && !*member->access_control)
            return fmt::format(
                "ACS: {} has no such capability, and without it a Linux guest "
                "switches PASID on only in a slot of one function",
                member->host);
    return std::nullopt;
}

bool hangs(const SlotMember& member) {
    return member.trouble != nullptr && member.trouble->reset == function::TroubledReset::Function;
}

std::optional<std::string> apart_by_reset(const SlotMembers& together) {
    for (const auto* const member : together)
        if (hangs(*member) && member->companion == nullptr)
            return fmt::format(
                "reset: {} has known trouble with it; alone in its slot it is not "
                "reset because a guest resets another function's slot",
                member->host);
    return std::nullopt;
}

}  // namespace

const pci::ConfigImage* config_of(const device::DeviceFacts& facts) {
    if (facts.physical) return &*facts.physical;
    return facts.vfio ? &facts.vfio->config : nullptr;
}

const pci::Capabilities& lists_of(const device::DeviceFacts& facts,
                                  const function::HostLists& lists) {
    return facts.physical ? lists.physical : lists.shown;
}

SlotMember make_slot_member(std::size_t candidate, const device::DeviceFacts& facts,
                            const pci::ConfigImage& config, const function::HostLists& lists) {
    const auto& capabilities = lists_of(facts, lists);
    SlotMember member{
        .candidate = candidate,
        .facts = &facts,
        .host = to_string(*facts.address),
        .number = facts.address->function,
        .vendor = config.read16(pci::header::vendor_id),
        .class_code = config.read32(pci::header::revision_id) >> 8,
        .virtual_function = is_virtual(facts, config),
        .atomics = function::explain_host_atomics(facts, lists),
        .access_control = has_extended(config, capabilities, pci::extended_id::access_control),
        .own_reset = function::has_own_reset(facts)};
    auto device = config.read16(pci::header::device_id);
    if (facts.identity) {
        member.vendor = facts.identity->vendor;
        device = facts.identity->device;
    }
    const auto express = pci::find_express(config, capabilities);
    if (express && express->has_second_registers()) member.widths = member.atomics.counted();
    member.driver = find_atomics_driver(member.vendor, device, member.class_code);
    member.takes_pasid =
        facts.iommu.pasid && facts.iommu.pasid->width != 0 &&
        has_extended(config, capabilities, pci::extended_id::pasid).value_or(false);
    member.trouble =
        function::find_likely_trouble(facts, {.vendor = member.vendor,
                                              .device = device,
                                              .class_code = member.class_code,
                                              .revision = config.read8(pci::header::revision_id)});
    return member;
}

std::vector<std::string> hosts_of(const SlotMembers& members) {
    std::vector<std::string> hosts;
    hosts.reserve(members.size());
    for (const auto* const member : members)
        hosts.push_back(member->host);
    return hosts;
}

std::string names_of(const SlotMembers& members) {
    return fmt::format("{}", fmt::join(hosts_of(members), ", "));
}

std::string widths_in_words(std::uint32_t widths) {
    return widths == 0 ? "none" : device::words_of_widths(widths);
}

AtomicsDecision decide_together(const SlotMembers& members) {
    std::vector<AtomicsMember> atomics;
    for (unsigned number = 0; number < members.size(); ++number)
        atomics.push_back({.function = number, .widths = members[number]->widths});
    return decide_atomics({}, true, atomics);
}

std::optional<std::string> why_apart(const SlotMembers& together) {
    if (auto why = apart_by_atomics(together)) return why;
    if (auto why = apart_by_access_control(together)) return why;
    return apart_by_reset(together);
}

}  // namespace tenon::model::slot
