// Whole files, with a bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace tenon {

/// The content of the regular file `path`. Works for files of sysfs and procfs, whose size says
/// nothing. Does not wait: what may be a pipe is for read_input().
/// Errors: those of open_regular(); errno of read(2); Malformed if it is longer than `limit` bytes.
Result<std::string> read_file(const std::string& path, std::size_t limit);

/// What `file` has from where it stands to its end. `path` names it in errors.
/// Errors: errno of read(2); Malformed if that is longer than `limit` bytes.
Result<std::string> read_to_end(const Fd& file, std::size_t limit, std::string_view path);

/// Bytes of the regular file that `file` is open on. `path` names it in errors.
/// Errors: Malformed for what is no regular file; errno of fstat(2).
Result<std::uint64_t> size_of_file(const Fd& file, std::string_view path);

/// Fills all of `out` from byte `offset` of `file`. `path` names it in errors.
/// Errors: errno of pread(2); Malformed if the file ends before.
Result<void> read_at(const Fd& file, std::uint64_t offset, std::span<std::byte> out,
                     std::string_view path);

/// The first line of a small file, without white space at its ends: a sysfs attribute.
Result<std::string> read_attribute(const std::string& path);

/// The last component of what the symbolic link `path` points to: a driver's or a group's name.
/// Errors: errno of readlink(2).
Result<std::string> link_name(const std::string& path);

}  // namespace tenon
