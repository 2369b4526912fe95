#include "model/function/qemu_rules.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "model/function/adapters.hpp"
#include "model/function/device_ids.hpp"
#include "pci/express.hpp"
#include "pci/msi.hpp"
#include "pci/msix.hpp"
#include "pci/resizable_bar.hpp"

namespace tenon::model::function {
namespace {

using chosen::Action;
using chosen::CapabilityList;
using chosen::QemuPlace;

constexpr std::string_view as_device = "the device's own registers, as VFIO shows them";

void cannot_start(FunctionView& view, std::string what) {
    view.reasons.push_back(
        {.what = "QEMU does not start with it: " + std::move(what), .remedy = "", .commands = {}});
}

QemuOutcome shown_raw(const QemuContext& /*context*/, const pci::Capability& /*capability*/,
                      std::size_t /*room*/) {
    return {.why = std::string{as_device}, .source = {}};
}

// The guest's driver may put it to sleep: the kernel does so, QEMU only looks on.
QemuOutcome power(const QemuContext& context, const pci::Capability& capability,
                  std::size_t /*room*/) {
    context.view.power_management_at = capability.at;
    return {.why = fmt::format("{}; QEMU follows the power state", as_device), .source = {}};
}

// Of Message Control three fields, whatever else the device has there.
QemuOutcome msi(const QemuContext& context, const pci::Capability& capability,
                std::size_t /*room*/) {
    auto& map = context.view.map;
    const std::size_t at = capability.at;
    const pci::MsiControl own{context.config.read16(at + pci::msi::control)};
    auto adapted = adapt_msi({.config = context.config, .view = context.view}, capability);
    const auto& plan = *context.view.msi;
    const auto control =
        pci::MsiControl{0}
            .with<pci::MultipleMessageCapable>(own.get<pci::MultipleMessageCapable>())
            .with<pci::Msi64BitAddress>(plan.wide ? 1 : 0)
            .with<pci::MsiPerVectorMasking>(plan.maskable ? 1 : 0);
    map.emulate<std::uint16_t>(at + pci::msi::control, control.raw(),
                               pci::MsiControl::mask_of(pci::Access::ReadWrite));
    return {.action = Action::Emulate, .why = std::move(adapted.why), .source = {}};
}

// Devices that say a place for their pending bits that is none.
struct PendingBits {
    DeviceIds devices;
    std::uint32_t offset;
};
constexpr auto pending_bits = std::to_array<PendingBits>({
    {{0x1425, 0x5800, 0x58ff}, 0x1000},
    {{0x1d22, 0x3685, 0x3685}, 0xb400},
});

// The device's bytes, with the pending bits where they really are.
pci::ConfigImage with_pending_bits(const QemuContext& context, std::size_t at) {
    auto config = context.config;
    const pci::MsixStructure said{config.read32(at + pci::msix::pending)};
    const auto bar =
        std::ranges::find(context.view.bars, said.get<pci::MsixStructureBar>(), &BarPlan::index);
    const bool inside =
        bar == context.view.bars.end() || !bar->size || offset_of(said) < *bar->size;
    const auto row = std::ranges::find_if(pending_bits, [&](const PendingBits& one) {
        return one.devices.contains(context.view.vendor, context.view.device);
    });
    if (!inside && row != pending_bits.end())
        config.write<std::uint32_t>(at + pci::msix::pending,
                                    row->offset | said.get<pci::MsixStructureBar>());
    return config;
}

QemuOutcome msix(const QemuContext& context, const pci::Capability& capability,
                 std::size_t /*room*/) {
    const std::size_t at = capability.at;
    auto& view = context.view;
    const auto config = with_pending_bits(context, at);
    const auto reasons = view.reasons.size();
    auto adapted =
        adapt_msix({.config = config, .view = view, .bars_known = context.bars_known}, capability);
    if (!view.msix) {
        view.reasons.resize(reasons);
        cannot_start(view, adapted.why);
        return {.linked = false, .action = Action::Hide, .why = std::move(adapted.why)};
    }
    view.map.emulate<std::uint16_t>(at + pci::msix::control,
                                    static_cast<std::uint16_t>(view.msix->vectors - 1),
                                    pci::MsixControl::mask_of(pci::Access::ReadWrite));
    view.map.emulate<std::uint32_t>(at + pci::msix::table,
                                    view.msix->table_offset | view.msix->table_bar);
    view.map.emulate<std::uint32_t>(at + pci::msix::pending,
                                    view.msix->pba_offset | view.msix->pba_bar);
    return {.action = Action::Emulate, .why = std::move(adapted.why), .source = {}};
}

// What the place makes of a type; the rows of QEMU's rule.
struct Seat {
    QemuPlace place;
    pci::PortType type;
    enum class Makes { AsIs, NoLink, LeastLink, Unlinked } makes;
    std::string_view why;
};

constexpr std::string_view no_express_bus =
    "QEMU unlinks it on a conventional bus of an express machine: to the guest the function is a "
    "conventional one, without extended capabilities";
constexpr std::string_view integrated =
    "on the root bus QEMU shows an endpoint as integrated: without a link";
constexpr std::string_view legacy_on_root =
    "QEMU unlinks that of a legacy endpoint on the root bus";
constexpr std::string_view given_a_link =
    "QEMU shows an integrated endpoint below a port as an endpoint whose link has 2.5 GT/s x1; "
    "what the link has now stays the device's";

using enum QemuPlace;
using enum pci::PortType;

constexpr auto seats = std::to_array<Seat>({
    {Port, Endpoint, Seat::Makes::AsIs, as_device},
    {Port, LegacyEndpoint, Seat::Makes::AsIs, as_device},
    {Port, RootComplexEndpoint, Seat::Makes::LeastLink, given_a_link},
    {RootBus, Endpoint, Seat::Makes::NoLink, integrated},
    {RootBus, LegacyEndpoint, Seat::Makes::Unlinked, legacy_on_root},
    {RootBus, RootComplexEndpoint, Seat::Makes::AsIs, as_device},
    {Conventional, Endpoint, Seat::Makes::Unlinked, no_express_bus},
    {Conventional, LegacyEndpoint, Seat::Makes::Unlinked, no_express_bus},
    {Conventional, RootComplexEndpoint, Seat::Makes::Unlinked, no_express_bus},
    {Pc, Endpoint, Seat::Makes::AsIs, as_device},
    {Pc, LegacyEndpoint, Seat::Makes::AsIs, as_device},
    {Pc, RootComplexEndpoint, Seat::Makes::AsIs, as_device},
});

pci::PortType type_of(pci::ExpressCapabilities caps) {
    return static_cast<pci::PortType>(caps.get<pci::DevicePortType>());
}

void show_type(RegisterMap& map, std::size_t at, pci::PortType type) {
    constexpr auto bits = std::uint8_t{pci::DevicePortType::mask};
    map.emulate_bits(at + pci::express::capabilities, bits,
                     static_cast<std::uint8_t>(static_cast<unsigned>(type) << 4));
}

void take_link(RegisterMap& map, std::size_t at, std::size_t room) {
    namespace express = pci::express;
    show_type(map, at, RootComplexEndpoint);
    map.emulate<std::uint32_t>(at + express::link_capabilities, 0);
    map.emulate<std::uint16_t>(at + express::link_control, 0);
    map.emulate<std::uint16_t>(at + express::link_status, 0);
    if (room <= express::link_capabilities_2) return;
    map.emulate<std::uint32_t>(at + express::link_capabilities_2, 0);
    map.emulate<std::uint16_t>(at + express::link_control_2, 0);
    map.emulate<std::uint16_t>(at + express::link_status_2, 0);
}

void give_least_link(RegisterMap& map, std::size_t at) {
    constexpr auto able =
        pci::LinkCapabilities{0}.with<pci::MaxLinkSpeed>(1).with<pci::MaxLinkWidth>(1);
    show_type(map, at, Endpoint);
    map.emulate<std::uint32_t>(at + pci::express::link_capabilities, able.raw());
    map.emulate<std::uint16_t>(at + pci::express::link_control, 0);
}

// AtomicOp Requester Enable and function level resets are the device's and the kernel's: QEMU
// forwards what the guest writes.
QemuOutcome express(const QemuContext& context, const pci::Capability& capability,
                    std::size_t room) {
    auto& view = context.view;
    const std::size_t at = capability.at;
    const pci::ExpressCapabilities caps{context.config.read16(at + pci::express::capabilities)};
    const auto seat = std::ranges::find_if(seats, [&](const Seat& one) {
        return one.place == context.target.place && one.type == type_of(caps);
    });
    if (seat == seats.end()) {
        const auto why = fmt::format("it cannot assign a {}", name_of(type_of(caps)));
        cannot_start(view, why);
        return {.linked = false, .action = Action::Hide, .why = why};
    }
    QemuOutcome outcome{.why = std::string{seat->why}};
    if (seat->makes == Seat::Makes::Unlinked) {
        outcome.linked = false;
        outcome.action = Action::Hide;
        return outcome;
    }
    view.express_at = at;
    if (seat->makes == Seat::Makes::NoLink) take_link(view.map, at, room);
    if (seat->makes == Seat::Makes::LeastLink) give_least_link(view.map, at);
    if (seat->makes != Seat::Makes::AsIs) outcome.action = Action::Emulate;
    if (caps.get<pci::ExpressVersion>() == 0) {
        constexpr auto bits = std::uint8_t{pci::ExpressVersion::mask};
        view.map.emulate_bits(at + pci::express::capabilities, bits, 1);
        outcome.action = Action::Emulate;
        outcome.why += "; version 0, which no revision defines, is shown as 1";
    }
    const pci::DeviceCapabilities device{
        context.config.read32(at + pci::express::device_capabilities)};
    view.function_level_reset = device.get<pci::FunctionLevelReset>() != 0;
    return outcome;
}

QemuOutcome advanced_features(const QemuContext& context, const pci::Capability& capability,
                              std::size_t /*room*/) {
    context.view.advanced_features_at = capability.at;
    return {.why = std::string{as_device}, .source = {}};
}

QemuOutcome error_reporting(const QemuContext& /*context*/, const pci::Capability& /*capability*/,
                            std::size_t /*room*/) {
    return {.why = fmt::format("{}; an error that the host is told of is not shown here: QEMU "
                               "pauses the guest",
                               as_device),
            .source = {}};
}

QemuOutcome dropped(const QemuContext& /*context*/, const pci::Capability& capability,
                    std::size_t /*room*/) {
    return {
        .linked = false,
        .action = Action::Hide,
        .why = fmt::format("QEMU drops it; {}", pci::kind_of(capability.list, capability.id).why),
        .source = {}};
}

QemuOutcome ats(const QemuContext& context, const pci::Capability& /*capability*/,
                std::size_t /*room*/) {
    if (context.ats.shown) return {.why = std::string{as_device}, .source = {}};
    return {.linked = false, .action = Action::Hide, .why = context.ats.why, .source = {}};
}

// Each BAR has its present size alone on offer; with one above 512 GiB nothing is shown.
QemuOutcome resizable_bar(const QemuContext& context, const pci::Capability& capability,
                          std::size_t /*room*/) {
    namespace registers = pci::resizable_bar;
    constexpr unsigned largest = 19;
    const auto first = capability.at + registers::first;
    const pci::ResizableBarControl head{context.config.read32(first + registers::control)};
    const auto count = head.get<pci::ResizableBarCount>();
    for (unsigned pass = 0; pass < 2; ++pass)
        for (std::size_t n = 0; n < count; ++n) {
            const auto at = first + n * registers::entry;
            const pci::ResizableBarControl control{context.config.read32(at + registers::control)};
            const auto size = control.get<pci::ResizableBarSize>();
            if (size > largest)
                return {.linked = false,
                        .action = Action::Hide,
                        .why = "QEMU drops it: a BAR has more than 512 GiB",
                        .source = {}};
            if (pass == 0) continue;
            context.view.map.emulate<std::uint32_t>(at, 1u << (size + 4));
            context.view.map.emulate<std::uint32_t>(
                at + registers::control,
                pci::ResizableBarControl{0}
                    .with<pci::ResizableBarIndex>(control.get<pci::ResizableBarIndex>())
                    .with<pci::ResizableBarCount>(control.get<pci::ResizableBarCount>())
                    .with<pci::ResizableBarSize>(size)
                    .raw());
        }
    return {.action = Action::Emulate,
            .why = "QEMU offers the BARs' present sizes alone",
            .source = {}};
}

struct Rule {
    CapabilityList list;
    std::uint16_t id;
    QemuOutcome (*apply)(const QemuContext&, const pci::Capability&, std::size_t);
    std::size_t exact;  ///< Bytes that QEMU registers; 0: all up to the next header.
    std::string_view source;
};

constexpr std::uint16_t routing_ids = 0x0e;
constexpr std::uint16_t virtual_functions = 0x10;

constexpr std::string_view std_caps = "QEMU, hw/vfio/pci.c, vfio_add_std_cap()";
constexpr std::string_view ext_caps = "QEMU, hw/vfio/pci.c, vfio_add_ext_cap()";

constexpr auto rules = std::to_array<Rule>({
    {CapabilityList::Standard, pci::capability_id::power_management, power, 8, std_caps},
    {CapabilityList::Standard, pci::capability_id::msi, msi, 10,
     "QEMU, hw/vfio/pci.c, vfio_msi_setup()"},
    {CapabilityList::Standard, pci::capability_id::pci_express, express, 0,
     "QEMU, hw/vfio/pci.c, vfio_setup_pcie_cap()"},
    {CapabilityList::Standard, pci::capability_id::msix, msix, 12,
     "QEMU, hw/vfio/pci.c, vfio_msix_early_setup()"},
    {CapabilityList::Standard, pci::capability_id::advanced_features, advanced_features, 0,
     std_caps},
    {CapabilityList::Extended, pci::extended_id::error_reporting, error_reporting, 0, ext_caps},
    {CapabilityList::Extended, pci::extended_id::null, dropped, 0, ext_caps},
    {CapabilityList::Extended, routing_ids, dropped, 0, ext_caps},
    {CapabilityList::Extended, pci::extended_id::ats, ats, 0, ext_caps},
    {CapabilityList::Extended, virtual_functions, dropped, 0, ext_caps},
    {CapabilityList::Extended, pci::extended_id::resizable_bar, resizable_bar, 0,
     "QEMU, hw/vfio/pci.c, vfio_setup_rebar_ecap()"},
});

constexpr Rule standard_rule{CapabilityList::Standard, 0, shown_raw, 0, std_caps};
constexpr Rule extended_rule{CapabilityList::Extended, 0, shown_raw, 0, ext_caps};

std::size_t registered(const QemuContext& context, const Rule& rule,
                       const pci::Capability& capability) {
    if (capability.list != CapabilityList::Standard || capability.id != pci::capability_id::msi)
        return rule.exact;
    const pci::MsiControl control{context.config.read16(capability.at + pci::msi::control)};
    return rule.exact + (control.get<pci::Msi64BitAddress>() != 0 ? 4u : 0u) +
           (control.get<pci::MsiPerVectorMasking>() != 0 ? 10u : 0u);
}

}  // namespace

QemuOutcome apply_qemu_rule(const QemuContext& context, const pci::Capability& capability,
                            std::size_t room) {
    const auto* rule = std::ranges::find_if(rules, [&](const Rule& one) {
        return one.list == capability.list && one.id == capability.id;
    });
    const bool standard = capability.list == CapabilityList::Standard;
    if (rule == rules.end()) rule = standard ? &standard_rule : &extended_rule;
    constexpr std::size_t least_extended = 8;
    const auto needs = standard ? registered(context, *rule, capability) : least_extended;
    if (needs > room) {
        cannot_start(context.view,
                     fmt::format("the {} capability at {:#x} and the next one overlap",
                                 pci::kind_of(capability.list, capability.id).name, capability.at));
        return {.linked = false,
                .action = Action::Hide,
                .why = "it and the next one overlap",
                .source = std::string{rule->source}};
    }
    auto outcome = rule->apply(context, capability, room);
    outcome.source = rule->source;
    return outcome;
}

}  // namespace tenon::model::function
