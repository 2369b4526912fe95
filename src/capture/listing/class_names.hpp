// Names of classes as lspci prints them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tenon::capture::listing {

/// Class and subclass of "PCI bridge"; none: the name is not one of them.
/// Source: PCI Code and ID Assignment 1.16, 1; the names of the list pci.ids.
std::optional<std::uint16_t> class_of(std::string_view name);

/// The longest of these names that `text` begins with; empty: none.
std::string_view class_at_front_of(std::string_view text);

}  // namespace tenon::capture::listing
