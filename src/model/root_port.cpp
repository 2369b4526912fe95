#include "model/root_port.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>

#include "pci/capability.hpp"
#include "pci/express.hpp"
#include "pci/header.hpp"

namespace tenon::model {
namespace {

using namespace pci::header;
namespace express = pci::express;

constexpr std::size_t express_at = 0x40;
constexpr std::size_t msi_at = 0x80;
constexpr std::size_t power_at = 0x90;

// A header in which nothing is there yet, ours alone.
RegisterMap empty_space(std::uint16_t device, std::uint32_t class_code, std::uint8_t type) {
    RegisterMap map;
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

void emulate_windows(RegisterMap& map, const PortPlan& port) {
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

// Source: PCIe Base Spec 6.0, 7.5.3. Version 2, root port, slot implemented.
void emulate_express(RegisterMap& map, const PortPlan& port, unsigned slot_number) {
    constexpr auto at = express_at;
    const bool occupied = !port.functions.empty();
    const auto link = port.link_speed | port.link_width << 4;
    const auto speeds = (2u << port.link_speed) - 2;  // every speed up to this one
    map.emulate<std::uint16_t>(at, 0x0010 | msi_at << 8);
    map.emulate<std::uint16_t>(at + express::capabilities, 0x0142);
    map.emulate<std::uint32_t>(at + express::device_capabilities, 0x00008000 | port.max_payload);
    map.emulate<std::uint16_t>(at + express::device_control, 0, 0x70ff);
    map.emulate<std::uint16_t>(at + express::device_status, 0, 0, 0x000f);
    // Bit 20: the port reports whether its data link layer is active. 31:24: port number.
    map.emulate<std::uint32_t>(at + express::link_capabilities,
                               link | 1u << 20 | slot_number << 24);
    map.emulate<std::uint16_t>(at + express::link_control, 0, 0x00d3);
    map.emulate<std::uint16_t>(at + express::link_status,
                               static_cast<std::uint16_t>(occupied ? link | 1u << 13 : link & 0xf));
    // The slot has no button, indicator or lock: what is in it stays. Bits 31:19 number it.
    map.emulate<std::uint32_t>(at + express::slot_capabilities, slot_number << 19);
    map.emulate<std::uint16_t>(at + express::slot_control, 0, 0x1000);
    map.emulate<std::uint16_t>(at + express::slot_status, occupied ? 0x0040 : 0);
    map.emulate<std::uint16_t>(at + express::root_control, 0, 0x000f);
    map.emulate<std::uint16_t>(at + express::root_capabilities, 0);
    map.emulate<std::uint32_t>(at + express::root_status, 0, 0, 0x00010000);
    map.emulate<std::uint32_t>(at + express::device_capabilities_2, 0);
    map.emulate<std::uint16_t>(at + express::device_control_2, 0, 0);
    map.emulate<std::uint32_t>(at + express::link_capabilities_2, speeds);
    map.emulate<std::uint16_t>(at + express::link_control_2,
                               static_cast<std::uint16_t>(port.link_speed), 0x000f);
}

// One vector, 64-bit address. Source: PCIe Base Spec 6.0, 7.7.1.
void emulate_msi(RegisterMap& map) {
    map.emulate<std::uint16_t>(msi_at, 0x0005 | power_at << 8);
    map.emulate<std::uint16_t>(msi_at + 2, 0x0080, 0x0001);
    map.emulate<std::uint32_t>(msi_at + 4, 0, 0xfffffffc);
    map.emulate<std::uint32_t>(msi_at + 8, 0, 0xffffffff);
    map.emulate<std::uint16_t>(msi_at + 12, 0, 0xffff);
}

// Version 3, no PME; bit 3: the port keeps its registers from D3hot to D0.
// Source: PCI Power Management 1.2, 3.2.
void emulate_power_management(RegisterMap& map) {
    map.emulate<std::uint16_t>(power_at, 0x0001);
    map.emulate<std::uint16_t>(power_at + 2, 0x0003);
    map.emulate<std::uint16_t>(power_at + 4, 0x0008, 0x0003);
}

}  // namespace

RegisterMap build_host_bridge() {
    return empty_space(host_bridge_device, 0x060000, pci::layout_endpoint);
}

RegisterMap build_root_port(const PortPlan& port, unsigned slot_number, bool multi_function) {
    auto map =
        empty_space(root_port_device, 0x060400, pci::layout_bridge | (multi_function ? 0x80 : 0));
    map.start.write<std::uint8_t>(status, 0x10);
    map.emulate<std::uint8_t>(primary_bus, 0, 0xff);
    map.emulate<std::uint8_t>(secondary_bus, port.secondary_bus, 0xff);
    map.emulate<std::uint8_t>(subordinate_bus, port.secondary_bus, 0xff);
    map.emulate<std::uint16_t>(secondary_status, 0, 0, 0xf900);
    map.emulate<std::uint8_t>(capabilities_pointer, express_at);
    map.emulate<std::uint16_t>(bridge_control, 0, 0x0043);
    emulate_windows(map, port);
    emulate_express(map, port, slot_number);
    emulate_msi(map);
    emulate_power_management(map);
    return map;
}

void tell_link_truth(PortPlan& port) {
    const FunctionPlan* fastest = nullptr;
    for (const auto& function : port.functions) {
        const auto& view = function.view;
        if (view.express_at == 0) continue;
        const auto at = view.express_at;
        const auto space = function.start();
        const pci::LinkCapabilities link{space.read32(at + express::link_capabilities)};
        const pci::DeviceCapabilities device{space.read32(at + express::device_capabilities)};
        const unsigned width = std::bit_ceil(std::clamp(link.get<pci::MaxLinkWidth>(), 1u, 32u));
        const unsigned speed = std::clamp(link.get<pci::MaxLinkSpeed>(), 1u, 6u);
        if (fastest == nullptr || speed > port.link_speed) fastest = &function;
        port.link_speed = std::max(port.link_speed, speed);
        port.link_width = std::max(port.link_width, width);
        port.max_payload =
            std::max(port.max_payload, std::min(device.get<pci::MaxPayloadSupported>(), 5u));
    }
    port.link_why = fastest == nullptr
                        ? "no PCI Express function is in the slot"
                        : fmt::format("as the link of {} on its host", fastest->view.host);
}

}  // namespace tenon::model
