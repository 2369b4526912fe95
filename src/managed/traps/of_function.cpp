#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "managed/traps/families.hpp"
#include "managed/traps/words.hpp"

namespace tenon::managed::traps {
namespace {

const said::Value* property(const Assigned& one, std::string_view name) {
    return one.option->properties.find(name);
}

bool is_said_on(const Assigned& one, std::string_view name) {
    const auto* const value = property(one, name);
    return value != nullptr && said::parse_flag(value->text).value_or(false);
}

// An emulated display of the guest. None: there is none.
std::optional<Evidence> emulated_display(const Case& of) {
    for (const auto& device : of.configuration.devices)
        if (guest::is_display(device.type)) return quote(device);
    if (of.configuration.vga)
        return of.configuration.vga->text == "none"
                   ? std::nullopt
                   : std::optional{Evidence{.place = of.configuration.vga->place,
                                            .word = "vga " + of.configuration.vga->text}};
    if (!of.configuration.default_devices || of.configuration.manager == said::Manager::Proxmox)
        return std::nullopt;
    return Evidence{.place = {.file = of.configuration.name}, .word = "no -nodefaults, no -vga"};
}

void needless_vga(const Case& of, Notes& notes) {
    for (const auto& one : of.assigned()) {
        if (!is_said_on(one, "x-vga")) continue;
        const bool flash = of.configuration.firmware == said::Firmware::Flash;
        const auto display = emulated_display(of);
        if (!flash && !display) continue;
        Occurrence found{
            .what = flash
                        ? fmt::format("{} has x-vga=on, and UEFI firmware needs no VGA", one.name())
                        : fmt::format("{} has x-vga=on beside an emulated display: two want the "
                                      "same legacy ranges",
                                      one.name()),
            .evidence = {quote(*one.option), quote("x-vga", *property(one, "x-vga"))},
            .change = flash ? "leave x-vga out" : "leave x-vga out, or take -vga none"};
        if (!flash) found.evidence.push_back(*display);
        found.paste = change_device(of, one.device, {{.name = "x-vga", .value = "off"}});
        notes.found(std::move(found));
    }
}

std::vector<std::string> without_balloon(said::Manager manager) {
    switch (manager) {
        case said::Manager::Proxmox:
            return {"balloon: 0"};
        case said::Manager::Libvirt:
            return {"<memballoon model='none'/>"};
        case said::Manager::KubeVirt:
            return {"autoattachMemBalloon: false"};
        case said::Manager::Qemu:
            break;
    }
    return {};
}

void balloon(const Case& of, Notes& notes) {
    if (of.assigned().empty()) return;
    for (const auto& device : of.configuration.devices) {
        // Nobody waits for the memory of one that nobody asked for.
        if (!device.type.starts_with("virtio-balloon") || device.added) continue;
        Occurrence found{.what =
                             "a balloon beside an assigned function: what the guest gives "
                             "back stays with it, for all its memory is pinned",
                         .evidence = {quote(device), quote(*of.assigned().front().option)},
                         .change = "leave the balloon out"};
        found.paste = without_balloon(of.configuration.manager);
        notes.found(std::move(found));
    }
}

void graphics_place(const Case& of, Notes& notes) {
    for (const auto& one : of.assigned()) {
        const auto* const legacy = property(one, "x-igd-legacy-mode");
        if (legacy == nullptr || !said::parse_flag(legacy->text).value_or(false)) continue;
        const bool pc = said::board_of(of.configuration) == said::Board::Pc;
        const bool placed = one.node != nullptr && one.node->bus == 0 && one.node->slot == 2 &&
                            one.node->function == 0;
        if (pc && placed) continue;
        notes.found(
            {.what = fmt::format("{} wants the legacy mode of Intel's graphics {}", one.name(),
                                 pc ? "away from 00:02.0" : "on another machine than pc"),
             .evidence = {quote(*one.option), quote("x-igd-legacy-mode", *legacy)},
             .change = pc ? "put it at 02.0 of pci.0" : "leave legacy mode out, or take pc",
             .paste =
                 change_device(of, one.device, {{.name = "x-igd-legacy-mode", .value = "off"}})});
    }
}

void clique(const Case& of, Notes& notes) {
    constexpr unsigned largest = 15;
    constexpr unsigned display = 0x03;
    for (const auto& one : of.assigned()) {
        const auto* const id = property(one, "x-nv-gpudirect-clique");
        if (id == nullptr) continue;
        const auto number = said::parse_number(id->text);
        const auto code = class_of(one);
        const bool range = !number || *number > largest;
        if (!range && (!code || *code >> 8 == display)) continue;
        notes.found({.what = range ? fmt::format("{} has the clique {}, which is none of 0 to 15",
                                                 one.name(), id->text)
                                   : fmt::format("{} has a clique, and is no display", one.name()),
                     .evidence = {quote(*one.option), quote("x-nv-gpudirect-clique", *id)},
                     .change = range ? "choose a clique from 0 to 15" : "leave it out",
                     .paste = change_device(of, one.device,
                                            {{.name = "x-nv-gpudirect-clique", .value = ""}})});
    }
}

// The root bus of the host above the function. None: nobody knows.
std::optional<std::pair<std::uint32_t, unsigned>> host_root(const Assigned& one) {
    if (one.facts == nullptr || !one.facts->path || !one.host) return std::nullopt;
    const auto& path = *one.facts->path;
    const auto& top = path.empty() ? *one.host : path.back().address;
    return std::pair{top.domain, unsigned{top.bus}};
}

void clique_across_roots(const Case& of, Notes& notes) {
    std::map<std::string_view, const Assigned*> first;
    for (const auto& one : of.assigned()) {
        const auto* const id = property(one, "x-nv-gpudirect-clique");
        const auto root = host_root(one);
        if (id == nullptr || !root) continue;
        const auto [place, is_first] = first.try_emplace(id->text, &one);
        if (is_first || host_root(*place->second) == root) continue;
        notes.found(
            {.what = fmt::format("{} and {} have the same clique, {}, and hang on different "
                                 "root buses of the host",
                                 place->second->name(), one.name(), id->text),
             .evidence = {quote(*place->second->option), quote(*one.option),
                          quote("x-nv-gpudirect-clique", *id)},
             .change = "give a clique of its own to what is on each root bus"});
    }
}

const RomFile* bad_rom(const Case& of, const Assigned& one) {
    const auto path = one.option->properties.text("romfile");
    const auto found = std::ranges::find(of.host.rom_files, path, &RomFile::path);
    return path.empty() || found == of.host.rom_files.end() ? nullptr : &*found;
}

void rom_missing(const Case& of, Notes& notes) {
    for (const auto& one : of.assigned())
        if (const auto* const file = bad_rom(of, one); file != nullptr && !file->is_there)
            notes.found(
                {.what =
                     fmt::format("the ROM file of {}, {}, cannot be read", one.name(), file->path),
                 .evidence = {quote(*one.option), quote("romfile", *property(one, "romfile"))},
                 .change = "name a file that is there, or none: the device has its own"});
}

void no_rom(const Case& of, Notes& notes) {
    for (const auto& one : of.assigned())
        if (const auto* const file = bad_rom(of, one); file != nullptr && file->is_there)
            notes.found(
                {.what = fmt::format("the ROM file of {}, {}, does not begin with 55 aa: "
                                     "no firmware runs it",
                                     one.name(), file->path),
                 .evidence = {quote(*one.option), quote("romfile", *property(one, "romfile"))},
                 .change = "cut off what a vendor's tool put in front, or name no file"});
}

// UEFI shows its first picture by the driver in a display's ROM.
void hidden_rom(const Case& of, Notes& notes) {
    if (of.configuration.firmware != said::Firmware::Flash || emulated_display(of)) return;
    std::vector<const Assigned*> displays;
    for (const auto& one : of.assigned())
        if (looks_like_display(one)) displays.push_back(&one);
    if (displays.size() != 1) return;
    const auto& one = *displays.front();
    const auto* const bar = property(one, "rombar");
    if (bar == nullptr || bar->text != "0" || property(one, "romfile") != nullptr) return;
    notes.found({.what = fmt::format("{} is the only display, and its ROM is hidden: UEFI firmware "
                                     "has no picture",
                                     one.name()),
                 .evidence = {quote(*one.option), quote("rombar", *bar)},
                 .change = "leave the ROM to be seen",
                 .paste = change_device(of, one.device, {{.name = "rombar", .value = "1"}})});
}

void token_needed(const Case& of, Notes& notes) {
    for (const auto& one : of.assigned()) {
        if (one.facts == nullptr || !one.facts->physical_function ||
            property(one, "vf-token") != nullptr)
            continue;
        const auto& physical = one.facts->physical_function->address;
        const auto& all = of.host.physical_on_vfio;
        if (std::ranges::find(all, physical) == all.end()) continue;
        notes.found({.what = fmt::format("{} is a virtual function of {}, which vfio-pci has, and "
                                         "no vf-token is given",
                                         one.name(), to_string(physical)),
                     .evidence = {quote(*one.option)},
                     .change = "give vf-token= the UUID that the program with the physical "
                               "function has set"});
    }
}

void trapped_memory(const Case& of, Notes& notes) {
    for (const auto& one : of.assigned())
        if (is_said_on(one, "x-no-mmap"))
            notes.found(
                {.what = fmt::format("{} has x-no-mmap=on: each access of the guest to a "
                                     "BAR goes through QEMU",
                                     one.name()),
                 .evidence = {quote(*one.option)},
                 .change = "leave it out",
                 .paste = change_device(of, one.device, {{.name = "x-no-mmap", .value = "off"}})});
}

void relocation(const Case& of, Notes& notes) {
    for (const auto& one : of.assigned()) {
        const auto* const place = property(one, "x-msix-relocation");
        if (place != nullptr && place->text == "auto")
            notes.found({.what = fmt::format("{} has x-msix-relocation=auto", one.name()),
                         .evidence = {quote(*one.option), quote("x-msix-relocation", *place)},
                         .change = "name a BAR, or leave it out"});
    }
}

void token(const Case& of, Notes& notes) {
    for (const auto& one : of.assigned()) {
        const auto* const value = property(one, "vf-token");
        if (value == nullptr || property(one, "iommufd") == nullptr) continue;
        notes.found({.what = fmt::format("{} has a vf-token, which does not pass through iommufd",
                                         one.name()),
                     .evidence = {quote(*one.option), quote("vf-token", *value)},
                     .change = "assign it without iommufd",
                     .paste = change_device(of, one.device, {{.name = "iommufd", .value = ""}})});
    }
}

void iommufd_object(const Case& of, Notes& notes) {
    for (const auto& one : of.assigned()) {
        const auto* const name = property(one, "iommufd");
        if (name == nullptr) {
            if (const auto* const file = property(one, "fd"))
                notes.found({.what = "vfio-pci has fd= without iommufd=",
                             .evidence = {quote(*one.option), quote("fd", *file)},
                             .change = "name the iommufd object that the file goes with"});
            continue;
        }
        const bool there =
            std::ranges::any_of(of.configuration.objects, [&](const said::Option& object) {
                return object.type == "iommufd" && object.id == name->text;
            });
        if (!there)
            notes.found(
                {.what = fmt::format("{} goes through iommufd {}, and there is no such "
                                     "object",
                                     one.name(), name->text),
                 .evidence = {quote(*one.option), quote("iommufd", *name)},
                 .change = "make the object",
                 .paste = add_option(of, "-object", fmt::format("iommufd,id={}", name->text))});
    }
}

// Where the address would stand.
std::string_view untold_words(const Case& of, const Assigned& one) {
    if (of.configuration.manager == said::Manager::KubeVirt)
        return "that is known once it runs, from the XML of its virt-launcher";
    if (property(one, "iommufd") != nullptr)
        return "through iommufd the command has a file in its place; XML of libvirt has the "
               "address, and --pid finds it by the file";
    return "the configuration does not say it";
}

void untold_host(const Case& of, Notes& notes) {
    for (const auto& one : of.assigned())
        if (!one.host && !said::is_mediated(*one.option))
            notes.ask(fmt::format("which function of the host {} is: {}", one.name(),
                                  untold_words(of, one)));
}

void small_blocks(const Case& of, Notes& notes) {
    constexpr std::uint64_t most_mappings = 65535;
    const bool group_interface = std::ranges::any_of(
        of.assigned(), [](const Assigned& one) { return property(one, "iommufd") == nullptr; });
    if (!group_interface) return;
    for (std::size_t n = 0; n < of.configuration.devices.size(); ++n) {
        const auto& device = of.option(n);
        if (!device.type.starts_with("virtio-mem")) continue;
        const auto backend = device.properties.text("memdev");
        const auto object = std::ranges::find(of.configuration.objects, backend, &said::Option::id);
        const auto* const block = of.value(n, "block-size");
        if (object == of.configuration.objects.end() || block == nullptr) continue;
        const auto size = said::parse_size(object->properties.text("size"), 1);
        const auto each = said::parse_size(block->text, 1);
        if (!size || !each || *each == 0 || *size / *each <= most_mappings) continue;
        notes.found({.what = fmt::format("{} may need {} DMA mappings, and VFIO has {}",
                                         device.type, *size / *each, most_mappings),
                     .evidence = {quote(device), quote("block-size", *block)},
                     .change = "take larger blocks",
                     .paste = change_device(of, n, {{.name = "block-size", .value = "128M"}})});
    }
}

constexpr auto function_traps = std::to_array<Trap>(
    {{.name = "needless-vga",
      .kind = Kind::GuestLoses,
      .why = "x-vga routes the legacy VGA ranges of a PC to the device, for firmware without UEFI",
      .source = "QEMU 11.1, hw/vfio/pci.c, vfio_populate_vga; Proxmox, qm-pci-passthrough",
      .look = needless_vga},
     {.name = "balloon",
      .kind = Kind::GuestLoses,
      .why = "a device may write to every page at any time, so QEMU discards none",
      .source = "QEMU commit 238e91728503; aleph-im/aleph-vm#927",
      .look = balloon},
     {.name = "graphics-place",
      .kind = Kind::FailsToStart,
      .why =
          "legacy mode makes the machine look like the graphics' own, at one place of one machine",
      .source = "QEMU 11.1, hw/vfio/igd.c; LongQT-sea/intel-igpu-passthru#22",
      .look = graphics_place},
     {.name = "wrong-clique",
      .kind = Kind::FailsToStart,
      .why = "QEMU adds NVIDIA's capability to displays alone, with 4 bits of a number",
      .source = "QEMU 11.1, hw/vfio/pci-quirks.c, vfio_add_nv_gpudirect_cap; lxc/incus#3962",
      .look = clique},
     {.name = "clique-across-roots",
      .kind = Kind::GuestLoses,
      .why = "a clique tells the driver that its members reach each other, which those below "
             "different root buses seldom do",
      .source = "QEMU 11.1, docs/system; noonghunna/club-3090#890, NVIDIA/nccl#2335",
      .look = clique_across_roots},
     {.name = "rom-missing",
      .kind = Kind::FailsToStart,
      .why = "QEMU reads the file when it makes the device",
      .source = "QEMU 11.1, hw/pci/pci.c, pci_add_option_rom",
      .look = rom_missing},
     {.name = "no-rom",
      .kind = Kind::GuestLoses,
      .why = "an expansion ROM begins with the bytes 55 aa",
      .source = "PCI Firmware Specification 3.3, 5.2.1; yoonsikp/macOS-KVM-PCI-Passthrough#2",
      .look = no_rom},
     {.name = "hidden-rom",
      .kind = Kind::GuestLoses,
      .why = "firmware draws by the driver that it finds in the ROM of a display",
      .source = "tomitamoeko/VfioIgdPkg#5",
      .look = hidden_rom},
     {.name = "token-needed",
      .kind = Kind::FailsToStart,
      .why = "VFIO opens such a virtual function only for who knows the token",
      .source = "Linux, drivers/vfio/pci/vfio_pci_core.c, vfio_pci_validate_vf_token; "
                "intel/sriov-fec-operator#32",
      .look = token_needed},
     {.name = "trapped-memory",
      .kind = Kind::Slow,
      .why = "without a mapping no access reaches the device directly, and no other device its "
             "BARs",
      .source = "QEMU 11.1, hw/vfio/region.c",
      .look = trapped_memory},
     {.name = "relocation-auto",
      .kind = Kind::FailsToStart,
      .why = "QEMU has no way to choose a BAR and refuses",
      .source = "QEMU 11.1, hw/vfio/pci.c, vfio_pci_relocate_msix",
      .look = relocation},
     {.name = "token-through-iommufd",
      .kind = Kind::FailsToStart,
      .why = "QEMU binds the device to iommufd without the token that its physical function wants",
      .source = "QEMU 11.1, hw/vfio/iommufd.c; NVIDIA/QEMU#38",
      .look = token},
     {.name = "iommufd-missing",
      .kind = Kind::FailsToStart,
      .why = "a function goes through iommufd by the name of an object",
      .source = "QEMU 11.1, hw/vfio/device.c, vfio_device_get_name",
      .look = iommufd_object},
     {.name = "untold-host",
      .kind = Kind::GuestLoses,
      .why = "",
      .source = "",
      .look = untold_host},
     {.name = "too-many-mappings",
      .kind = Kind::FailsToStart,
      .why = "each block of such memory is a mapping of its own",
      .source = "Linux, drivers/vfio/vfio_iommu_type1.c, dma_entry_limit; NVIDIA/nvtrust#46",
      .look = small_blocks}});

}  // namespace

std::span<const Trap> traps_of_function() { return function_traps; }

}  // namespace tenon::managed::traps
