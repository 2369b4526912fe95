#include "model/function/atomics_host.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "device/atomic_widths.hpp"
#include "model/chosen/decision.hpp"
#include "pci/express.hpp"

namespace tenon::model::function {
namespace {

using device::DeviceFacts;
using device::words_of_widths;

// The first kernel whose VFIO reports AtomicOps. Source: Linux commit a5bfe22db2a4, which adds
// VFIO_DEVICE_INFO_CAP_PCI_ATOMIC_COMP, merged with the changes of VFIO for v6.5-rc1.
constexpr std::pair<unsigned, unsigned> first_reporting_kernel{6, 5};

// What the kernel looks at of one function: its registers, or the words that lspci made of them.
struct Port {
    bool read = false;
    std::optional<device::ExpressWords> express;  // None, if read: it is no PCI Express function.
    unsigned version = 0;                         // Of its capability.
};

Port port_of(const pci::ConfigImage& config, const std::optional<pci::ExpressPlace>& express) {
    Port port{.read = config.known() > pci::header_size, .express = {}};
    if (!express) return port;
    port.version = express->version;
    auto& words = port.express.emplace();
    words.type = express->type;
    words.second_registers = express->has_second_registers();
    if (!words.second_registers) return port;
    const pci::DeviceCapabilities2 capabilities{
        config.read32(express->at + pci::express::device_capabilities_2)};
    const pci::DeviceControl2 control{config.read16(express->at + pci::express::device_control_2)};
    words.completers = capabilities.get<pci::AtomicOpCompleters>();
    words.routes_atomics = capabilities.get<pci::AtomicOpRouting>() != 0;
    words.blocks_atomics = control.get<pci::AtomicOpEgressBlocking>() != 0;
    return port;
}

Port port_of(const device::ExpressWords& words) {
    return {.read = true, .express = words, .version = words.second_registers ? 2u : 1u};
}

// Of a virtual function those of its physical one.
Port own_port(const DeviceFacts& facts, const HostLists& lists) {
    if (facts.physical_function && facts.physical_function->config) {
        const auto& config = *facts.physical_function->config;
        return port_of(config, pci::find_express(config));
    }
    if (facts.physical)
        return port_of(*facts.physical, pci::find_express(*facts.physical, lists.physical));
    if (facts.vfio)
        return port_of(facts.vfio->config, pci::find_express(facts.vfio->config, lists.shown));
    return facts.words && facts.words->express ? port_of(*facts.words->express) : Port{};
}

Port port_of(const device::BridgeFacts& bridge) {
    if (bridge.config && bridge.config->known() > pci::header_size)
        return port_of(*bridge.config, pci::find_express(*bridge.config));
    return bridge.words ? port_of(*bridge.words) : Port{};
}

// The function that answers, in words.
std::string subject_of(const DeviceFacts& facts) {
    if (facts.physical_function)
        return fmt::format("its physical function {}", to_string(facts.physical_function->address));
    return "it";
}

// What the function itself completes; none where that cannot be told.
std::optional<std::uint32_t> own_completers(const Port& own) {
    if (!own.express) return std::nullopt;
    return own.express->completers;
}

void look_at_function(const DeviceFacts& facts, const Port& own,
                      std::vector<chosen::Reason>& obstacles) {
    if (!own.read) return;
    const auto subject = subject_of(facts);
    const auto& express = own.express;
    if (!express) {
        obstacles.push_back({fmt::format("{} is no PCI Express function", subject), ""});
        return;
    }
    if (express->type != pci::PortType::Endpoint &&
        express->type != pci::PortType::LegacyEndpoint) {
        obstacles.push_back(
            {fmt::format("{} is a {}, and the kernel reports AtomicOps of endpoints "
                         "below a root port alone",
                         subject, name_of(express->type)),
             ""});
    } else if (!express->second_registers) {
        obstacles.push_back(
            {fmt::format("{} has a PCI Express capability of version {}: AtomicOps came with "
                         "version 2",
                         subject, own.version),
             ""});
    } else if (express->completers == 0) {
        obstacles.push_back({fmt::format("{} does not complete AtomicOps itself, and the kernel "
                                         "reports only widths that the function completes; one "
                                         "that only sends them is never reported",
                                         subject),
                             ""});
    }
}

std::optional<chosen::Reason> look_at_switch_port(const pci::Address& address,
                                                  const device::ExpressWords& express) {
    const auto name = fmt::format("{} {}", name_of(express.type), to_string(address));
    if (!express.routes_atomics)
        return chosen::Reason{fmt::format("the {} does not route AtomicOps", name),
                              "put the device into a slot without that switch"};
    if (express.type == pci::PortType::SwitchUpstream && express.blocks_atomics)
        return chosen::Reason{
            fmt::format("the {} blocks AtomicOps on their way up (AtomicOp Egress "
                        "Blocking is set)",
                        name),
            fmt::format("as root: setpci -s {} CAP_EXP+28.w=0:80, if whoever set it "
                        "agrees",
                        to_string(address))};
    return std::nullopt;
}

void look_at_root_port(const pci::Address& address, const device::ExpressWords& express,
                       std::optional<std::uint32_t> own, std::vector<chosen::Reason>& obstacles) {
    const auto there = express.completers;
    const auto name = to_string(address);
    constexpr auto elsewhere = "put the device into a slot whose root port completes AtomicOps";
    if (there == 0)
        obstacles.push_back({fmt::format("root port {} completes no AtomicOps", name), elsewhere});
    else if (own && *own != 0 && (there & *own) == 0)
        obstacles.push_back({fmt::format("root port {} completes {} AtomicOps, the function {}",
                                         name, words_of_widths(there), words_of_widths(*own)),
                             elsewhere});
}

void look_at_path(const DeviceFacts& facts, const Port& own,
                  std::vector<chosen::Reason>& obstacles) {
    if (!facts.path) return;
    constexpr auto invisible =
        "no root port is visible above it, so that nobody can tell whether AtomicOps complete";
    if (facts.path->empty()) {
        obstacles.push_back({invisible, "on a virtual machine: let it show the root port"});
        return;
    }
    for (const auto& bridge : *facts.path) {
        // What could not be read proves nothing.
        const auto port = port_of(bridge);
        if (!port.read) return;
        const auto& express = port.express;
        const bool topmost = &bridge == &facts.path->back();
        if (!express) {
            obstacles.push_back(
                {fmt::format("bridge {} above it is conventional PCI", to_string(bridge.address)),
                 "put the device into a PCI Express slot"});
        } else if (express->type == pci::PortType::RootPort) {
            look_at_root_port(bridge.address, *express, own_completers(own), obstacles);
        } else if (express->type == pci::PortType::SwitchUpstream ||
                   express->type == pci::PortType::SwitchDownstream) {
            if (auto reason = look_at_switch_port(bridge.address, *express))
                obstacles.push_back(std::move(*reason));
            if (topmost) obstacles.push_back({invisible, ""});
        }
    }
}

// Of a dump, what a kernel of its host would report: every port up to the root port is in the same
// input, and nothing stands in the way. Nothing where not all of them are.
std::optional<HostAtomics> widths_by_ports(const DeviceFacts& facts, const Port& own) {
    const auto completed = own_completers(own);
    if (!facts.path || facts.path->empty() || !own.read || !completed) return std::nullopt;
    const auto all_known = std::ranges::all_of(
        *facts.path, [](const device::BridgeFacts& bridge) { return port_of(bridge).read; });
    const auto& top = facts.path->back();
    const auto root = port_of(top);
    if (!all_known || !root.express || root.express->type != pci::PortType::RootPort)
        return std::nullopt;
    return HostAtomics{
        .widths = *completed & root.express->completers,
        .why = fmt::format("root port {} of its host completes them, as the same input shows; "
                           "kernels from {}.{} on report that",
                           to_string(top.address), first_reporting_kernel.first,
                           first_reporting_kernel.second),
        .change = {}};
}

std::vector<chosen::Reason> obstacles_of(const DeviceFacts& facts, const Port& own) {
    std::vector<chosen::Reason> obstacles;
    look_at_function(facts, own, obstacles);
    look_at_path(facts, own, obstacles);
    return obstacles;
}

// "6.1.0-18-amd64": whether it is older than the first that reports AtomicOps.
bool is_too_old(const Known<std::string>& kernel) {
    if (!kernel) return false;
    const auto parts = split(*kernel, '.');
    if (parts.size() < 2) return false;
    const auto number = [](std::string_view text) -> std::optional<unsigned> {
        unsigned value = 0;
        const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
        if (read.ec != std::errc{}) return std::nullopt;
        return value;
    };
    const auto major = number(parts[0]);
    const auto minor = number(parts[1]);
    return major && minor && std::pair{*major, *minor} < first_reporting_kernel;
}

// Who completes, and why not more.
std::string why_some(const DeviceFacts& facts, const Port& own_registers, std::uint32_t widths) {
    if (facts.origin == device::Origin::File) {
        const auto obstacles = obstacles_of(facts, own_registers);
        if (obstacles.empty()) return "as host-atomics= states";
        return fmt::format(
            "as host-atomics= states; by its registers a kernel would report none: {}",
            obstacles.front().what);
    }
    std::string why = "this host completes them";
    std::optional<std::uint32_t> root;
    if (facts.path && !facts.path->empty()) {
        const auto& top = facts.path->back();
        why = fmt::format("root port {} of this host completes them", to_string(top.address));
        if (const auto port = port_of(top); port.express && port.express->second_registers)
            root = port.express->completers;
    }
    if (facts.physical_function) why += fmt::format(", as VFIO reports for {}", subject_of(facts));
    const auto own = own_completers(own_registers);
    if (root && (*root & ~widths) != 0 && own && (*own & *root & ~widths) == 0)
        why += fmt::format(
            "; it completes {} too, but the kernel reports only what the function completes itself",
            words_of_widths(*root & ~widths));
    return why;
}

// All reasons in one sentence, and the first thing that would change one.
HostAtomics none_because(const std::vector<chosen::Reason>& obstacles) {
    HostAtomics answer{.widths = std::uint32_t{0}, .why = {}, .change = {}};
    for (const auto& obstacle : obstacles) {
        answer.why += (answer.why.empty() ? "" : "; ") + obstacle.what;
        if (answer.change.empty()) answer.change = obstacle.remedy;
    }
    return answer;
}

}  // namespace

HostAtomics explain_host_atomics(const DeviceFacts& facts, const HostLists& lists) {
    const auto own = own_port(facts, lists);
    if (facts.atomics && *facts.atomics != 0)
        return {
            .widths = *facts.atomics, .why = why_some(facts, own, *facts.atomics), .change = {}};
    const auto obstacles = obstacles_of(facts, own);
    if (!obstacles.empty()) return none_because(obstacles);
    if (facts.origin == device::Origin::File && facts.atomics)
        return {.widths = std::uint32_t{0}, .why = "as host-atomics= states", .change = {}};
    if (facts.origin == device::Origin::File)
        if (auto answer = widths_by_ports(facts, own)) return *std::move(answer);
    if (facts.vfio && is_too_old(facts.kernel))
        return {
            .widths = Unknown{fmt::format("kernel {} does not report AtomicOps", *facts.kernel)},
            .why = fmt::format("this host's kernel {} does not report AtomicOps: {}.{} is the "
                               "first that does",
                               *facts.kernel, first_reporting_kernel.first,
                               first_reporting_kernel.second),
            .change = fmt::format("a kernel from {}.{} on", first_reporting_kernel.first,
                                  first_reporting_kernel.second)};
    if (facts.vfio || facts.atomics)
        return {.widths = std::uint32_t{0},
                .why = "the host's kernel reports none, and its registers do not show why",
                .change = {}};
    const bool file = facts.origin == device::Origin::File;
    return {.widths = Unknown{facts.atomics.why()},
            .why = facts.atomics.why(),
            .change = file ? "state what its host completes: host-atomics=WIDTHS or none"
                           : "let Tenon open it: bind it to vfio-pci"};
}

std::optional<std::string> note_physical_function(const DeviceFacts& facts) {
    if (!facts.physical_function || !facts.physical_function->config || !facts.vfio ||
        facts.vfio->info.atomic_completer.value_or(0) == 0)
        return std::nullopt;
    const auto& config = *facts.physical_function->config;
    const auto express = pci::find_express(config);
    if (!express || !express->has_second_registers()) return std::nullopt;
    const pci::DeviceControl2 before{config.read16(express->at + pci::express::device_control_2)};
    if (before.get<pci::AtomicOpRequesterEnable>() != 0) return std::nullopt;
    return fmt::format(
        "asking for its AtomicOps let the host's kernel set AtomicOp Requester Enable of its "
        "physical function {}, which was clear before and stays with the host",
        to_string(facts.physical_function->address));
}

}  // namespace tenon::model::function
