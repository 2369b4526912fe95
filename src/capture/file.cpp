#include "capture/file.hpp"

#include <memory>
#include <utility>

#include "base/input.hpp"
#include "base/tar.hpp"
#include "base/unpack.hpp"
#include "capture/content.hpp"
#include "capture/told_functions.hpp"
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
    const auto words = std::make_shared<listing::Listing>();
    if (is_tar(begin)) {
        TENON_TRY(archive, read_archive(*content, name, rules, *words), "");
        complete_virtual_functions(archive.entries);
        add_told(words, archive.entries);
        return std::move(archive);
    }
    TENON_TRY(entries, read_content(*content, name, *words), "");
    complete_virtual_functions(entries);
    add_told(words, entries);
    return Archive{.entries = std::move(entries), .tree = nullptr, .roots = {}, .files = 1};
}

Result<std::vector<Entry>> list_capture(const std::string& path) {
    TENON_TRY(recording, read_recording(path, no_tree()), "");
    return std::move(recording.entries);
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
