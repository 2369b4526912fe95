// Functions that a host itself hangs on, by their class.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tenon::device {

/// What a function is, of which no guest should have it and no driver should be taken: "an ISA
/// bridge". None: a function like others. `class_code` has 24 bits.
/// Source: PCI Code and ID Assignment 1.16, 1.7, 1.9.
std::optional<std::string_view> host_part(std::uint32_t class_code);

/// What serves the host's board rather than anybody's programs: "an SMBus controller". It belongs
/// to no guest, but its driver can be taken away. So it is of functions on a root bus alone; cards
/// have the like of their own.
std::optional<std::string_view> board_part(std::uint32_t class_code);

}  // namespace tenon::device
