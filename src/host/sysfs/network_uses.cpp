// Which functions have addresses of the host, or its way to everywhere else.
#include <fmt/core.h>

#include <set>

#include "host/sysfs/networks.hpp"
#include "host/sysfs/users.hpp"

namespace tenon::host::sysfs {
namespace {

using device::UseKind;

constexpr std::size_t most_network_text = std::size_t{16} << 20;

std::string read(const FileTree& tree, const HostPaths& paths, const char* name) {
    return tree.read(paths.proc + "/net/" + name, most_network_text).value_or("");
}

// Bridges, bonds and VLANs that are made of the interface at `place`.
std::vector<std::string> uppers_of(const FileTree& tree, const std::string& place) {
    constexpr std::string_view upper = "upper_";
    std::vector<std::string> names;
    for (const auto& entry : tree.entries(place))
        if (entry.starts_with(upper)) names.push_back(entry.substr(upper.size()));
    return names;
}

void add_uses_of(const FileTree& tree, const std::string& folder, const Networks& networks,
                 const std::string& interface, const std::string& label,
                 std::set<std::string>& seen, std::vector<device::Use>& uses) {
    if (!seen.insert(interface).second) return;
    if (const auto own = networks.addresses.find(interface); own != networks.addresses.end())
        for (const auto& address : own->second)
            uses.push_back(
                {.kind = UseKind::Address, .name = fmt::format("{} ({})", address, label)});
    if (networks.default_routes.contains(interface))
        uses.push_back({.kind = UseKind::DefaultRoute, .name = label});
    for (const auto& upper : uppers_of(tree, folder + "/" + interface)) {
        const auto before = uses.size();
        add_uses_of(tree, folder, networks, upper, fmt::format("{} on {}", upper, label), seen,
                    uses);
        if (uses.size() == before)
            uses.push_back(
                {.kind = UseKind::Network, .name = fmt::format("{} ({})", upper, label)});
    }
}

}  // namespace

void find_network_uses(const FileTree& tree, const HostPaths& paths, UsesByFunction& uses) {
    const auto networks =
        parse_networks(read(tree, paths, "route"), read(tree, paths, "fib_trie"),
                       read(tree, paths, "if_inet6"), read(tree, paths, "ipv6_route"));
    const auto folder = paths.sysfs + "/class/net";
    for (const auto& interface : tree.entries(folder)) {
        const auto function = function_above(tree, folder + "/" + interface);
        if (!function) continue;
        std::set<std::string> seen;
        add_uses_of(tree, folder, networks, interface, interface, seen, uses[*function]);
    }
}

}  // namespace tenon::host::sysfs
