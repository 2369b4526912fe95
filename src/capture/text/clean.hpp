// A line without what carried it: colours of a terminal, HTML, encodings of mail, spaces of other
// kinds.
#pragma once

#include <string>
#include <string_view>

namespace tenon::capture::text {

/// `line` as its writer saw it: escape sequences and tags of HTML left out, entities, what mail
/// quotes (`=3D`, `=20`) and spaces of every kind in plain letters, vertical lines as `|`. `<br>`
/// is a line end in it. Control characters become `?`.
///
/// The result is in `line` where nothing had to change, else in `room`.
std::string_view clean(std::string_view line, std::string& room);

}  // namespace tenon::capture::text
