#include "capture/listing/capability_line.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "capture/listing/body_line.hpp"
#include "capture/listing/limits.hpp"
#include "device/facts.hpp"
#include "pci/config_image.hpp"

namespace tenon::capture::listing {
namespace {

// As lspci words the types of ports. The longer words first.
constexpr auto port_types = std::to_array<std::pair<std::string_view, pci::PortType>>({
    {"Root Port", pci::PortType::RootPort},
    {"Upstream Port", pci::PortType::SwitchUpstream},
    {"Downstream Port", pci::PortType::SwitchDownstream},
    {"Root Complex Integrated Endpoint", pci::PortType::RootComplexEndpoint},
    {"Root Complex Event Collector", pci::PortType::RootComplexEventCollector},
    {"Legacy Endpoint", pci::PortType::LegacyEndpoint},
    {"Endpoint", pci::PortType::Endpoint},
    {"PCI-Express to PCI/PCI-X Bridge", pci::PortType::ExpressToPciBridge},
    {"PCI/PCI-X to PCI-Express Bridge", pci::PortType::PciToExpressBridge},
});

std::optional<pci::PortType> type_in(std::string_view text) {
    for (const auto& [words, type] : port_types)
        if (text.contains(words)) return type;
    return std::nullopt;
}

// "MSI-X: Enable+ Count=129 Masked-".
void take_msix(std::string_view text, Said& said) {
    const auto count = number_behind(text, "Count=");
    if (count && *count >= 1 && *count <= 2048) said.msix = SaidMsix{.vectors = *count};
}

// "MSI: Enable- Count=1/32 Maskable+ 64bit+": behind the slash is what it is capable of.
void take_msi(std::string_view text, Said& said) {
    const auto at = text.find("Count=");
    if (at == std::string_view::npos) return;
    const auto count = number_behind(text.substr(at), "/");
    if (count && *count >= 1 && *count <= 32) said.msi_vectors = count;
}

// The name of a capability, without what its registers hold: a serial number is nobody's concern.
std::string name_of(std::string_view text) {
    constexpr std::string_view serial = "Device Serial Number";
    if (text.starts_with(serial)) return std::string{serial};
    return std::string{text.substr(0, std::min(text.find(": "), longest_name))};
}

// "Capabilities: [a0] MSI-X: …", "Capabilities: [148 v1] Device Serial Number …".
bool take_capability(std::string_view text, Said& said) {
    if (text.starts_with("<access denied>")) {
        said.denied = true;
        return true;
    }
    if (!text.starts_with('[')) return false;
    const auto end = text.find(']');
    if (end == std::string_view::npos) return false;
    const auto inside = text.substr(1, end - 1);
    const auto space = inside.find(' ');
    const auto at = parse_hex(inside.substr(0, space));
    if (!at || *at < pci::header_size || *at >= pci::express_size) return false;
    const auto rest = trimmed(text.substr(end + 1));
    if (said.capabilities.size() < most_capabilities)
        said.capabilities.push_back({.at = static_cast<std::uint16_t>(*at),
                                     .extended = space != std::string_view::npos,
                                     .name = name_of(rest)});
    if (rest.starts_with("Express")) said.express.type = type_in(rest);
    if (rest.starts_with("MSI-X: ")) take_msix(rest, said);
    if (rest.starts_with("MSI: ")) take_msi(rest, said);
    if (rest.starts_with("Access Control Services")) said.express.has_acs = true;
    return true;
}

// "BAR=0 offset=00002000".
std::optional<SaidMsix::Place> place_in(std::string_view text) {
    const auto bar = number_behind(text, "BAR=");
    const auto at = text.find("offset=");
    if (!bar || *bar >= device::bar_count || at == std::string_view::npos) return std::nullopt;
    const auto offset = parse_hex(text.substr(at + 7, 8));
    if (!offset) return std::nullopt;
    return SaidMsix::Place{.bar = *bar, .offset = static_cast<std::uint32_t>(*offset)};
}

// "AtomicOpsCap: Routing+ 32bit+ 64bit+ 128bitCAS-".
void take_atomics(std::string_view text, SaidExpress& express) {
    express.tells_atomics = true;
    express.routes_atomics = flag_in(text, "Routing").value_or(false);
    const auto add = [&](std::string_view name, std::uint32_t width) {
        if (flag_in(text, name).value_or(false)) express.completers |= width;
    };
    add("32bit", device::atomics_32);
    add("64bit", device::atomics_64);
    add("128bitCAS", device::atomics_128);
}

// "Port #0, Speed 16GT/s, Width x16, ASPM L1, …": speed and width.
std::string link_in(std::string_view text) {
    std::string link;
    for (const std::string_view key : {"Speed ", "Width "}) {
        const auto at = text.find(key);
        if (at == std::string_view::npos) return {};
        const auto rest = text.substr(at + key.size());
        if (!link.empty()) link += ", ";
        link += trimmed(rest.substr(0, std::min<std::size_t>(rest.find_first_of(",("), 24)));
    }
    return link;
}

// What the device can do stands before what it does now, in the same words.
void note(std::optional<bool>& fact, std::string_view line, std::string_view name) {
    if (!fact) fact = flag_in(line, name);
}

// Flags of Device Capabilities, which lspci breaks into lines by its version.
bool take_device_flags(std::string_view line, SaidExpress& express) {
    const auto before = express;
    note(express.end_prefix, line, "EETLPPrefix");
    note(express.forwards_ari, line, "ARIFwd");
    note(express.requests_10_bit_tags, line, "10BitTagReq");
    note(express.function_level_reset, line, "FLReset");
    return before != express;
}

}  // namespace

bool take_capability_line(std::string_view line, bool& inside, Said& said) {
    auto& express = said.express;
    const auto behind = [&](std::string_view key) { return trimmed(line.substr(key.size())); };
    if (line.starts_with("Capabilities: ")) {
        inside = true;
        return take_capability(behind("Capabilities: "), said);
    }
    if (!inside) return false;
    if (line.starts_with("Vector table:") && said.msix) {
        said.msix->table = place_in(line);
    } else if (line.starts_with("PBA:") && said.msix) {
        said.msix->pending = place_in(line);
    } else if (line.starts_with("AtomicOpsCap:")) {
        take_atomics(line, express);
    } else if (line.starts_with("AtomicOpsCtl:")) {
        express.blocks_atomics = flag_in(line, "EgressBlck").value_or(false);
    } else if (line.starts_with("LnkCap:")) {
        express.link = link_in(line);
    } else if (line.starts_with("LnkSta:")) {
        express.link_now = link_in(line);
    } else if (line.starts_with("ACSCtl:")) {
        express.acs = behind("ACSCtl:").substr(0, longest_name);
    } else if (line.starts_with("ATSCap:")) {
        express.ats = behind("ATSCap:").substr(0, longest_name);
    } else if (line.starts_with("PASIDCap:")) {
        express.pasid = behind("PASIDCap:").substr(0, longest_name);
    } else {
        if (line.starts_with("DevCap2:")) express.second_registers = true;
        if (line.starts_with("DevCtl")) return true;
        return take_device_flags(line, express) || line.starts_with("DevCap");
    }
    return true;
}

}  // namespace tenon::capture::listing
