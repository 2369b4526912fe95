#include "pci/extent.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/bytes.hpp"
#include "pci/capability_table.hpp"

namespace tenon::pci {
namespace {

// The lowest header above `at` in the same list, or the end of the list's space.
std::size_t next_header(const std::vector<Capability>& entries, std::size_t at, std::size_t end) {
    for (const auto& other : entries)
        if (other.at > at) end = std::min<std::size_t>(end, other.at);
    return end;
}

void set_extents_of(std::vector<Capability>& entries, const ConfigImage& image,
                    std::size_t space_end, std::vector<std::string>& findings) {
    for (auto& entry : entries) {
        const auto& kind = kind_of(entry.list, entry.id);
        const std::size_t room = next_header(entries, entry.at, space_end) - entry.at;
        const std::size_t ruled = kind.size ? kind.size(image, entry.at) : room;
        if (ruled > room)
            findings.push_back(
                fmt::format("odd: {} at {:#04x} should take {} bytes, but the next capability or "
                            "the end of the "
                            "space comes after {}",
                            kind.name, entry.at, ruled, room));
        entry.size = static_cast<std::uint16_t>(std::min(ruled, room));
    }
}

}  // namespace

void set_extents(const ConfigImage& image, Capabilities& capabilities) {
    set_extents_of(capabilities.standard, image, conventional_size, capabilities.findings);
    set_extents_of(capabilities.extended, image, express_size, capabilities.findings);
}

}  // namespace tenon::pci
