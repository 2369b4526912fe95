// How much the words of a request may have, whether they come by the command line, a file or the
// control socket. Users read these numbers in docs/users/devices.md.
#pragma once

#include <cstddef>

namespace tenon::library::words {

/// Bytes of a device or a port with its keys: the name of a file has up to 4096.
inline constexpr std::size_t longest_argument = 8192;
/// Parts of it between commas, those of a file's name among them.
inline constexpr std::size_t most_parts = 64;
/// Bytes of a name that somebody chooses: id=, port=.
inline constexpr std::size_t longest_name = 128;

/// Devices and ports of a machine. A bus has 32 devices of 8 functions.
inline constexpr std::size_t most_devices = 256;
inline constexpr std::size_t most_ports = 256;

}  // namespace tenon::library::words
