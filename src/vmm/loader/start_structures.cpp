#include "vmm/loader/start_structures.hpp"

#include <asm/bootparam.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/bytes.hpp"
#include "vmm/loader/boot_layout.hpp"

namespace tenon::vmm::loader {
namespace {

// Source: Xen xen/include/public/arch-x86/hvm/start_info.h.
struct StartInfo {
    std::uint32_t magic = 0x336e'c578;
    std::uint32_t version = 1;
    std::uint32_t flags = 0;
    std::uint32_t modules = 0;
    std::uint64_t module_list = 0;
    std::uint64_t command_line = 0;
    std::uint64_t rsdp = 0;
    std::uint64_t memory_map = 0;
    std::uint32_t memory_map_entries = 0;
    std::uint32_t reserved = 0;
};
static_assert(sizeof(StartInfo) == 56);

struct Module {
    std::uint64_t at = 0;
    std::uint64_t size = 0;
    std::uint64_t command_line = 0;
    std::uint64_t reserved = 0;
};
static_assert(sizeof(Module) == 32);

struct MapEntry {
    std::uint64_t at = 0;
    std::uint64_t size = 0;
    std::uint32_t type = 0;
    std::uint32_t reserved = 0;
};
static_assert(sizeof(MapEntry) == 24);

constexpr std::size_t page = 4096;

}  // namespace

std::vector<std::byte> make_boot_parameters(const KernelImage& image, const RamDisk& disk,
                                            std::span<const MemoryRange> map) {
    constexpr std::uint8_t loader_without_id = 0xff;
    const auto made = std::make_unique<boot_params>();
    auto& parameters = *made;
    std::ranges::copy(image.setup_header, writable_bytes_of(parameters.hdr).begin());
    parameters.hdr.type_of_loader = loader_without_id;
    parameters.hdr.cmd_line_ptr = static_cast<__u32>(command_line.value());
    parameters.hdr.ramdisk_image = static_cast<__u32>(disk.at.value());
    parameters.hdr.ramdisk_size = static_cast<__u32>(disk.size);
    parameters.ext_ramdisk_image = static_cast<__u32>(disk.at.value() >> 32);
    parameters.ext_ramdisk_size = static_cast<__u32>(disk.size >> 32);
    parameters.acpi_rsdp_addr = acpi_tables.value();
    const auto count = std::min<std::size_t>(map.size(), E820_MAX_ENTRIES_ZEROPAGE);
    for (std::size_t index = 0; index < count; ++index) {
        auto& entry = parameters.e820_table[index];
        entry.addr = map[index].at;
        entry.size = map[index].size;
        entry.type = static_cast<__u32>(map[index].type);
    }
    parameters.e820_entries = static_cast<__u8>(count);
    const auto bytes = bytes_of(parameters);
    return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> make_start_info(const RamDisk& disk, std::span<const MemoryRange> map) {
    constexpr std::size_t module_at = sizeof(StartInfo);
    constexpr std::size_t map_at = 96;
    const auto count = std::min(map.size(), (page - map_at) / sizeof(MapEntry));
    StartInfo info;
    info.modules = disk.size == 0 ? 0 : 1;
    info.module_list = disk.size == 0 ? 0 : start_info.plus(module_at).value();
    info.command_line = command_line.value();
    info.rsdp = acpi_tables.value();
    info.memory_map = start_info.plus(map_at).value();
    info.memory_map_entries = static_cast<std::uint32_t>(count);
    std::vector<std::byte> block(map_at + count * sizeof(MapEntry));
    const Module module{.at = disk.at.value(), .size = disk.size};
    std::ranges::copy(bytes_of(info), block.begin());
    std::ranges::copy(bytes_of(module), block.begin() + module_at);
    for (std::size_t index = 0; index < count; ++index) {
        const MapEntry entry{.at = map[index].at,
                             .size = map[index].size,
                             .type = static_cast<std::uint32_t>(map[index].type)};
        const auto place = map_at + index * sizeof entry;
        std::ranges::copy(bytes_of(entry), std::span{block}.subspan(place).begin());
    }
    return block;
}

}  // namespace tenon::vmm::loader
