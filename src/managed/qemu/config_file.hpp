// The file of -readconfig: groups of key = "value".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "managed/said/configuration.hpp"

namespace tenon::managed::qemu {

/// `[group "id"]` with its lines.
struct Group {
    std::string name;
    std::string id;  ///< Empty: none.
    said::Place place;
    said::Properties properties;
};

/// Reads the groups of a file. `file` is its name.
/// Errors: Malformed with the line, for what is neither a group, a key, a comment nor empty; more
/// than 64 KiB.
/// Source: QEMU 11.1, util/qemu-config.c, qemu_config_foreach.
Result<std::vector<Group>> read_config_file(std::string_view text, std::string_view file);

}  // namespace tenon::managed::qemu
