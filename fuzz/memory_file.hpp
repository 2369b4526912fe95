// A file without a place on a disk, for code that reads what it is given the name of.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace tenon::fuzz {

/// The name of a file with this content. There is one: it has the content of the last call.
const std::string& memory_file(std::span<const std::byte> content);

}  // namespace tenon::fuzz
