// The line of lspci that begins a function: "00:01.0 PCI bridge [0604]: Intel … [8086:1901] (rev
// 07)".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "capture/listing/said.hpp"

namespace tenon::capture::listing {

/// What stands behind the address.
struct HeaderLine {
    std::optional<std::uint16_t> class_code;
    std::string_view name;  ///< Of vendor and device; empty where there are only numbers.
    std::optional<Ids> ids;
    std::optional<std::uint8_t> revision;
    std::optional<std::uint8_t> interface;

    bool operator==(const HeaderLine&) const = default;
};

/// Reads what stands behind the address, of `lspci`, `-n` or `-nn`; none if it is another text.
std::optional<HeaderLine> parse_header_line(std::string_view text);

/// Class and subclass: "PCI bridge [0604]", "PCI bridge", "0604", "Class 0604".
std::optional<std::uint16_t> parse_class(std::string_view text);

/// "8086:1901".
std::optional<Ids> parse_ids(std::string_view text);

/// The ids in the last "[8086:1901]" of a text.
std::optional<Ids> last_ids(std::string_view text);

/// Puts what a line tells into what is known.
void put_header(const HeaderLine& line, Said& said);

}  // namespace tenon::capture::listing
