// Lines of the loops over /sys/kernel/iommu_groups, as people write them.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "pci/address.hpp"

namespace tenon::capture::listing {

/// "IOMMU Group 1 00:01.0 PCI bridge …", "IOMMU group 1:", "Group 1:".
struct GroupLine {
    unsigned number = 0;
    std::optional<pci::Address> address;  ///< None: members follow in lines of their own.
    std::string_view rest;                ///< Behind the address.
};
std::optional<GroupLine> parse_group_line(std::string_view text);

/// A path in sysfs that a line has.
struct GroupPath {
    unsigned number = 0;
    std::optional<pci::Address> address;  ///< None: the folder of the group.
};
/// ".../iommu_groups/1/devices/0000:00:01.0", ".../iommu_groups/1/devices:", and
/// ".../0000:00:01.0/iommu_group -> …/iommu_groups/1".
std::optional<GroupPath> parse_group_path(std::string_view text);

/// The functions on the way down in "… -> ../../devices/pci0000:00/0000:00:01.0/0000:01:00.0", the
/// last one the function itself; empty: the line has no such path.
std::vector<pci::Address> parse_device_path(std::string_view text);

/// An address at the front, and what stands behind it. Words in brackets before it, as "[RESET]",
/// are passed over.
struct AddressedText {
    pci::Address address;
    std::string_view rest;
};
std::optional<AddressedText> address_at_front(std::string_view text);

/// All words of a line, if each of them is an address.
std::vector<pci::Address> all_addresses(std::string_view text);

}  // namespace tenon::capture::listing
