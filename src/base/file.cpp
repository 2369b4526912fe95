#include "base/file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <string_view>

#include "base/fd.hpp"
#include "base/input.hpp"
#include "base/path.hpp"
#include "base/text.hpp"

namespace tenon {

Result<std::string> read_file(const std::string& path, std::size_t limit) {
    TENON_TRY(file, open_regular(path), "");
    return read_to_end(file, limit, path);
}

Result<std::string> read_to_end(const Fd& file, std::size_t limit, std::string_view path) {
    std::string content;
    std::string piece(16384, '\0');
    for (;;) {
        const auto got = ::read(file.number(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_system(errno, path);
        if (got == 0) return content;
        content.append(piece, 0, static_cast<std::size_t>(got));
        if (content.size() > limit) return malformed("{}: longer than {} bytes", path, limit);
    }
}

Result<std::uint64_t> size_of_file(const Fd& file, std::string_view path) {
    struct stat status{};
    if (::fstat(file.number(), &status) < 0) return fail_system(errno, path);
    if (!S_ISREG(status.st_mode)) return malformed("{}: not a regular file", path);
    return static_cast<std::uint64_t>(status.st_size);
}

Result<void> read_at(const Fd& file, std::uint64_t offset, std::span<std::byte> out,
                     std::string_view path) {
    while (!out.empty()) {
        const auto got = ::pread(file.number(), out.data(), out.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_system(errno, path);
        if (got == 0) return malformed("{}: became shorter while it was read", path);
        offset += static_cast<std::uint64_t>(got);
        out = out.subspan(static_cast<std::size_t>(got));
    }
    return {};
}

Result<std::string> read_attribute(const std::string& path) {
    TENON_TRY(content, read_file(path, std::size_t{64} * 1024), "");
    const std::string_view text{content};
    return std::string{trimmed(text.substr(0, text.find('\n')))};
}

Result<std::string> link_name(const std::string& path) {
    std::string buffer(PATH_MAX, '\0');
    TENON_TRY(name, kernel_path(path), "");
    const auto got = ::readlink(name, buffer.data(), buffer.size());
    if (got < 0) return fail_system(errno, path);
    const std::string_view target{buffer.data(), static_cast<std::size_t>(got)};
    const auto slash = target.rfind('/');
    return std::string{slash == std::string_view::npos ? target : target.substr(slash + 1)};
}

}  // namespace tenon
