#include "capture/text/resource_rows.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "pci/bar.hpp"

namespace tenon::capture::text {

std::optional<device::ResourceRow> as_resource_row(std::string_view line) {
    if (!line.starts_with("0x")) return std::nullopt;
    auto row = device::parse_resource_row(line);
    if (!row) return std::nullopt;
    return *row;
}

bool are_of_same_function(const ResourceRows& rows, const pci::ConfigImage& config) {
    const auto bars = pci::list_bars(config);
    const auto has_address = [](const pci::Bar& bar) { return bar.address != 0; };
    const auto is_here = [&](const pci::Bar& bar) {
        return !has_address(bar) ||
               (bar.index < rows.size() && rows[bar.index].start == bar.address);
    };
    return std::ranges::any_of(bars, has_address) && std::ranges::all_of(bars, is_here);
}

std::optional<Resources> own_resources(const ResourceRows& rows) {
    Resources resources{};
    if (rows.size() < resources.size()) return std::nullopt;
    std::ranges::transform(rows.begin(), rows.begin() + resources.size(), resources.begin(),
                           &device::ResourceRow::facts);
    return resources;
}

std::optional<VirtualBars> virtual_bars(const ResourceRows& rows) {
    VirtualBars bars{};
    if (rows.size() < device::first_virtual_row + bars.size()) return std::nullopt;
    const auto first = rows.begin() + device::first_virtual_row;
    std::ranges::transform(first, first + bars.size(), bars.begin(), &device::ResourceRow::facts);
    if (std::ranges::all_of(bars, [](const auto& bar) { return bar.size == 0; }))
        return std::nullopt;
    return bars;
}

}  // namespace tenon::capture::text
