#include "host/sysfs/sysfs.hpp"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <ranges>
#include <system_error>
#include <utility>

#include "device/untold_iommu.hpp"
#include "host/kernel_release.hpp"

namespace tenon::host::sysfs {
namespace {

using device::DeviceFacts;
using pci::Address;

Known<Resources> read_resources(const Folder& folder) {
    const std::string path = folder.file("resource");
    const auto text = folder.tree.read(path, std::size_t{64} * 1024);
    if (!text) return known<Resources>(std::unexpected(text.error()));
    auto resources = parse_resources(*text);
    if (!resources) return Unknown{std::move(resources).error().during(path).what};
    return *resources;
}

// The kernel shows the file of a function that it can reset; since it has such files, one that is
// not there is an answer.
Known<std::vector<std::string>> known_reset_methods(const Folder& folder,
                                                    const Known<std::string>& kernel) {
    const auto methods = read_reset_methods(folder);
    if (folder.complete && !methods && methods.error().kind == Error::Kind::NotFound && kernel) {
        const auto release = KernelRelease::parse(*kernel);
        if (release && *release >= tells_reset_methods) return std::vector<std::string>{};
    }
    return known(methods);
}

// Where /proc of the same host was copied to; empty: nowhere.
std::string proc_beside(const std::filesystem::path& root) {
    return root.filename() == "sys" ? (root.parent_path() / "proc").string() : std::string{};
}

bool is_on_sysfs(const std::string& path) {
    struct statfs system{};
    return ::statfs(path.c_str(), &system) == 0 && system.f_type == SYSFS_MAGIC;
}

// Assigning an error to facts that are there would keep both in the frame for a while.
Result<DeviceFacts> empty_facts(const Result<Address>& address) {
    if (!address) return std::unexpected(address.error());
    return {};
}

}  // namespace

Sysfs::Sysfs(HostPaths paths) : paths_{std::move(paths)}, tree_{std::make_shared<DiskTree>()} {}

Sysfs::Sysfs(SysfsCopy copy)
    : paths_{.sysfs = copy.root, .dev = {}, .proc = proc_beside(copy.root)},
      tree_{std::move(copy.tree)},
      copied_{std::move(copy.folders)} {}

bool Sysfs::owns(std::string_view folder) const {
    const auto place = tree_->resolve(std::string{folder});
    const auto root = tree_->resolve(paths_.sysfs);
    if (!place || !root) return false;
    // Bound into a container, the kernel's tree is at other places as well.
    return is_on_sysfs(*root) ? is_on_sysfs(*place) : is_below(*place, *root);
}

std::string Sysfs::folder(const Address& address) const {
    const auto copied = copied_.find(address);
    if (copied != copied_.end()) return copied->second;
    return fmt::format("{}/bus/pci/devices/{}", paths_.sysfs, to_string(address));
}

Result<void> Sysfs::check_bus() const {
    const auto path = paths_.sysfs + "/bus/pci/devices";
    if (tree_->exists(path)) return {};
    return std::unexpected(
        Error{.kind = Error::Kind::NotFound,
              .what = fmt::format("{}: this host has no PCI bus", path),
              .hint = "It is a machine without PCI, or a container that does not see it"});
}

// The kernel's own folder of a function has everything, and so has a copy of all of it.
Folder Sysfs::open_folder(const Address& address) const {
    Folder opened{.tree = *tree_, .path = folder(address)};
    opened.complete = !is_copy() || (tree_->link(opened.file("subsystem")) &&
                                     tree_->exists(opened.file("resource")));
    return opened;
}

Known<device::VfioNodes> Sysfs::read_nodes(const Folder& folder, const DeviceFacts& facts) const {
    if (is_copy()) return Unknown{"a copy of sysfs does not tell"};
    const std::string& dev = paths_.dev;
    device::VfioNodes nodes;
    const auto group = facts.group ? fmt::format("{}/vfio/{}", dev, facts.group->number) : "";
    if (!group.empty() && tree_->exists(group)) nodes.group = group;
    for (const auto& entry : tree_->entries(folder.file("vfio-dev"))) {
        const auto cdev = fmt::format("{}/vfio/devices/{}", dev, entry);
        if (tree_->exists(cdev)) nodes.cdev = cdev;
    }
    nodes.iommufd = tree_->exists(dev + "/iommu");
    return nodes;
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
    if (!is_copy()) TENON_TRY_DO(check_bus(), to_string(*address));
    if (is_copy() ? !copied_.contains(*address) : !tree_->exists(folder(*address)))
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

void Sysfs::fill_in(const Address& address, DeviceFacts& facts) const {
    const auto place = open_folder(address);
    const Unknown closed{is_copy() ? "a copy of sysfs does not tell"
                                   : "the function was not opened"};
    facts.origin = is_copy() ? device::Origin::Capture : device::Origin::Live;
    facts.address = address;
    facts.physical = known(read_config(place));
    facts.vfio = closed;
    facts.resources = read_resources(place);
    facts.driver = known(read_driver(place));
    facts.virtual_function = known(read_virtual_function(place));
    facts.physical_function = read_physical(place);
    facts.numa_node = known(read_numa_node(place));
    facts.kernel = paths_.proc.empty()
                       ? Known<std::string>{closed}
                       : known(tree_->attribute(paths_.proc + "/sys/kernel/osrelease"));
    facts.identity = known(read_identity(place));
    read_group(address, facts);
    facts.nodes = read_nodes(place, facts);
    facts.link = known(read_link(place));
    facts.reset_methods = known_reset_methods(place, facts.kernel);
    facts.path = read_path(place);
    facts.bus_neighbours = read_bus_neighbours(place);
    leave_untold(facts.iommu, closed);
    facts.atomics = closed;
}

// Filled in where they go: they are too large for one frame more.
Result<DeviceFacts> Sysfs::read_facts(std::string_view named) const {
    const auto address = find(named);
    auto facts = empty_facts(address);
    if (facts) {
        facts->source = named;
        fill_in(*address, *facts);
    }
    return facts;
}

Result<std::vector<Address>> Sysfs::list_functions() const {
    if (is_copy()) {
        const auto addresses = copied_ | std::views::keys;
        return std::vector<Address>{addresses.begin(), addresses.end()};
    }
    TENON_TRY_DO(check_bus(), "");
    std::vector<Address> addresses;
    for (const auto& entry : tree_->entries(paths_.sysfs + "/bus/pci/devices"))
        if (const auto address = Address::parse(entry)) addresses.push_back(*address);
    std::ranges::sort(addresses);
    return addresses;
}

}  // namespace tenon::host::sysfs
