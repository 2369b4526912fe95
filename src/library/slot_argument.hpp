// All functions of a host slot as one device of the command line: `0b:00.*`, `FILE#0b:00.*`.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "library/gather.hpp"
#include "library/words/device_argument.hpp"
#include "pci/address.hpp"

namespace tenon::library {

/// Whether the name of a device means a slot.
bool is_slot(std::string_view name);

/// Its functions, as read_facts() reads each; none has been opened.
struct SlotFunctions {
    pci::Address slot;
    std::vector<device::DeviceFacts> functions;  ///< In order of address.
};

/// Reads the functions of the slot that `argument` names.
/// Errors: those of Sysfs::find_slot() and read_recorded_slot(); Malformed for a key that
/// can only be of one function.
Result<SlotFunctions> read_slot(const Host& host, const words::DeviceArgument& argument);

/// Whether the name of a device means all functions of a file, `FILE#*`: each by itself.
bool is_whole_file(std::string_view name);

/// Reads all functions of the file that `argument` names, in its order.
/// Errors: those of read_recorded_all(); Malformed for a key that can only be of one
/// function.
Result<std::vector<device::DeviceFacts>> read_whole_file(const words::DeviceArgument& argument);

/// Whether both are the same function of the same host or file.
bool same_function(const device::DeviceFacts& one, const device::DeviceFacts& other);

}  // namespace tenon::library
