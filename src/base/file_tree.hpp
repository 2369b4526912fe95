// A tree of small files that is only looked at: folders and links of a disk, or the members of an
// archive. Paths are those of the tree; errors name them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace tenon {

/// What may be asked of a tree. Nothing is kept open; each call looks again.
class FileTree {
public:
    FileTree() = default;
    FileTree(const FileTree&) = delete;
    FileTree& operator=(const FileTree&) = delete;
    virtual ~FileTree() = default;

    /// The content of the regular file `path`.
    /// Errors: errno; Malformed for anything else, and if it is longer than `limit` bytes.
    virtual Result<std::string> read(const std::string& path, std::size_t limit) const = 0;

    /// Where the symbolic link `path` leads, as it stands; that need not be there.
    /// Errors: errno: ENOENT if it is not there, EINVAL if it is no link.
    virtual Result<std::string> link(const std::string& path) const = 0;

    /// The place of what is at `path`: without links, "." and "..".
    /// Errors: errno: ENOENT if it is not there.
    virtual Result<std::string> resolve(const std::string& path) const = 0;

    /// Names of what is in the folder `path`, in order; empty if there is no such folder.
    virtual std::vector<std::string> entries(const std::string& path) const = 0;

    /// Whether there is something at `path`. True if that cannot be told, so that using it says
    /// why.
    bool exists(const std::string& path) const;

    /// The first line of a small file, without white space at its ends.
    Result<std::string> attribute(const std::string& path) const;

    /// The last component of where the link `path` leads: a driver's or a group's name.
    Result<std::string> link_name(const std::string& path) const;
};

/// Files of this machine.
class DiskTree final : public FileTree {
public:
    /// With a root that is not empty, what lies outside of it is not read: links of an unpacked
    /// archive may lead anywhere.
    explicit DiskTree(std::string root = {}) : root_{std::move(root)} {}

    Result<std::string> read(const std::string& path, std::size_t limit) const override;
    Result<std::string> link(const std::string& path) const override;
    Result<std::string> resolve(const std::string& path) const override;
    std::vector<std::string> entries(const std::string& path) const override;

private:
    std::string root_;  // Without links.
};

/// Whether `path` is `folder` or below it, as they are written.
bool is_below(std::string_view path, std::string_view folder);

}  // namespace tenon
