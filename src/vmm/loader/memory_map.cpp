#include "vmm/loader/memory_map.hpp"

#include <algorithm>

#include "vmm/board/layout.hpp"
#include "vmm/loader/boot_layout.hpp"

namespace tenon::vmm::loader {

std::vector<MemoryRange> make_memory_map(std::span<const board::MemoryPart> parts,
                                         const model::machine::AddressMap& addresses,
                                         std::optional<GuestAddress> remapping) {
    std::vector<MemoryRange> map{
        {.at = 0, .size = pc_hole, .type = MemoryType::Ram},
        {.at = acpi_tables.value(), .size = acpi_limit, .type = MemoryType::AcpiReclaim},
        {.at = reset_page.value(), .size = reset_page_size, .type = MemoryType::Reserved}};
    for (const auto& part : parts) {
        const auto start = std::max(part.at.value(), kernel_floor);
        if (start < part.end())
            map.push_back({.at = start, .size = part.end() - start, .type = MemoryType::Ram});
    }
    map.push_back(
        {.at = addresses.ecam.base, .size = addresses.ecam.size, .type = MemoryType::Reserved});
    if (remapping)
        map.push_back({.at = remapping->value(),
                       .size = board::remapping_page,
                       .type = MemoryType::Reserved});
    std::ranges::sort(map, {}, &MemoryRange::at);
    return map;
}

}  // namespace tenon::vmm::loader
