#include "library/words/backend_argument.hpp"

#include <fmt/core.h>

#include <array>
#include <bit>

#include "base/text.hpp"
#include "library/words/backend_keys.hpp"
#include "library/words/device_argument.hpp"
#include "model/virtio/device_type.hpp"
#include "model/virtio/layout.hpp"

namespace tenon::library::words {
namespace {

constexpr std::string_view socket_by_file = "fd=";

Result<std::uint16_t> parse_type(std::string_view of, std::string_view value) {
    if (const auto type = model::virtio::find_device_type(value)) return type->number;
    std::string known;
    for (const auto& type : model::virtio::device_types())
        known += fmt::format("{}, ", type.name);
    return malformed("{}: type={}: known are {}and the number of a Virtio device, 1 to {}", of,
                     value, known, model::virtio::last_type);
}

// What was said so far; what was not comes from the type.
struct Said {
    BackendArgument argument;
    std::optional<std::uint16_t> type;
    std::optional<std::uint16_t> queues;
    std::optional<std::uint16_t> queue_size;
    std::optional<std::uint16_t> config_size;
};

constexpr auto first_key = std::to_array<Key<Said>>({
    {.words = {"type", "net|blk|console|rng|scsi|vsock|fs|N",
               "what device it is, or the number of its type; has to be said"},
     .take = [](Said& said, std::string_view of,
                std::string_view value) { return store(said.type, parse_type(of, value)); }},
});

constexpr auto keys_of_sockets = std::to_array<Key<Said>>({
    {.words =
         {"queues", "N",
          "queues that the guest finds, 1 to 255; without it as many as the type needs (net 2, "
          "blk 1, console 2, rng 1, scsi 3, vsock 3, fs 2)"},
     .take =
         [](Said& said, std::string_view of, std::string_view value) {
             return store(said.queues,
                          parse_count(of, "queues", value, 1, model::virtio::most_queues));
         }},
    {.words = {"queue-size", "N", "entries of each queue, a power of two up to 32768 (256)"},
     .take =
         [](Said& said, std::string_view of, std::string_view value) {
             return store(said.queue_size, parse_queue_size(of, value));
         }},
    {.words = {"config-size", "N",
               "bytes of the device's own configuration that the back end is asked for, up to 256; "
               "without it as the type has them, of a number none"},
     .take =
         [](Said& said, std::string_view of, std::string_view value) {
             return store(said.config_size, parse_count(of, "config-size", value, 0,
                                                        model::virtio::layout::device_size));
         }},
    {.words = {"mac", "ADDRESS",
               "of a network: the guest's station address; without it the back end's, or the "
               "guest's driver takes one"},
     .take =
         [](Said& said, std::string_view of, std::string_view value) {
             return store(said.argument.backend.mac, parse_mac(of, value));
         }},
});

constexpr auto table = joined(joined(first_key, place_keys<Said>), keys_of_sockets);

Result<Said> read(std::string_view text) {
    Said said;
    TENON_TRY(name, read_backend(text, "--vhost-user", "socket", table, said), "");
    if (name.starts_with(socket_by_file)) {
        TENON_TRY(file, parse_file("--vhost-user", name.substr(socket_by_file.size())), "");
        said.argument.backend.file = file;
    } else {
        said.argument.backend.socket = name;
    }
    return said;
}

}  // namespace

Result<std::uint16_t> parse_count(std::string_view of, std::string_view key, std::string_view value,
                                  std::uint64_t least, std::uint64_t most) {
    const auto number = parse_number(value);
    if (number && *number >= least && *number <= most) return static_cast<std::uint16_t>(*number);
    return malformed("{}: {}={}: {} to {} are possible", of, key, value, least, most);
}

Result<std::uint16_t> parse_queue_size(std::string_view of, std::string_view value) {
    const auto number = parse_number(value);
    if (number && *number >= 2 && *number <= model::virtio::largest_queue &&
        std::has_single_bit(*number))
        return static_cast<std::uint16_t>(*number);
    return malformed("{}: queue-size={}: a power of two up to {} is wanted", of, value,
                     model::virtio::largest_queue);
}

Result<model::virtio::MacAddress> parse_mac(std::string_view of, std::string_view value) {
    model::virtio::MacAddress address{};
    const auto parts = split(value, ':');
    bool right = parts.size() == address.size();
    for (std::size_t n = 0; right && n < parts.size(); ++n) {
        const auto byte = parse_hex(parts[n]);
        right = byte && parts[n].size() == 2;
        if (right) address.at(n) = static_cast<std::uint8_t>(*byte);
    }
    // The lowest bit of the first byte means a group of stations; no station has zero.
    right = right && (address[0] & 1) == 0 && address != model::virtio::MacAddress{};
    if (right) return address;
    return malformed("{}: mac={}: the address of one station is wanted, as 52:54:00:12:34:56", of,
                     value);
}

std::vector<KeyWords> backend_keys() { return words_of(table); }

Result<void> check_backend_keys(std::string_view text) {
    TENON_TRY_DO(read(text), "");
    return {};
}

Result<BackendArgument> parse_backend_argument(std::string_view text) {
    TENON_TRY(said, read(text), "");
    const auto of = text.substr(0, text.find(','));
    if (!said.type) return malformed("{}: type= is missing: what device it is", of);
    const auto type = model::virtio::device_type(*said.type);
    if (!said.queues && type.queues == 0)
        return malformed("{}: queues= is missing: how many a device of type {} has is not known",
                         of, *said.type);
    auto& backend = said.argument.backend;
    backend.type = *said.type;
    if (backend.mac && backend.type != model::virtio::network)
        return malformed("{}: mac= is of a network alone", of);
    backend.queues = said.queues.value_or(type.queues);
    backend.queue_size = said.queue_size.value_or(usual_queue_size);
    backend.config_size = said.config_size.value_or(type.config_size);
    return std::move(said.argument);
}

}  // namespace tenon::library::words
