// Packed files, read as what is in them: by their content, whatever their names are.
//
// A file of a few bytes can unpack to any number of them. What unpacks is a stream, so that nobody
// holds more of it than is wanted, and it ends with an error at a limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/stream.hpp"

namespace tenon {

/// Bytes that one packed file is unpacked to, and that it may have itself.
inline constexpr std::uint64_t most_unpacked = std::uint64_t{1} << 30;

/// How often a file may be packed: `log.gz.xz`.
inline constexpr unsigned most_layers = 2;

/// What is in `stream`: unpacked if its first bytes are those of gzip, xz or Zstandard, else the
/// stream itself. `name` names it in errors.
/// Errors: those of the stream; Malformed for other packed formats, and for one that is packed more
/// than most_layers times. Its reads: Malformed for data that is damaged or cut off, or unpacks to
/// more than `limit` bytes.
Result<std::unique_ptr<PeekedStream>> unpacked(std::unique_ptr<Stream> stream,
                                               const std::string& name,
                                               std::uint64_t limit = most_unpacked);

/// read_input() of what may be packed.
Result<std::string> read_unpacked(const std::string& path, std::size_t limit);

}  // namespace tenon
