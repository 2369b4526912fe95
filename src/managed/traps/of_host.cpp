#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/text.hpp"
#include "device/driver.hpp"
#include "managed/traps/families.hpp"
#include "managed/traps/words.hpp"
#include "pci/capability.hpp"
#include "pci/resizable_bar.hpp"

namespace tenon::managed::traps {
namespace {

bool is_assigned_too(const Case& of, const pci::Address& address) {
    return std::ranges::any_of(of.assigned(),
                               [&](const Assigned& one) { return one.host == address; });
}

// Functions of which facts are missing, in one question.
void ask_for(const Case& of, Notes& notes, std::string_view what, auto&& is_known) {
    std::vector<std::string> names;
    for (const auto& one : of.assigned())
        if (one.host && !said::is_mediated(*one.option) && !of.is_missing(one) &&
            (one.facts == nullptr || !is_known(*one.facts)))
            names.push_back(one.name());
    constexpr std::size_t most_named = 4;
    const auto count = names.size();
    if (count == 0) return;
    names.resize(std::min(count, most_named));
    notes.ask(fmt::format(
        "{} of {}{}", what, fmt::join(names, ", "),
        count > most_named ? fmt::format(" and {} more", count - most_named) : std::string{}));
}

void missing(const Case& of, Notes& notes) {
    for (const auto& address : of.host.missing)
        for (const auto& one : of.assigned())
            if (one.host == address && !of.host.whole)
                notes.ask(
                    fmt::format("whether {} is there: not all of its functions are in what "
                                "was recorded of it",
                                one.name()));
            else if (one.host == address)
                notes.found({.what = fmt::format("{} is not on the host", one.name()),
                             .evidence = {quote(*one.option)},
                             .change = "name a function that is there; tenon list shows them"});
}

void no_iommu(const Case& of, Notes& notes) {
    for (const auto& one : of.assigned())
        if (one.facts != nullptr && one.facts->has_iommu && !*one.facts->has_iommu)
            notes.found({.what = fmt::format("no IOMMU of the host translates {}", one.name()),
                         .evidence = {quote(*one.option)},
                         .change = "switch it on in the firmware's setup, and with Intel by the "
                                   "kernel's option intel_iommu=on"});
    ask_for(of, notes, "the IOMMU", [](const auto& facts) { return bool{facts.has_iommu}; });
}

void shared_group(const Case& of, Notes& notes) {
    std::vector<unsigned> told;
    for (const auto& one : of.assigned()) {
        if (one.facts == nullptr || !one.facts->group) continue;
        const auto& group = *one.facts->group;
        if (std::ranges::find(told, group.number) != told.end()) continue;
        std::vector<std::string> names;
        std::vector<std::string> commands;
        for (const auto& member : group.members) {
            if (!member.driver_known || device::leaves_group_viable(member) ||
                is_assigned_too(of, member.address))
                continue;
            names.push_back(fmt::format("{} ({})", to_string(member.address), member.driver));
            // What the host uses is not taken from it.
            if (member.uses.empty()) commands.push_back(device::unbind_command(member.address));
        }
        if (names.empty()) continue;
        told.push_back(group.number);
        notes.found({.what = fmt::format("{} shares IOMMU group {} with what the host's drivers "
                                         "have: {}",
                                         one.name(), group.number, fmt::join(names, ", ")),
                     .evidence = {quote(*one.option)},
                     .change = "take the others from their drivers, or the device to another slot "
                               "of the host",
                     .paste = std::move(commands)});
    }
    ask_for(of, notes, "the IOMMU group", [](const auto& facts) { return bool{facts.group}; });
}

void no_reset(const Case& of, Notes& notes) {
    for (const auto& one : of.assigned()) {
        if (one.facts == nullptr || !one.facts->reset_methods) continue;
        const auto& methods = *one.facts->reset_methods;
        if (methods.empty()) {
            notes.found({.what = fmt::format("the host's kernel has no reset for {}: a second "
                                             "start finds it as the first guest left it",
                                             one.name()),
                         .evidence = {quote(*one.option)},
                         .change = "start its guest once after each start of the host"});
            continue;
        }
        if (methods.front() != "bus" || !one.facts->bus_neighbours) continue;
        std::vector<std::string> others;
        for (const auto& neighbour : *one.facts->bus_neighbours)
            if (!neighbour.is_bridge && !is_assigned_too(of, neighbour.address))
                others.push_back(to_string(neighbour.address));
        if (others.empty()) continue;
        notes.found({.what = fmt::format("the only reset of {} is that of its bus, which {} has "
                                         "too",
                                         one.name(), fmt::join(others, ", ")),
                     .evidence = {quote(*one.option)},
                     .change = "assign all of them to this guest"});
    }
    ask_for(of, notes, "the resets", [](const auto& facts) { return bool{facts.reset_methods}; });
}

// BARs whose size could be larger, by the Resizable BAR capability of the hardware.
std::vector<unsigned> smaller_bars(const pci::ConfigImage& image) {
    std::vector<unsigned> bars;
    const auto lists = pci::list_capabilities(image);
    const auto found = lists.find(pci::CapabilityList::Extended, pci::extended_id::resizable_bar);
    if (!found) return bars;
    using pci::resizable_bar::control;
    using pci::resizable_bar::entry;
    const auto first = std::size_t{found->at} + pci::resizable_bar::first;
    const auto count =
        pci::ResizableBarControl{image.read32(first + control)}.get<pci::ResizableBarCount>();
    for (std::size_t n = 0; n < count && first + n * entry + entry <= pci::express_size; ++n) {
        const auto at = first + n * entry;
        const pci::ResizableBarControl state{image.read32(at + control)};
        // Bit 4 of the capability is 1 MiB, which the control calls 0.
        const auto sizes = image.read32(at) >> 4;
        const auto now = state.get<pci::ResizableBarSize>();
        if (now < 28 && (sizes >> now) > 1) bars.push_back(state.get<pci::ResizableBarIndex>());
    }
    return bars;
}

void fixed_size(const Case& of, Notes& notes) {
    for (const auto& one : of.assigned()) {
        if (one.facts == nullptr || !one.facts->physical || !looks_like_display(one)) continue;
        for (const auto bar : smaller_bars(*one.facts->physical))
            notes.found({.what = fmt::format("BAR {} of {} is smaller than the device could have "
                                             "it, and stays so",
                                             bar, one.name()),
                         .evidence = {quote(*one.option)},
                         .change = "choose its size on the host before the guest starts",
                         .paste = {fmt::format("cat /sys/bus/pci/devices/{}/resource{}_resize",
                                               one.name(), bar)}});
    }
}

void physical_function(const Case& of, Notes& notes) {
    constexpr std::uint16_t virtualization = 0x10;
    for (const auto& one : of.assigned()) {
        if (one.facts == nullptr || !one.facts->physical) continue;
        const auto lists = pci::list_capabilities(*one.facts->physical);
        if (!lists.find(pci::CapabilityList::Extended, virtualization)) continue;
        notes.found({.what = fmt::format("{} can have virtual functions (SR-IOV), and its guest "
                                         "cannot make them",
                                         one.name()),
                     .evidence = {quote(*one.option)},
                     .change = "if they are wanted, make them on the host and assign those"});
    }
}

// Major and minor number of the host's kernel.
std::optional<std::pair<unsigned, unsigned>> kernel_of(const Assigned& one) {
    if (one.facts == nullptr || !one.facts->kernel) return std::nullopt;
    const auto parts = split(*one.facts->kernel, '.');
    if (parts.size() < 2) return std::nullopt;
    const auto major = tenon::parse_number(parts[0]);
    const auto minor =
        tenon::parse_number(parts[1].substr(0, parts[1].find_first_not_of("0123456789")));
    if (!major || !minor || *major > 1000 || *minor > 1000) return std::nullopt;
    return std::pair{static_cast<unsigned>(*major), static_cast<unsigned>(*minor)};
}

void no_peer_to_peer(const Case& of, Notes& notes) {
    constexpr std::pair maps_bars{6U, 19U};
    constexpr unsigned display = 0x03;
    constexpr unsigned accelerator = 0x12;
    Occurrence found{.what = {}, .evidence = {}};
    for (const auto& one : of.assigned()) {
        const auto code = class_of(one);
        const auto kernel = kernel_of(one);
        if (!code || (*code >> 8 != display && *code >> 8 != accelerator) || !kernel ||
            *kernel >= maps_bars || one.option->properties.find("iommufd") == nullptr)
            continue;
        found.evidence.push_back(quote(*one.option));
    }
    if (found.evidence.size() < 2) return;
    found.what = fmt::format(
        "{} devices through iommufd do not reach each other's BARs on the "
        "host's kernel",
        found.evidence.size());
    found.change = "assign them without iommufd, or take Linux 6.19 or later";
    notes.found(std::move(found));
}

void slow_start(const Case& of, Notes& notes) {
    constexpr std::pair maps_huge{6U, 12U};
    constexpr std::uint64_t large = std::uint64_t{64} << 30;
    std::uint64_t sum = 0;
    Occurrence found{.what = {}, .evidence = {}};
    for (const auto& one : of.assigned()) {
        const auto kernel = kernel_of(one);
        if (!kernel || *kernel >= maps_huge || !one.facts->resources) continue;
        for (const auto& bar : *one.facts->resources)
            sum += std::min(bar.size, std::uint64_t{1} << 50);
        found.evidence.push_back(quote(*one.option));
    }
    if (sum <= large) return;
    found.what = fmt::format("BARs of {} are mapped in pages of 4 KiB: the start takes minutes",
                             format_size(sum));
    found.change = "take Linux 6.12 or later on the host";
    notes.found(std::move(found));
}

constexpr auto host_traps = std::to_array<Trap>(
    {{.name = "function-missing",
      .kind = Kind::FailsToStart,
      .why = "QEMU opens the function by its address",
      .source = "QEMU 11.1, hw/vfio/device.c",
      .look = missing},
     {.name = "no-iommu",
      .kind = Kind::FailsToStart,
      .why = "VFIO gives a function away only behind an IOMMU",
      .source = "Linux, drivers/vfio; foxlet/macOS-Simple-KVM#143",
      .look = no_iommu},
     {.name = "shared-group",
      .kind = Kind::FailsToStart,
      .why = "the IOMMU does not tell members of a group apart, so no driver of the host may have "
             "one of them",
      .source = "Linux, drivers/iommu/iommu.c; kubevirt/kubevirt#6718",
      .look = shared_group},
     {.name = "no-reset",
      .kind = Kind::Dangerous,
      .why = "what one guest leaves in a device without a reset, the next one meets",
      .source = "Linux, drivers/vfio/pci/vfio_pci_core.c; gnif/vendor-reset#76",
      .look = no_reset},
     {.name = "fixed-bar-size",
      .kind = Kind::GuestLoses,
      .why = "QEMU shows the size of the moment as the only one that is supported",
      .source = "QEMU 11.1, hw/vfio/pci.c, vfio_setup_rebar_ecap; "
                "Coopydood/ultimate-macOS-KVM#114",
      .look = fixed_size},
     {.name = "no-virtual-functions",
      .kind = Kind::GuestLoses,
      .why = "QEMU leaves SR-IOV and ARI out of what the guest sees",
      .source = "QEMU 11.1, hw/vfio/pci.c, vfio_add_ext_cap",
      .look = physical_function},
     {.name = "no-peer-to-peer",
      .kind = Kind::GuestLoses,
      .why = "iommufd maps BARs of devices only as dma-buf, which VFIO gives since Linux 6.19",
      .source = "kata-containers/kata-containers#12289",
      .look = no_peer_to_peer},
     {.name = "slow-start",
      .kind = Kind::Slow,
      .why = "VFIO maps BARs in huge pages since Linux 6.12",
      .source = "Linux, drivers/vfio/pci/vfio_pci_core.c, vfio_pci_mmap_huge_fault; "
                "canonical/lxd#15872",
      .look = slow_start}});

}  // namespace

std::span<const Trap> traps_of_host() { return host_traps; }

}  // namespace tenon::managed::traps
