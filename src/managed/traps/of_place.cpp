#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "managed/traps/families.hpp"
#include "managed/traps/words.hpp"
#include "pci/express.hpp"

namespace tenon::managed::traps {
namespace {

using guest::BusKind;
using guest::DriverKind;

// What the PCI Express capability of the function says that it is. None: it has none, or nobody
// knows; `known` tells which.
struct ExpressKind {
    bool known = false;
    std::optional<pci::PortType> type;
};

ExpressKind express_of(const Assigned& one) {
    if (one.facts == nullptr) return {};
    const auto& image = one.facts->physical;
    if (image && image->known() >= pci::conventional_size) {
        const auto place = pci::find_express(*image);
        return {.known = true, .type = place ? std::optional{place->type} : std::nullopt};
    }
    if (one.facts->words && one.facts->words->express)
        return {.known = true, .type = one.facts->words->express->type};
    return {};
}

// A part of the host's chipset or processor, as those on its first bus are: without a link of its
// own, or no PCI Express at all.
bool is_integrated(const Assigned& one) {
    const auto express = express_of(one);
    if (express.known) return !express.type || *express.type == pci::PortType::RootComplexEndpoint;
    return one.host && one.host->domain == 0 && one.host->bus == 0;
}

std::vector<const Assigned*> only(const Assigned& one) { return {&one}; }

void conventional_bus(const Case& of, Notes& notes) {
    for (const auto& one : of.assigned()) {
        if (one.node == nullptr || said::is_mediated(*one.option) || is_integrated(one)) continue;
        const auto kind = of.bus_kind(*one.node);
        if (kind != BusKind::Conventional && kind != BusKind::ConventionalRoot) continue;
        const bool pc = kind == BusKind::ConventionalRoot;
        Occurrence found{
            .what =
                fmt::format("{} is on the conventional bus {}: the guest sees {}", one.name(),
                            of.tree.buses[one.node->bus].name,
                            pc ? "none of its extended configuration space"
                               : "neither its PCI Express capability nor anything from 0x100 on"),
            .evidence = {quote(*one.option)},
            .change = pc ? "take the machine q35 and a root port" : "put it behind a root port"};
        if (pc && of.configuration.manager == said::Manager::Proxmox)
            found.paste.emplace_back("machine: q35");
        else if (pc)
            found.paste = change_machine(of, "type", "q35");
        std::ranges::move(own_ports(of, only(one)), std::back_inserter(found.paste));
        notes.found(std::move(found));
    }
}

void root_bus(const Case& of, Notes& notes) {
    for (const auto& one : of.assigned()) {
        if (one.node == nullptr || said::is_mediated(*one.option) || is_integrated(one)) continue;
        if (of.bus_kind(*one.node) != BusKind::ExpressRoot) continue;
        const bool kubevirt = of.configuration.manager == said::Manager::KubeVirt;
        notes.found({.what = fmt::format("{} is straight on the root bus: the guest sees an "
                                         "integrated endpoint without a link or AtomicOps",
                                         one.name()),
                     .evidence = {quote(*one.option)},
                     .change = kubevirt ? "leave the annotation "
                                          "kubevirt.io/placePCIDevicesOnRootComplex out"
                                        : "put it behind a root port",
                     .paste = own_ports(of, only(one))});
    }
}

// Assigned functions by bus and slot of the guest.
std::map<std::pair<std::size_t, unsigned>, std::vector<const Assigned*>> by_slot(const Case& of) {
    std::map<std::pair<std::size_t, unsigned>, std::vector<const Assigned*>> slots;
    for (const auto& one : of.assigned())
        if (one.node != nullptr) slots[{one.node->bus, one.node->slot}].push_back(&one);
    return slots;
}

// Whether facts say that the host completes no AtomicOps for any of them.
bool without_atomics(const std::vector<const Assigned*>& functions) {
    return std::ranges::all_of(functions, [](const Assigned* one) {
        return one->facts != nullptr && one->facts->atomics && *one->facts->atomics == 0;
    });
}

std::string names_of(const std::vector<const Assigned*>& functions) {
    std::vector<std::string> names;
    for (const auto* const one : functions)
        names.push_back(one->name());
    return fmt::format("{}", fmt::join(names, ", "));
}

void atomics_lost(const Case& of, Notes& notes) {
    for (const auto& [place, functions] : by_slot(of)) {
        const auto* const above = of.tree.above(*functions.front()->node);
        if (above == nullptr || above->kind != DriverKind::RootPort) continue;
        const auto first = std::ranges::find_if(functions, [](const Assigned* one) {
            return one->node->function == 0 && one->node->multifunction;
        });
        if (first == functions.end() || said::is_mediated(*(*first)->option) ||
            is_integrated(**first) || without_atomics(functions))
            continue;
        Occurrence found{
            .what = fmt::format("{} in one slot with multifunction=on: the port completes no "
                                "AtomicOps, whatever the host does",
                                names_of(functions)),
            .evidence = {},
            .change =
                "where AtomicOps matter, as to GPU computing, give each function a port of "
                "its own",
            .paste = own_ports(of, functions)};
        for (const auto* const one : functions)
            found.evidence.push_back(quote(*one->option));
        notes.found(std::move(found));
    }
}

void behind_switch(const Case& of, Notes& notes) {
    for (const auto& one : of.assigned()) {
        if (one.node == nullptr) continue;
        const auto* const above = of.tree.above(*one.node);
        if (above == nullptr || above->kind != DriverKind::DownstreamPort || !above->device)
            continue;
        notes.found({.what = fmt::format("{} is behind a switch: the guest sees no link width, no "
                                         "ACS and no AtomicOps",
                                         one.name()),
                     .evidence = {quote(*one.option), quote(of.option(*above->device))},
                     .change = "put it behind a root port",
                     .paste = own_ports(of, only(one))});
    }
}

void hidden_function(const Case& of, Notes& notes) {
    for (const auto& node : of.tree.nodes) {
        if (!node.device || of.tree.is_found(node)) continue;
        const auto& option = of.option(*node.device);
        const bool behind_port = of.bus_kind(node) == BusKind::Port && node.slot != 0;
        notes.found(
            {.what = behind_port
                         ? fmt::format("{} is in slot {:x} behind a port, which has slot 0 alone: "
                                       "no guest finds it",
                                       option.type, node.slot)
                         : fmt::format("{} is function {} of a slot without function 0: no guest "
                                       "finds it",
                                       option.type, node.function),
             .evidence = {quote(option)},
             .change =
                 behind_port ? "give it addr=0x0, or a port of its own" : "make it function 0",
             .paste = change_device(
                 of, *node.device,
                 {{.name = "addr",
                   .value = behind_port ? "0x0" : fmt::format("0x{:x}", node.slot)}})});
    }
}

// Tenths of a GT/s: of QEMU's "2_5", "16", and of the kernel's "32.0 GT/s PCIe".
std::optional<unsigned> tenths(std::string_view text) {
    unsigned whole = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, whole);
    if (error != std::errc{} || whole > 10'000) return std::nullopt;
    const bool half = stop + 1 < end && (*stop == '_' || *stop == '.') && stop[1] == '5';
    return whole * 10 + (half ? 5 : 0);
}

// The fastest link of the function: in words, and in tenths of a GT/s.
struct Speed {
    std::string words;
    unsigned tenths;
};

// As the kernel tells it, or as Link Capabilities do. Source: PCIe Base Spec 6.0, 7.5.3.6.
std::optional<Speed> speed_of(const Assigned& one) {
    static constexpr std::array<unsigned, 6> speeds{25, 50, 80, 160, 320, 640};
    if (one.facts == nullptr) return std::nullopt;
    if (one.facts->link) {
        const auto speed = tenths(one.facts->link->max_speed);
        return speed ? std::optional{Speed{one.facts->link->max_speed, *speed}} : std::nullopt;
    }
    const auto& image = one.facts->physical;
    if (!image || image->known() < pci::conventional_size) return std::nullopt;
    const auto place = pci::find_express(*image);
    if (!place) return std::nullopt;
    const pci::LinkCapabilities link{image->read32(place->at + pci::express::link_capabilities)};
    const auto code = link.get<pci::MaxLinkSpeed>();
    if (code == 0 || code > speeds.size()) return std::nullopt;
    const auto speed = speeds[code - 1];
    return Speed{fmt::format("{}{} GT/s", speed / 10, speed % 10 == 0 ? "" : ".5"), speed};
}

void slower_link(const Case& of, Notes& notes) {
    std::size_t unknown = 0;
    for (const auto& one : of.assigned()) {
        const auto* const port = one.node == nullptr ? nullptr : of.tree.above(*one.node);
        if (port == nullptr || port->kind != DriverKind::RootPort || !port->device) continue;
        if (port->driver == "ioh3420") {
            notes.found({.what = fmt::format("{} is behind ioh3420, whose link cannot be as fast "
                                             "as a device's of today",
                                             one.name()),
                         .evidence = {quote(*one.option), quote(of.option(*port->device))},
                         .change = "take a pcie-root-port"});
            continue;
        }
        const auto host = speed_of(one);
        if (!host) {
            const bool asked =
                !said::is_mediated(*one.option) && !is_integrated(one) && !of.is_missing(one);
            unknown += asked ? 1 : 0;
            continue;
        }
        const auto* const said = of.value(*port->device, "x-speed");
        const std::string_view speed = said == nullptr ? "16" : std::string_view{said->text};
        const auto cap = tenths(speed);
        if (!cap || host->tenths <= *cap) continue;
        Occurrence found{.what = fmt::format("{} has a link of {} on its host, and its port one "
                                             "of {} GT/s: the guest sees the slower one",
                                             one.name(), host->words, speed),
                         .evidence = {quote(*one.option), quote(of.option(*port->device))},
                         .change = "give the port the speed of the device"};
        found.paste = change_device(
            of, *port->device, {{.name = "x-speed", .value = host->tenths <= 320 ? "32" : "64"}});
        notes.found(std::move(found));
    }
    if (unknown != 0)
        notes.ask(
            fmt::format("how fast the links of {} function{} are: ports show 16 GT/s at "
                        "most, if not told otherwise",
                        unknown, unknown == 1 ? "" : "s"));
}

void split_card(const Case& of, Notes& notes) {
    std::map<pci::Address, std::vector<const Assigned*>> cards;
    for (const auto& one : of.assigned()) {
        if (!one.host || one.node == nullptr || one.host->bus == 0) continue;
        auto card = *one.host;
        card.function = 0;
        cards[card].push_back(&one);
    }
    for (const auto& [card, functions] : cards) {
        const auto& first = *functions.front()->node;
        const bool apart = std::ranges::any_of(functions, [&](const Assigned* one) {
            return one->node->bus != first.bus || one->node->slot != first.slot;
        });
        // Virtual functions and the ports of a network card are devices of their own.
        const bool graphics = std::ranges::any_of(
            functions, [](const Assigned* one) { return looks_like_display(*one); });
        if (!apart || !graphics) continue;
        if (!without_atomics(functions)) {
            notes.ask(
                fmt::format("whether the host completes AtomicOps for {}: if not, the card "
                            "is better off in one slot",
                            slot_text(card)));
            continue;
        }
        Occurrence found{.what = fmt::format("the functions of the card {} are in different "
                                             "slots of the guest",
                                             slot_text(card)),
                         .evidence = {},
                         .change =
                             "put them into one slot, function 0 with multifunction=on: "
                             "the host completes no AtomicOps that it would cost"};
        for (const auto* const one : functions)
            found.evidence.push_back(quote(*one->option));
        notes.found(std::move(found));
    }
}

// Windows tells of itself by Hyper-V's enlightenments; one name alone hides something else.
bool is_windows(const Case& of) {
    if (of.configuration.windows) return true;
    const auto* const cpu = of.configuration.cpu();
    if (cpu == nullptr) return false;
    return std::ranges::count_if(cpu->properties.all(), [](const said::Property& one) {
               return one.name.starts_with("hv") && !one.name.contains("vendor") &&
                      one.value.text != "off";
           }) >= 2;
}

void ejectable(const Case& of, Notes& notes) {
    if (!is_windows(of)) return;
    for (const auto& one : of.assigned()) {
        const auto* const port = one.node == nullptr ? nullptr : of.tree.above(*one.node);
        if (port == nullptr || port->kind != DriverKind::RootPort || !port->device ||
            !looks_like_display(one))
            continue;
        const auto* const hotplug = of.value(*port->device, "hotplug");
        if (hotplug != nullptr && !said::parse_flag(hotplug->text).value_or(true)) continue;
        notes.found(
            {.what = fmt::format("Windows offers its users to eject {}", one.name()),
             .evidence = {quote(*one.option), quote(of.option(*port->device))},
             .change = "switch hot-plug off on its port",
             .paste = change_device(of, *port->device, {{.name = "hotplug", .value = "off"}})});
    }
}

constexpr auto place_traps = std::to_array<Trap>(
    {{.name = "conventional-bus",
      .kind = Kind::GuestLoses,
      .why = "QEMU shows a function as its bus allows: a conventional bus has 256 bytes of "
             "configuration space and no PCI Express",
      .source = "QEMU 11.1, hw/vfio/pci.c, vfio_setup_pcie_cap, vfio_add_ext_cap; "
                "ROCm/amdgpu#26",
      .look = conventional_bus},
     {.name = "root-bus",
      .kind = Kind::GuestLoses,
      .why = "an endpoint has a port above it; on the root bus QEMU changes its type and clears "
             "its link registers",
      .source = "QEMU 11.1, hw/vfio/pci.c, vfio_setup_pcie_cap; sbates130272/qemu-minimal#76",
      .look = root_bus},
     {.name = "atomics-lost",
      .kind = Kind::GuestLoses,
      .why = "QEMU lets a root port complete AtomicOps only for function 0 without "
             "multifunction=on",
      .source = "QEMU 11.1, hw/vfio/pci.c, vfio_pci_enable_rp_atomics; ROCm/amdgpu#100",
      .look = atomics_lost},
     {.name = "behind-switch",
      .kind = Kind::GuestLoses,
      .why = "QEMU's switch has no ACS and a width of 0, and AtomicOps end at it",
      .source = "QEMU 11.1.3, run; NVIDIA/QEMU#35",
      .look = behind_switch},
     {.name = "hidden-function",
      .kind = Kind::GuestLoses,
      .why = "a guest looks behind a port at device 0, and at a slot's other functions only if "
             "function 0 is there",
      .source = "PCI Local Bus Spec 3.0, 3.2.2.3.4; Linux 7.3, drivers/pci/probe.c",
      .look = hidden_function},
     {.name = "slower-link",
      .kind = Kind::GuestLoses,
      .why = "a port shows the link of the device, at most its own x-speed",
      .source = "QEMU 11.1, hw/pci/pcie.c, pcie_sync_bridge_lnk",
      .look = slower_link},
     {.name = "split-card",
      .kind = Kind::GuestLoses,
      .why = "drivers look for the companions of a graphics function in its own slot",
      .source = "kubevirt/kubevirt#10565, Leoyzen/KVM-Opencore#2",
      .look = split_card},
     {.name = "ejectable",
      .kind = Kind::Dangerous,
      .why = "a root port is a hot-plug slot if not told otherwise",
      .source = "QEMU 11.1.3, run; kubevirt/kubevirt#17605",
      .look = ejectable}});

}  // namespace

std::span<const Trap> traps_of_place() { return place_traps; }

}  // namespace tenon::managed::traps
