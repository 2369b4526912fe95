#include "base/file_tree.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/file.hpp"
#include "base/path.hpp"
#include "base/text.hpp"

namespace tenon {
namespace {

constexpr std::size_t longest_attribute = std::size_t{64} << 10;

}  // namespace

bool is_below(std::string_view path, std::string_view folder) {
    while (folder.ends_with('/'))
        folder.remove_suffix(1);
    return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

bool FileTree::exists(const std::string& path) const {
    const auto place = resolve(path);
    return place || (place.error().os_error != ENOENT && place.error().os_error != ENOTDIR);
}

Result<std::string> FileTree::attribute(const std::string& path) const {
    TENON_TRY(content, read(path, longest_attribute), "");
    const std::string_view text{content};
    return std::string{trimmed(text.substr(0, text.find('\n')))};
}

Result<std::string> FileTree::link_name(const std::string& path) const {
    TENON_TRY(target, link(path), "");
    const auto slash = target.rfind('/');
    return slash == std::string::npos ? target : target.substr(slash + 1);
}

Result<std::string> DiskTree::read(const std::string& path, std::size_t limit) const {
    if (!root_.empty()) TENON_TRY_DO(resolve(path), "");
    return read_file(path, limit);
}

Result<std::string> DiskTree::link(const std::string& path) const {
    std::string buffer(PATH_MAX, '\0');
    TENON_TRY(name, kernel_path(path), "");
    const auto got = ::readlink(name, buffer.data(), buffer.size());
    if (got < 0) return fail_system(errno, path);
    buffer.resize(static_cast<std::size_t>(got));
    return buffer;
}

Result<std::string> DiskTree::resolve(const std::string& path) const {
    TENON_TRY_DO(kernel_path(path), "");
    std::error_code error;
    auto place = std::filesystem::canonical(path, error).string();
    if (error) return fail_system(error.value(), path);
    if (!root_.empty() && !is_below(place, root_))
        return malformed("{}: leads to {}, out of {}", path, place, root_);
    return place;
}

std::vector<std::string> DiskTree::entries(const std::string& path) const {
    std::vector<std::string> names;
    if (!root_.empty() && !resolve(path)) return names;
    std::error_code error;
    for (std::filesystem::directory_iterator entry{path, error}, end; !error && entry != end;
         entry.increment(error))
        names.push_back(entry->path().filename().string());
    std::ranges::sort(names);
    return names;
}

}  // namespace tenon
