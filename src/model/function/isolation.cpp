#include "model/function/isolation.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>

#include "pci/header.hpp"

namespace tenon::model::function {
namespace {

using enum Isolation;

constexpr std::string_view functions = "Linux, drivers/pci/quirks.c, pci_quirk_mf_endpoint_acs";
constexpr std::string_view southbridge =
    "Linux, drivers/pci/quirks.c, pci_quirk_amd_sb_acs; "
    "https://lore.kernel.org/r/20120711165854.GM25282@amd.com; "
    "https://bugzilla.kernel.org/show_bug.cgi?id=81841";
constexpr std::string_view wangxun = "Linux, drivers/pci/quirks.c, pci_quirk_wangxun_nic_acs";
constexpr std::string_view zhaoxin =
    "Linux, drivers/pci/quirks.c, pci_quirk_zhaoxin_pcie_ports_acs";
constexpr std::string_view chipset = "Linux, drivers/pci/quirks.c, pci_quirk_intel_pch_acs";
constexpr std::string_view dwords =
    "Linux, drivers/pci/quirks.c, pci_quirk_intel_spt_pch_acs; "
    "https://www.intel.com/content/www/us/en/chipsets/100-series-chipset-spec-update.html, "
    "erratum 23";

// Of hosts with x86 processors, which are those that run guests here.
constexpr auto known_isolations = std::to_array<KnownIsolation>({
    {{0x1002, 0x4383, 0x4385}, Functions, southbridge},  // SB600 to SB900
    {{0x1002, 0x4399, 0x4399}, Functions, southbridge},
    {{0x1002, 0x439c, 0x439d}, Functions, southbridge},
    {{0x1022, 0x7809, 0x7809}, Functions, southbridge},
    {{0x1022, 0x780f, 0x780f}, Functions, southbridge},
    {{0x1924, 0x0903, 0x0903}, Functions, functions},  // Solarflare
    {{0x1924, 0x0923, 0x0923}, Functions, functions},
    {{0x1924, 0x0a03, 0x0a03}, Functions, functions},
    {{0x8086, 0x10c6, 0x10c6}, Functions, functions},  // 82598 and 82599 from here
    {{0x8086, 0x10db, 0x10db}, Functions, functions},
    {{0x8086, 0x10dd, 0x10dd}, Functions, functions},
    {{0x8086, 0x10e1, 0x10e1}, Functions, functions},
    {{0x8086, 0x10f1, 0x10f1}, Functions, functions},
    {{0x8086, 0x10f7, 0x10fc}, Functions, functions},
    {{0x8086, 0x1507, 0x1507}, Functions, functions},
    {{0x8086, 0x1514, 0x1514}, Functions, functions},
    {{0x8086, 0x151c, 0x151c}, Functions, functions},
    {{0x8086, 0x1529, 0x152a}, Functions, functions},
    {{0x8086, 0x154d, 0x154d}, Functions, functions},
    {{0x8086, 0x154f, 0x154f}, Functions, functions},
    {{0x8086, 0x1551, 0x1551}, Functions, functions},
    {{0x8086, 0x1558, 0x1558}, Functions, functions},
    {{0x8086, 0x1509, 0x1509}, Functions, functions},  // 82580 from here
    {{0x8086, 0x150e, 0x1511}, Functions, functions},
    {{0x8086, 0x1516, 0x1516}, Functions, functions},
    {{0x8086, 0x1527, 0x1527}, Functions, functions},
    {{0x8086, 0x10c9, 0x10c9}, Functions, functions},  // 82576 from here
    {{0x8086, 0x10e6, 0x10e8}, Functions, functions},
    {{0x8086, 0x150a, 0x150a}, Functions, functions},
    {{0x8086, 0x150d, 0x150d}, Functions, functions},
    {{0x8086, 0x1518, 0x1518}, Functions, functions},
    {{0x8086, 0x1526, 0x1526}, Functions, functions},
    {{0x8086, 0x10a7, 0x10a7}, Functions, functions},  // 82575 from here
    {{0x8086, 0x10a9, 0x10a9}, Functions, functions},
    {{0x8086, 0x10d6, 0x10d6}, Functions, functions},
    {{0x8086, 0x1521, 0x1524}, Functions, functions},  // I350
    {{0x8086, 0x105e, 0x1060}, Functions, functions},  // 82571
    {{0x8086, 0x10d9, 0x10d9}, Functions, functions},
    {{0x8086, 0x15b7, 0x15b8}, Functions, functions},  // I219
    {{0x19a2, 0x0710, 0x0710}, Functions, functions},  // Emulex BE3-R
    {{0x10df, 0x0720, 0x0720}, Functions, functions},  // Emulex Skyhawk-R
    {{0x14e4, 0x16d7, 0x16d7}, Functions, functions},  // Broadcom
    {{0x14e4, 0x1750, 0x1752}, Functions, functions},
    {{0x1d17, 0x3038, 0x3038}, Functions, functions},  // Zhaoxin
    {{0x1d17, 0x3104, 0x3104}, Functions, functions},
    {{0x1d17, 0x9083, 0x9083}, Functions, functions},
    {{0x8088, 0x0100, 0x010f}, Functions, wangxun},
    {{0x8088, 0x1001, 0x1001}, Functions, wangxun},
    {{0x8088, 0x2001, 0x2001}, Functions, wangxun},
    {{0x1d17, 0x0710, 0x071e}, Ports, zhaoxin},
    {{0x1d17, 0x0721, 0x0721}, Ports, zhaoxin},
    {{0x1d17, 0x0723, 0x0752}, Ports, zhaoxin},
    {{0x8086, 0x3b42, 0x3b51}, Ports, chipset},  // Series 5
    {{0x8086, 0x1c10, 0x1c1f}, Ports, chipset},  // Series 6
    {{0x8086, 0x1e10, 0x1e1f}, Ports, chipset},  // Series 7
    {{0x8086, 0x8c10, 0x8c1f}, Ports, chipset},  // Series 8
    {{0x8086, 0x9c10, 0x9c1b}, Ports, chipset},
    {{0x8086, 0x9c90, 0x9c9b}, Ports, chipset},
    {{0x8086, 0x1d10, 0x1d10}, Ports, chipset},  // X79 from here
    {{0x8086, 0x1d12, 0x1d12}, Ports, chipset},
    {{0x8086, 0x1d14, 0x1d14}, Ports, chipset},
    {{0x8086, 0x1d16, 0x1d16}, Ports, chipset},
    {{0x8086, 0x1d18, 0x1d18}, Ports, chipset},
    {{0x8086, 0x1d1a, 0x1d1a}, Ports, chipset},
    {{0x8086, 0x1d1c, 0x1d1c}, Ports, chipset},
    {{0x8086, 0x1d1e, 0x1d1e}, Ports, chipset},
    {{0x8086, 0x8d10, 0x8d1e}, Ports, chipset},  // X99
    {{0x8086, 0x8c90, 0x8c90}, Ports, chipset},  // Series 9 from here
    {{0x8086, 0x8c92, 0x8c92}, Ports, chipset},
    {{0x8086, 0x8c94, 0x8c94}, Ports, chipset},
    {{0x8086, 0x8c96, 0x8c96}, Ports, chipset},
    {{0x8086, 0x8c98, 0x8c98}, Ports, chipset},
    {{0x8086, 0x8c9a, 0x8c9a}, Ports, chipset},
    {{0x8086, 0x8c9c, 0x8c9c}, Ports, chipset},
    {{0x8086, 0x8c9e, 0x8c9e}, Ports, chipset},
    {{0x8086, 0xa110, 0xa11f}, PortDwords, dwords},  // Series 100
    {{0x8086, 0xa167, 0xa16a}, PortDwords, dwords},
    {{0x8086, 0xa290, 0xa29f}, PortDwords, dwords},  // Series 200
    {{0x8086, 0xa2e7, 0xa2ee}, PortDwords, dwords},
    {{0x8086, 0x9d10, 0x9d1b}, PortDwords, dwords},
});

bool is_port(pci::PortType type) {
    return type == pci::PortType::RootPort || type == pci::PortType::SwitchDownstream;
}

const KnownIsolation* find_isolation_of(const pci::ConfigImage& config,
                                        const pci::Capabilities& lists) {
    const auto express = pci::find_express(config, lists);
    return find_isolation(config.read16(pci::header::vendor_id),
                          config.read16(pci::header::device_id),
                          express ? express->type : pci::PortType::Endpoint);
}

// What a port means for who is below it; `shared` says that its group has others.
std::optional<std::string> note_of_port(const device::BridgeFacts& bridge, bool shared) {
    if (!bridge.config || bridge.config->known() <= pci::conventional_size) return std::nullopt;
    const auto lists = pci::list_capabilities(*bridge.config);
    const auto express = pci::find_express(*bridge.config, lists);
    if (!express || !is_port(express->type)) return std::nullopt;
    const auto name = to_string(bridge.address);
    if (const auto* const known = find_isolation_of(*bridge.config, lists))
        return known->what == Ports
                   ? fmt::format(
                         "{} above it has no ACS, and Linux knows that it keeps apart what "
                         "is below it [{}]",
                         name, known->evidence)
                   : fmt::format(
                         "{} above it has its ACS registers in other places than others, "
                         "where Linux switches them on and lspci does not look [{}]",
                         name, known->evidence);
    if (!shared || lists.find(pci::CapabilityList::Extended, pci::extended_id::access_control))
        return std::nullopt;
    return fmt::format(
        "{} above it has no ACS, and Linux knows of nothing else that keeps it apart from its "
        "neighbours: it and all that is below it are in one group with them",
        name);
}

}  // namespace

const KnownIsolation* find_isolation(std::uint16_t vendor, std::uint16_t device,
                                     pci::PortType type) {
    const auto* const found =
        std::ranges::find_if(known_isolations, [&](const KnownIsolation& row) {
            return row.ids.contains(vendor, device) && (row.what == Functions) == !is_port(type);
        });
    return found == known_isolations.end() ? nullptr : found;
}

std::vector<std::string> notes_of_group(const device::DeviceFacts& facts) {
    std::vector<std::string> notes;
    if (!facts.group) return notes;
    const auto* const config = facts.physical ? &*facts.physical : nullptr;
    if (config != nullptr)
        if (const auto* const known = find_isolation_of(*config, pci::list_capabilities(*config));
            known != nullptr && known->what == Functions)
            notes.push_back(fmt::format(
                "Linux knows that its functions do not reach one another, ACS or not [{}]",
                known->evidence));
    if (!facts.path) return notes;
    for (const auto& bridge : *facts.path)
        if (auto note = note_of_port(bridge, !facts.group->members.empty()))
            notes.push_back(*std::move(note));
    return notes;
}

}  // namespace tenon::model::function
