#include "host/sysfs/networks.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <optional>

#include "base/text.hpp"

namespace tenon::host::sysfs {
namespace {

// A row of /proc/net/route. Numbers as in memory, the first byte of an address in front.
struct Route {
    std::string interface;
    std::uint32_t destination = 0;
    std::uint32_t gateway = 0;
    std::uint32_t mask = 0;
};

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    for (auto rest = trimmed(line); !rest.empty(); rest = trimmed(rest)) {
        words.push_back(rest.substr(0, rest.find_first_of(" \t")));
        rest.remove_prefix(words.back().size());
    }
    return words;
}

std::optional<std::uint32_t> word32(std::string_view hex) {
    const auto number = parse_hex(hex);
    if (!number || *number > 0xffffffff) return std::nullopt;
    return static_cast<std::uint32_t>(*number);
}

std::vector<Route> parse_routes(std::string_view text) {
    constexpr std::uint64_t up = 1;
    std::vector<Route> routes;
    for (const auto line : split(text, '\n')) {
        const auto words = words_of(line);
        if (words.size() < 8) continue;
        const auto destination = word32(words[1]);
        const auto gateway = word32(words[2]);
        const auto flags = parse_hex(words[3]);
        const auto mask = word32(words[7]);
        if (!destination || !gateway || !flags || !mask || (*flags & up) == 0) continue;
        routes.push_back({.interface = std::string{words[0]},
                          .destination = *destination,
                          .gateway = *gateway,
                          .mask = *mask});
    }
    return routes;
}

// Addresses that stand above a line "/32 host LOCAL".
std::vector<std::string> parse_local(std::string_view text) {
    std::vector<std::string> local;
    std::string_view last;
    for (const auto line : split(text, '\n')) {
        const auto words = words_of(line);
        if (words.size() == 2 && words[0] == "|--") last = words[1];
        const bool here = words.size() == 3 && words[0] == "/32" && words[2] == "LOCAL";
        if (here && !last.empty() && std::ranges::find(local, last) == local.end())
            local.emplace_back(last);
    }
    return local;
}

// The interface whose own network has the address, the smallest of them.
const Route* find_network(const std::vector<Route>& routes, const std::string& address) {
    ::in_addr number{};
    if (::inet_pton(AF_INET, address.c_str(), &number) != 1) return nullptr;
    const Route* best = nullptr;
    for (const auto& route : routes) {
        const bool own = route.gateway == 0 && route.mask != 0 &&
                         (number.s_addr & route.mask) == route.destination;
        if (own && (best == nullptr || std::popcount(route.mask) > std::popcount(best->mask)))
            best = &route;
    }
    return best;
}

// "20010db8000000000000000000000001"
std::optional<std::string> address6(std::string_view hex) {
    ::in6_addr number{};
    if (hex.size() != 2 * sizeof number) return std::nullopt;
    for (std::size_t n = 0; n < sizeof number; ++n) {
        const auto byte = parse_hex(hex.substr(2 * n, 2));
        if (!byte) return std::nullopt;
        number.s6_addr[n] = static_cast<std::uint8_t>(*byte);
    }
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (::inet_ntop(AF_INET6, &number, text.data(), text.size()) == nullptr) return std::nullopt;
    return std::string{text.data()};
}

}  // namespace

Networks parse_networks(std::string_view route, std::string_view fib_trie,
                        std::string_view if_inet6, std::string_view ipv6_route) {
    Networks networks;
    const auto routes = parse_routes(route);
    for (const auto& one : routes)
        if (one.destination == 0 && one.mask == 0) networks.default_routes.insert(one.interface);
    for (const auto& address : parse_local(fib_trie))
        if (const auto* const network = find_network(routes, address))
            networks.addresses[network->interface].push_back(address);
    for (const auto line : split(if_inet6, '\n')) {
        // Address, index, length of the prefix, scope, flags, interface. Scope 0 is global.
        const auto words = words_of(line);
        if (words.size() != 6 || words[3] != "00") continue;
        if (const auto address = address6(words[0]))
            networks.addresses[std::string{words[5]}].push_back(*address);
    }
    for (const auto line : split(ipv6_route, '\n')) {
        constexpr std::uint64_t refused = 0x200;
        const auto words = words_of(line);
        if (words.size() != 10 || words[1] != "00" || words[9] == "lo") continue;
        const auto flags = parse_hex(words[8]);
        if (flags && (*flags & refused) == 0) networks.default_routes.insert(std::string{words[9]});
    }
    return networks;
}

}  // namespace tenon::host::sysfs
