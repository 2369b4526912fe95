#include "host/pci_ids.hpp"

#include <algorithm>
#include <optional>

#include "base/file.hpp"
#include "base/text.hpp"

namespace tenon::host {
namespace {

// The list of 2026 has 1.6 MiB; each of its lines takes memory however short it is.
constexpr std::size_t longest_list = std::size_t{8} << 20;
constexpr std::size_t longest_name = 120;

struct Line {
    std::uint16_t id;
    std::string name;
};

// "8086  Intel Corporation": four hex digits, two spaces, a name.
std::optional<Line> parse_line(std::string_view line) {
    if (line.size() < 7 || line.substr(4, 2) != "  ") return std::nullopt;
    const auto id = parse_hex(line.substr(0, 4));
    if (!id) return std::nullopt;
    std::string name{trimmed(line.substr(6)).substr(0, longest_name)};
    std::erase_if(name, [](char letter) {
        const auto byte = static_cast<unsigned char>(letter);
        return byte < 0x20 || byte == 0x7f;
    });
    if (name.empty()) return std::nullopt;
    return Line{.id = static_cast<std::uint16_t>(*id), .name = std::move(name)};
}

}  // namespace

PciIds PciIds::parse(std::string_view text) {
    PciIds ids;
    std::optional<std::uint16_t> vendor;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        auto line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.starts_with('#') || line.starts_with("\t\t") || trimmed(line).empty()) continue;
        const bool is_device = line.starts_with('\t');
        if (is_device) line.remove_prefix(1);
        auto entry = parse_line(line);
        // The classes at the end of the list are indented as devices are.
        if (!is_device) vendor = entry ? std::optional{entry->id} : std::nullopt;
        if (!entry || !vendor) continue;
        if (is_device)
            ids.devices_.emplace(std::uint32_t{*vendor} << 16 | entry->id, std::move(entry->name));
        else
            ids.vendors_.emplace(entry->id, std::move(entry->name));
    }
    return ids;
}

PciIds PciIds::installed(const HostPaths& paths) {
    for (const auto* const place : {"/misc/pci.ids", "/hwdata/pci.ids"})
        if (const auto text = read_file(paths.share + place, longest_list)) return parse(*text);
    return {};
}

std::string PciIds::name(std::uint16_t vendor, std::uint16_t device) const {
    const auto maker = vendors_.find(vendor);
    if (maker == vendors_.end()) return {};
    const auto model = devices_.find(std::uint32_t{vendor} << 16 | device);
    return model == devices_.end() ? maker->second : maker->second + ' ' + model->second;
}

}  // namespace tenon::host
