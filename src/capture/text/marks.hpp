// What stands in front of a line that matters: marks of quotation and of patches, time stamps,
// prefixes of logs, line numbers, emphasis.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "capture/text/row.hpp"
#include "pci/address.hpp"

namespace tenon::capture::text {

/// A line that says whose configuration space follows.
struct AddressLine {
    std::string slot;  ///< The address as it is written, with colons.
    pci::Address address;
};

/// Reads "0000:65:00.0 …" of lspci, "pci 0000:65:00.0: config space:" of the kernel, and every line
/// with one path like "/sys/bus/pci/devices/0000:65:00.0/config".
std::optional<AddressLine> as_address(std::string_view line);

/// A line without its marks.
struct Bare {
    std::string_view text;  ///< Without white space at its ends.
    /// Its marks in order, a letter for each: > quoted, | quoted or of a table, + and - of a patch,
    /// t a time stamp, l a level, j a prefix of the journal, n a line number. Emphasis has none.
    std::string marks;
    std::optional<std::uint64_t> number;  ///< The line number in front, if there is one.
    std::optional<Row> row;
    std::optional<AddressLine> address;
};

/// Takes the marks off a line that clean() has cleaned, until a row or an address is there, or no
/// mark any more.
Bare without_marks(std::string_view line);

}  // namespace tenon::capture::text
