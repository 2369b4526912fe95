#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>

#include "base/text.hpp"
#include "managed/traps/families.hpp"
#include "managed/traps/words.hpp"

namespace tenon::managed::traps {
namespace {

constexpr std::uint64_t gibibyte = std::uint64_t{1} << 30;
constexpr std::uint64_t four_gibibytes = 4 * gibibyte;
constexpr unsigned named_model_bits = 40;

const said::Value* cpu_value(const Case& of, std::string_view name) {
    const auto* const cpu = of.configuration.cpu();
    return cpu == nullptr ? nullptr : cpu->properties.find(name);
}

bool cpu_flag(const Case& of, std::string_view name, bool otherwise) {
    const auto* const value = cpu_value(of, name);
    return value == nullptr ? otherwise : said::parse_flag(value->text).value_or(otherwise);
}

bool is_host_model(const Case& of) {
    const auto* const cpu = of.configuration.cpu();
    return cpu != nullptr && (cpu->type == "host" || cpu->type == "max");
}

// Bits of a guest physical address. None: those of the host, or not told.
std::optional<unsigned> guest_bits(const Case& of) {
    if (cpu_flag(of, "host-phys-bits", is_host_model(of))) {
        const auto* const limit = cpu_value(of, "host-phys-bits-limit");
        const auto most = limit == nullptr ? std::nullopt : said::parse_number(limit->text);
        const auto& host = of.host.physical_bits;
        if (!host) return std::nullopt;
        return most && *most != 0
                   ? std::min<unsigned>(*host,
                                        static_cast<unsigned>(std::min<std::uint64_t>(*most, 64)))
                   : *host;
    }
    const auto* const bits = cpu_value(of, "phys-bits");
    if (bits == nullptr) return named_model_bits;
    const auto number = said::parse_number(bits->text);
    if (!number || *number > 64) return std::nullopt;
    return *number == 0 ? named_model_bits : static_cast<unsigned>(*number);
}

void error_43_words(const Case& of, Notes& notes) {
    const auto* const cpu = of.configuration.cpu();
    if (of.assigned().empty() || cpu == nullptr) return;
    Occurrence found{.what = {}, .evidence = {}};
    std::vector<Change> changes;
    for (const auto& [name, value] : cpu->properties.all()) {
        auto dashed = name;
        std::ranges::replace(dashed, '_', '-');
        const bool off = !said::parse_flag(value.text).value_or(true);
        const bool folklore =
            (dashed == "kvm" && off) || (dashed == "hypervisor" && off) || dashed == "hv-vendor-id";
        if (!folklore) continue;
        found.evidence.push_back(quote(name, value));
        found.what += fmt::format("{}{}={}", found.what.empty() ? "" : ", ", name, value.text);
        changes.push_back({.name = name, .value = ""});
    }
    if (changes.empty()) return;
    found.what += ": hides the hypervisor from the guest, which costs it its clock and other help";
    found.change =
        "leave it out; if a driver still fails, look for room for BARs, the ROM and "
        "the bus first";
    found.paste = change_cpu(of, changes);
    notes.found(std::move(found));
}

void second_cpu(const Case& of, Notes& notes) {
    const auto& cpus = of.configuration.cpus;
    for (std::size_t n = 0; n + 1 < cpus.size(); ++n)
        notes.found({.what = fmt::format("the CPU {} is replaced by a later one, {}, with all its "
                                         "flags",
                                         cpus[n].type, cpus.back().type),
                     .evidence = {quote(cpus[n]), quote(cpus.back())},
                     .change = "say all of it once"});
}

std::uint64_t size_of(const said::Properties& memory, std::string_view name,
                      std::uint64_t otherwise) {
    const auto* const value = memory.find(name);
    if (value == nullptr) return otherwise;
    return said::parse_size(value->text, mebibyte).value_or(otherwise);
}

std::uint64_t rounded_up(std::uint64_t number) {
    return (number + gibibyte - 1) / gibibyte * gibibyte;
}

// Where QEMU's hole for 64-bit BARs ends; none where sizes are beyond reason, or there is no RAM.
// Source: QEMU 11.1, hw/i386/pc.c, pc_pci_hole64_start, pc_max_used_gpa.
std::optional<std::uint64_t> end_of_hole(const Case& of) {
    constexpr std::uint64_t most = std::uint64_t{1} << 60;
    const bool q35 = said::board_of(of.configuration) == said::Board::Q35;
    if (said::board_of(of.configuration) == said::Board::Other) return std::nullopt;
    const auto size = size_of(of.configuration.memory, "size", 128 * mebibyte);
    const auto largest = std::max(size, size_of(of.configuration.memory, "maxmem", size));
    const auto slots = of.configuration.memory.find("slots");
    const auto count = slots == nullptr ? 0 : said::parse_number(slots->text).value_or(0);
    if (largest > most || count > 1000) return std::nullopt;
    const std::uint64_t all_below = q35 ? 0xb0000000 : 0xe0000000;
    const std::uint64_t below = q35 ? 0x80000000 : 0xc0000000;
    auto end = four_gibibytes + (size < all_below ? 0 : size - below);
    if (largest > size) end = rounded_up(end) + (largest - size) + count * gibibyte;
    auto hole = (q35 ? 32 : 2) * gibibyte;
    const std::string_view bridge = q35 ? "q35-pcihost" : "i440FX-pcihost";
    for (const auto& global : of.configuration.globals)
        if (global.driver == bridge && global.name == "pci-hole64-size")
            hole = said::parse_size(global.value.text, 1).value_or(hole);
    if (hole > most) return std::nullopt;
    return rounded_up(end) + hole;
}

void beyond_width(const Case& of, Notes& notes) {
    const auto bits = guest_bits(of);
    const auto end = end_of_hole(of);
    if (!bits || !end || *bits >= 60 || *end <= std::uint64_t{1} << *bits) return;
    Occurrence found{
        .what = fmt::format("memory and the hole for 64-bit BARs end at {:#x}, and the CPU has "
                            "{} bits of address",
                            *end, *bits),
        .evidence = {},
        .change = "let the guest have the width of the host",
        .paste = change_cpu(
            of, {{.name = "host-phys-bits", .value = "on"}, {.name = "phys-bits", .value = ""}})};
    if (const auto* const cpu = of.configuration.cpu()) found.evidence.push_back(quote(*cpu));
    if (const auto* const size = of.configuration.memory.find("size"))
        found.evidence.push_back(quote("size", *size));
    notes.found(std::move(found));
}

// AMD's processors have a hole of their own below 1 TiB, which older machines do not go around.
void amd_hole(const Case& of, Notes& notes) {
    constexpr std::uint64_t hole = 0xfd00000000;
    constexpr said::MachineVersion first_right{.major = 7, .minor = 1};
    const auto* const cpu = of.configuration.cpu();
    if (cpu == nullptr) return;
    const bool amd = cpu->type.starts_with("EPYC") || cpu->type.starts_with("Opteron") ||
                     cpu->type == "phenom" || cpu->properties.text("vendor") == "AuthenticAMD";
    const auto version = said::version_of(of.configuration);
    const auto end = end_of_hole(of);
    if (!amd || !version || *version >= first_right || !end || *end <= hole) return;
    Occurrence found{.what = fmt::format("the machine of QEMU {}.{} puts memory or BARs of an AMD "
                                         "guest up to {:#x}, where AMD's IOMMU has its hole",
                                         version->major, version->minor, *end),
                     .evidence = {quote(*cpu)},
                     .change = "take a machine of QEMU 7.1 or later"};
    if (const auto* const type = of.configuration.machine.find("type"))
        found.evidence.push_back(quote("type", *type));
    notes.found(std::move(found));
}

// Bytes of the 64-bit memory BARs of all assigned functions, each a multiple of itself.
std::optional<std::uint64_t> large_bars(const Case& of) {
    std::uint64_t sum = 0;
    for (const auto& one : of.assigned()) {
        if (one.facts == nullptr || !one.facts->resources) return std::nullopt;
        for (const auto& bar : *one.facts->resources)
            if ((bar.flags & device::resource_64bit) != 0 && bar.size <= std::uint64_t{1} << 50)
                sum += bar.size;
    }
    return sum;
}

void narrow_window(const Case& of, Notes& notes) {
    constexpr said::MachineVersion tells_width{.major = 9, .minor = 1};
    if (of.assigned().empty() || of.configuration.firmware != said::Firmware::Flash ||
        of.configuration.mmio_window)
        return;
    const auto bits = guest_bits(of);
    if (!bits || *bits > named_model_bits) return;
    const auto bars = large_bars(of);
    if (!bars)
        return notes.ask(
            fmt::format("how large the BARs are: the CPU has {} bits of address, of "
                        "which the firmware keeps an eighth or 32 GiB for them",
                        *bits));
    const auto version = said::version_of(of.configuration);
    const auto eighth = std::uint64_t{1} << (std::max(*bits, 4U) - 3);
    const auto window = version && *version < tells_width ? 32 * gibibyte : eighth;
    if (*bars <= window) return;
    Occurrence found{.what = fmt::format("64-bit BARs of {} together do not fit into the {} that "
                                         "the firmware keeps for them",
                                         format_size(*bars), format_size(window)),
                     .evidence = {},
                     .change = "let the guest have the width of the host",
                     .paste = change_cpu(of, {{.name = "host-phys-bits", .value = "on"},
                                              {.name = "phys-bits", .value = ""}})};
    if (const auto* const cpu = of.configuration.cpu()) found.evidence.push_back(quote(*cpu));
    for (const auto& one : of.assigned())
        found.evidence.push_back(quote(*one.option));
    notes.found(std::move(found));
}

// Bits of the addresses that the host's IOMMU maps for the function.
std::optional<unsigned> iommu_bits(const Assigned& one) {
    if (one.facts == nullptr || !one.facts->iommu.iova || one.facts->iommu.iova->empty())
        return std::nullopt;
    return static_cast<unsigned>(std::bit_width(one.facts->iommu.iova->back().last));
}

void wider_than_iommu(const Case& of, Notes& notes) {
    const auto bits = guest_bits(of);
    if (!bits) return;
    for (const auto& one : of.assigned()) {
        const auto most = iommu_bits(one);
        if (!most || *bits <= *most) continue;
        const auto limit = std::to_string(*most);
        notes.found({.what = fmt::format("the guest has {} bits of address, and the host's IOMMU "
                                         "maps {} for {}",
                                         *bits, *most, one.name()),
                     .evidence = {quote(*one.option)},
                     .change = "let the guest have no more than the IOMMU",
                     .paste = change_cpu(of, {{.name = "host-phys-bits", .value = "on"},
                                              {.name = "host-phys-bits-limit", .value = limit},
                                              {.name = "phys-bits", .value = ""}})});
        return;
    }
}

void viommu_width(const Case& of, Notes& notes) {
    constexpr said::MachineVersion wide{.major = 9, .minor = 2};
    const auto version = said::version_of(of.configuration);
    for (const auto device : of.tree.order) {
        if (of.option(device).type != "intel-iommu" || of.assigned().empty()) continue;
        const auto* const said = of.value(device, "aw-bits");
        const auto bits = said != nullptr
                              ? said::parse_number(said->text)
                              : std::optional<std::uint64_t>{version && *version < wide ? 39 : 48};
        if (!bits) continue;
        bool unknown = false;
        for (const auto& one : of.assigned()) {
            const auto most = iommu_bits(one);
            unknown = unknown || !most;
            if (!most || *bits <= *most) continue;
            const auto limit = std::to_string(*most >= 48 ? 48 : 39);
            notes.found(
                {.what =
                     fmt::format("intel-iommu has {} bits of address{}, and the host's "
                                 "IOMMU {} for {}",
                                 *bits, said == nullptr ? " by default" : "", *most, one.name()),
                 .evidence = {quote(of.option(device)), quote(*one.option)},
                 .change = "give it no more",
                 .paste = change_device(of, device, {{.name = "aw-bits", .value = limit}})});
            break;
        }
        if (unknown && *bits > 39)
            notes.ask(
                fmt::format("how many bits of address its IOMMU maps: intel-iommu has {}, "
                            "and client processors of Intel have 39",
                            *bits));
    }
}

constexpr auto processor_traps = std::to_array<Trap>(
    {{.name = "hidden-hypervisor",
      .kind = Kind::GuestLoses,
      .why = "NVIDIA's drivers have taken guests since version 465 of 2021; what remains is the "
             "harm",
      .source = "kubevirt/kubevirt#5619, isc30/ryzen-gpu-passthrough-proxmox#158",
      .look = error_43_words},
     {.name = "cpu-replaced",
      .kind = Kind::GuestLoses,
      .why = "of several -cpu the last one counts alone",
      .source = "QEMU 11.1, system/vl.c; isc30/ryzen-gpu-passthrough-proxmox#158",
      .look = second_cpu},
     {.name = "beyond-address-width",
      .kind = Kind::FailsToStart,
      .why = "QEMU ends where the hole for BARs ends above what the CPU can address; models with "
             "a name have 40 bits",
      .source = "QEMU 11.1, hw/i386/pc.c, pc_max_used_gpa",
      .look = beyond_width},
     {.name = "amd-address-hole",
      .kind = Kind::FailsToStart,
      .why = "no DMA can be mapped from 0xfd00000000 to 1 TiB",
      .source = "QEMU 11.1, hw/i386/pc.c; Linux, drivers/iommu/amd",
      .look = amd_hole},
     {.name = "no-room-for-bars",
      .kind = Kind::GuestLoses,
      .why = "firmware places 64-bit BARs within the CPU's address width",
      .source = "tianocore/edk2, OvmfPkg/Library/PlatformInitLib/MemDetect.c; "
                "kubevirt/kubevirt#11093, canonical/lxd#14381",
      .look = narrow_window},
     {.name = "wider-than-iommu",
      .kind = Kind::GuestLoses,
      .why = "firmware may place BARs where the host's IOMMU cannot map them: peer-to-peer is "
             "lost, and with ivshmem QEMU aborts",
      .source = "QEMU 11.1, hw/vfio/listener.c; gnif/LookingGlass#1184",
      .look = wider_than_iommu},
     {.name = "viommu-wider-than-host",
      .kind = Kind::FailsToStart,
      .why = "QEMU compares both when a function is assigned; machines since 9.2 have 48 bits",
      .source = "QEMU 11.1, hw/i386/intel_iommu.c, vtd_check_hiod",
      .look = viommu_width}});

}  // namespace

std::span<const Trap> traps_of_processor() { return processor_traps; }

}  // namespace tenon::managed::traps
