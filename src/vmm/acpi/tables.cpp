#include "vmm/acpi/tables.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "base/bytes.hpp"
#include "vmm/board/cmos.hpp"
#include "vmm/board/layout.hpp"
#include "vmm/board/power.hpp"

namespace tenon::vmm::acpi {
namespace {

constexpr std::size_t header_size = 36;
constexpr std::string_view oem = "TENON ";
constexpr std::string_view oem_table = "TENONVMM";

void put_text(Bytes& bytes, std::size_t at, std::string_view text) {
    for (const char character : text)
        bytes[at++] = static_cast<std::byte>(character);
}

/// What makes the sum of `bytes` zero.
std::uint8_t checksum(std::span<const std::byte> bytes) {
    const auto sum = std::accumulate(
        bytes.begin(), bytes.end(), 0u,
        [](unsigned total, std::byte b) { return total + std::to_integer<unsigned>(b); });
    return static_cast<std::uint8_t>(0x100 - (sum & 0xff));
}

/// A Generic Address Structure: bytes at a port, one or four. Source: 5.2.3.2.
void put_port(Bytes& bytes, std::size_t at, std::uint64_t port, std::uint8_t size = 1) {
    constexpr std::uint8_t system_io = 1;
    put<std::uint8_t>(bytes, at, system_io);
    put<std::uint8_t>(bytes, at + 1, size * 8);           // Bits wide, from bit 0.
    put<std::uint8_t>(bytes, at + 3, size == 1 ? 1 : 3);  // Accessed by so many.
    put(bytes, at + 4, port);
}

}  // namespace

Bytes make_table(std::string_view signature, std::uint8_t revision, const Bytes& body) {
    Bytes table(header_size);
    put_text(table, 0, signature.substr(0, 4));
    put(table, 4, static_cast<std::uint32_t>(header_size + body.size()));
    put(table, 8, revision);
    put_text(table, 10, oem);
    put_text(table, 16, oem_table);
    put<std::uint32_t>(table, 24, 1);
    put_text(table, 28, "TENO");
    put<std::uint32_t>(table, 32, 1);
    table.insert(table.end(), body.begin(), body.end());
    put(table, 9, checksum(table));
    return table;
}

Bytes make_rsdp(GuestAddress xsdt) {
    constexpr std::size_t first_part = 20;
    Bytes rsdp(36);
    put_text(rsdp, 0, "RSD PTR ");
    put_text(rsdp, 9, oem);
    put<std::uint8_t>(rsdp, 15, 2);
    put(rsdp, 20, static_cast<std::uint32_t>(rsdp.size()));
    put(rsdp, 24, xsdt.value());
    put(rsdp, 8, checksum(std::span{rsdp}.first(first_part)));
    put(rsdp, 32, checksum(rsdp));
    return rsdp;
}

Bytes make_xsdt(const std::vector<GuestAddress>& tables) {
    Bytes body(tables.size() * 8);
    for (std::size_t index = 0; index < tables.size(); ++index)
        put(body, index * 8, tables[index].value());
    return make_table("XSDT", 1, body);
}

Bytes make_fadt(GuestAddress dsdt, bool firmware) {
    // Offsets are those of the specification, from the start of the table.
    constexpr std::size_t size = 276;
    constexpr std::size_t timer = 76;
    constexpr std::size_t timer_length = 91;
    constexpr std::size_t century = 108;
    constexpr std::size_t boot_architecture = 109;
    constexpr std::size_t flags = 112;
    constexpr std::size_t reset_register = 116;
    constexpr std::size_t reset_value = 128;
    constexpr std::size_t minor_version = 131;
    constexpr std::size_t x_dsdt = 140;
    constexpr std::size_t x_timer = 208;
    constexpr std::size_t sleep_control = 244;
    constexpr std::size_t sleep_status = 256;
    constexpr std::size_t hypervisor_vendor = 268;
    constexpr std::uint16_t no_vga = 1u << 2;
    constexpr std::uint16_t no_clock = 1u << 5;  // That of CMOS.
    // No fixed power button (4), no fixed sleep button (5), a reset register (10), hardware-reduced
    // (20).
    constexpr std::uint32_t reduced = 1u << 4 | 1u << 5 | 1u << 10 | 1u << 20;
    Bytes fadt(size);
    constexpr std::uint32_t wide_timer = 1u << 8;
    put<std::uint16_t>(fadt, boot_architecture, firmware ? no_vga : no_vga | no_clock);
    put<std::uint32_t>(fadt, flags, firmware ? reduced | wide_timer : reduced);
    if (firmware) {
        put<std::uint32_t>(fadt, timer, board::timer_port);
        put<std::uint8_t>(fadt, timer_length, board::timer_ports);
        put_port(fadt, x_timer, board::timer_port, board::timer_ports);
        put<std::uint8_t>(fadt, century, board::Cmos::century);
    }
    put_port(fadt, reset_register, board::power_port + 2);
    put<std::uint8_t>(fadt, reset_value, board::PowerRegisters::reset_value);
    put<std::uint8_t>(fadt, minor_version, 5);
    put(fadt, x_dsdt, dsdt.value());
    put_port(fadt, sleep_control, board::power_port);
    put_port(fadt, sleep_status, board::power_port + 1);
    put_text(fadt, hypervisor_vendor, "TENONVMM");
    return make_table("FACP", 6, Bytes(fadt.begin() + header_size, fadt.end()));
}

namespace {

// Source: ACPI Specification 6.5, 5.2.12.2 and 5.2.12.12 (ids above 254).
Bytes make_processor(std::uint32_t index, std::uint32_t id) {
    constexpr std::uint32_t enabled = 1;
    if (id <= model::machine::last_short_apic_id) {
        Bytes entry(8);
        put<std::uint8_t>(entry, 0, 0);
        put<std::uint8_t>(entry, 1, 8);
        put(entry, 2, static_cast<std::uint8_t>(index));
        put(entry, 3, static_cast<std::uint8_t>(id));
        put(entry, 4, enabled);
        return entry;
    }
    Bytes entry(16);
    put<std::uint8_t>(entry, 0, 9);
    put<std::uint8_t>(entry, 1, 16);
    put(entry, 4, id);
    put(entry, 8, enabled);
    put(entry, 12, index);
    return entry;
}

// LINT1 of all processors. Source: ACPI Specification 6.5, 5.2.12.7 and 5.2.12.13.
Bytes make_nmi(bool short_ids) {
    Bytes nmi(6);
    put<std::uint8_t>(nmi, 0, 4);
    put<std::uint8_t>(nmi, 1, 6);
    put<std::uint8_t>(nmi, 2, 0xff);
    put<std::uint8_t>(nmi, 5, 1);
    if (short_ids) return nmi;
    Bytes also(12);
    put<std::uint8_t>(also, 0, 10);
    put<std::uint8_t>(also, 1, 12);
    put<std::uint32_t>(also, 4, 0xffff'ffff);
    put<std::uint8_t>(also, 8, 1);
    return join({nmi, also});
}

}  // namespace

Bytes make_madt(const model::machine::Processors& processors) {
    constexpr std::uint8_t ioapic = 1;
    Bytes body(8);
    put(body, 0, board::local_apic_address);
    for (unsigned index = 0; index < processors.count; ++index)
        body = join({body, make_processor(index, processors.apic_id(index))});
    Bytes controller(12);
    put<std::uint8_t>(controller, 0, ioapic);
    put<std::uint8_t>(controller, 1, 12);
    put(controller, 4, board::ioapic_address);
    return make_table("APIC", 5, join({body, controller, make_nmi(processors.short_ids())}));
}

Bytes make_mcfg(const model::machine::AddressMap& addresses) {
    Bytes body(8 + 16);
    put(body, 8, addresses.ecam.base);
    put(body, 19, addresses.last_bus);
    return make_table("MCFG", 1, body);
}

Result<Bytes> make_tables(const Board& board, GuestAddress at, std::uint64_t limit) {
    Bytes block(64);  // Room for the RSDP.
    const auto place = [&](const Bytes& table) {
        block.resize(align_up(block.size(), 16));
        const auto address = at.plus(block.size());
        block.insert(block.end(), table.begin(), table.end());
        return address;
    };
    std::optional<GuestAddress> registers;
    if (board.remapping) registers = board.remapping->registers;
    const auto dsdt = place(make_table(
        "DSDT", 2, make_dsdt_body(board.addresses, board.intx, registers, board.firmware)));
    std::vector<GuestAddress> tables{place(make_fadt(dsdt, board.firmware)),
                                     place(make_madt(board.processors)),
                                     place(make_mcfg(board.addresses))};
    if (board.remapping) tables.push_back(place(make_dmar(*board.remapping)));
    const auto xsdt = place(make_xsdt(tables));
    const auto rsdp = make_rsdp(xsdt);
    std::ranges::copy(rsdp, block.begin());
    if (block.size() > limit)
        return malformed("the ACPI tables take {} bytes, there is room for {}", block.size(),
                         limit);
    return block;
}

}  // namespace tenon::vmm::acpi
