// The tree of files that members of an archive make, held in memory.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_tree.hpp"
#include "base/tar.hpp"

namespace tenon {

/// What one tree may hold; what comes from an archive is bounded.
inline constexpr std::size_t most_tree_members = std::size_t{1} << 18;
inline constexpr std::size_t most_tree_bytes = std::size_t{64} << 20;

/// A tree of the members that were put into it. Its paths begin with the archive's name:
/// "report.tar/sys/bus/pci". An absolute link leads into the archive.
class ArchiveTree final : public FileTree {
public:
    explicit ArchiveTree(std::string name) : name_{std::move(name)} {}

    /// Puts a member in its place; one that is there already is replaced, as unpacking would.
    /// `content` is of a file.
    /// Errors: Malformed if the tree would become too large.
    Result<void> add(const TarMember& member, std::string content = {});

    bool empty() const { return nodes_.empty(); }
    const std::string& name() const { return name_; }

    Result<std::string> read(const std::string& path, std::size_t limit) const override;
    Result<std::string> link(const std::string& path) const override;
    Result<std::string> resolve(const std::string& path) const override;
    std::vector<std::string> entries(const std::string& path) const override;

private:
    struct Node {
        MemberKind kind = MemberKind::Folder;
        std::string content;  // Of a file; of a link where it leads.
    };

    void add_folders(std::string_view path);
    // The place of `path`, both without the archive's name; with `last` a link at its end is
    // followed as well.
    Result<std::string> walk(const std::string& path, bool last) const;
    std::string inside(const std::string& path) const;

    std::string name_;
    std::map<std::string, Node, std::less<>> nodes_;
    std::size_t bytes_ = 0;
};

}  // namespace tenon
