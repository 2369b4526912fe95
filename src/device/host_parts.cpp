#include "device/host_parts.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace tenon::device {
namespace {

// Class and subclass.
struct Part {
    std::uint32_t class_code;
    std::string_view what;
};

// What the host's own processors and buses hang on. Whose driver is taken away, or whose DMA a
// guest commands, the host falls.
constexpr auto host_parts = std::to_array<Part>({
    {0x0600, "a host bridge"},
    {0x0601, "an ISA bridge"},
    {0x0602, "an EISA bridge"},
    {0x0603, "a MicroChannel bridge"},
    {0x0800, "an interrupt controller"},
    {0x0802, "a system timer"},
    {0x0803, "a real-time clock"},
    {0x0806, "an IOMMU"},
    {0x0807, "a Root Complex Event Collector"},
});

// A guest with these could change voltages, or the firmware in its flash memory.
constexpr auto board_parts = std::to_array<Part>({
    {0x0500, "a memory controller"},
    {0x0580, "a memory controller"},
    {0x0880, "a system peripheral"},
    {0x0c05, "an SMBus controller"},
    {0x0c80, "a serial bus controller"},
});

std::optional<std::string_view> find(std::span<const Part> parts, std::uint32_t class_code) {
    const auto found = std::ranges::find(parts, class_code >> 8, &Part::class_code);
    if (found == parts.end()) return std::nullopt;
    return found->what;
}

}  // namespace

std::optional<std::string_view> host_part(std::uint32_t class_code) {
    return find(host_parts, class_code);
}

std::optional<std::string_view> board_part(std::uint32_t class_code) {
    return find(board_parts, class_code);
}

}  // namespace tenon::device
