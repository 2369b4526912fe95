#include "model/slot/root_port.hpp"

#include <cstdint>

#include "model/function/device_error.hpp"
#include "pci/access_control.hpp"
#include "pci/capability.hpp"
#include "pci/error_reporting.hpp"
#include "pci/express.hpp"
#include "pci/header.hpp"
#include "pci/power_management.hpp"

namespace tenon::model::slot {
namespace {

using namespace pci::header;
namespace express = pci::express;

constexpr auto express_at = port_register::express;
constexpr auto msi_at = port_register::msi;
constexpr auto power_at = port_register::power;
constexpr auto errors_at = port_register::error_reporting;
constexpr auto access_control_at = port_register::access_control;

// A header in which nothing is there yet, ours alone.
function::RegisterMap empty_space(std::uint16_t device, std::uint32_t class_code,
                                  std::uint8_t type) {
    function::RegisterMap map;
    map.hide(0, pci::express_size);
    map.emulate<std::uint16_t>(vendor_id, virtual_vendor);
    map.emulate<std::uint16_t>(device_id, device);
    map.emulate<std::uint16_t>(command, 0, pci::Command::mask_of(pci::Access::ReadWrite));
    map.emulate<std::uint16_t>(status, 0, 0, pci::Status::mask_of(pci::Access::WriteOneToClear));
    map.emulate<std::uint32_t>(revision_id, class_code << 8);
    map.emulate<std::uint8_t>(0x0c, 0, 0xff);
    map.emulate<std::uint8_t>(header_type, type);
    map.emulate<std::uint8_t>(interrupt_line, 0, 0xff);
    return map;
}

// Base and limit registers hold the upper 12 bits of 32, in 1 MiB granules; the base above the
// limit closes the window. Source: PCI-to-PCI Bridge Architecture 1.2, 3.2.5.
std::uint16_t granule(std::uint64_t address) {
    return static_cast<std::uint16_t>(address >> 16 & 0xfff0);
}

void emulate_windows(function::RegisterMap& map, const PortPlan& port) {
    const bool memory = port.memory.size != 0;
    map.emulate<std::uint16_t>(memory_base, memory ? granule(port.memory.base) : 0xfff0, 0xfff0);
    map.emulate<std::uint16_t>(memory_limit, memory ? granule(port.memory.end() - 1) : 0, 0xfff0);

    const bool pref = port.prefetchable.size != 0;
    const auto base = pref ? port.prefetchable.base : 0xfff0'0000;
    const auto limit = pref ? port.prefetchable.end() - 1 : 0;
    // The low nibble 1 says: 64-bit.
    map.emulate<std::uint16_t>(prefetchable_base, granule(base) | 1, 0xfff0);
    map.emulate<std::uint16_t>(prefetchable_limit, granule(limit) | 1, 0xfff0);
    map.emulate<std::uint32_t>(prefetchable_base_upper, static_cast<std::uint32_t>(base >> 32),
                               ~0u);
    map.emulate<std::uint32_t>(prefetchable_limit_upper, static_cast<std::uint32_t>(limit >> 32),
                               ~0u);
    // Without an I/O window the registers read zero, which says that there is none at all.
    if (port.io.size == 0) return;
    map.emulate<std::uint8_t>(io_base, static_cast<std::uint8_t>(port.io.base >> 8 & 0xf0), 0xf0);
    map.emulate<std::uint8_t>(io_limit, static_cast<std::uint8_t>((port.io.end() - 1) >> 8 & 0xf0),
                              0xf0);
}

// Device Capabilities 2 and what follows it: with version 2 of the capability.
void emulate_second_registers(function::RegisterMap& map, const PortPlan& port) {
    constexpr auto at = express_at;
    const auto speeds = (2u << port.slot.link_speed) - 2;  // every speed up to this one
    const auto capabilities =
        pci::DeviceCapabilities2{0}.with<pci::AtomicOpCompleters>(port.slot.atomic_completer);
    // Prefixes of requests travel to the root, four at most: a PASID is one.
    map.emulate<std::uint32_t>(at + express::device_capabilities_2,
                               capabilities.raw() | pci::EndToEndPrefixSupported::mask);
    map.emulate<std::uint16_t>(at + express::device_control_2, 0, 0);
    map.emulate<std::uint32_t>(at + express::link_capabilities_2, speeds);
    map.emulate<std::uint16_t>(at + express::link_control_2,
                               static_cast<std::uint16_t>(port.slot.link_speed), 0x000f);
}

// Without hot-plug the slot has no button, indicator or lock: what is in it stays.
// Source: PCIe Base Spec 6.0, 7.5.3.9 to 7.5.3.11, 6.7.
void emulate_slot(function::RegisterMap& map, const PortPlan& port) {
    constexpr auto at = express_at;
    constexpr std::uint32_t indicator_on = 1;
    constexpr std::uint32_t indicator_off = 3;
    const bool occupied = !port.functions.empty();
    const auto present = pci::SlotStatus{0}.with<pci::PresenceDetectState>(occupied ? 1 : 0);
    auto capabilities = pci::SlotCapabilities{0}.with<pci::PhysicalSlotNumber>(port.slot_number);
    pci::SlotControl control{0};
    std::uint16_t writable = pci::DllStateChangedEnable::mask;
    std::uint16_t clearable = 0;
    if (port.rules.hotplug.value) {
        capabilities = capabilities.with<pci::AttentionButtonPresent>(1)
                           .with<pci::PowerIndicatorPresent>(1)
                           .with<pci::HotPlugSurprise>(1)
                           .with<pci::HotPlugCapable>(1)
                           .with<pci::NoCommandCompleted>(1);
        control = control.with<pci::PowerIndicatorControl>(occupied ? indicator_on : indicator_off);
        writable = pci::SlotControl::mask_of(pci::Access::ReadWrite);
        clearable = pci::SlotStatus::mask_of(pci::Access::WriteOneToClear);
    }
    map.emulate<std::uint32_t>(at + express::slot_capabilities, capabilities.raw());
    map.emulate<std::uint16_t>(at + express::slot_control, control.raw(), writable);
    map.emulate<std::uint16_t>(at + express::slot_status, present.raw(), 0, clearable);
}

// Source: PCIe Base Spec 6.0, 7.5.3. Root port, slot implemented.
void emulate_express(function::RegisterMap& map, const PortPlan& port) {
    constexpr auto at = express_at;
    const bool occupied = !port.functions.empty();
    const auto link = port.slot.link_speed | port.slot.link_width << 4;
    map.emulate<std::uint16_t>(at, 0x0010 | msi_at << 8);
    map.emulate<std::uint16_t>(at + express::capabilities,
                               static_cast<std::uint16_t>(0x0140 | port.rules.express_version));
    map.emulate<std::uint32_t>(at + express::device_capabilities,
                               0x00008000 | port.slot.max_payload);
    map.emulate<std::uint16_t>(at + express::device_control, 0, 0x70ff);
    map.emulate<std::uint16_t>(at + express::device_status, 0, 0, 0x000f);
    // Bit 20: the port reports whether its data link layer is active. 31:24: port number.
    map.emulate<std::uint32_t>(at + express::link_capabilities,
                               link | 1u << 20 | port.slot_number << 24);
    map.emulate<std::uint16_t>(at + express::link_control, 0, 0x00d3);
    map.emulate<std::uint16_t>(at + express::link_status,
                               static_cast<std::uint16_t>(occupied ? link | 1u << 13 : link & 0xf));
    emulate_slot(map, port);
    map.emulate<std::uint16_t>(at + express::root_control, 0, 0x000f);
    map.emulate<std::uint16_t>(at + express::root_capabilities, 0);
    map.emulate<std::uint32_t>(at + express::root_status, 0, 0, 0x00010000);
    if (port.rules.express_version >= 2) emulate_second_registers(map, port);
}

// One vector, 64-bit address. Source: PCIe Base Spec 6.0, 7.7.1.
void emulate_msi(function::RegisterMap& map) {
    map.emulate<std::uint16_t>(msi_at, 0x0005 | power_at << 8);
    map.emulate<std::uint16_t>(msi_at + 2, 0x0080, 0x0001);
    map.emulate<std::uint32_t>(msi_at + 4, 0, 0xfffffffc);
    map.emulate<std::uint32_t>(msi_at + 8, 0, 0xffffffff);
    map.emulate<std::uint16_t>(msi_at + 12, 0, 0xffff);
}

// Everything that a function sends goes to the root first: the port can do no other, and says so.
// Off after a reset. Source: PCIe Base Spec 6.0, 7.7.11.
void emulate_access_control(function::RegisterMap& map) {
    constexpr auto services = pci::AccessControl::mask_of(pci::Access::ReadWrite);
    map.emulate<std::uint32_t>(access_control_at,
                               std::uint32_t{pci::extended_id::access_control} | 1u << 16);
    map.emulate<std::uint16_t>(access_control_at + pci::access_control::capability, services);
    map.emulate<std::uint16_t>(access_control_at + pci::access_control::control, 0, services);
}

// Masks and severities as after a reset. Version 2, with a log of prefixes, which stays empty like
// the header log: nobody tells what was in flight. Source: PCIe Base Spec 6.0, 7.8.4.
void emulate_error_reporting(function::RegisterMap& map) {
    namespace at = pci::error_reporting;
    constexpr auto errors = pci::UncorrectableErrors::mask_of(pci::Access::WriteOneToClear);
    constexpr std::uint32_t advisory_non_fatal = 1u << 13;
    map.own(errors_at, access_control_at - errors_at);
    map.emulate<std::uint32_t>(errors_at, std::uint32_t{pci::extended_id::error_reporting} |
                                              2u << 16 | access_control_at << 20);
    map.emulate<std::uint32_t>(errors_at + at::status, 0, 0, errors);
    map.emulate<std::uint32_t>(errors_at + at::mask, function::error_mask_after_reset & errors,
                               errors);
    map.emulate<std::uint32_t>(errors_at + at::severity,
                               function::error_severity_after_reset & errors, errors);
    map.emulate<std::uint32_t>(errors_at + at::correctable_mask, advisory_non_fatal,
                               advisory_non_fatal);
    map.emulate<std::uint32_t>(errors_at + at::root_command, 0,
                               pci::RootErrorCommand::mask_of(pci::Access::ReadWrite));
    map.emulate<std::uint32_t>(errors_at + at::root_status, 0, 0,
                               pci::RootErrorStatus::mask_of(pci::Access::WriteOneToClear));
}

// Version 3, no PME; bit 3: the port keeps its registers from D3hot to D0.
// Source: PCI Power Management 1.2, 3.2.
void emulate_power_management(function::RegisterMap& map) {
    map.emulate<std::uint16_t>(power_at, 0x0001);
    constexpr std::uint16_t capabilities = 0x0003;
    map.emulate<std::uint16_t>(power_at + pci::power_management::capabilities, capabilities);
    map.emulate<std::uint16_t>(power_at + pci::power_management::control, 0x0008);
    map.emulate_power_state(power_at, capabilities);
}

}  // namespace

function::RegisterMap build_host_bridge() {
    return empty_space(host_bridge_device, 0x060000, pci::layout_endpoint);
}

function::RegisterMap build_root_port(const PortPlan& port) {
    auto map = empty_space(root_port_device, 0x060400,
                           pci::layout_bridge | (port.shares_device ? 0x80 : 0));
    map.start.write<std::uint8_t>(status, 0x10);
    map.emulate<std::uint8_t>(primary_bus, 0, 0xff);
    map.emulate<std::uint8_t>(secondary_bus, port.secondary_bus, 0xff);
    map.emulate<std::uint8_t>(subordinate_bus, port.secondary_bus, 0xff);
    map.emulate<std::uint16_t>(secondary_status, 0, 0, 0xf900);
    map.emulate<std::uint8_t>(capabilities_pointer, express_at);
    map.emulate<std::uint16_t>(bridge_control, pci::SerrForwarding::mask,
                               pci::BridgeControl::mask_of(pci::Access::ReadWrite));
    emulate_windows(map, port);
    emulate_express(map, port);
    emulate_msi(map);
    emulate_power_management(map);
    emulate_error_reporting(map);
    emulate_access_control(map);
    return map;
}

}  // namespace tenon::model::slot
