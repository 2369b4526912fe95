#include "library/words/port_argument.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/text.hpp"
#include "device/atomic_widths.hpp"
#include "library/words/keys.hpp"

namespace tenon::library::words {
namespace {

Result<model::chosen::AtomicsRule> parse_atomics(std::string_view of, std::string_view value) {
    using enum model::chosen::AtomicsMode;
    for (const auto mode : {Auto, AllFunctions, Off})
        if (const model::chosen::AtomicsRule rule{.mode = mode}; value == key_of(rule)) return rule;
    const auto widths = device::parse_widths(value);
    if (!widths)
        return malformed(
            "{}: atomics={}: known are auto, all-functions, off, and widths as in 32+64: {}", of,
            value, widths.error().what);
    return model::chosen::AtomicsRule{.mode = Fixed, .widths = *widths};
}

Result<unsigned> parse_express(std::string_view of, std::string_view value) {
    if (value == "1") return 1;
    if (value == "2") return 2;
    return malformed("{}: express={}: a PCI Express capability has version 1 or 2", of, value);
}

Result<bool> parse_hotplug(std::string_view of, std::string_view value) {
    if (value == "on") return true;
    if (value == "off") return false;
    return malformed("{}: hotplug={}: known are on and off", of, value);
}

// Windows of a bridge begin and end at whole MiB; what is below 4 GiB has 512 MiB for all ports.
Result<std::uint64_t> parse_window(std::string_view of, std::string_view key,
                                   std::string_view value) {
    constexpr std::uint64_t unit = 1 << 20;
    constexpr std::uint64_t most = std::uint64_t{1} << 51;
    const auto size = parse_size(value);
    if (!size || *size % unit != 0 || *size > most)
        return malformed("{}: {}={}: a size in whole MiB is wanted, as in 64M or 256G", of, key,
                         value);
    return *size;
}

using Port = model::chosen::PortRequest;

constexpr auto port_table = std::to_array<Key<Port>>({
    {.words = {"atomics", "auto|all-functions|off|32+64+128",
               "AtomicOps that it completes: what completes on the host for all functions of its "
               "slot that have any (auto), for every function of it, none, or exactly these "
               "widths"},
     .take = [](Port& port, std::string_view of,
                std::string_view value) { return store(port.atomics, parse_atomics(of, value)); }},
    {.words = {"express", "1|2", "version of its PCI Express capability (2)"},
     .take =
         [](Port& port, std::string_view of, std::string_view value) {
             return store(port.express_version, parse_express(of, value));
         }},
    {.words = {"hotplug", "on|off", "whether devices may come and go while the guest runs (on)"},
     .take = [](Port& port, std::string_view of,
                std::string_view value) { return store(port.hotplug, parse_hotplug(of, value)); }},
    {.words = {"mem", "SIZE",
               "room for BARs below 4 GiB; without it what its devices need, and an empty slot has "
               "room for a large GPU"},
     .take =
         [](Port& port, std::string_view of, std::string_view value) {
             return store(port.memory, parse_window(of, "mem", value));
         }},
    {.words = {"pref64", "SIZE", "room for 64-bit prefetchable BARs; without it as mem"},
     .take =
         [](Port& port, std::string_view of, std::string_view value) {
             return store(port.prefetchable, parse_window(of, "pref64", value));
         }},
});

}  // namespace

std::vector<KeyWords> port_keys() { return words_of(port_table); }

Result<model::chosen::PortRequest> parse_port_argument(std::string_view text) {
    TENON_TRY_DO(check_argument(text, "port"), "");
    const auto comma = std::min(text.find(','), text.size());
    model::chosen::PortRequest port{.name = std::string{text.substr(0, comma)}};
    TENON_TRY_DO(check_name(port.name, "port"), "");
    if (comma == text.size()) return port;
    const auto of = fmt::format("port {}", port.name);
    TENON_TRY(keys, parse_keys(text.substr(comma + 1), of, port_keys()), "");
    for (const auto& pair : keys)
        TENON_TRY_DO(take_key(port_table, port, of, pair), "");
    if (port.express_version < 2 && port.atomics &&
        (port.atomics->mode == model::chosen::AtomicsMode::Fixed ||
         port.atomics->mode == model::chosen::AtomicsMode::AllFunctions))
        return malformed(
            "{}: atomics={} contradicts express=1: a PCI Express capability of version 1 has no "
            "Device Capabilities 2 to say it in",
            of, key_of(*port.atomics));
    return port;
}

}  // namespace tenon::library::words
