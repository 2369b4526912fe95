// Whether bytes can be a configuration space: for those of which nothing else says that they are.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace tenon::capture::text {

/// Whether the first 64 of `bytes` can be the header of a function that answers: no reserved bit of
/// Command and Status set, a known layout and class, and a capability list that begins behind the
/// header. Source: PCIe Base Spec 6.0, 7.5.1; PCI Code and ID Assignment 1.15.
bool may_be_header(std::span<const std::byte> bytes);

/// may_be_header(), and it says of itself that it has a capability list: so no other bytes do.
bool is_surely_header(std::span<const std::byte> bytes);

/// `bytes` with every group of `width` bytes the other way round; a rest stays.
std::vector<std::byte> reversed_groups(std::span<const std::byte> bytes, std::size_t width);

}  // namespace tenon::capture::text
