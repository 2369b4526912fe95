// Which functions hold what is mounted, swapped to, or made of disks below them.
#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "host/sysfs/mounts.hpp"
#include "host/sysfs/users.hpp"

namespace tenon::host::sysfs {
namespace {

using device::Use;
using device::UseKind;

constexpr std::size_t most_storage_text = std::size_t{4} << 20;

// A block device.
struct Block {
    std::string number;                   // "253:1"
    std::string label;                    // As the device mapper calls it, or its own name.
    std::vector<std::string> holders;     // Block devices that are made of it.
    std::vector<pci::Address> functions;  // That it is reached by.
    std::vector<std::string> points;      // Where it is mounted.
    bool swap = false;
};

class Storage {
public:
    Storage(const FileTree& tree, const HostPaths& paths) : tree_{tree}, paths_{paths} {
        for (const auto& name : tree_.entries(folder()))
            read_block(name);
        read_mounts();
        read_swaps();
        spread_over_btrfs();
    }

    void add_to(UsesByFunction& uses) const {
        const auto pools = zfs_pools();
        for (const auto& [name, block] : blocks_) {
            std::vector<Use> found;
            std::set<std::string> seen;
            collect(name, "", seen, found);
            if (found.empty() && !pools.empty())
                found.push_back({.kind = UseKind::Unclear,
                                 .name = fmt::format("which disks ZFS pool {} has is not told: {}",
                                                     pools.front(), name)});
            if (found.empty() && !unread_.empty())
                found.push_back({.kind = UseKind::Unclear, .name = unread_});
            for (const auto& function : block.functions)
                uses[function].insert(uses[function].end(), found.begin(), found.end());
        }
    }

private:
    std::string folder() const { return paths_.sysfs + "/class/block"; }

    // With several ways to a namespace, NVMe has it below none of its controllers.
    std::vector<pci::Address> functions_of(const std::string& place) const {
        if (const auto function = function_above(tree_, place)) return {*function};
        std::vector<pci::Address> functions;
        const auto real = tree_.resolve(place);
        const auto above = std::filesystem::path{real.value_or("")}.parent_path();
        if (!above.filename().string().starts_with("nvme-subsys")) return functions;
        for (const auto& entry : tree_.entries(above.string()))
            if (entry.starts_with("nvme"))
                if (const auto function = function_above(tree_, (above / entry).string()))
                    functions.push_back(*function);
        return functions;
    }

    void read_block(const std::string& name) {
        const auto place = folder() + "/" + name;
        blocks_.emplace(name, Block{.number = tree_.attribute(place + "/dev").value_or(""),
                                    .label = tree_.attribute(place + "/dm/name").value_or(name),
                                    .holders = tree_.entries(place + "/holders"),
                                    .functions = functions_of(place),
                                    .points = {}});
    }

    // What is not there, is not used; what is there and cannot be read may be.
    std::string read(const std::string& path) {
        auto text = tree_.read(path, most_storage_text);
        if (text) return *std::move(text);
        if (text.error().os_error != ENOENT) unread_ = text.error().what;
        return "";
    }

    // "/dev/vda1", "/dev/mapper/vg-root", a link in /dev.
    Block* find_by_path(const std::string& path) {
        if (!path.starts_with("/dev/")) return nullptr;
        const auto real = tree_.resolve(paths_.dev + path.substr(4));
        const auto name = std::filesystem::path{real.value_or(path)}.filename().string();
        if (const auto found = blocks_.find(name); found != blocks_.end()) return &found->second;
        for (auto& [own, block] : blocks_)
            if (block.label == name) return &block;
        return nullptr;
    }

    void read_mounts() {
        for (const auto& mount : parse_mounts(read(paths_.proc + "/self/mountinfo"))) {
            Block* on = nullptr;
            if (!mount.number.starts_with("0:"))
                for (auto& [name, block] : blocks_)
                    if (block.number == mount.number) on = &block;
            if (on == nullptr) on = find_by_path(mount.source);
            if (on != nullptr) on->points.push_back(mount.point);
        }
    }

    void read_swaps() {
        for (const auto& file : parse_swaps(read(paths_.proc + "/swaps")))
            if (auto* const block = find_by_path(file)) block->swap = true;
    }

    // Only one of the devices of such a file system is named by its mounts.
    void spread_over_btrfs() {
        const auto root = paths_.sysfs + "/fs/btrfs";
        for (const auto& one : tree_.entries(root)) {
            std::vector<std::string> points;
            const auto devices = tree_.entries(root + "/" + one + "/devices");
            for (const auto& name : devices)
                if (const auto block = blocks_.find(name); block != blocks_.end())
                    points.insert(points.end(), block->second.points.begin(),
                                  block->second.points.end());
            for (const auto& name : devices)
                if (const auto block = blocks_.find(name); block != blocks_.end())
                    block->second.points = points;
        }
    }

    std::vector<std::string> zfs_pools() const {
        const auto root = paths_.proc + "/spl/kstat/zfs";
        auto pools = tree_.entries(root);
        std::erase_if(pools, [&](const std::string& name) {
            return tree_.entries(root + "/" + name).empty();
        });
        return pools;
    }

    // What is done with a block device and all that is made of it. `below` are those in between.
    void collect(const std::string& name, const std::string& below, std::set<std::string>& seen,
                 std::vector<Use>& found) const {
        const auto known = blocks_.find(name);
        if (known == blocks_.end() || !seen.insert(name).second) return;
        const auto& block = known->second;
        const auto label =
            below.empty() ? block.label : fmt::format("{} on {}", block.label, below);
        if (!block.points.empty()) {
            const auto top = std::ranges::min_element(
                block.points, {}, [](const std::string& point) { return point.size(); });
            found.push_back(
                {.kind = UseKind::FileSystem, .name = fmt::format("{} ({})", *top, label)});
        }
        if (block.swap) found.push_back({.kind = UseKind::Swap, .name = label});
        for (const auto& holder : block.holders) {
            const auto before = found.size();
            collect(holder, label, seen, found);
            if (found.size() == before)
                found.push_back(
                    {.kind = UseKind::Storage, .name = fmt::format("{} ({})", holder, label)});
        }
    }

    const FileTree& tree_;
    const HostPaths& paths_;
    std::map<std::string, Block> blocks_;
    std::string unread_;
};

}  // namespace

void find_storage_uses(const FileTree& tree, const HostPaths& paths, UsesByFunction& uses) {
    Storage{tree, paths}.add_to(uses);
}

}  // namespace tenon::host::sysfs
