// Addresses and default routes of a host, by the tables in /proc/net.
// Source: Documentation/networking of Linux; net/ipv4/fib_trie.c, net/ipv6/addrconf.c, route.c.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::host::sysfs {

/// What interfaces have, by their names.
struct Networks {
    std::map<std::string, std::vector<std::string>> addresses;  ///< "192.168.1.5", "2001:db8::1".
    std::set<std::string> default_routes;

    bool operator==(const Networks&) const = default;
};

/// The texts of route, fib_trie, if_inet6 and ipv6_route. Addresses of one link alone (fe80::) are
/// left out: every interface has one.
Networks parse_networks(std::string_view route, std::string_view fib_trie,
                        std::string_view if_inet6, std::string_view ipv6_route);

}  // namespace tenon::host::sysfs
