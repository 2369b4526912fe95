#include "base/tar.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <numeric>
#include <utility>

#include "base/text.hpp"

namespace tenon {
namespace {

struct Field {
    std::size_t at;
    std::size_t size;
};
constexpr Field name_field{.at = 0, .size = 100};
constexpr Field size_field{.at = 124, .size = 12};
constexpr Field checksum_field{.at = 148, .size = 8};
constexpr Field type_field{.at = 156, .size = 1};
constexpr Field link_field{.at = 157, .size = 100};
constexpr Field magic_field{.at = 257, .size = 6};
constexpr Field prefix_field{.at = 345, .size = 155};
// Of a sparse member, in its header and in the blocks that go on with its map.
constexpr std::size_t map_goes_on = 482;
constexpr std::size_t map_goes_on_again = 504;

constexpr std::size_t longest_pax = std::size_t{64} << 10;

std::string_view field(std::string_view block, const Field& place) {
    return block.substr(place.at, place.size);
}

std::string_view text_of(std::string_view block, const Field& place) {
    const auto text = field(block, place);
    return text.substr(0, text.find('\0'));
}

// Octal digits between spaces and zeros, or GNU's binary number with its first bit set.
std::optional<std::uint64_t> number_of(std::string_view block, const Field& place) {
    auto text = field(block, place);
    if ((static_cast<unsigned char>(text.front()) & 0x80) != 0) {
        std::uint64_t number = static_cast<unsigned char>(text.front()) & 0x7f;
        for (const char digit : text.substr(1)) {
            if (number >> 55 != 0) return std::nullopt;  // Also every negative one.
            number = number << 8 | static_cast<unsigned char>(digit);
        }
        return number;
    }
    text = text.substr(0, text.find('\0'));
    text = trimmed(text);
    if (text.empty()) return 0;
    std::uint64_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number, 8);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return number;
}

// The sum of all bytes, with spaces in the place of the sum itself.
bool checksum_is_right(std::string_view block) {
    const auto stated = number_of(block, checksum_field);
    const auto sum = [](std::string_view bytes) {
        return std::accumulate(
            bytes.begin(), bytes.end(), std::uint64_t{0},
            [](std::uint64_t all, char byte) { return all + static_cast<unsigned char>(byte); });
    };
    const auto spaces = checksum_field.size * std::uint64_t{' '};
    return stated && *stated == sum(block) - sum(field(block, checksum_field)) + spaces;
}

bool is_empty(std::string_view block) {
    return std::ranges::all_of(block, [](char byte) { return byte == 0; });
}

std::string clean_path(std::string_view path) {
    for (;;) {
        if (path.starts_with('/'))
            path.remove_prefix(1);
        else if (path.starts_with("./"))
            path.remove_prefix(2);
        else
            break;
    }
    while (path.ends_with('/'))
        path.remove_suffix(1);
    return std::string{path == "." ? "" : path};
}

MemberKind kind_of(char type) {
    switch (type) {
        case '\0':
        case '0':
        case '7':
            return MemberKind::File;
        case '1':
            return MemberKind::HardLink;
        case '2':
            return MemberKind::Link;
        case '5':
            return MemberKind::Folder;
        default:
            return MemberKind::Other;
    }
}

}  // namespace

bool is_tar(std::string_view begin) {
    return begin.size() == tar_block && !is_empty(begin) && checksum_is_right(begin);
}

Result<bool> TarReader::read_block(std::string& block) {
    block.resize(tar_block);
    TENON_TRY(got, read_full(*stream_, block), "");
    at_ += got;
    if (got == 0) return false;
    if (got < tar_block) return wrong("the archive is cut off");
    return true;
}

Result<void> TarReader::skip(std::uint64_t count) {
    std::string piece(std::min<std::uint64_t>(count, 65536), '\0');
    while (count > 0) {
        const auto wanted = std::min<std::uint64_t>(count, piece.size());
        TENON_TRY(got, read_full(*stream_, std::span{piece}.first(wanted)), "");
        at_ += got;
        if (got < wanted) return wrong("the archive is cut off");
        count -= got;
    }
    return {};
}

// Its content is pieces of a file that the map says where to put; it is passed over.
Result<void> TarReader::skip_sparse_map(std::string block) {
    for (auto goes_on = map_goes_on; block[goes_on] != 0; goes_on = map_goes_on_again) {
        TENON_TRY(more, read_block(block), "");
        if (!more) return wrong("the archive is cut off");
    }
    return {};
}

Result<std::string> TarReader::content(std::size_t limit) {
    if (left_ > limit) return wrong("a member of {} bytes, and {} are read", left_, limit);
    std::string content(left_, '\0');
    TENON_TRY(got, read_full(*stream_, content), "");
    at_ += got;
    left_ -= got;
    if (left_ != 0) return wrong("the archive is cut off");
    return content;
}

// What a long name or link of GNU tar has as its content.
Result<std::string> TarReader::long_text() {
    TENON_TRY(text, content(longest_member_path + 1), "");
    return text.substr(0, text.find('\0'));
}

// Records of "LENGTH KEY=VALUE\n".
Result<void> TarReader::take_pax(std::string_view records, Override& values) const {
    while (!records.empty()) {
        const auto space = records.find(' ');
        const auto length = parse_number(records.substr(0, space));
        if (space == std::string_view::npos || !length || *length > records.size() ||
            *length < space + 3 || records[*length - 1] != '\n')
            return wrong("a pax header whose records are no records");
        const auto record = records.substr(space + 1, *length - space - 2);
        const auto mark = record.find('=');
        if (mark == std::string_view::npos) return wrong("a pax record without a value");
        const auto key = record.substr(0, mark);
        const auto value = record.substr(mark + 1);
        if (key == "path") values.path = std::string{value};
        if (key == "linkpath") values.target = std::string{value};
        if (key == "size") {
            values.size = parse_number(value);
            if (!values.size) return wrong("a pax record of a size that is no number");
        }
        if (key.starts_with("GNU.sparse.")) values.sparse = true;
        records.remove_prefix(*length);
    }
    return {};
}

Result<TarMember> TarReader::member_of(std::string_view block, const Override& values) const {
    TarMember member{.path = std::string{text_of(block, name_field)},
                     .kind = kind_of(field(block, type_field).front()),
                     .target = std::string{text_of(block, link_field)}};
    // "ustar" with a zero: GNU tar's own format has other things there.
    const auto prefix = text_of(block, prefix_field);
    if (field(block, magic_field) == std::string_view{"ustar\0", 6} && !prefix.empty())
        member.path = fmt::format("{}/{}", prefix, member.path);
    if (values.path) member.path = *values.path;
    if (values.target) member.target = *values.target;
    if (member.path.size() > longest_member_path || member.target.size() > longest_member_path)
        return wrong("a path of more than {} bytes", longest_member_path);
    // Before ustar a folder was a file whose name ends in a slash.
    if (member.kind == MemberKind::File && member.path.ends_with('/'))
        member.kind = MemberKind::Folder;
    member.path = clean_path(member.path);
    const auto size = values.size ? values.size : number_of(block, size_field);
    if (!size || *size > std::numeric_limits<std::uint64_t>::max() - tar_block)
        return wrong("a member whose size is no number");
    // The header of a link may tell the size of what it leads to.
    const bool has_content = member.kind == MemberKind::File || member.kind == MemberKind::Other;
    member.size = has_content ? *size : 0;
    if (values.sparse) member.kind = MemberKind::Other;
    return member;
}

Result<std::optional<TarMember>> TarReader::next() {
    auto values = global_;
    std::string block;
    for (;;) {
        TENON_TRY_DO(skip(left_ + padding_), "");
        if (at_ > longest_archive)
            return malformed("{}: an archive of more than {} bytes", name_, longest_archive);
        header_at_ = at_;
        left_ = padding_ = 0;
        TENON_TRY(more, read_block(block), "");
        // An archive ends with two empty blocks, or just ends.
        if (!more || is_empty(block)) return std::nullopt;
        if (!checksum_is_right(block)) return wrong("the header of a member is damaged");
        const char type = field(block, type_field).front();
        const bool of_next = type == 'x' || type == 'g' || type == 'L' || type == 'K';
        TENON_TRY(member, member_of(block, of_next ? Override{} : values), "");
        if (type == 'S') TENON_TRY_DO(skip_sparse_map(block), "");
        left_ = member.size;
        padding_ = (tar_block - member.size % tar_block) % tar_block;
        if (!of_next) return std::move(member);
        if (type == 'L' || type == 'K') {
            TENON_TRY(text, long_text(), "");
            (type == 'L' ? values.path : values.target) = std::move(text);
        } else {
            TENON_TRY(records, content(longest_pax), "");
            TENON_TRY_DO(take_pax(records, type == 'g' ? global_ : values), "");
            if (type == 'g') values = global_;
        }
    }
}

}  // namespace tenon
