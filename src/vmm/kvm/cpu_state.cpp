#include "vmm/kvm/cpu_state.hpp"

#include <array>

#include "base/bytes.hpp"

namespace tenon::vmm::kvm {
namespace {

constexpr std::uint64_t protection_enable = 1u << 0;  // CR0
constexpr std::uint64_t extension_type = 1u << 4;
constexpr std::uint64_t paging = 1u << 31;
constexpr std::uint64_t physical_address_extension = 1u << 5;  // CR4
constexpr std::uint64_t long_mode_enable = 1u << 8;            // EFER
constexpr std::uint64_t long_mode_active = 1u << 10;

constexpr std::uint16_t code_selector = 0x10;
constexpr std::uint16_t data_selector = 0x18;

kvm_segment flat_segment(std::uint16_t selector, std::uint8_t type) {
    kvm_segment segment{};
    segment.limit = 0xffff'ffff;
    segment.selector = selector;
    segment.type = type;
    segment.present = 1;
    segment.s = 1;
    segment.db = 1;
    segment.g = 1;
    return segment;
}

}  // namespace

kvm_regs entry_registers(const Entry& entry) {
    kvm_regs registers{};
    registers.rflags = 2;  // The bit that is always one: interrupts off.
    registers.rip = entry.address.value();
    if (entry.mode == Entry::Mode::Long64)
        registers.rsi = entry.argument.value();
    else
        registers.rbx = entry.argument.value();
    return registers;
}

kvm_sregs entry_system_registers(kvm_sregs reset, Entry::Mode mode) {
    constexpr std::uint8_t execute_read_accessed = 0xb;
    constexpr std::uint8_t read_write_accessed = 0x3;
    constexpr std::uint8_t busy_task = 0xb;
    kvm_sregs registers = reset;
    registers.cs = flat_segment(code_selector, execute_read_accessed);
    const auto data = flat_segment(data_selector, read_write_accessed);
    registers.ds = registers.es = registers.fs = registers.gs = registers.ss = data;
    registers.tr = kvm_segment{};
    registers.tr.limit = 0x67;
    registers.tr.type = busy_task;
    registers.tr.present = 1;
    registers.gdt.base = descriptor_table.value();
    registers.gdt.limit = 4 * 8 - 1;
    registers.idt.base = 0;
    registers.idt.limit = 0;
    registers.cr0 = protection_enable | extension_type;
    registers.cr4 = 0;
    registers.efer = 0;
    if (mode == Entry::Mode::Long64) {
        registers.cs.l = 1;
        registers.cs.db = 0;
        registers.cr0 |= paging;
        registers.cr3 = page_tables.value();
        registers.cr4 = physical_address_extension;
        registers.efer = long_mode_enable | long_mode_active;
    }
    return registers;
}

std::vector<std::byte> make_descriptor_table(Entry::Mode mode) {
    // Base 0, limit 4 GiB, present, accessed; code is 64-bit or 32-bit.
    const std::uint64_t code =
        mode == Entry::Mode::Long64 ? 0x00af'9b00'0000'ffff : 0x00cf'9b00'0000'ffff;
    const std::array<std::uint64_t, 4> descriptors{0, 0, code, 0x00cf'9300'0000'ffff};
    std::vector<std::byte> table(sizeof descriptors);
    for (std::size_t index = 0; index < descriptors.size(); ++index)
        store(std::span{table}, index * 8, descriptors[index]);
    return table;
}

std::vector<std::byte> make_page_tables() {
    constexpr std::uint64_t page = 0x1000;
    constexpr std::uint64_t present_writable = 3;
    constexpr std::uint64_t large = 1u << 7;
    constexpr std::uint64_t directories = 4;  // 1 GiB each.
    std::vector<std::byte> tables((2 + directories) * page);
    const std::span all{tables};
    const std::uint64_t pointers = page_tables.value() + page;
    store(all, 0, pointers | present_writable);
    for (std::uint64_t index = 0; index < directories; ++index)
        store(all, page + index * 8, (pointers + page * (index + 1)) | present_writable);
    for (std::uint64_t index = 0; index < directories * 512; ++index)
        store(all, 2 * page + index * 8, index << 21 | large | present_writable);
    return tables;
}

std::vector<kvm_msr_entry> memory_types(std::uint64_t hole, unsigned physical_bits) {
    constexpr std::uint32_t default_type = 0x2ff;
    constexpr std::uint32_t first_variable_base = 0x200;
    constexpr std::uint64_t enabled_write_back = 1u << 11 | 6;
    constexpr std::uint64_t uncached = 0;
    constexpr std::uint64_t valid = 1u << 11;
    const std::uint64_t address_bits = ((std::uint64_t{1} << physical_bits) - 1) & ~0xfffull;
    const auto entry = [](std::uint32_t index, std::uint64_t value) {
        kvm_msr_entry made{};
        made.index = index;
        made.data = value;
        return made;
    };
    std::vector<kvm_msr_entry> entries{entry(default_type, enabled_write_back)};
    // Naturally aligned blocks from the hole to 4 GiB, the lowest first.
    std::uint32_t variable = first_variable_base;
    for (std::uint64_t base = hole; base < 0x1'0000'0000 && variable < 0x210; variable += 2) {
        const std::uint64_t size = base & (~base + 1);
        entries.push_back(entry(variable, base | uncached));
        entries.push_back(entry(variable + 1, (~(size - 1) & address_bits) | valid));
        base += size;
    }
    // The rest is off: after a reset it could be a former kernel's.
    for (; variable < 0x210; ++variable)
        entries.push_back(entry(variable, 0));
    return entries;
}

std::vector<kvm_msr_entry> clock_frequency_select() {
    constexpr std::uint32_t hardware_configuration = 0xc001'0015;
    kvm_msr_entry entry{};
    entry.index = hardware_configuration;
    entry.data = 1u << 24;
    return {entry};
}

}  // namespace tenon::vmm::kvm
