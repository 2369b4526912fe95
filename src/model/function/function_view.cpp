#include "model/function/function_view.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <string>
#include <utility>
#include <vector>

#include "model/chosen/target.hpp"
#include "model/function/as_qemu.hpp"
#include "model/function/assignability.hpp"
#include "model/function/ats_trouble.hpp"
#include "model/function/bar_plan.hpp"
#include "model/function/capability_view.hpp"
#include "model/function/isolation.hpp"
#include "model/function/msix_relocation.hpp"
#include "model/function/reset.hpp"
#include "model/function/reset_trouble.hpp"
#include "pci/header.hpp"

namespace tenon::model::function {
namespace {

using namespace pci::header;

// The bytes that the view starts from: VFIO's where the function was opened, else the hardware's.
const pci::ConfigImage* source_of(const device::DeviceFacts& facts) {
    if (facts.vfio) return &facts.vfio->config;
    if (facts.physical) return &*facts.physical;
    return nullptr;
}

std::string driver_line_of(const device::DeviceFacts& facts) {
    if (!facts.driver) return "driver not known: " + facts.driver.why();
    return facts.driver->empty() ? "no driver" : "driver " + *facts.driver;
}

void identify(const device::DeviceFacts& facts, const pci::ConfigImage& config,
              FunctionView& view) {
    view.vendor = config.read16(vendor_id);
    view.device = config.read16(device_id);
    view.revision = config.read8(revision_id);
    view.class_code = config.read32(revision_id) >> 8;
    // A virtual function's own ids read as ones; the kernel keeps the real ones beside them.
    if (facts.identity) {
        view.vendor = facts.identity->vendor;
        view.device = facts.identity->device;
    }
    view.host = facts.address ? to_string(*facts.address) : facts.source;
    if (facts.group) view.group = *facts.group;
    view.group_notes = notes_of_group(facts);
    view.virtual_function = facts.virtual_function.value_or(false);
    view.driver_line = driver_line_of(facts);
}

device::Identity who_is(const device::DeviceFacts& facts, const FunctionView& view) {
    if (facts.identity) return *facts.identity;
    const auto& config = *source_of(facts);
    return {.vendor = view.vendor,
            .device = view.device,
            .subsystem_vendor = config.read16(subsystem_vendor_id),
            .subsystem_device = config.read16(subsystem_vendor_id + 2),
            .class_code = view.class_code,
            .revision = view.revision};
}

std::size_t config_known(const device::DeviceFacts& facts) { return source_of(facts)->known(); }

// The 64 bytes of a type 0 header. BARs have no address yet: the machine's plan places them.
void view_header(const device::DeviceFacts& facts, FunctionView& view) {
    auto& map = view.map;
    map.own(0, pci::header_size);
    map.start.write<std::uint16_t>(vendor_id, view.vendor);
    map.start.write<std::uint16_t>(device_id, view.device);
    if (facts.identity) {
        map.start.write<std::uint16_t>(subsystem_vendor_id, facts.identity->subsystem_vendor);
        map.start.write<std::uint16_t>(subsystem_vendor_id + 2, facts.identity->subsystem_device);
    }
    // The guest's choice, kept here so that BARs can follow it, and passed to the device as well.
    const auto command_bits = pci::Command::mask_of(pci::Access::ReadWrite);
    map.emulate<std::uint16_t>(command, 0, command_bits);
    map.also_pass(command, command_bits);
    map.pass(status, 2);
    // Kept, without effect in PCI Express.
    map.emulate<std::uint8_t>(cache_line_size, 0, 0xff);
    map.emulate<std::uint8_t>(latency_timer, 0);
    map.emulate<std::uint8_t>(header_type, pci::layout_endpoint);
    map.emulate<std::uint8_t>(self_test, 0);
    map.hide(bar0, 24);
    map.hide(cardbus_information, 4);
    map.hide(rom_address, 4);
    // Where nothing past the header was read, the guest's lists are not known either: the device's
    // own pointer stays, and nobody reads it as "none".
    if (config_known(facts) > pci::header_size) map.hide(capabilities_pointer, 8);
    map.emulate<std::uint8_t>(interrupt_line, 0, 0xff);
    map.emulate<std::uint8_t>(interrupt_pin, view.intx ? view.intx->pin : 0);
    for (const auto& bar : view.bars)
        emulate_bar(map, bar);
}

void check_bar_sizes(FunctionView& view) {
    for (const auto& bar : view.bars)
        if (bar.size && !std::has_single_bit(*bar.size))
            view.reasons.push_back(
                {.what = fmt::format("BAR {} is said to have {:#x} bytes, which is no power of two",
                                     bar.index, *bar.size),
                 .remedy = "",
                 .commands = {}});
}

// Resizable BARs tell their sizes where nothing else does: then the others are named.
void note_unknown_sizes(FunctionView& view) {
    std::vector<std::string> names;
    for (const auto& bar : view.bars)
        if (!bar.size)
            names.push_back(bar.index == device::rom_region ? std::string{"the ROM"}
                                                            : fmt::format("BAR {}", bar.index));
    if (names.empty()) return;
    const auto first = std::ranges::find_if(view.bars, [](const auto& bar) { return !bar.size; });
    const auto whose = names.size() == view.bars.size()
                           ? std::string{"sizes of BARs"}
                           : fmt::format("size of {}", fmt::join(names, ", "));
    view.unknowns.push_back(fmt::format("{}: {}", whose, first->size.why()));
}

void note_unknowns(const device::DeviceFacts& facts, FunctionView& view) {
    if (facts.physical && !facts.vfio) {
        const auto known = facts.physical->known();
        const bool conventional = known < pci::conventional_size;
        if (conventional || (known < pci::express_size && view.express_at != 0))
            view.unknowns.push_back(
                fmt::format("{}: only the first {} bytes of configuration space could be read",
                            conventional ? "capabilities" : "extended capabilities", known));
    }
    if (!facts.vfio)
        view.unknowns.push_back("regions, interrupts and reset as VFIO offers them: " +
                                facts.vfio.why());
    // Its own registers say neither who it is nor what BARs it has.
    if (view.virtual_function && !facts.identity)
        view.unknowns.push_back("its Vendor ID, Device ID and BARs: " + facts.identity.why());
    note_unknown_sizes(view);
}

void note_interrupts(FunctionView& view) {
    if (!view.msi && !view.msix && !view.intx && view.unknowns.empty())
        view.warnings.emplace_back(
            "the function has no interrupt, neither MSI nor MSI-X nor INTx: its driver has to "
            "poll");
}

// Whether the guest's driver has MSI or MSI-X; of a header alone nobody knows.
std::optional<bool> has_messages(const device::DeviceFacts& facts, const FunctionView& view) {
    if (!facts.vfio && (!facts.physical || facts.physical->known() <= pci::header_size))
        return std::nullopt;
    return view.msi || view.msix;
}

void note_trouble(const device::DeviceFacts& facts, const IntxTrouble* intx, FunctionView& view) {
    if (intx != nullptr && !view.intx && intx->fault == IntxFault::HiddenByVfio)
        view.no_intx = fmt::format(
            "vfio-pci hides it, since it cannot be masked in this device [{}]", intx->evidence);
    if (view.intx)
        if (auto warning = warning_of_intx(facts, *view.intx, intx, has_messages(facts, view));
            !warning.empty())
            view.warnings.push_back(std::move(warning));
    const bool shows_ats =
        std::ranges::any_of(view.capabilities, [](const chosen::Decision& decision) {
            return decision.list == chosen::CapabilityList::Extended &&
                   decision.id == pci::extended_id::ats && decision.guest_offset;
        });
    const auto* const ats = shows_ats ? find_ats_trouble(who_is(facts, view)) : nullptr;
    if (ats != nullptr)
        view.warnings.push_back(fmt::format("known trouble with its ATS: {}; ats=off hides it [{}]",
                                            ats->what, ats->evidence));
}

void note_rom(const chosen::RomRequest& rom, FunctionView& view) {
    if (!rom.image) return;
    // Source: PCI Firmware Specification 3.3, 5.1.1.
    const auto& image = *rom.image;
    if (image[0] == std::byte{0x55} && image[1] == std::byte{0xaa}) return;
    view.warnings.push_back(fmt::format(
        "{} does not begin with 55 aa: nothing will take it for an option ROM", rom.file));
}

// Source: QEMU, docs/igd-assign.txt names what a guest's driver looks for.
void note_integrated_graphics(const device::DeviceFacts& facts, FunctionView& view) {
    constexpr std::uint16_t intel = 0x8086;
    constexpr std::uint32_t display = 0x03;
    constexpr pci::Address place{.device = 2};
    if (view.vendor != intel || view.class_code >> 16 != display || facts.address != place) return;
    view.warnings.emplace_back(
        "it is the integrated graphics of an Intel processor: its OpRegion, its stolen memory and "
        "legacy mode (as the guest's primary display at 00:02.0) are not offered. A driver that "
        "needs them finds no outputs, or refuses the device");
}

void note_refusals(const device::Words& words, FunctionView& view) {
    for (const auto& refusal : words.refusals)
        view.reasons.push_back({.what = refusal, .remedy = "", .commands = {}});
}

// Known trouble of a device of which nobody has bytes: with all that its registers could promise.
void note_trouble_of_words(const device::DeviceFacts& facts, FunctionView& view) {
    const ResetSubject subject{.vendor = view.vendor,
                               .device = view.device,
                               .class_code = view.class_code,
                               .revision = view.revision};
    if (const auto* const reset = find_likely_trouble(facts, subject))
        view.warnings.push_back(
            fmt::format("known trouble with its reset: {} [{}]", reset->what, reset->evidence));
    const auto* const intx = find_intx_trouble(view.vendor, view.device);
    if (intx == nullptr) return;
    if (intx->fault == IntxFault::HiddenByVfio)
        view.warnings.push_back(
            fmt::format("vfio-pci hides its INTx, since it cannot be masked in this device: the "
                        "guest's driver needs MSI or MSI-X [{}]",
                        intx->evidence));
    else
        view.warnings.push_back(warning_of_intx(facts, {}, intx, std::nullopt));
}

// What the text beside its bytes says went wrong, and stands in the way on its host.
void note_words(const device::DeviceFacts& facts, FunctionView& view) {
    if (!facts.words) return;
    const auto add = [&](const std::vector<std::string>& warnings) {
        view.warnings.insert(view.warnings.end(), warnings.begin(), warnings.end());
    };
    add(facts.words->warnings);
    add(warnings_of_dump(facts));
    note_refusals(*facts.words, view);
}

// Header and capabilities by our own rules.
void view_as_tenon(const device::DeviceFacts& facts, const pci::ConfigImage& config,
                   const HostLists& lists, const chosen::FunctionProperties& properties,
                   FunctionView& view) {
    view_header(facts, view);
    view.map.pass(pci::header_size, pci::conventional_size - pci::header_size);
    if (config.known() > pci::header_size)
        view_capabilities(facts, config, lists, properties, view);
    else
        view_unread_capabilities(facts, properties, view);
}

// Nobody has its bytes, but a text says something of it: whether its host lets it go, and no more.
FunctionView view_of_words(const device::DeviceFacts& facts) {
    FunctionView view;
    view.class_code = facts.words->class_code.value_or(0);
    view.host = facts.address ? to_string(*facts.address) : facts.source;
    if (facts.identity) {
        view.vendor = facts.identity->vendor;
        view.device = facts.identity->device;
        view.class_code = facts.identity->class_code;
        view.revision = facts.identity->revision;
    }
    view.driver_line = driver_line_of(facts);
    if (facts.group) view.group = *facts.group;
    view.atomics = explain_host_atomics(facts, {});
    view.unknowns.push_back("its registers, so what a guest would see of it: " +
                            facts.physical.why());
    auto reason = reason_by_class(view.class_code);
    if (facts.words->is_bridge)
        view.reasons.push_back({.what = "it is a PCI bridge: the functions behind it can be "
                                        "assigned, the bridge stays with the host",
                                .remedy = "",
                                .commands = {}});
    else if (reason)
        view.reasons.push_back(*std::move(reason));
    else
        view.reasons = reasons_by_host(facts, view.unknowns);
    view.warnings = facts.words->warnings;
    if (view.class_code == 0 && view.reasons.empty())
        view.unknowns.emplace_back(
            "what it is: the input tells no class, and a bridge or a part of the host's board "
            "stays with the host");
    note_refusals(*facts.words, view);
    if (facts.identity && view.reasons.empty()) note_trouble_of_words(facts, view);
    note_integrated_graphics(facts, view);
    view.assignable = view.reasons.empty();
    return view;
}

}  // namespace

FunctionView::FunctionView() = default;
FunctionView::FunctionView(const FunctionView& other) = default;
FunctionView::FunctionView(FunctionView&& other) noexcept = default;
FunctionView& FunctionView::operator=(const FunctionView& other) = default;
FunctionView& FunctionView::operator=(FunctionView&& other) noexcept = default;
FunctionView::~FunctionView() = default;
bool FunctionView::operator==(const FunctionView& other) const = default;

FunctionView build_function_view(const device::DeviceFacts& facts,
                                 const chosen::FunctionProperties& properties,
                                 const chosen::RomRequest& rom) {
    FunctionView view;
    const auto* const config = source_of(facts);
    if (config == nullptr && facts.words) return view_of_words(facts);
    if (config == nullptr) {
        view.host = facts.source;
        view.reasons.push_back(
            {.what = "its configuration space cannot be read: " + facts.physical.why(),
             .remedy = "",
             .commands = {}});
        return view;
    }
    identify(facts, *config, view);
    const auto lists = walk_lists(facts);
    const auto& capabilities = facts.vfio ? lists.shown : lists.physical;
    view.atomics = explain_host_atomics(facts, lists);
    view.reasons = reasons_by_kind(facts, *config, capabilities);
    if (!view.reasons.empty()) {
        view.warnings = capabilities.findings;
        view.capabilities = decisions_without_guest(
            capabilities, "the function stays with the host: " + view.reasons.front().what);
        return view;
    }
    view.guest_view = true;
    view.map.start = *config;
    const auto qemu = chosen::find_target(properties.version);
    view.bars = list_bar_plans(facts, *config, capabilities, qemu ? rom_of_qemu(view, rom) : rom);
    check_bar_sizes(view);
    const auto* const trouble = find_intx_trouble(view.vendor, view.device);
    view.intx = plan_intx(facts, config->read8(interrupt_pin),
                          qemu ? chosen::IntxChoice::Automatic : properties.intx.value, trouble);
    if (qemu)
        view_as_qemu(facts, *config, lists, properties, *qemu->target, view);
    else
        view_as_tenon(facts, *config, lists, properties, view);
    view.config_size = std::min(view.config_size, config->known());
    if (qemu)
        relocate_msix_as_qemu(properties, view);
    else
        relocate_msix(facts, *config, capabilities, properties, view);
    plan_mappings(view.bars, facts, view.msix);
    note_unknowns(facts, view);
    if (auto reason = reason_by_class(view.class_code)) {
        view.reasons.push_back(*std::move(reason));
    } else {
        auto host_reasons = reasons_by_host(facts, view.unknowns);
        view.reasons.insert(view.reasons.end(), host_reasons.begin(), host_reasons.end());
    }
    note_words(facts, view);
    if (!qemu) note_integrated_graphics(facts, view);
    note_interrupts(view);
    note_trouble(facts, trouble, view);
    note_rom(rom, view);
    if (auto note = note_physical_function(facts)) view.warnings.push_back(std::move(*note));
    view.assignable = view.reasons.empty();
    return view;
}

}  // namespace tenon::model::function
