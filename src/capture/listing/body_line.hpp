// The lines of `lspci -v` to `-vvv` and `-k` below the one that begins a function.
#pragma once

#include <optional>
#include <string_view>

#include "capture/listing/said.hpp"

namespace tenon::capture::listing {

/// Where in the text of one function a line is.
struct BodyPlace {
    bool in_capabilities = false;  ///< These have regions of their own: those of virtual functions.
    /// Another text told its BARs and capabilities before: those are kept.
    bool told_before = false;
};

/// Puts what a line tells into `said`. Whether it is one of lspci's that is known here.
bool take_body_line(std::string_view line, BodyPlace& place, Said& said);

/// Whether "ARIFwd+" is in the line, or "ARIFwd-"; none: neither is.
std::optional<bool> flag_in(std::string_view line, std::string_view name);

/// The number behind `key` up to the next letter that is none; none: there is no such key.
std::optional<unsigned> number_behind(std::string_view line, std::string_view key);

}  // namespace tenon::capture::listing
