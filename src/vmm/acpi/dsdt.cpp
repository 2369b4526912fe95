#include "vmm/acpi/dsdt.hpp"

#include "vmm/acpi/resources.hpp"
#include "vmm/board/layout.hpp"
#include "vmm/board/power.hpp"

namespace tenon::vmm::acpi {
namespace {

/// `_OSC` of a PCI host bridge: the operating system gets hot-plug, power management events, error
/// reporting and the PCI Express capability.
/// Source: PCI Firmware Specification 3.3, 4.5; ACPI Specification 6.5, 6.2.11.
Bytes make_osc() {
    using namespace aml;
    constexpr std::uint64_t unknown_uuid = 1u << 2;
    constexpr std::uint64_t unknown_revision = 1u << 3;
    constexpr std::uint64_t masked = 1u << 4;
    // Native hot-plug (0), PME (2), AER (3), capability structure (4), latency tolerance reporting
    // (5).
    constexpr std::uint64_t granted = 0x3d;
    const auto flag = [](std::uint64_t bit) {
        return bit_or(name_string("CDW1"), integer(bit), name_string("CDW1"));
    };
    const auto known = join({
        if_(logical_not(equal(arg(1), integer(1))), flag(unknown_revision)),
        if_(less(integer(2), arg(2)),
            join({
                create_dword_field(arg(3), 8, "CDW3"),
                bit_and(name_string("CDW3"), integer(granted), local(0)),
                if_(logical_not(equal(local(0), name_string("CDW3"))), flag(masked)),
                store(local(0), name_string("CDW3")),
            })),
    });
    return method("_OSC", 4,
                  join({
                      create_dword_field(arg(3), 0, "CDW1"),
                      if_(equal(arg(0), uuid("33db4d5b-1ff7-401c-9657-7441c03dd766")), known),
                      else_(flag(unknown_uuid)),
                      return_(arg(3)),
                  }));
}

Bytes make_windows(const model::machine::AddressMap& addresses) {
    Bytes windows = resource::bus_numbers(0, addresses.last_bus);
    if (addresses.io.size != 0)
        windows = join({windows, resource::io_window(addresses.io.base, addresses.io.size)});
    if (addresses.memory32.size != 0)
        windows = join(
            {windows, resource::memory_window32(addresses.memory32.base, addresses.memory32.size,
                                                resource::Caching::Uncached)});
    if (addresses.memory64.size != 0)
        windows = join(
            {windows, resource::memory_window64(addresses.memory64.base, addresses.memory64.size,
                                                resource::Caching::Cacheable)});
    return resource::make_template(windows);
}

Bytes make_host_bridge(const model::machine::AddressMap& addresses,
                       const std::vector<model::function::IntxRoute>& routes) {
    using namespace aml;
    const Bytes bridge = join({
        name("_HID", eisa_id("PNP0A08")),
        name("_CID", eisa_id("PNP0A03")),
        name("_UID", integer(0)),
        name("_SEG", integer(0)),
        name("_BBN", integer(0)),
        name("_CRS", make_windows(addresses)),
        make_osc(),
    });
    if (routes.empty()) return device("PCI0", bridge);
    std::vector<Bytes> table;
    table.reserve(routes.size());
    for (const auto& route : routes)
        table.push_back(package({integer(std::uint64_t{route.device} << 16 | 0xffff),
                                 integer(route.pin), integer(0), integer(route.interrupt)}));
    return device("PCI0", join({bridge, name("_PRT", package(table))}));
}

}  // namespace

Bytes make_dsdt_body(const model::machine::AddressMap& addresses,
                     const std::vector<model::function::IntxRoute>& routes,
                     std::optional<GuestAddress> remapping, bool clock) {
    using namespace aml;
    // The specification wants ECAM reserved by a motherboard device: PCI Firmware
    // Specification 3.3, 4.1.2.
    Bytes kept = resource::fixed_memory32(addresses.ecam.base, addresses.ecam.size);
    if (remapping)
        kept = join({kept, resource::fixed_memory32(remapping->value(), board::remapping_page)});
    const auto reserved = device("ECAM", join({
                                             name("_HID", eisa_id("PNP0C02")),
                                             name("_UID", integer(0)),
                                             name("_CRS", resource::make_template(kept)),
                                         }));
    const auto serial = device(
        "COM1", join({
                    name("_HID", eisa_id("PNP0501")),
                    name("_UID", integer(1)),
                    name("_CRS", resource::make_template(join({
                                     resource::fixed_io(board::serial_port, board::serial_ports),
                                     resource::edge_interrupt(board::serial_interrupt),
                                 }))),
                }));
    // A hardware-reduced board has no fixed power button: an interrupt of the generic event device
    // notifies a control method one. Source: ACPI Specification 6.5, 5.6.9 and 4.8.2.2.1.2.
    constexpr std::uint64_t pressed = 0x80;
    const auto power_button = device("PWRB", join({name("_HID", eisa_id("PNP0C0C"))}));
    const auto events = device(
        "GED", join({
                   name("_HID", string("ACPI0013")),
                   name("_UID", integer(0)),
                   name("_CRS", resource::make_template(
                                    resource::edge_interrupt(board::power_button_interrupt))),
                   method("_EVT", 1,
                          if_(equal(arg(0), integer(board::power_button_interrupt)),
                              notify("\\_SB.PWRB", pressed))),
               }));
    // Without an interrupt, which it never raises.
    const auto told_clock =
        clock ? device("RTC0", join({name("_HID", eisa_id("PNP0B00")),
                                     name("_CRS", resource::make_template(resource::fixed_io(
                                                      board::cmos_port, board::cmos_ports)))}))
              : Bytes{};
    const auto soft_off = package(
        {integer(board::PowerRegisters::sleep_type_off), integer(0), integer(0), integer(0)});
    return join({
        scope("\\_SB", join({make_host_bridge(addresses, routes), reserved, serial, power_button,
                             events, told_clock})),
        name("\\_S5", soft_off),
    });
}

}  // namespace tenon::vmm::acpi
