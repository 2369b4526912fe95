// Errors under --anonymize: what went wrong with which input, without the names of its folders.
#pragma once

#include <span>
#include <string>

namespace tenon::cli {

/// `text` with "FILE" for every file that `typed` names: words of a command line as a device has
/// them, FILE[#ADDRESS][,key=FILE…]. Addresses stay. What else looks like a path goes as in
/// capture::without_paths().
std::string nameless_error(std::string text, std::span<const std::string> typed);

}  // namespace tenon::cli
