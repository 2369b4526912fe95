#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "managed/traps/families.hpp"
#include "managed/traps/words.hpp"

namespace tenon::managed::traps {
namespace {

// Numbers of the vIOMMUs among the devices, in QEMU's order.
std::vector<std::size_t> viommus(const Case& of, std::string_view model = "") {
    std::vector<std::size_t> found;
    for (const auto device : of.tree.order) {
        const auto& type = of.option(device).type;
        if (guest::is_viommu(type) && (model.empty() || type == model)) found.push_back(device);
    }
    return found;
}

// An assigned function that is checked for the vIOMMU when it is made; null: none.
const Assigned* checked_function(const Case& of) {
    const auto found = std::ranges::find_if(
        of.assigned(), [](const Assigned& one) { return !said::is_mediated(*one.option); });
    return found == of.assigned().end() ? nullptr : &*found;
}

void no_caching_mode(const Case& of, Notes& notes) {
    const auto* const function = checked_function(of);
    if (function == nullptr) return;
    for (const auto device : viommus(of, "intel-iommu"))
        if (!of.is_on(device, "caching-mode"))
            notes.found(
                {.what = "intel-iommu has no caching-mode=on beside an assigned function",
                 .evidence = {quote(of.option(device)), quote(*function->option)},
                 .change = "switch caching-mode on",
                 .paste = change_device(of, device, {{.name = "caching-mode", .value = "on"}})});
}

void no_dma_remap(const Case& of, Notes& notes) {
    if (of.assigned().empty()) return;
    for (const auto device : viommus(of, "amd-iommu"))
        if (!of.is_on(device, "dma-remap"))
            notes.found(
                {.what = "amd-iommu has no dma-remap=on beside an assigned function",
                 .evidence = {quote(of.option(device)), quote(*of.assigned().front().option)},
                 .change = "switch dma-remap on, which QEMU 11 has, or take another model",
                 .paste = change_device(of, device, {{.name = "dma-remap", .value = "on"}})});
}

void after_functions(const Case& of, Notes& notes) {
    const auto& order = of.tree.order;
    for (const auto device : viommus(of)) {
        const auto here = std::ranges::find(order, device);
        Occurrence one{.what = {}, .evidence = {quote(of.option(device))}};
        std::size_t count = 0;
        for (const auto& function : of.assigned())
            if (std::ranges::find(order, function.device) < here) {
                one.evidence.push_back(quote(*function.option));
                ++count;
            }
        if (count == 0) continue;
        one.what = fmt::format(
            "{} is made after {} assigned function{}: it translates none of "
            "their DMA",
            of.option(device).type, count, count == 1 ? "" : "s");
        if (of.configuration.manager == said::Manager::Proxmox) {
            one.change = "take the model that is made first";
            one.paste = {"machine: q35,viommu=intel"};
        } else if (of.configuration.manager == said::Manager::Libvirt) {
            one.change = "describe it to libvirt, which makes it first";
            one.paste = {"<iommu model='intel'>", "  <driver caching_mode='on'/>", "</iommu>"};
        } else {
            one.change =
                "put its option in front of every assigned function, in the same form "
                "(key=value comes before JSON)";
            one.paste = {option_text("-device", of.option(device), {})};
        }
        notes.found(std::move(one));
    }
}

void remapping_needs_split(const Case& of, Notes& notes) {
    const auto irqchip = of.configuration.machine.text("kernel-irqchip");
    const auto* const accelerator = of.configuration.accelerator.find("kernel-irqchip");
    const auto chosen = accelerator == nullptr ? irqchip : std::string_view{accelerator->text};
    if (chosen == "split" || chosen == "off") return;
    const auto kvm = of.configuration.accelerator.text("accel");
    if (!kvm.contains("kvm")) return;
    for (const auto device : viommus(of)) {
        const auto* const said = of.value(device, "intremap");
        if (said == nullptr || !said::parse_flag(said->text).value_or(false)) continue;
        notes.found({.what = fmt::format("{} has intremap=on, and the machine no "
                                         "kernel-irqchip=split",
                                         of.option(device).type),
                     .evidence = {quote(of.option(device)), quote("intremap", *said)},
                     .change = "split the interrupt controllers between KVM and QEMU",
                     .paste = change_machine(of, "kernel-irqchip", "split")});
    }
}

void needs_remapping(const Case& of, Notes& notes) {
    for (const auto device : viommus(of, "intel-iommu")) {
        const auto* const remap = of.value(device, "intremap");
        if (of.is_on(device, "eim") && remap != nullptr &&
            !said::parse_flag(remap->text).value_or(true))
            notes.found(
                {.what = "intel-iommu has eim=on with intremap=off",
                 .evidence = {quote(of.option(device)), quote("intremap", *remap)},
                 .change = "switch intremap on too",
                 .paste = change_device(of, device, {{.name = "intremap", .value = "on"}})});
    }
}

void snooping(const Case& of, Notes& notes) {
    if (of.assigned().empty()) return;
    for (const auto device : viommus(of, "intel-iommu"))
        if (of.is_on(device, "snoop-control"))
            notes.found(
                {.what = "intel-iommu has snoop-control=on beside an assigned function",
                 .evidence = {quote(of.option(device))},
                 .change = "leave snoop-control out",
                 .paste = change_device(of, device, {{.name = "snoop-control", .value = "off"}})});
}

void second_viommu(const Case& of, Notes& notes) {
    const auto all = viommus(of);
    if (all.size() > 1)
        notes.found({.what = fmt::format("{} vIOMMUs", all.size()),
                     .evidence = {quote(of.option(all[0])), quote(of.option(all[1]))},
                     .change = "leave one of them out"});
    if (said::board_of(of.configuration) != said::Board::Pc) return;
    for (const auto device : all)
        if (of.option(device).type == "intel-iommu" || of.option(device).type == "amd-iommu")
            notes.found({.what = fmt::format("{} on the machine pc", of.option(device).type),
                         .evidence = {quote(of.option(device))},
                         .change = "take the machine q35",
                         .paste = change_machine(of, "type", "q35")});
}

void virtio_place(const Case& of, Notes& notes) {
    for (const auto device : viommus(of)) {
        const auto* const node = of.tree.find(device);
        if (node != nullptr && node->bus != 0)
            notes.found(
                {.what = fmt::format("{} sits behind a port", of.option(device).type),
                 .evidence = {quote(of.option(device))},
                 .change = "put it onto the root bus",
                 .paste = change_device(of, device,
                                        {{.name = "bus", .value = of.tree.buses.front().name},
                                         {.name = "addr", .value = ""}})});
    }
}

std::vector<std::string> through_iommufd(const Case& of, const Assigned& one) {
    auto device = change_device(of, one.device, {{.name = "iommufd", .value = "iommufd0"}});
    // libvirt makes the object by itself.
    if (of.configuration.manager == said::Manager::Libvirt && !one.option->origin.empty())
        return device;
    auto lines = add_option(of, "-object", "iommufd,id=iommufd0");
    std::ranges::move(device, std::back_inserter(lines));
    return lines;
}

void first_stage(const Case& of, Notes& notes) {
    for (const auto device : viommus(of, "intel-iommu")) {
        const auto lacks = [&](std::string what, const std::vector<Change>& changes) {
            notes.found({.what = std::move(what),
                         .evidence = {quote(of.option(device))},
                         .change = "give what it needs",
                         .paste = change_device(of, device, changes)});
        };
        const auto* const bits = of.value(device, "pasid-bits");
        const auto count = bits == nullptr ? std::nullopt : said::parse_number(bits->text);
        const bool scalable = of.is_on(device, "scalable-mode");
        if (of.is_on(device, "fsts") && !scalable)
            lacks("intel-iommu has fsts=on without scalable-mode=on",
                  {{.name = "scalable-mode", .value = "on"}});
        if (count.value_or(0) > 0 && !scalable)
            lacks("intel-iommu has pasid-bits without scalable-mode=on",
                  {{.name = "scalable-mode", .value = "on"}});
        constexpr unsigned most_pasid_bits = 20;
        if (count.value_or(0) > most_pasid_bits)
            lacks(fmt::format("intel-iommu has pasid-bits={}, above 20", *count),
                  {{.name = "pasid-bits", .value = "20"}});
        if (!of.is_on(device, "fsts")) continue;
        for (const auto& one : of.assigned())
            if (one.option->properties.find("iommufd") == nullptr)
                notes.found(
                    {.what = fmt::format("intel-iommu has fsts=on, and {} no iommufd=", one.name()),
                     .evidence = {quote(of.option(device)), quote(*one.option)},
                     .change = "assign through iommufd",
                     .paste = through_iommufd(of, one)});
    }
}

constexpr auto viommu_traps = std::to_array<Trap>(
    {{.name = "viommu-without-caching-mode",
      .kind = Kind::FailsToStart,
      .why = "only with it does the guest tell of mappings that it adds, which have to be made "
             "for the device",
      .source = "QEMU 11.1, hw/i386/intel_iommu.c, vtd_dev_set_iommu_device; lf-edge/eve#1204",
      .look = no_caching_mode},
     {.name = "amd-viommu-without-dma-remap",
      .kind = Kind::FailsToStart,
      .why = "without it this model translates for emulated devices alone",
      .source = "QEMU 11.1, hw/i386/amd_iommu.c; foxlet/macOS-Simple-KVM#13",
      .look = no_dma_remap},
     {.name = "viommu-after-functions",
      .kind = Kind::Dangerous,
      .why = "a function takes its address space when it is made; a guest that then uses the "
             "vIOMMU has the device write to wrong memory",
      .source = "QEMU 11.1, hw/vfio/pci.c, vfio_pci_realize; autotest/tp-qemu#2372",
      .look = after_functions},
     {.name = "remapping-without-split-irqchip",
      .kind = Kind::FailsToStart,
      .why = "KVM's own IOAPIC does not ask the vIOMMU",
      .source = "QEMU 11.1, hw/i386/x86-iommu.c",
      .look = remapping_needs_split},
     {.name = "x2apic-without-remapping",
      .kind = Kind::FailsToStart,
      .why = "extended interrupt mode is a mode of interrupt remapping",
      .source = "QEMU 11.1, hw/i386/intel_iommu.c, vtd_decide_config",
      .look = needs_remapping},
     {.name = "snoop-control",
      .kind = Kind::FailsToStart,
      .why = "QEMU does not emulate it for assigned functions",
      .source = "QEMU 11.1, hw/i386/intel_iommu.c",
      .look = snooping},
     {.name = "viommu-not-possible",
      .kind = Kind::FailsToStart,
      .why = "x86 has one vIOMMU, and intel-iommu and amd-iommu only on q35",
      .source = "QEMU 11.1.3, run",
      .look = second_viommu},
     {.name = "viommu-behind-port",
      .kind = Kind::FailsToStart,
      .why = "virtio-iommu describes the root bus, and has to be on it",
      .source = "QEMU 11.1.3, run",
      .look = virtio_place},
     {.name = "first-stage",
      .kind = Kind::FailsToStart,
      .why = "the guest's own page tables are handed to the host, in scalable mode, by iommufd; a "
             "PASID has 20 bits",
      .source = "QEMU 11.1, hw/i386/intel_iommu.c, intel_iommu_accel.c",
      .look = first_stage}});

}  // namespace

std::span<const Trap> traps_of_viommu() { return viommu_traps; }

}  // namespace tenon::managed::traps
