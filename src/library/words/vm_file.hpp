// A machine described by a file: `tenon run vm.toml`, `tenon plan vm.toml`.
//
// A key of the file is an option without its dashes, a [[device]] or [[port]] table one --device or
// --port with its keys. So each thing that can be said has one name and one reader.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "library/words/backend_options.hpp"

namespace tenon::library::words {

/// One key of the file, or one table, as the option of that name would have it.
struct FileOption {
    std::string key;       ///< "memory", "device"
    std::string value;     ///< As typed behind the option: "16G", "0000:65:00.0,port=gpu".
    std::string where;     ///< "vm.toml:7: memory", for messages.
    bool is_flag = false;  ///< The value is true or false.

    bool operator==(const FileOption&) const = default;
};

/// Whether a word of the command line names such a file.
bool is_vm_file(std::string_view word);

/// Reads `path`. Values that have a fixed form (memory, cpus, device, port) are checked here, where
/// their line is known.
/// Errors: errno of the file; Malformed, naming file, line and key.
Result<std::vector<FileOption>> read_vm_file(const std::string& path);

/// The values of the tables `key` of the file, in order.
std::vector<std::string> tables_of(const std::vector<FileOption>& file, std::string_view key);

/// Devices, processes or ports of the file, then those of the command line. One of the command line
/// takes the place of one of the file that has the same name or the same id=.
std::vector<std::string> merge_devices(const std::vector<std::string>& file,
                                       const std::vector<std::string>& options);
std::vector<std::string> merge_backends(const BackendOption& option,
                                        const std::vector<std::string>& file,
                                        const std::vector<std::string>& options);
std::vector<std::string> merge_ports(const std::vector<std::string>& file,
                                     const std::vector<std::string>& options);

}  // namespace tenon::library::words
