// The capture of Tenon: everything that is known of functions of a host, as one JSON document, so
// that a plan made from it elsewhere is the plan made there. docs/capture.md describes it.
//
// What is read comes from anywhere: a bug report, a download. The reader bounds size, depth, counts
// and ranges, takes no text that could steer a terminal, and names the place of what is wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "device/facts.hpp"

namespace tenon::capture {

/// How a document was made.
struct CaptureNotes {
    std::string tool;         ///< Program and version: "tenon 0.1.0".
    bool anonymized = false;  ///< Serial numbers were blanked.
    /// Of each function in order: where the guest's PASID capability would go. A note for people,
    /// which no reader takes for a fact; missing ones are null.
    std::vector<std::optional<std::uint16_t>> pasid_offsets;
};

/// The document: indented, keys always in the same order, with a line end.
std::string write_captures(std::span<const device::DeviceFacts> functions,
                           const CaptureNotes& notes);

/// The functions of a document. A function captured on a live host has Origin::Capture. `file`
/// names the document in errors and is the source of the facts. Errors: Malformed with the line of
/// what is no JSON, or the JSON path of what is no capture.
Result<std::vector<device::DeviceFacts>> read_captures(std::string_view text,
                                                       std::string_view file);

/// `content` without the byte order mark that editors of Windows put in front.
std::string_view without_mark(std::string_view content);

/// Whether `content` is meant to be JSON: its first character that is not white space is a brace.
bool is_json(std::string_view content);

}  // namespace tenon::capture
