#include "managed/qemu/config_file.hpp"

#include "base/text.hpp"

namespace tenon::managed::qemu {
namespace {

constexpr std::size_t longest_file = std::size_t{64} << 10;

// What stands in quotes at the front, which is taken off; none if it is not so.
std::optional<std::string> take_quoted(std::string_view& text) {
    text = trimmed(text);
    if (!text.starts_with('"')) return std::nullopt;
    const auto end = text.find('"', 1);
    if (end == std::string_view::npos) return std::nullopt;
    std::string quoted{text.substr(1, end - 1)};
    text.remove_prefix(end + 1);
    return quoted;
}

std::optional<Group> read_head(std::string_view line, const said::Place& place) {
    if (!line.starts_with('[') || !line.ends_with(']')) return std::nullopt;
    auto inside = trimmed(line.substr(1, line.size() - 2));
    const auto end = inside.find_first_of(" \t");
    Group group{.name = std::string{inside.substr(0, end)}, .id = {}, .place = place};
    if (group.name.empty()) return std::nullopt;
    if (end == std::string_view::npos) return group;
    inside.remove_prefix(end);
    const auto id = take_quoted(inside);
    if (!id || !trimmed(inside).empty()) return std::nullopt;
    group.id = *id;
    return group;
}

bool read_line(std::string_view line, Group& group, const said::Place& place) {
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) return false;
    const auto name = trimmed(line.substr(0, equals));
    auto rest = line.substr(equals + 1);
    auto value = take_quoted(rest);
    if (name.empty() || !value || !trimmed(rest).empty()) return false;
    group.properties.add(std::string{name}, {.text = *std::move(value), .place = place});
    return true;
}

}  // namespace

Result<std::vector<Group>> read_config_file(std::string_view text, std::string_view file) {
    if (text.size() > longest_file)
        return malformed("{}: more than {}", file, format_size(longest_file));
    std::vector<Group> groups;
    said::Place place{.file = std::string{file}};
    for (const auto whole : split(text, '\n')) {
        ++place.line;
        const auto line = trimmed(whole);
        if (line.empty() || line.starts_with('#')) continue;
        if (auto head = read_head(line, place))
            groups.push_back(*std::move(head));
        else if (groups.empty() || !read_line(line, groups.back(), place))
            return malformed("{}:{}: neither [group \"id\"] nor key = \"value\"", file, place.line);
    }
    return groups;
}

}  // namespace tenon::managed::qemu
