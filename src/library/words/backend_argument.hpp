// What `SOCKET,type=…[,key=value…]` of --vhost-user means.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "library/words/keys.hpp"
#include "model/virtio/backend.hpp"

namespace tenon::library::words {

/// A process that is to be a device, as it was typed.
struct BackendArgument {
    model::virtio::Backend backend;
    std::string id;
    std::string port;
    std::optional<unsigned> function;

    bool operator==(const BackendArgument&) const = default;
};

/// Reads `SOCKET,type=…[,key=value…]`; `fd=N` in front is a socket that is connected. What was not
/// said is as the type has it. Nothing is connected to.
/// Errors: Malformed, naming the key and the known ones, or the value and what it may be.
Result<BackendArgument> parse_backend_argument(std::string_view text);

/// Whether that is the name of a socket, and keys that are right by themselves; type= may be
/// missing.
/// Errors: as parse_backend_argument().
Result<void> check_backend_keys(std::string_view text);

/// Its keys in words.
std::vector<KeyWords> backend_keys();

/// A count from `least` to `most`, the value of `key`. `of` names its owner in errors.
/// Errors: Malformed.
Result<std::uint16_t> parse_count(std::string_view of, std::string_view key, std::string_view value,
                                  std::uint64_t least, std::uint64_t most);

/// A station address, as 52:54:00:12:34:56: of one station, not of a group.
/// Errors: Malformed.
Result<model::virtio::MacAddress> parse_mac(std::string_view of, std::string_view value);

/// The entries of a queue, a power of two.
/// Errors: Malformed.
Result<std::uint16_t> parse_queue_size(std::string_view of, std::string_view value);

}  // namespace tenon::library::words
