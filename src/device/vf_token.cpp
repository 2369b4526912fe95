#include "device/vf_token.hpp"

#include <fmt/core.h>

#include "base/text.hpp"

namespace tenon::device {
namespace {

// Where a UUID's text has its hyphens. Source: RFC 9562, 4.
bool is_hyphen_place(std::size_t at) { return at == 8 || at == 13 || at == 18 || at == 23; }

}  // namespace

Result<VfToken> parse_vf_token(std::string_view text) {
    constexpr std::size_t length = 36;
    const auto wrong = [&] {
        return malformed("\"{}\" is no UUID such as 01234567-89ab-cdef-0123-456789abcdef", text);
    };
    if (text.size() != length) return wrong();
    VfToken token;
    std::size_t next = 0;
    for (std::size_t at = 0; at < length;) {
        if (is_hyphen_place(at)) {
            if (text[at++] != '-') return wrong();
            continue;
        }
        const auto byte = parse_hex(text.substr(at, 2));
        if (!byte) return wrong();
        token.bytes.at(next++) = static_cast<std::byte>(*byte);
        at += 2;
    }
    return token;
}

std::string to_string(const VfToken& token) {
    std::string text;
    for (const auto byte : token.bytes) {
        if (is_hyphen_place(text.size())) text += '-';
        text += fmt::format("{:02x}", static_cast<unsigned>(byte));
    }
    return text;
}

}  // namespace tenon::device
