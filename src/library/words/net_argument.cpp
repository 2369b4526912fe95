#include "library/words/net_argument.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "library/words/backend_argument.hpp"
#include "library/words/backend_keys.hpp"
#include "model/virtio/device_type.hpp"

namespace tenon::library::words {
namespace {

using model::virtio::Forward;

constexpr std::string_view by_sockets = "user";
// Of who names none: nobody beside this host comes in.
constexpr std::string_view own_address = "127.0.0.1";
constexpr std::size_t most_forwards = 64;

struct SaidOfNet {
    BackendArgument argument;
};

std::optional<std::uint16_t> port_in(std::string_view text) {
    const auto number = parse_number(text);
    if (!number || *number == 0 || *number > 65535) return std::nullopt;
    return static_cast<std::uint16_t>(*number);
}

bool is_address(std::string_view text) {
    in_addr address{};
    return ::inet_pton(AF_INET, std::string{text}.c_str(), &address) == 1;
}

Result<Forward> parse_forward(std::string_view of, std::string_view text) {
    auto parts = split(text, ':');
    if (parts.size() == 3) parts.insert(parts.begin() + 1, own_address);
    const bool right = parts.size() == 4 && (parts[0] == "tcp" || parts[0] == "udp");
    const auto host = right ? port_in(parts[2]) : std::nullopt;
    const auto guest = right ? port_in(parts[3]) : std::nullopt;
    if (host && guest && is_address(parts[1]))
        return Forward{.udp = parts[0] == "udp",
                       .address = std::string{parts[1]},
                       .host = *host,
                       .guest = *guest};
    return malformed(
        "{}: forward={}: wanted is tcp:HOST:GUEST or udp:HOST:GUEST, ports from 1 to 65535, with "
        "an address of the host before HOST where it is not {}, as tcp:0.0.0.0:2222:22",
        of, text, own_address);
}

Result<std::vector<Forward>> parse_forwards(std::string_view of, std::string_view value) {
    std::vector<Forward> all;
    for (const auto text : split(value, '+')) {
        TENON_TRY(one, parse_forward(of, text), "");
        all.push_back(std::move(one));
    }
    if (all.size() > most_forwards)
        return malformed("{}: forward=: {} are possible", of, most_forwards);
    return all;
}

constexpr auto net_own_keys = std::to_array<Key<SaidOfNet>>({
    {.words = {"forward", "tcp:[ADDRESS:]HOST:GUEST[+...]",
               "ports of the host that lead to ports of the guest, tcp or udp, with a plus between "
               "them; at 127.0.0.1 where no ADDRESS of the host is said"},
     .take =
         [](SaidOfNet& said, std::string_view of, std::string_view value) {
             return store(said.argument.backend.program->forwards, parse_forwards(of, value));
         }},
    {.words = {"host", "on|off",
               "whether the guest reaches what listens at the host's own 127.0.0.1, by the address "
               "of its router (off)"},
     .take =
         [](SaidOfNet& said, std::string_view of, std::string_view value) {
             return store(said.argument.backend.program->host, parse_switch(of, "host", value));
         }},
    {.words = {"mac", "ADDRESS", "the guest's station address (52:54:00:12:34:56 and on)"},
     .take =
         [](SaidOfNet& said, std::string_view of, std::string_view value) {
             return store(said.argument.backend.mac, parse_mac(of, value));
         }},
});

constexpr auto net_table = joined(net_own_keys, place_keys<SaidOfNet>);

}  // namespace

std::vector<KeyWords> net_keys() { return words_of(net_table); }

Result<BackendArgument> parse_net_argument(std::string_view text) {
    SaidOfNet said;
    auto& backend = said.argument.backend;
    const auto type = model::virtio::device_type(model::virtio::network);
    backend.type = type.number;
    backend.queues = type.queues;
    backend.queue_size = usual_queue_size;
    backend.config_size = type.config_size;
    backend.program = {.kind = model::virtio::ProgramKind::Network, .path = {}};
    TENON_TRY(kind, read_backend(text, "--net", "network", net_table, said), "");
    if (kind == by_sockets) return std::move(said.argument);
    return malformed("--net {}: known is user; others are --vhost-user SOCKET,type=net", kind);
}

}  // namespace tenon::library::words
