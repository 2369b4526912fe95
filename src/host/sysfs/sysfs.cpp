#include "host/sysfs/sysfs.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"
#include "host/kernel_release.hpp"
#include "host/sysfs/function_files.hpp"
#include "pci/header.hpp"

namespace tenon::host::sysfs {
namespace {

using device::DeviceFacts;
using pci::Address;

Known<Resources> read_resources(const std::string& folder) {
    const std::string path = folder + "/resource";
    const auto text = read_file(path, std::size_t{64} * 1024);
    if (!text) return known<Resources>(std::unexpected(text.error()));
    auto resources = parse_resources(*text);
    if (!resources) return Unknown{std::move(resources).error().during(path).what};
    return *resources;
}

device::GroupMember read_member(const Sysfs& sysfs, const Address& address) {
    const auto folder = sysfs.folder(address);
    const auto config = read_config(folder);
    const auto layout =
        config ? pci::HeaderType{config->read8(pci::header::header_type)}.get<pci::HeaderLayout>()
               : pci::layout_endpoint;
    return {
        .address = address,
        .driver = read_driver(folder).value_or(""),
        .is_bridge = layout == pci::layout_bridge,
    };
}

// Fills in `group` and `has_iommu`.
void read_group(const Sysfs& sysfs, const Address& address, DeviceFacts& facts) {
    const auto folder = sysfs.folder(address);
    const auto name = link_name(folder + "/iommu_group");
    if (!name) {
        const bool absent = name.error().kind == Error::Kind::NotFound;
        facts.group =
            absent ? Unknown{"the function is in no IOMMU group"} : Unknown{name.error().what};
        if (absent) facts.has_iommu = false;
        return;
    }
    const auto number = parse_number(*name);
    if (!number || *number > 0xffffffff) {
        facts.group = Unknown{fmt::format("IOMMU group \"{}\" is not a number", *name)};
        return;
    }
    // VFIO makes up groups for functions without an IOMMU if its unsafe mode is on.
    const auto kind = read_attribute(folder + "/iommu_group/name");
    facts.has_iommu = !kind || *kind != "vfio-noiommu";

    device::GroupFacts group{.number = static_cast<unsigned>(*number), .members = {}};
    for (const auto& entry : entries(folder + "/iommu_group/devices")) {
        const auto other = Address::parse(entry);
        if (other && *other != address) group.members.push_back(read_member(sysfs, *other));
    }
    std::ranges::sort(group.members, {}, &device::GroupMember::address);
    facts.group = std::move(group);
}

device::VfioNodes read_nodes(const Sysfs& sysfs, const Address& address, const DeviceFacts& facts) {
    const std::string& dev = sysfs.paths().dev;
    device::VfioNodes nodes;
    const auto group = facts.group ? fmt::format("{}/vfio/{}", dev, facts.group->number) : "";
    if (!group.empty() && exists(group)) nodes.group = group;
    for (const auto& entry : entries(sysfs.folder(address) + "/vfio-dev")) {
        const auto cdev = fmt::format("{}/vfio/devices/{}", dev, entry);
        if (exists(cdev)) nodes.cdev = cdev;
    }
    nodes.iommufd = exists(dev + "/iommu");
    return nodes;
}

Known<std::vector<device::BridgeFacts>> read_path(const Sysfs& sysfs, const Address& address) {
    const auto bridges = list_bridges(sysfs.folder(address));
    if (!bridges) return Unknown{bridges.error().what};
    std::vector<device::BridgeFacts> path;
    for (const auto& bridge : *bridges)
        path.push_back({.address = bridge,
                        .config = known(read_config(sysfs.folder(bridge))),
                        .driver = known(read_driver(sysfs.folder(bridge)))});
    return path;
}

Known<std::vector<device::GroupMember>> read_bus_neighbours(const Sysfs& sysfs,
                                                            const Address& address) {
    const auto others = list_bus_neighbours(sysfs.folder(address));
    if (!others) return Unknown{others.error().what};
    std::vector<device::GroupMember> members;
    for (const auto& other : *others)
        members.push_back(read_member(sysfs, other));
    return members;
}

// The kernel shows the file of a function that it can reset; since it has such files, one that is
// not there is an answer.
Known<std::vector<std::string>> known_reset_methods(const std::string& folder,
                                                    const Known<std::string>& kernel) {
    const auto methods = read_reset_methods(folder);
    if (!methods && methods.error().kind == Error::Kind::NotFound && kernel) {
        const auto release = KernelRelease::parse(*kernel);
        if (release && *release >= tells_reset_methods) return std::vector<std::string>{};
    }
    return known(methods);
}

Known<device::PhysicalFunctionFacts> read_physical(const Sysfs& sysfs, const Address& address) {
    const auto physical = read_physical_function(sysfs.folder(address));
    if (!physical && physical.error().kind == Error::Kind::NotFound)
        return Unknown{"it is no virtual function"};
    if (!physical) return Unknown{physical.error().what};
    return device::PhysicalFunctionFacts{.address = *physical,
                                         .config = known(read_config(sysfs.folder(*physical)))};
}

// Facts that only an opened function has.
device::IommuFacts unasked() {
    const Unknown closed{"the function was not opened"};
    return {.pasid = closed,
            .ats = closed,
            .dirty_tracking = closed,
            .kind = closed,
            .page_sizes = closed,
            .iova = closed};
}

void fill_in(const Sysfs& sysfs, const Address& address, DeviceFacts& facts) {
    const auto folder = sysfs.folder(address);
    facts.origin = device::Origin::Live;
    facts.address = address;
    facts.physical = known(read_config(folder));
    facts.vfio = Unknown{"the function was not opened"};
    facts.resources = read_resources(folder);
    facts.driver = known(read_driver(folder));
    facts.virtual_function = known(read_virtual_function(folder));
    facts.physical_function = read_physical(sysfs, address);
    facts.numa_node = known(read_numa_node(folder));
    facts.kernel = known(read_attribute(sysfs.paths().proc + "/sys/kernel/osrelease"));
    facts.identity = known(read_identity(folder));
    read_group(sysfs, address, facts);
    facts.nodes = read_nodes(sysfs, address, facts);
    facts.link = known(read_link(folder));
    facts.reset_methods = known_reset_methods(folder, facts.kernel);
    facts.path = read_path(sysfs, address);
    facts.bus_neighbours = read_bus_neighbours(sysfs, address);
    facts.iommu = unasked();
    facts.atomics = Unknown{"the function was not opened"};
}

}  // namespace

Sysfs::Sysfs(HostPaths paths) : paths_{std::move(paths)} {}

std::string Sysfs::folder(const Address& address) const {
    return fmt::format("{}/bus/pci/devices/{}", paths_.sysfs, to_string(address));
}

Result<void> Sysfs::check_bus() const {
    const auto path = paths_.sysfs + "/bus/pci/devices";
    if (exists(path)) return {};
    return std::unexpected(
        Error{.kind = Error::Kind::NotFound,
              .what = fmt::format("{}: this host has no PCI bus", path),
              .hint = "It is a machine without PCI, or a container that does not see it"});
}

Result<Address> Sysfs::find(std::string_view named) const {
    std::string name{named};
    if (named.contains('/')) {
        std::error_code error;
        const auto path = std::filesystem::canonical(name, error);
        if (error)
            return fail_system(error.value(), named, "List the PCI functions with: lspci -D");
        name = path.filename().string();
    }
    const auto address = Address::parse(name);
    if (!address)
        return std::unexpected(Error{
            .kind = Error::Kind::Malformed,
            .what = fmt::format("\"{}\" is neither a PCI address nor a function in sysfs", named),
            .hint = "List the PCI functions with: lspci -D",
        });
    TENON_TRY_DO(check_bus(), to_string(*address));
    if (!exists(folder(*address)))
        return std::unexpected(Error{
            .kind = Error::Kind::NotFound,
            .what = fmt::format("{}: this host has no such PCI function", to_string(*address)),
            .hint = "List those it has with: lspci -D",
        });
    return *address;
}

Result<std::vector<Address>> Sysfs::find_slot(const Address& slot) const {
    TENON_TRY(functions, list_functions(), "");
    std::erase_if(functions, [&](const Address& address) { return !address.same_slot(slot); });
    if (functions.empty())
        return std::unexpected(Error{
            .kind = Error::Kind::NotFound,
            .what = fmt::format("{}.*: this host has no function in that slot", slot_text(slot)),
            .hint = "List those it has with: lspci -D",
        });
    return std::move(functions);
}

// Filled in where they go: they are too large for one frame more.
Result<DeviceFacts> Sysfs::read_facts(std::string_view named) const {
    Result<DeviceFacts> facts;
    if (const auto address = find(named)) {
        facts->source = named;
        fill_in(*this, *address, *facts);
    } else {
        facts = std::unexpected(address.error());
    }
    return facts;
}

Result<std::vector<Address>> Sysfs::list_functions() const {
    TENON_TRY_DO(check_bus(), "");
    std::vector<Address> addresses;
    for (const auto& entry : entries(paths_.sysfs + "/bus/pci/devices"))
        if (const auto address = Address::parse(entry)) addresses.push_back(*address);
    std::ranges::sort(addresses);
    return addresses;
}

}  // namespace tenon::host::sysfs
