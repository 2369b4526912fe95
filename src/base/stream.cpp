#include "base/stream.hpp"

#include <algorithm>

namespace tenon {

Result<std::string> read_all(Stream& stream, std::size_t limit, std::string_view name) {
    std::string content;
    std::string piece(65536, '\0');
    for (;;) {
        TENON_TRY(got, stream.read(piece), "");
        if (got == 0) return content;
        content.append(piece, 0, got);
        if (content.size() > limit) return malformed("{}: longer than {} bytes", name, limit);
    }
}

Result<std::size_t> read_full(Stream& stream, std::span<char> out) {
    std::size_t filled = 0;
    while (filled < out.size()) {
        TENON_TRY(got, stream.read(out.subspan(filled)), "");
        if (got == 0) break;
        filled += got;
    }
    return filled;
}

Result<std::size_t> TextStream::read(std::span<char> out) {
    const auto count = text_.copy(out.data(), out.size(), at_);
    at_ += count;
    return count;
}

Result<std::string_view> PeekedStream::peek(std::size_t count) {
    const auto had = ahead_.size();
    if (had < count) {
        ahead_.resize(count);
        auto got = read_full(*stream_, std::span{ahead_}.subspan(had));
        ahead_.resize(had + got.value_or(0));
        if (!got) return std::unexpected(std::move(got).error());
    }
    return std::string_view{ahead_}.substr(0, count);
}

Result<std::size_t> PeekedStream::read(std::span<char> out) {
    if (ahead_.empty()) return stream_->read(out);
    const auto count = std::min(out.size(), ahead_.size());
    std::ranges::copy_n(ahead_.begin(), static_cast<std::ptrdiff_t>(count), out.begin());
    ahead_.erase(0, count);
    return count;
}

}  // namespace tenon
