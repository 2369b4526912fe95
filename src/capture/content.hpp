// The functions in the content of one file, whatever its form: a capture of Tenon, a text with
// dumps, or the bytes of sysfs. What it is shows in its content.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/stream.hpp"
#include "capture/choice.hpp"
#include "capture/listing/listing.hpp"

namespace tenon::capture {

/// The functions of what `stream` has. `name` names it in errors. A text is read in pieces and not
/// held. What its words say goes into `words`; one that has words of functions may have no bytes.
/// Errors: those of the stream; Malformed as read_captures(), text::DumpReader and
/// parse_raw_blob(), for words of too many functions, and for more than longest_file bytes, of a
/// text more than longest_text.
Result<std::vector<Entry>> read_content(PeekedStream& stream, std::string_view name,
                                        listing::Listing& words);

/// The function whose configuration space is `bytes`, at `address`.
/// Errors: as parse_raw_blob().
Result<Entry> read_bytes_of(const pci::Address& address, std::string_view bytes,
                            std::string_view name);

}  // namespace tenon::capture
