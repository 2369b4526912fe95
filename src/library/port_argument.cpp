#include "library/port_argument.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string>

#include "device/atomic_widths.hpp"
#include "library/keys.hpp"

namespace tenon::library {
namespace {

constexpr std::array<std::string_view, 2> port_keys{"atomics", "express"};

Result<model::AtomicsRule> parse_atomics(std::string_view of, std::string_view value) {
    using enum model::AtomicsMode;
    for (const auto mode : {Auto, AllFunctions, Off})
        if (const model::AtomicsRule rule{.mode = mode}; value == key_of(rule)) return rule;
    const auto widths = device::parse_widths(value);
    if (!widths)
        return malformed(
            "{}: atomics={}: known are auto, all-functions, off, and widths as in 32+64: {}", of,
            value, widths.error().what);
    return model::AtomicsRule{.mode = Fixed, .widths = *widths};
}

Result<unsigned> parse_express(std::string_view of, std::string_view value) {
    if (value == "1") return 1;
    if (value == "2") return 2;
    return malformed("{}: express={}: a PCI Express capability has version 1 or 2", of, value);
}

}  // namespace

Result<model::PortRequest> parse_port_argument(std::string_view text) {
    const auto comma = std::min(text.find(','), text.size());
    model::PortRequest port{.name = std::string{text.substr(0, comma)}};
    TENON_TRY_DO(check_name(port.name, "port"), "");
    if (comma == text.size()) return port;
    const auto of = fmt::format("port {}", port.name);
    TENON_TRY(keys, parse_keys(text.substr(comma + 1), of, port_keys), "");
    for (const auto& [key, value] : keys) {
        if (key == "atomics") {
            TENON_TRY(rule, parse_atomics(of, value), "");
            port.atomics = rule;
        } else {
            TENON_TRY(version, parse_express(of, value), "");
            port.express_version = version;
        }
    }
    if (port.express_version < 2 && port.atomics && port.atomics->mode == model::AtomicsMode::Fixed)
        return malformed(
            "{}: atomics={} contradicts express=1: a PCI Express capability of version 1 has no "
            "Device Capabilities 2 to say it in",
            of, key_of(*port.atomics));
    return port;
}

}  // namespace tenon::library
