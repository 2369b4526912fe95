#include "model/slot/root_port.hpp"

#include <algorithm>
#include <cstdint>

#include "model/function/device_error.hpp"
#include "pci/access_control.hpp"
#include "pci/capability.hpp"
#include "pci/error_reporting.hpp"
#include "pci/express.hpp"
#include "pci/header.hpp"
#include "pci/msi.hpp"
#include "pci/power_management.hpp"

namespace tenon::model::slot {
namespace {

using namespace pci::header;
namespace express = pci::express;

constexpr auto express_at = port_register::express;
constexpr auto msi_at = port_register::msi;
constexpr auto power_at = port_register::power;
constexpr auto reservation_at = port_register::reservation;
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
    map.emulate<std::uint8_t>(cache_line_size, 0, 0xff);
    map.emulate<std::uint8_t>(header_type, type);
    map.emulate<std::uint8_t>(interrupt_line, 0, 0xff);
    return map;
}

// Base and limit registers hold the upper 12 bits of 32, in 1 MiB granules; the base above the
// limit closes the window. Source: PCI-to-PCI Bridge Architecture 1.2, 3.2.5.
constexpr auto window_bits = pci::MemoryWindow::mask_of(pci::Access::ReadWrite);
constexpr std::uint64_t closed_base = 0xfff0'0000;

std::uint16_t granule(std::uint64_t address) {
    return static_cast<std::uint16_t>(address >> 16 & window_bits);
}

std::uint8_t io_granule(std::uint64_t address) {
    return static_cast<std::uint8_t>(address >> 8 & pci::IoWindowAddress::mask);
}

// Device Capabilities 2 and what follows it: with version 2 of the capability.
void emulate_second_registers(function::RegisterMap& map, const PortPlan& port) {
    constexpr auto at = express_at;
    const auto speeds = pci::LinkCapabilities2{0}.with<pci::SupportedLinkSpeeds>(
        (1u << port.slot.link_speed) - 1);  // every speed up to this one
    const auto target = pci::LinkControl2{0}.with<pci::TargetLinkSpeed>(
        static_cast<std::uint16_t>(port.slot.link_speed));
    // Prefixes of requests travel to the root, four at most: a PASID is one.
    const auto capabilities = pci::DeviceCapabilities2{0}
                                  .with<pci::AtomicOpCompleters>(port.slot.atomic_completer)
                                  .with<pci::EndToEndPrefixSupported>(1);
    map.emulate<std::uint32_t>(at + express::device_capabilities_2, capabilities.raw());
    map.emulate<std::uint16_t>(at + express::device_control_2, 0, 0);
    map.emulate<std::uint32_t>(at + express::link_capabilities_2, speeds.raw());
    map.emulate<std::uint16_t>(at + express::link_control_2, target.raw(),
                               pci::LinkControl2::mask_of(pci::Access::ReadWrite));
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

// An empty slot has a link of no width, which is not active.
void emulate_link(function::RegisterMap& map, const PortPlan& port) {
    constexpr auto at = express_at;
    const auto able = pci::LinkCapabilities{0}
                          .with<pci::MaxLinkSpeed>(port.slot.link_speed)
                          .with<pci::MaxLinkWidth>(port.slot.link_width)
                          .with<pci::DllActiveReporting>(1)
                          .with<pci::PortNumber>(port.slot_number);
    auto now = pci::LinkStatus{0}.with<pci::CurrentLinkSpeed>(
        static_cast<std::uint16_t>(port.slot.link_speed));
    if (!port.functions.empty())
        now = now.with<pci::NegotiatedLinkWidth>(static_cast<std::uint16_t>(port.slot.link_width))
                  .with<pci::DllActive>(1);
    map.emulate<std::uint32_t>(at + express::link_capabilities, able.raw());
    map.emulate<std::uint16_t>(at + express::link_control, 0,
                               pci::LinkControl::mask_of(pci::Access::ReadWrite));
    map.emulate<std::uint16_t>(at + express::link_status, now.raw());
}

// Source: PCIe Base Spec 6.0, 7.5.3.
void emulate_express(function::RegisterMap& map, const PortPlan& port) {
    constexpr auto at = express_at;
    const auto capabilities =
        pci::ExpressCapabilities{0}
            .with<pci::ExpressVersion>(static_cast<std::uint16_t>(port.rules.express_version))
            .with<pci::DevicePortType>(static_cast<std::uint16_t>(pci::PortType::RootPort))
            .with<pci::SlotImplemented>(1);
    const auto device = pci::DeviceCapabilities{0}
                            .with<pci::MaxPayloadSupported>(port.slot.max_payload)
                            .with<pci::RoleBasedErrors>(1);
    // The bit that resets an endpoint is reserved in a port.
    constexpr auto control = pci::DeviceControl{pci::DeviceControl::mask_of(pci::Access::ReadWrite)}
                                 .with<pci::InitiateFlr>(0);
    map.emulate<std::uint16_t>(at, pci::capability_header(pci::capability_id::pci_express, msi_at));
    map.emulate<std::uint16_t>(at + express::capabilities, capabilities.raw());
    map.emulate<std::uint32_t>(at + express::device_capabilities, device.raw());
    map.emulate<std::uint16_t>(at + express::device_control, 0, control.raw());
    map.emulate<std::uint16_t>(at + express::device_status, 0, 0,
                               pci::DeviceStatus::mask_of(pci::Access::WriteOneToClear));
    emulate_link(map, port);
    emulate_slot(map, port);
    map.emulate<std::uint16_t>(at + express::root_control, 0,
                               pci::RootControl::mask_of(pci::Access::ReadWrite));
    map.emulate<std::uint16_t>(at + express::root_capabilities, 0);
    map.emulate<std::uint32_t>(at + express::root_status, 0, 0,
                               pci::RootStatus::mask_of(pci::Access::WriteOneToClear));
    if (port.rules.express_version >= 2) emulate_second_registers(map, port);
}

// One vector, 64-bit address. Source: PCIe Base Spec 6.0, 7.7.1.
void emulate_msi(function::RegisterMap& map) {
    namespace at = pci::msi;
    constexpr auto control = pci::MsiControl{0}.with<pci::Msi64BitAddress>(1);
    map.emulate<std::uint16_t>(msi_at, pci::capability_header(pci::capability_id::msi, power_at));
    map.emulate<std::uint16_t>(msi_at + at::control, control.raw(), pci::MsiEnable::mask);
    map.emulate<std::uint32_t>(msi_at + at::address, 0, at::address_bits);
    map.emulate<std::uint32_t>(msi_at + at::upper_address, 0, ~0u);
    map.emulate<std::uint16_t>(msi_at + at::data(true), 0, 0xffff);
}

// Everything that a function sends goes to the root first: the port can do no other, and says so.
// Off after a reset. Source: PCIe Base Spec 6.0, 7.7.11.
void emulate_access_control(function::RegisterMap& map) {
    constexpr auto services = pci::AccessControl::mask_of(pci::Access::ReadWrite);
    map.emulate<std::uint32_t>(access_control_at,
                               pci::extended_header(pci::extended_id::access_control, 1));
    map.emulate<std::uint16_t>(access_control_at + pci::access_control::capability, services);
    map.emulate<std::uint16_t>(access_control_at + pci::access_control::control, 0, services);
}

// Masks and severities as after a reset. Version 2, with a log of prefixes, which stays empty like
// the header log: nobody tells what was in flight. Source: PCIe Base Spec 6.0, 7.8.4.
void emulate_error_reporting(function::RegisterMap& map) {
    namespace at = pci::error_reporting;
    constexpr auto errors = pci::UncorrectableErrors::mask_of(pci::Access::WriteOneToClear);
    constexpr std::uint32_t advisory_non_fatal = pci::AdvisoryNonFatalMask::mask;
    map.own(errors_at, access_control_at - errors_at);
    map.emulate<std::uint32_t>(
        errors_at, pci::extended_header(pci::extended_id::error_reporting, 2, access_control_at));
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

// No PME; the port keeps its registers from D3hot to D0.
// Source: PCI Power Management 1.2, 3.2.
void emulate_power_management(function::RegisterMap& map, std::uint8_t next) {
    constexpr auto capabilities = pci::PowerCapabilities{0}.with<pci::PowerManagementVersion>(3);
    constexpr auto control = pci::PowerControl{0}.with<pci::NoSoftReset>(1);
    map.emulate<std::uint16_t>(power_at,
                               pci::capability_header(pci::capability_id::power_management, next));
    map.emulate<std::uint16_t>(power_at + pci::power_management::capabilities, capabilities.raw());
    map.emulate<std::uint16_t>(power_at + pci::power_management::control, control.raw());
    map.emulate_power_state(power_at, capabilities.raw());
}

// Whether the port has room for more than what is behind it.
bool reserves(const PortPlan& port) { return port.firmware && port.rules.hotplug.value; }

// What firmware is to reserve: no I/O ports and no memory are zero, of prefetchable memory zero is
// as much as firmware likes, so that is 1 MiB at least; all ones are what it likes elsewhere.
// Source: QEMU docs/pcie_pci_bridge.txt; edk2 OvmfPkg/Include/IndustryStandard/
// QemuPciBridgeCapabilities.h.
void emulate_reservation(function::RegisterMap& map, const PortPlan& port) {
    constexpr std::uint8_t size = 32;
    constexpr std::uint8_t resources = 1;
    constexpr std::uint64_t mib = 1 << 20;
    constexpr auto at = reservation_at;
    const auto memory =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(port.memory.size, ~0u - 1));
    map.emulate<std::uint16_t>(at, pci::capability_header(pci::capability_id::vendor_specific, 0));
    map.emulate<std::uint8_t>(at + 2, size);
    map.emulate<std::uint8_t>(at + 3, resources);
    map.emulate<std::uint32_t>(at + 4, ~0u);  // Bus numbers.
    map.emulate<std::uint32_t>(at + 8, static_cast<std::uint32_t>(port.io.size));
    map.emulate<std::uint32_t>(at + 12, 0);
    map.emulate<std::uint32_t>(at + 16, memory);
    map.emulate<std::uint32_t>(at + 20, ~0u);  // Prefetchable memory below 4 GiB.
    const auto wide = std::max(port.prefetchable.size, mib);
    map.emulate<std::uint32_t>(at + 24, static_cast<std::uint32_t>(wide));
    map.emulate<std::uint32_t>(at + 28, static_cast<std::uint32_t>(wide >> 32));
}

}  // namespace

void emulate_windows(function::RegisterMap& map, const PortPlan& port) {
    const bool memory = port.memory.size != 0;
    map.emulate<std::uint16_t>(memory_base, granule(memory ? port.memory.base : closed_base),
                               window_bits);
    map.emulate<std::uint16_t>(memory_limit, granule(memory ? port.memory.end() - 1 : 0),
                               window_bits);

    const bool pref = port.prefetchable.size != 0;
    const auto base = pref ? port.prefetchable.base : closed_base;
    const auto limit = pref ? port.prefetchable.end() - 1 : 0;
    constexpr auto wide = pci::MemoryWindow{0}.with<pci::WindowKind>(1).raw();
    map.emulate<std::uint16_t>(prefetchable_base, granule(base) | wide, window_bits);
    map.emulate<std::uint16_t>(prefetchable_limit, granule(limit) | wide, window_bits);
    map.emulate<std::uint32_t>(prefetchable_base_upper, static_cast<std::uint32_t>(base >> 32),
                               ~0u);
    map.emulate<std::uint32_t>(prefetchable_limit_upper, static_cast<std::uint32_t>(limit >> 32),
                               ~0u);
    // Without an I/O window the registers read zero, which says that there is none at all.
    if (port.io.size == 0) return;
    constexpr auto io_bits = pci::IoWindow::mask_of(pci::Access::ReadWrite);
    map.emulate<std::uint8_t>(io_base, io_granule(port.io.base), io_bits);
    map.emulate<std::uint8_t>(io_limit, io_granule(port.io.end() - 1), io_bits);
}

function::RegisterMap build_host_bridge(bool firmware) {
    return empty_space(firmware ? host_bridge_of_firmware : host_bridge_device, 0x060000,
                       pci::layout_endpoint);
}

function::RegisterMap build_root_port(const PortPlan& port) {
    constexpr auto secondary_errors = pci::SecondaryStatus::mask_of(pci::Access::WriteOneToClear);
    const auto type =
        pci::HeaderType{pci::layout_bridge}.with<pci::MultiFunction>(port.shares_device ? 1 : 0);
    auto map = empty_space(root_port_device, 0x060400, type.raw());
    map.start.write<std::uint8_t>(status, pci::CapabilitiesList::mask);
    map.emulate<std::uint8_t>(primary_bus, 0, 0xff);
    map.emulate<std::uint8_t>(secondary_bus, port.secondary_bus, 0xff);
    map.emulate<std::uint8_t>(subordinate_bus, port.secondary_bus, 0xff);
    map.emulate<std::uint16_t>(secondary_status, 0, 0, secondary_errors);
    map.emulate<std::uint8_t>(capabilities_pointer, express_at);
    map.emulate<std::uint16_t>(bridge_control, pci::SerrForwarding::mask,
                               pci::BridgeControl::mask_of(pci::Access::ReadWrite));
    emulate_windows(map, port);
    emulate_express(map, port);
    emulate_msi(map);
    emulate_power_management(map, reserves(port) ? reservation_at : 0);
    if (reserves(port)) emulate_reservation(map, port);
    emulate_error_reporting(map);
    emulate_access_control(map);
    return map;
}

}  // namespace tenon::model::slot
