#include "capture/text/lines.hpp"

#include <algorithm>
#include <cstdint>

#include "capture/text/limits.hpp"

namespace tenon::capture::text {
namespace {

// As much of a text as tells its encoding.
constexpr std::size_t beginning_size = 32;
constexpr std::string_view utf8_mark = "\xef\xbb\xbf";
constexpr std::string_view little_mark = "\xff\xfe";
constexpr std::string_view big_mark = "\xfe\xff";

bool is_letter(char byte) {
    return (byte >= ' ' && byte <= '~') || byte == '\t' || byte == '\n' || byte == '\r';
}

// Whether each unit of 16 bits is an ASCII letter, its zero byte being number `zero` of the two.
bool is_wide_ascii(std::string_view text, std::size_t zero) {
    if (text.size() < beginning_size) return false;
    for (std::size_t at = 0; at + 1 < beginning_size; at += 2)
        if (text[at + zero] != '\0' || !is_letter(text[at + 1 - zero])) return false;
    return true;
}

void append_utf8(std::string& out, std::uint32_t code) {
    const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code < 0x80) return put(code);
    if (code < 0x800) {
        put(0xc0 | code >> 6);
    } else if (code < 0x10000) {
        put(0xe0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3f));
    } else {
        put(0xf0 | code >> 18);
        put(0x80 | (code >> 12 & 0x3f));
        put(0x80 | (code >> 6 & 0x3f));
    }
    put(0x80 | (code & 0x3f));
}

constexpr std::uint32_t replacement = 0xfffd;

}  // namespace

bool is_utf16(std::string_view beginning) {
    return beginning.starts_with(little_mark) || beginning.starts_with(big_mark) ||
           is_wide_ascii(beginning, 1) || is_wide_ascii(beginning, 0);
}

void Lines::settle() {
    const std::string_view text = beginning_;
    encoding_ = Encoding::Bytes;
    std::size_t mark = 0;
    if (text.starts_with(utf8_mark)) {
        mark = utf8_mark.size();
    } else if (is_utf16(text)) {
        const bool marked = text.starts_with(little_mark) || text.starts_with(big_mark);
        const bool little = marked ? text.starts_with(little_mark) : text[0] != '\0';
        encoding_ = little ? Encoding::Utf16Little : Encoding::Utf16Big;
        mark = marked ? little_mark.size() : 0;
    }
    beginning_.erase(0, mark);
}

Result<void> Lines::feed(std::string_view bytes) {
    if (encoding_ != Encoding::Unsettled) return decode(bytes);
    const auto count = std::min(bytes.size(), beginning_size - beginning_.size());
    beginning_ += bytes.substr(0, count);
    if (beginning_.size() < beginning_size) return {};
    settle();
    const auto beginning = std::exchange(beginning_, {});
    TENON_TRY_DO(decode(beginning), "");
    return decode(bytes.substr(count));
}

Result<void> Lines::end() {
    if (encoding_ == Encoding::Unsettled) {
        settle();
        const auto beginning = std::exchange(beginning_, {});
        TENON_TRY_DO(decode(beginning), "");
    }
    if (partial_.empty() && !too_long_) return {};
    return finish("");
}

Result<void> Lines::decode(std::string_view bytes) {
    if (encoding_ == Encoding::Bytes) return cut(bytes);
    convert(bytes);
    return cut(converted_);
}

void Lines::convert(std::string_view bytes) {
    converted_.clear();
    const auto unit = [&](char first, char second) {
        const bool little = encoding_ == Encoding::Utf16Little;
        const auto low = static_cast<std::uint8_t>(little ? first : second);
        const auto high = static_cast<std::uint8_t>(little ? second : first);
        const std::uint32_t code = std::uint32_t{high} << 8 | low;
        if (high_ != 0) {
            const auto pair = std::exchange(high_, 0);
            if (code >= 0xdc00 && code < 0xe000)
                return append_utf8(converted_, 0x10000 + ((pair - 0xd800) << 10) + (code - 0xdc00));
            append_utf8(converted_, replacement);
        }
        if (code >= 0xd800 && code < 0xdc00)
            high_ = code;
        else
            append_utf8(converted_, code >= 0xdc00 && code < 0xe000 ? replacement : code);
    };
    if (!beginning_.empty() && !bytes.empty()) {
        unit(beginning_.front(), bytes.front());
        beginning_.clear();
        bytes.remove_prefix(1);
    }
    for (; bytes.size() >= 2; bytes.remove_prefix(2))
        unit(bytes[0], bytes[1]);
    beginning_ += bytes;
}

Result<void> Lines::cut(std::string_view bytes) {
    // Each end is looked for once: a text without one of them must not be searched for every line.
    auto feed_at = bytes.find('\n');
    auto return_at = bytes.find('\r');
    std::size_t from = 0;
    while (from < bytes.size()) {
        if (feed_at < from) feed_at = bytes.find('\n', from);
        if (return_at < from) return_at = bytes.find('\r', from);
        const auto at = std::min(feed_at, return_at);
        if (at == std::string_view::npos) {
            after_return_ = false;
            keep(bytes.substr(from));
            break;
        }
        const bool second_half = after_return_ && at == from && bytes[at] == '\n';
        after_return_ = bytes[at] == '\r';
        if (!second_half) TENON_TRY_DO(finish(bytes.substr(from, at - from)), "");
        from = at + 1;
    }
    return {};
}

void Lines::keep(std::string_view part) {
    if (too_long_ || part.size() > longest_line - partial_.size()) {
        too_long_ = true;
        partial_.clear();
        return;
    }
    partial_ += part;
}

Result<void> Lines::finish(std::string_view last) {
    Line line{.number = ++number_};
    if (partial_.empty() && !too_long_ && last.size() <= longest_line) {
        line.text = last;
        return take_(line);
    }
    keep(last);
    line.too_long = std::exchange(too_long_, false);
    const auto whole = std::exchange(partial_, {});
    line.text = whole;
    return take_(line);
}

}  // namespace tenon::capture::text
