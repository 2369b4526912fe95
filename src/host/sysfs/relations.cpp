// What stands beside and above a function: its group, its bus, its physical function.
#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "host/sysfs/sysfs.hpp"
#include "pci/header.hpp"

namespace tenon::host::sysfs {

using device::DeviceFacts;
using pci::Address;

device::GroupMember Sysfs::read_member(const Address& address) const {
    const auto place = open_folder(address);
    const auto config = read_config(place);
    const auto layout =
        config ? pci::HeaderType{config->read8(pci::header::header_type)}.get<pci::HeaderLayout>()
               : pci::layout_endpoint;
    return {
        .address = address,
        .driver = read_driver(place).value_or(""),
        .is_bridge = layout == pci::layout_bridge,
        .class_code = config ? config->read32(pci::header::revision_id) >> 8 : 0,
    };
}

// The others of group `number`. A copy may have but the links to the group.
Result<std::vector<Address>> Sysfs::list_members(const Folder& folder,
                                                 std::string_view number) const {
    auto names = tree_->entries(folder.file("iommu_group/devices"));
    if (names.empty())
        names =
            tree_->entries(fmt::format("{}/kernel/iommu_groups/{}/devices", paths_.sysfs, number));
    if (is_copy() && names.empty())
        return fail(Error::Kind::NotFound, "the copy does not show who is in IOMMU group {}",
                    number);
    std::vector<Address> members;
    for (const auto& name : names)
        if (const auto member = Address::parse(name)) members.push_back(*member);
    std::ranges::sort(members);
    return members;
}

// Fills in `group` and `has_iommu`.
void Sysfs::read_group(const Address& address, DeviceFacts& facts) const {
    const auto place = open_folder(address);
    const auto name = tree_->link_name(place.file("iommu_group"));
    if (!name) {
        const bool absent = name.error().kind == Error::Kind::NotFound && place.complete;
        const bool left_out = is_copy() && name.error().os_error == ENOENT;
        const auto why = left_out ? std::string{no_link_in_copy} : name.error().what;
        facts.group = absent ? Unknown{"the function is in no IOMMU group"} : Unknown{why};
        facts.has_iommu = absent ? Known<bool>{false} : Known<bool>{Unknown{why}};
        return;
    }
    const auto number = parse_number(*name);
    if (!number || *number > 0xffffffff) {
        facts.group = Unknown{fmt::format("IOMMU group \"{}\" is not a number", *name)};
        return;
    }
    // VFIO makes up groups for functions without an IOMMU if its unsafe mode is on.
    const auto kind = tree_->attribute(place.file("iommu_group/name"));
    facts.has_iommu = !kind || *kind != "vfio-noiommu";

    const auto members = list_members(place, *name);
    if (!members) {
        facts.group = Unknown{members.error().what};
        return;
    }
    device::GroupFacts group{.number = static_cast<unsigned>(*number), .members = {}};
    for (const auto& other : *members)
        if (other != address) group.members.push_back(read_member(other));
    facts.group = std::move(group);
}

Known<std::vector<device::BridgeFacts>> Sysfs::read_path(const Folder& folder) const {
    const auto bridges = list_bridges(folder);
    if (!bridges) return Unknown{bridges.error().what};
    std::vector<device::BridgeFacts> path;
    for (const auto& bridge : *bridges)
        path.push_back({.address = bridge,
                        .config = known(read_config(open_folder(bridge))),
                        .driver = known(read_driver(open_folder(bridge)))});
    return path;
}

Known<std::vector<device::GroupMember>> Sysfs::read_bus_neighbours(const Folder& folder) const {
    const auto others = list_bus_neighbours(folder);
    if (!others) return Unknown{others.error().what};
    std::vector<device::GroupMember> members;
    for (const auto& other : *others)
        members.push_back(read_member(other));
    return members;
}

Known<device::PhysicalFunctionFacts> Sysfs::read_physical(const Folder& folder) const {
    const auto physical = read_physical_function(folder);
    if (!physical && physical.error().kind == Error::Kind::NotFound && folder.complete)
        return Unknown{"it is no virtual function"};
    if (!physical) return Unknown{physical.error().what};
    return device::PhysicalFunctionFacts{.address = *physical,
                                         .config = known(read_config(open_folder(*physical)))};
}

}  // namespace tenon::host::sysfs
