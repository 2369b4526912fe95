#include "base/archive_tree.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <utility>

#include "base/text.hpp"

namespace tenon {
namespace {

// As many links on the way to a file as Linux follows.
constexpr unsigned most_links = 40;

std::string_view parent_of(std::string_view path) {
    const auto slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

// Puts the components of `path` in front of those that are still to be walked.
void put_in_front(std::deque<std::string>& left, std::string_view path) {
    const auto parts = split(path, '/');
    left.insert(left.begin(), parts.begin(), parts.end());
}

}  // namespace

std::string ArchiveTree::inside(const std::string& path) const {
    if (!is_below(path, name_)) return path;
    return path.substr(std::min(path.size(), name_.size() + 1));
}

void ArchiveTree::add_folders(std::string_view path) {
    for (path = parent_of(path); !path.empty() && !nodes_.contains(path); path = parent_of(path))
        nodes_.emplace(path, Node{});
}

Result<void> ArchiveTree::add(const TarMember& member, std::string content) {
    if (member.path.empty()) return {};
    Node node{.kind = member.kind, .content = std::move(content)};
    if (member.kind == MemberKind::Link) node.content = member.target;
    bytes_ += node.content.size() + member.path.size();
    add_folders(member.path);
    nodes_.insert_or_assign(member.path, std::move(node));
    if (nodes_.size() > most_tree_members || bytes_ > most_tree_bytes)
        return malformed("{}: its tree of sysfs has more than {} members or {} bytes", name_,
                         most_tree_members, most_tree_bytes);
    return {};
}

Result<std::string> ArchiveTree::walk(const std::string& path, bool last) const {
    std::deque<std::string> left;
    put_in_front(left, path);
    std::string place;
    unsigned links = 0;
    while (!left.empty()) {
        const auto part = std::move(left.front());
        left.pop_front();
        if (part.empty() || part == ".") continue;
        if (part == "..") {
            place.resize(parent_of(place).size());
            continue;
        }
        const auto next = place.empty() ? part : place + "/" + part;
        const auto node = nodes_.find(next);
        if (node == nodes_.end()) return fail_system(ENOENT, name_ + "/" + path);
        if (node->second.kind != MemberKind::Link || (left.empty() && !last)) {
            place = next;
            continue;
        }
        if (++links > most_links) return fail_system(ELOOP, name_ + "/" + path);
        if (node->second.content.starts_with('/')) place.clear();
        put_in_front(left, node->second.content);
    }
    return place;
}

Result<std::string> ArchiveTree::resolve(const std::string& path) const {
    TENON_TRY(place, walk(inside(path), true), "");
    return place.empty() ? name_ : name_ + "/" + place;
}

Result<std::string> ArchiveTree::read(const std::string& path, std::size_t limit) const {
    TENON_TRY(place, walk(inside(path), true), "");
    const auto node = nodes_.find(place);
    if (node == nodes_.end() || node->second.kind != MemberKind::File)
        return malformed("{}: it is not a regular file", path);
    if (node->second.content.size() > limit)
        return malformed("{}: longer than {} bytes", path, limit);
    return node->second.content;
}

Result<std::string> ArchiveTree::link(const std::string& path) const {
    TENON_TRY(place, walk(inside(path), false), "");
    const auto node = nodes_.find(place);
    if (node == nodes_.end() || node->second.kind != MemberKind::Link)
        return fail_system(EINVAL, path);
    return node->second.content;
}

std::vector<std::string> ArchiveTree::entries(const std::string& path) const {
    std::vector<std::string> names;
    const auto place = walk(inside(path), true);
    if (!place) return names;
    const auto folder = place->empty() ? std::string{} : *place + "/";
    for (auto node = nodes_.lower_bound(folder);
         node != nodes_.end() && node->first.starts_with(folder);) {
        const auto rest = std::string_view{node->first}.substr(folder.size());
        const auto slash = rest.find('/');
        if (slash == std::string_view::npos) {
            names.emplace_back(rest);
            ++node;
        } else {
            // Past all that is in a folder of it; '0' is the character after '/'.
            node = nodes_.lower_bound(fmt::format("{}{}0", folder, rest.substr(0, slash)));
        }
    }
    return names;
}

}  // namespace tenon
