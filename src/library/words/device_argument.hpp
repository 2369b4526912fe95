// What `DEVICE[,key=value…]` on the command line means.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "device/control.hpp"
#include "library/words/function_keys.hpp"
#include "library/words/keys.hpp"
#include "library/words/stated_facts.hpp"
#include "model/machine/request.hpp"

namespace tenon::library::words {

/// A device as it was typed. Nothing has been read of it yet.
struct DeviceArgument {
    /// An address, a path in sysfs, or a file; see parse_device_argument(). Empty: `access.file` is
    /// all that is known.
    std::string name;
    std::string id;
    std::string port;
    std::optional<unsigned> function;
    device::Access access = {};
    std::string rom;  ///< "on", "off" or a file; empty: not said.
    StatedFacts stated = {};
    model::chosen::FunctionKeys keys = {};

    bool operator==(const DeviceArgument&) const = default;
};

/// Reads `DEVICE[,key=value…]`.
///
/// With `fd=` in front, the device is the one behind that file. The keys begin at the first comma
/// after an address; after a file or path, at the first comma that a word and "=" follow. A file
/// whose whole name is the text wins, so every file can be named. Errors: Malformed, naming the key
/// and the known ones, or the value and what it may be.
Result<DeviceArgument> parse_device_argument(std::string_view text);

/// All keys of a device in words: its own, then those of stated_facts.hpp and function_keys.hpp.
std::vector<KeyWords> device_keys();

/// The keys of such a text as they were typed, "port=gpu,function=0"; empty: none.
std::string_view keys_in(std::string_view text);

/// Stands for the name of an option ROM's file where names are not to be told.
inline constexpr std::string_view anonymous_rom = "ROM";

/// Such keys without the values that name somebody's files or devices: "rom=ROM,vf-token=UUID".
std::string anonymous_keys(std::string_view keys);

/// Reads the N of `function=N`, 0 to 7.
/// Errors: Malformed. `of` names the owner.
Result<unsigned> parse_function(std::string_view of, std::string_view value);

/// Reads the N of `fd=N`, a file that somebody else opened.
/// Errors: Malformed. `of` names the owner.
Result<int> parse_file(std::string_view of, std::string_view value);

}  // namespace tenon::library::words
