// Other functions and what the host uses functions for, as parts of the JSON of captures.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/json_place.hpp"
#include "device/facts.hpp"

namespace tenon::capture {

/// Bytes of a row of a dump.
inline constexpr std::size_t row_bytes = 16;

/// Text without the control characters that a reader refuses: a path that somebody typed may have
/// them.
nlohmann::ordered_json words(std::string text);

/// The array of what `write` makes of each.
template <typename List, typename Write>
nlohmann::ordered_json each(const List& list, Write write) {
    auto array = nlohmann::ordered_json::array();
    for (const auto& one : list)
        array.push_back(write(one));
    return array;
}

nlohmann::ordered_json write_members(const std::vector<device::GroupMember>& members);
nlohmann::ordered_json write_uses(const std::vector<device::Use>& uses);
nlohmann::ordered_json write_line(const device::LineFacts& line);

/// Readers of the same; what is wrong is noted at the place.
pci::Address read_address(const JsonPlace& place);
std::vector<device::GroupMember> read_members(const JsonPlace& place);
std::vector<device::Use> read_uses(const JsonPlace& place);
device::LineFacts read_line(const JsonPlace& place);

}  // namespace tenon::capture
