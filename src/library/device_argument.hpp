// What `DEVICE[,key=value…]` and `--port NAME[,key=value…]` on the command line mean.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "device/control.hpp"
#include "library/function_keys.hpp"
#include "library/stated_facts.hpp"
#include "model/request.hpp"

namespace tenon::library {

/// A device as it was typed. Nothing has been read of it yet.
struct DeviceArgument {
    std::string name;  ///< An address, a path in sysfs, or a file; see parse_device_argument().
    std::string id;
    std::string port;
    std::optional<unsigned> function;
    device::Interface interface = device::Interface::Automatic;
    StatedFacts stated = {};
    model::FunctionKeys keys = {};

    bool operator==(const DeviceArgument&) const = default;
};

/// Reads `DEVICE[,key=value…]`.
///
/// The keys begin at the first comma after an address; after a file or path, at the first comma
/// that a word and "=" follow. A file whose whole name is the text wins, so every file can be
/// named. Errors: Malformed, naming the key and the known ones, or the value and what it may be.
Result<DeviceArgument> parse_device_argument(std::string_view text);

/// Reads `NAME[,key=value…]` of a root port.
/// Errors: Malformed, as above.
Result<model::PortRequest> parse_port_argument(std::string_view text);

}  // namespace tenon::library
