#include "capture/listing/header_line.hpp"

#include "base/text.hpp"
#include "capture/listing/class_names.hpp"
#include "capture/listing/limits.hpp"

namespace tenon::capture::listing {
namespace {

std::optional<std::uint64_t> hex_of(std::string_view text, std::size_t digits) {
    return text.size() == digits ? parse_hex(text) : std::nullopt;
}

// The two digits behind `key` in "(rev 07)" and "(prog-if 02 [NVM Express])".
std::optional<std::uint8_t> byte_behind(std::string_view text, std::string_view key) {
    const auto at = text.rfind(key);
    if (at == std::string_view::npos) return std::nullopt;
    const auto value = hex_of(text.substr(at + key.size(), 2), 2);
    if (!value) return std::nullopt;
    return static_cast<std::uint8_t>(*value);
}

// The name without what stands behind it in brackets.
std::string_view name_in(std::string_view text) {
    for (const std::string_view end : {" (rev ", " (prog-if "})
        if (const auto at = text.rfind(end); at != std::string_view::npos)
            text = text.substr(0, at);
    if (const auto open = text.rfind(" ["); open != std::string_view::npos)
        if (last_ids(text.substr(open))) text = text.substr(0, open);
    return trimmed(text).substr(0, longest_name);
}

}  // namespace

std::optional<std::uint16_t> parse_class(std::string_view text) {
    if (text.ends_with(']')) {
        const auto open = text.rfind('[');
        if (open == std::string_view::npos) return std::nullopt;
        text = text.substr(open + 1, text.size() - open - 2);
    } else if (const auto code = class_of(text)) {
        return code;
    } else if (text.starts_with("Class ")) {
        text.remove_prefix(6);
    }
    const auto code = hex_of(text, 4);
    if (!code) return std::nullopt;
    return static_cast<std::uint16_t>(*code);
}

std::optional<Ids> parse_ids(std::string_view text) {
    if (text.size() != 9 || text[4] != ':') return std::nullopt;
    const auto vendor = hex_of(text.substr(0, 4), 4);
    const auto device = hex_of(text.substr(5), 4);
    if (!vendor || !device) return std::nullopt;
    return Ids{.vendor = static_cast<std::uint16_t>(*vendor),
               .device = static_cast<std::uint16_t>(*device)};
}

std::optional<Ids> last_ids(std::string_view text) {
    constexpr std::size_t size = 9;
    auto open = text.rfind('[');
    while (open != std::string_view::npos) {
        const auto inside = text.substr(open + 1);
        if (inside.size() > size && inside[size] == ']')
            if (const auto ids = parse_ids(inside.substr(0, size))) return ids;
        text = text.substr(0, open);
        open = text.rfind('[');
    }
    return std::nullopt;
}

std::optional<HeaderLine> parse_header_line(std::string_view text) {
    constexpr std::size_t longest_class = 64;
    const auto colon = text.substr(0, longest_class + 2).find(": ");
    if (colon == std::string_view::npos) return std::nullopt;
    HeaderLine line{.class_code = parse_class(trimmed(text.substr(0, colon)))};
    if (!line.class_code) return std::nullopt;
    const auto rest = trimmed(text.substr(colon + 2));
    line.revision = byte_behind(rest, "(rev ");
    line.interface = byte_behind(rest, "(prog-if ");
    line.ids = parse_ids(rest.substr(0, rest.find(' ')));
    if (line.ids) return line;
    // "Device 8086:0b25": lspci knew no name of the vendor.
    constexpr std::string_view nameless = "Device ";
    if (rest.starts_with(nameless)) line.ids = parse_ids(rest.substr(nameless.size(), 9));
    if (line.ids) return line;
    line.ids = last_ids(rest);
    line.name = name_in(rest);
    return line;
}

void put_header(const HeaderLine& line, Said& said) {
    if (said.name.empty()) said.name = line.name;
    if (line.class_code) said.class_code.say(*line.class_code);
    if (line.ids) said.ids.say(*line.ids);
    if (line.revision) said.revision.say(*line.revision);
    if (line.interface) said.interface.say(*line.interface);
}

}  // namespace tenon::capture::listing
