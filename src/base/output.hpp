// Text written to where somebody wants it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tenon {

/// Writes all of `text` to the file descriptor. A reader who has gone is no failure.
/// Errors: errno of write(2).
Result<void> write_all(int descriptor, std::string_view text);

/// Makes `content` that of the file `path`, all of it or nothing: it is written beside, then takes
/// the name. A file that was there keeps its mode; other names of it keep the old content. What is
/// no regular file (a pipe, a terminal, /dev/null) is written to.
/// Errors: errno of the system call, naming the path, which is then as it was; Malformed for a
/// symbolic link to a file or to nothing, since the name alone does not tell what would be lost.
Result<void> replace_file(const std::string& path, std::string_view content);

}  // namespace tenon
