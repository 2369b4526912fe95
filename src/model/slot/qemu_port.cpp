#include "model/slot/qemu_port.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>

#include "model/slot/root_port.hpp"
#include "pci/access_control.hpp"
#include "pci/error_reporting.hpp"
#include "pci/express.hpp"
#include "pci/header.hpp"

namespace tenon::model::slot {
namespace {

using namespace pci::header;
namespace express = pci::express;

// Where QEMU's port has its capabilities.
constexpr std::size_t subsystem_at = 0x40;
constexpr std::size_t msix_at = 0x48;
constexpr std::size_t qemu_express_at = 0x54;
constexpr std::size_t qemu_errors_at = 0x100;
constexpr std::size_t qemu_access_control_at = 0x148;

struct Link {
    unsigned speed = QemuLink::speed;
    unsigned width = QemuLink::width;
};

// What the port shows as the present link.
Link present_link(const PortPlan& port) {
    const auto first = std::ranges::find_if(port.functions, [](const FunctionPlan& function) {
        return function.view.function == 0 && function.view.express_at != 0;
    });
    if (first == port.functions.end()) return {};
    const pci::LinkStatus status{
        first->view.map.start.read16(first->view.express_at + express::link_status)};
    const unsigned speed = status.get<pci::CurrentLinkSpeed>();
    const unsigned width = status.get<pci::NegotiatedLinkWidth>();
    return {.speed = std::clamp(speed, 1u, QemuLink::speed),
            .width = std::clamp(width, 1u, QemuLink::width)};
}

void emulate_header(function::RegisterMap& map, const PortPlan& port) {
    constexpr auto secondary_errors = pci::SecondaryStatus::mask_of(pci::Access::WriteOneToClear);
    map.emulate<std::uint16_t>(vendor_id, virtual_vendor);
    map.emulate<std::uint16_t>(device_id, root_port_device);
    map.emulate<std::uint16_t>(command, 0, pci::Command::mask_of(pci::Access::ReadWrite));
    map.emulate<std::uint16_t>(status, pci::CapabilitiesList::mask, 0,
                               pci::Status::mask_of(pci::Access::WriteOneToClear));
    map.emulate<std::uint32_t>(revision_id, 0x06040000);
    map.emulate<std::uint8_t>(cache_line_size, 0, 0xff);
    const auto type =
        pci::HeaderType{pci::layout_bridge}.with<pci::MultiFunction>(port.shares_device ? 1 : 0);
    map.emulate<std::uint8_t>(header_type, type.raw());
    // A page for the table of its one vector.
    map.emulate<std::uint32_t>(bar0, 0, 0xfffff000);
    map.emulate<std::uint8_t>(primary_bus, 0, 0xff);
    map.emulate<std::uint8_t>(secondary_bus, port.secondary_bus, 0xff);
    map.emulate<std::uint8_t>(subordinate_bus, port.secondary_bus, 0xff);
    map.emulate<std::uint16_t>(secondary_status, 0, 0, secondary_errors);
    map.emulate<std::uint8_t>(capabilities_pointer, qemu_express_at);
    map.emulate<std::uint8_t>(interrupt_line, 0, 0xff);
    map.emulate<std::uint8_t>(interrupt_pin, 1);
    map.emulate<std::uint16_t>(bridge_control, 0,
                               pci::BridgeControl::mask_of(pci::Access::ReadWrite));
    emulate_windows(map, port);
    constexpr auto io_bits = pci::IoWindow::mask_of(pci::Access::ReadWrite);
    if (port.io.size == 0) {
        map.emulate<std::uint8_t>(io_base, 0xf0, io_bits);
        map.emulate<std::uint8_t>(io_limit, 0, io_bits);
    }
}

// Attention button, power controller, both indicators, and an interlock; hot-plug as asked.
void show_slot(function::RegisterMap& map, const PortPlan& port) {
    constexpr std::uint32_t fixed = 0x0002001b;
    constexpr std::uint16_t indicators = 0x03c0;
    constexpr std::uint16_t power_off = 0x0400;
    auto capabilities =
        pci::SlotCapabilities{fixed}.with<pci::PhysicalSlotNumber>(port.slot_number);
    if (port.rules.hotplug.value)
        capabilities = capabilities.with<pci::HotPlugSurprise>(1).with<pci::HotPlugCapable>(1);
    const bool occupied = !port.functions.empty();
    map.emulate<std::uint32_t>(qemu_express_at + express::slot_capabilities, capabilities.raw());
    map.emulate<std::uint16_t>(
        qemu_express_at + express::slot_control,
        static_cast<std::uint16_t>(occupied ? indicators : indicators | power_off),
        pci::SlotControl::mask_of(pci::Access::ReadWrite));
    map.emulate<std::uint16_t>(qemu_express_at + express::slot_status, 0, 0,
                               pci::SlotStatus::mask_of(pci::Access::WriteOneToClear));
}

void show_link(function::RegisterMap& map, const PortPlan& port) {
    constexpr std::uint32_t reports_bandwidth = 0x00200000;
    constexpr std::uint32_t low_power = 0x00000400;  // ASPM L0s.
    const auto able = pci::LinkCapabilities{reports_bandwidth | low_power}
                          .with<pci::MaxLinkSpeed>(QemuLink::speed)
                          .with<pci::MaxLinkWidth>(QemuLink::width)
                          .with<pci::DllActiveReporting>(1);
    const auto link = present_link(port);
    const auto now = pci::LinkStatus{0}
                         .with<pci::CurrentLinkSpeed>(static_cast<std::uint16_t>(link.speed))
                         .with<pci::NegotiatedLinkWidth>(static_cast<std::uint16_t>(link.width));
    const auto speeds = ((1u << QemuLink::speed) - 1) << 1;
    map.emulate<std::uint32_t>(qemu_express_at + express::link_capabilities, able.raw());
    map.emulate<std::uint16_t>(qemu_express_at + express::link_control, 0,
                               pci::LinkControl::mask_of(pci::Access::ReadWrite));
    map.emulate<std::uint16_t>(qemu_express_at + express::link_status, now.raw());
    map.emulate<std::uint32_t>(qemu_express_at + express::link_capabilities_2, speeds);
    map.emulate<std::uint16_t>(qemu_express_at + express::link_control_2,
                               static_cast<std::uint16_t>(QemuLink::speed));
}

void show_express(function::RegisterMap& map, const PortPlan& port) {
    constexpr auto at = qemu_express_at;
    constexpr std::uint32_t extended_tag = 0x20;
    constexpr std::uint32_t forwards_routing_ids = 0x20;
    constexpr auto control = pci::DeviceControl{pci::DeviceControl::mask_of(pci::Access::ReadWrite)}
                                 .with<pci::InitiateFlr>(0);
    const auto capabilities =
        pci::ExpressCapabilities{0}
            .with<pci::ExpressVersion>(2)
            .with<pci::DevicePortType>(static_cast<std::uint16_t>(pci::PortType::RootPort))
            .with<pci::SlotImplemented>(1);
    const auto second = pci::DeviceCapabilities2{forwards_routing_ids | 1u << 20}
                            .with<pci::EndToEndPrefixSupported>(1)
                            .with<pci::AtomicOpCompleters>(port.slot.atomic_completer);
    map.emulate<std::uint16_t>(at,
                               pci::capability_header(pci::capability_id::pci_express, msix_at));
    map.emulate<std::uint16_t>(at + express::capabilities, capabilities.raw());
    map.emulate<std::uint32_t>(
        at + express::device_capabilities,
        pci::DeviceCapabilities{extended_tag}.with<pci::RoleBasedErrors>(1).raw());
    map.emulate<std::uint16_t>(at + express::device_control, 0, control.raw());
    map.emulate<std::uint16_t>(at + express::device_status, 0, 0,
                               pci::DeviceStatus::mask_of(pci::Access::WriteOneToClear));
    show_link(map, port);
    show_slot(map, port);
    map.emulate<std::uint16_t>(at + express::root_control, 0,
                               pci::RootControl::mask_of(pci::Access::ReadWrite));
    map.emulate<std::uint32_t>(at + express::device_capabilities_2, second.raw());
    map.emulate<std::uint16_t>(at + express::device_control_2, 0);
}

// One vector, whose table is at the start of the page and whose pending bits are in its middle.
void emulate_messages(function::RegisterMap& map) {
    map.emulate<std::uint32_t>(subsystem_at,
                               pci::capability_header(pci::capability_id::subsystem_ids, 0));
    map.emulate<std::uint32_t>(subsystem_at + 4, virtual_vendor);
    map.emulate<std::uint16_t>(msix_at,
                               pci::capability_header(pci::capability_id::msix, subsystem_at));
    map.emulate<std::uint16_t>(msix_at + 2, 0, 0xc000);
    map.emulate<std::uint32_t>(msix_at + 4, 0);
    map.emulate<std::uint32_t>(msix_at + 8, 0x800);
}

void emulate_errors(function::RegisterMap& map) {
    namespace at = pci::error_reporting;
    constexpr std::uint32_t internal_errors = 0x02400000;  // Masked, with blocked prefixes.
    constexpr std::uint32_t severity = 0x00462030;
    constexpr std::uint32_t correctable_mask = 0x0000e000;
    constexpr std::uint32_t checks = 0x000002a0;  // ECRC made and checked, headers of several.
    map.emulate<std::uint32_t>(
        qemu_errors_at,
        pci::extended_header(pci::extended_id::error_reporting, 2, qemu_access_control_at));
    map.emulate<std::uint32_t>(qemu_errors_at + at::mask, internal_errors);
    map.emulate<std::uint32_t>(qemu_errors_at + at::severity, severity);
    map.emulate<std::uint32_t>(qemu_errors_at + at::correctable_mask, correctable_mask);
    map.emulate<std::uint32_t>(qemu_errors_at + at::correctable_mask + 4, checks);
}

}  // namespace

function::RegisterMap build_qemu_port(const PortPlan& port) {
    constexpr std::uint32_t services = 0x5f;
    function::RegisterMap map;
    map.hide(0, pci::express_size);
    emulate_header(map, port);
    emulate_messages(map);
    show_express(map, port);
    emulate_errors(map);
    map.emulate<std::uint32_t>(qemu_access_control_at,
                               pci::extended_header(pci::extended_id::access_control, 1));
    map.emulate<std::uint16_t>(qemu_access_control_at + pci::access_control::capability, services);
    map.emulate<std::uint16_t>(qemu_access_control_at + pci::access_control::control, 0, services);
    return map;
}

void settle_as_qemu(const chosen::Target& target, PortPlan& port) {
    constexpr auto others = std::uint8_t{pci::MultiFunction::mask};
    for (auto& function : port.functions)
        if (function.view.guest_view && function.view.function != 0)
            function.view.map.emulate_bits(header_type, others, 0);
    if (target.place != chosen::QemuPlace::Port)
        port.slot.warnings.push_back(fmt::format(
            "place={}: the guest has no port {}, and what is said of it is said of nothing",
            name_of(target.place), port.name));
    port.map = build_qemu_port(port);
}

}  // namespace tenon::model::slot
