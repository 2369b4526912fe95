#include "host/sysfs/copy.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include "base/text.hpp"

namespace tenon::host::sysfs {
namespace {

namespace fs = std::filesystem;
using pci::Address;

using Folders = std::map<Address, std::string>;

// Those below `folder`, a bus or a function, in the tree of devices; a function can have a bus of
// another domain (VMD). Links lead elsewhere.
void add_devices(const FileTree& tree, const std::string& folder, Folders& found) {
    std::vector<std::string> left{folder};
    while (!left.empty()) {
        const auto place = std::move(left.back());
        left.pop_back();
        for (const auto& name : tree.entries(place)) {
            const auto address = Address::parse(name);
            auto next = fmt::format("{}/{}", place, name);
            if ((!address && !name.starts_with("pci")) || tree.link(next)) continue;
            if (address) found.emplace(*address, next);
            left.push_back(std::move(next));
        }
    }
}

Folders list_folders(const FileTree& tree, const std::string& root) {
    Folders found;
    const auto devices = root + "/bus/pci/devices";
    for (const auto& name : tree.entries(devices)) {
        const auto address = Address::parse(name);
        auto place = fmt::format("{}/{}", devices, name);
        if (address && tree.exists(place)) found.emplace(*address, std::move(place));
    }
    if (!found.empty()) return found;
    for (const auto& name : tree.entries(root + "/devices"))
        if (name.starts_with("pci"))
            add_devices(tree, fmt::format("{}/devices/{}", root, name), found);
    return found;
}

// "/copy" of {"", "copy"}.
std::string joined(std::span<const std::string_view> parts) {
    std::string path;
    for (std::size_t n = 0; n < parts.size(); ++n)
        path += fmt::format("{}{}", n == 0 ? "" : "/", parts[n]);
    return path;
}

std::unexpected<Error> no_function(std::string_view folder) {
    return std::unexpected(Error{
        .kind = Error::Kind::NotFound,
        .what = fmt::format("{}: no PCI function in it", folder),
        .hint = "A folder is one of this host's sysfs, a copy of one (sys/bus/pci/devices/…), "
                "or has a copy of /sys in it as `sys`"});
}

}  // namespace

std::optional<std::string> root_of_member(std::string_view path) {
    const auto parts = split(path, '/');
    const std::span<const std::string_view> all{parts};
    for (std::size_t n = 0; n + 2 < parts.size(); ++n) {
        if (parts[n] == "bus" && parts[n + 1] == "pci" && parts[n + 2] == "devices")
            return joined(all.first(n));
        if (parts[n] == "kernel" && parts[n + 1] == "iommu_groups") return joined(all.first(n));
        if (parts[n] == "devices" && parts[n + 1].starts_with("pci") &&
            Address::parse(parts[n + 2]))
            return joined(all.first(n));
    }
    return std::nullopt;
}

bool is_file_of_facts(std::string_view path) {
    constexpr std::array names{"config",
                               "resource",
                               "vendor",
                               "device",
                               "subsystem_vendor",
                               "subsystem_device",
                               "class",
                               "revision",
                               "numa_node",
                               "current_link_speed",
                               "max_link_speed",
                               "current_link_width",
                               "max_link_width",
                               "reset_method",
                               "irq",
                               "name"};
    if (path.ends_with("proc/sys/kernel/osrelease") || path.ends_with("proc/interrupts"))
        return true;
    return root_of_member(path) &&
           (path.contains("/msi_irqs/") ||
            std::ranges::find(names, path.substr(path.rfind('/') + 1)) != names.end());
}

std::optional<SysfsCopy> find_copy(std::shared_ptr<const FileTree> tree, const std::string& root) {
    auto folders = list_folders(*tree, root);
    if (folders.empty()) return std::nullopt;
    return SysfsCopy{.tree = std::move(tree), .root = root, .folders = std::move(folders)};
}

Result<OpenedCopy> open_copy(const std::string& folder) {
    std::error_code error;
    const fs::path real = fs::canonical(folder, error);
    if (error) return fail_system(error.value(), folder);
    auto written = fs::absolute(folder, error).lexically_normal();
    if (!written.has_filename()) written = written.parent_path();

    const auto confined = [](const fs::path& root) {
        return std::make_shared<DiskTree>(root.filename() == "sys" ? root.parent_path().string()
                                                                   : root.string());
    };
    for (const auto& place : {written, real}) {
        const auto function = Address::parse(place.filename().string());
        const auto above = function ? root_of_member(place.string()) : std::nullopt;
        if (!above) continue;
        const auto root = fs::canonical(*above, error);
        if (error) return fail_system(error.value(), *above);
        auto copy = find_copy(confined(root), root.string());
        if (copy && copy->folders.contains(*function))
            return OpenedCopy{.copy = *std::move(copy), .function = function};
    }
    if (const auto function = Address::parse(written.filename().string()))
        return OpenedCopy{.copy = {.tree = std::make_shared<DiskTree>(real.string()),
                                   .root = {},
                                   .folders = {{*function, real.string()}}},
                          .function = function};
    for (const auto& root : {real, real / "sys"})
        if (auto copy = find_copy(confined(root), root.string()))
            return OpenedCopy{.copy = *std::move(copy), .function = std::nullopt};
    return no_function(folder);
}

}  // namespace tenon::host::sysfs
