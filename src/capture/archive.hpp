// The functions in an archive: those of each text in it, and the tree of sysfs that it may have, in
// one pass and without a file on a disk.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/archive_tree.hpp"
#include "base/result.hpp"
#include "base/stream.hpp"
#include "capture/choice.hpp"
#include "capture/listing/listing.hpp"

namespace tenon::capture {

/// What in an archive belongs to the tree of a host, which this layer does not know.
struct TreeRules {
    /// Whether a file is kept for the tree, by its path in the archive.
    std::function<bool(std::string_view path)> keeps_file;
    /// Where the tree that a member belongs to begins; none: it belongs to none.
    std::function<std::optional<std::string>(std::string_view path)> root_of;
};

/// What was found.
struct Archive {
    std::vector<Entry> entries;         ///< Of texts, captures and /proc/bus/pci.
    std::shared_ptr<ArchiveTree> tree;  ///< Null where no member belongs to one.
    std::set<std::string> roots;        ///< Where trees begin in it.
    std::size_t files = 0;              ///< Files that were looked into.
};

/// Reads the archive in `stream`; `name` names it. A member that is packed is unpacked, one that is
/// longer than longest_file or has no function in it is passed over. What texts say goes into
/// `words`.
/// Errors: those of the stream and of TarReader; Malformed for more functions or bytes than
/// limits.hpp allows.
Result<Archive> read_archive(Stream& stream, const std::string& name, const TreeRules& rules,
                             listing::Listing& words);

}  // namespace tenon::capture
