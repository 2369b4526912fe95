#include "capture/file.hpp"

#include <utility>

#include "base/input.hpp"
#include "base/tar.hpp"
#include "base/unpack.hpp"
#include "capture/content.hpp"
#include "capture/virtual_functions.hpp"

namespace tenon::capture {
namespace {

TreeRules no_tree() {
    return {.keeps_file = [](std::string_view) { return false; },
            .root_of = [](std::string_view) { return std::optional<std::string>{}; }};
}

}  // namespace

Result<Archive> read_recording(const std::string& path, const TreeRules& rules) {
    TENON_TRY(input, open_input(path), "");
    const auto name = name_of_input(path);
    TENON_TRY(content, unpacked(std::move(input), name), "");
    TENON_TRY(begin, content->peek(tar_block), "");
    if (is_tar(begin)) {
        TENON_TRY(archive, read_archive(*content, name, rules), "");
        complete_virtual_functions(archive.entries);
        return std::move(archive);
    }
    TENON_TRY(entries, read_content(*content, name), "");
    complete_virtual_functions(entries);
    return Archive{.entries = std::move(entries), .tree = nullptr, .roots = {}, .files = 1};
}

bool names_slot(std::string_view named) { return Named::take_apart(named).means_slot(); }

Result<device::DeviceFacts> read_capture(std::string_view named) {
    const auto parts = Named::take_apart(named);
    TENON_TRY(recording, read_recording(parts.path, no_tree()), "");
    return take(parts, named, recording.entries);
}

Result<std::vector<device::DeviceFacts>> read_capture_slot(std::string_view named) {
    const auto parts = Named::take_apart(named);
    TENON_TRY(recording, read_recording(parts.path, no_tree()), "");
    return take_slot(parts, recording.entries);
}

}  // namespace tenon::capture
