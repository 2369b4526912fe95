// Inputs that somebody names: looked at before they are read, so that none of them can hold us.
//
// A name may lead to anything: a pipe that nobody writes to, a device whose reads wait or have an
// effect. It is opened without waiting, then what it is decides.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "base/stream.hpp"

namespace tenon {

/// The name that means standard input.
inline constexpr std::string_view standard_input = "-";

/// How long the writers of a pipe may take until the last of them has closed it.
inline constexpr std::chrono::milliseconds pipe_patience{60'000};

/// Opens a regular file for reading at any place of it; whoever opens it again finds the same.
/// Errors: errno of open(2); Malformed, naming what it is, for anything that is no regular file.
Result<Fd> open_regular(const std::string& path);

/// The same, where "fd=N" is the file that this process has open by that number, of which this is a
/// copy, unless a file has that name. It has to be open for reading.
/// Errors: those of open_regular(); Malformed for a number that is none; EBADF where none is open.
Result<Fd> open_regular_or_given(const std::string& name);

/// How errors name an input: its path, or "standard input".
std::string name_of_input(const std::string& path);

/// An input: a regular file, a pipe (as of `<(…)` or a name for one), or standard input. A pipe is
/// read until its writers have closed it, for `patience` altogether.
/// Errors: errno of open(2); Malformed for a folder, a device or a socket. Its reads: errno of
/// read(2) or poll(2); Io if the pipe is not at its end in time.
Result<std::unique_ptr<Stream>> open_input(const std::string& path,
                                           std::chrono::milliseconds patience = pipe_patience);

/// All of an input.
/// Errors: as open_input() and its reads; Malformed if it is longer than `limit` bytes.
Result<std::string> read_input(const std::string& path, std::size_t limit,
                               std::chrono::milliseconds patience = pipe_patience);

}  // namespace tenon
