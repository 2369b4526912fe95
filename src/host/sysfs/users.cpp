#include "host/sysfs/users.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace tenon::host::sysfs {

std::optional<pci::Address> function_above(const FileTree& tree, const std::string& path) {
    const auto real = tree.resolve(path);
    if (!real) return std::nullopt;
    for (std::filesystem::path place{*real}; place.has_relative_path();) {
        if (const auto address = pci::Address::parse(place.filename().string())) return address;
        place = place.parent_path();
    }
    return std::nullopt;
}

namespace {

// A virtual function goes when its physical one leaves its driver.
void add_virtual_functions(const FileTree& tree, const HostPaths& paths, UsesByFunction& all) {
    const auto found = all;
    for (const auto& [address, uses] : found) {
        const auto link = tree.link_name(
            fmt::format("{}/bus/pci/devices/{}/physfn", paths.sysfs, to_string(address)));
        const auto physical = link ? pci::Address::parse(*link) : std::nullopt;
        if (!physical) continue;
        for (auto use : uses) {
            use.name += fmt::format(", by its virtual function {}", to_string(address));
            all[*physical].push_back(std::move(use));
        }
    }
}

}  // namespace

Users::Users(const HostPaths& paths) {
    const DiskTree tree;
    find_storage_uses(tree, paths, uses_);
    find_network_uses(tree, paths, uses_);
    find_display_uses(tree, paths, uses_);
    add_virtual_functions(tree, paths, uses_);
    for (auto& [address, uses] : uses_) {
        std::ranges::stable_sort(uses, {}, &device::Use::kind);
        const auto again = std::ranges::unique(uses);
        uses.erase(again.begin(), again.end());
        uses.resize(std::min(uses.size(), most_uses));
    }
}

std::vector<device::Use> Users::of(const pci::Address& address) const {
    const auto found = uses_.find(address);
    return found == uses_.end() ? std::vector<device::Use>{} : found->second;
}

void Users::add_to(device::DeviceFacts& facts) const {
    if (facts.address) facts.uses = of(*facts.address);
    if (!facts.group) return;
    for (auto& member : facts.group->members)
        member.uses = of(member.address);
}

}  // namespace tenon::host::sysfs
