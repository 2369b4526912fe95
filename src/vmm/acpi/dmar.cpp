#include "vmm/acpi/dmar.hpp"

#include <span>

#include "base/bytes.hpp"
#include "vmm/acpi/tables.hpp"

namespace tenon::vmm::acpi {
namespace {

enum class ScopeType : std::uint8_t { Bridge = 2, Ioapic = 3 };

// Source: 8.3.1.
Bytes scope(ScopeType type, std::uint8_t enumeration_id, const ScopePath& path) {
    constexpr std::uint8_t size = 8;
    Bytes bytes(size);
    put(bytes, 0, static_cast<std::uint8_t>(type));
    put(bytes, 1, size);
    put(bytes, 4, enumeration_id);
    put(bytes, 5, path.bus);
    put(bytes, 6, path.device);
    put(bytes, 7, path.function);
    return bytes;
}

Bytes bridges(const std::vector<ScopePath>& ports) {
    Bytes bytes;
    for (const auto& port : ports)
        bytes = join({bytes, scope(ScopeType::Bridge, 0, port)});
    return bytes;
}

// A record of the table: type and length in front of what it says.
Bytes record(std::uint16_t type, const Bytes& head, const Bytes& scopes) {
    Bytes start(4);
    put(start, 0, type);
    put(start, 2, static_cast<std::uint16_t>(start.size() + head.size() + scopes.size()));
    return join({start, head, scopes});
}

// Source: 8.3.
Bytes unit(const RemappingTable& table) {
    constexpr std::uint16_t hardware_unit = 0;
    constexpr std::uint8_t whole_segment = 1;
    Bytes head(12);
    put(head, 0, table.ports.empty() ? whole_segment : std::uint8_t{0});
    put(head, 4, table.registers.value());
    Bytes scopes;
    if (table.interrupt_remapping) scopes = scope(ScopeType::Ioapic, table.ioapic_id, table.ioapic);
    return record(hardware_unit, head, join({scopes, bridges(table.ports)}));
}

// Source: 8.5.
Bytes root_port_ats(const std::vector<ScopePath>& ports) {
    constexpr std::uint16_t ats_capability = 2;
    return ports.empty() ? Bytes{} : record(ats_capability, Bytes(4), bridges(ports));
}

}  // namespace

Bytes make_dmar(const RemappingTable& table) {
    constexpr std::uint8_t remaps_interrupts = 1;
    Bytes head(12);
    put(head, 0, static_cast<std::uint8_t>(table.address_bits - 1));
    put(head, 1, table.interrupt_remapping ? remaps_interrupts : std::uint8_t{0});
    return make_table("DMAR", 1, join({head, unit(table), root_port_ats(table.ats_ports)}));
}

}  // namespace tenon::vmm::acpi
