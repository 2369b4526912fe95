// The members of a tar archive, one after the other: ustar, pax, GNU tar and what was before them.
//
// Archives come from strangers. Each header's checksum must be right, every length is bounded, and
// nothing is ever written to a disk: a member's path is a name, not a place.
// Source: POSIX.1-2017, pax, ustar Interchange Format and pax Header Block; GNU tar manual,
// "Basic Tar Format".
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/stream.hpp"

namespace tenon {

/// The longest path of a member or of what a link points to, in bytes.
inline constexpr std::size_t longest_member_path = 4096;

/// Bytes of an archive that are read.
inline constexpr std::uint64_t longest_archive = std::uint64_t{1} << 30;

/// What a member is.
enum class MemberKind { File, Folder, Link, HardLink, Other };

/// One member.
struct TarMember {
    std::string path;  ///< Without "./" and "/" in front or a slash at the end.
    MemberKind kind = MemberKind::File;
    std::string target;      ///< Of a link: where it points, as it stands.
    std::uint64_t size = 0;  ///< Bytes of its content.
};

/// Whether the first bytes of something, 512 if it has as many, are a member's header.
bool is_tar(std::string_view begin);
inline constexpr std::size_t tar_block = 512;

/// Reads an archive from its front to its end.
class TarReader {
public:
    /// `stream` outlives the reader; `name` names the archive in errors.
    TarReader(Stream& stream, std::string name) : stream_{&stream}, name_{std::move(name)} {}

    /// The next member, past what was not read of the one before; none at the end.
    /// Errors: those of the stream; Malformed, naming the offset in the archive, for what is no
    /// header, and for an archive that is cut off or longer than longest_archive.
    Result<std::optional<TarMember>> next();

    /// The content of the member that next() gave last; once.
    /// Errors: those of the stream; Malformed if it is longer than `limit` bytes, or cut off.
    Result<std::string> content(std::size_t limit);

private:
    // What pax headers or GNU tar say of the next member, in place of its header's fields.
    struct Override {
        std::optional<std::string> path;
        std::optional<std::string> target;
        std::optional<std::uint64_t> size;
        bool sparse = false;
    };

    template <typename... Args>
    std::unexpected<Error> wrong(fmt::format_string<Args...> format, Args&&... args) const {
        return malformed("{}: at byte {}: {}", name_, header_at_,
                         fmt::format(format, std::forward<Args>(args)...));
    }
    Result<bool> read_block(std::string& block);
    Result<void> skip(std::uint64_t count);
    Result<void> skip_sparse_map(std::string block);
    Result<std::string> long_text();
    Result<void> take_pax(std::string_view records, Override& values) const;
    Result<TarMember> member_of(std::string_view block, const Override& values) const;

    Stream* stream_;
    std::string name_;
    std::uint64_t at_ = 0;         // Bytes that were read.
    std::uint64_t header_at_ = 0;  // Where the present member's header is.
    std::uint64_t left_ = 0;       // Of the present member's content.
    std::uint64_t padding_ = 0;    // After it.
    Override global_;
};

}  // namespace tenon
