#include "capture/listing/tree_line.hpp"

#include "base/text.hpp"
#include "capture/listing/limits.hpp"

namespace tenon::capture::listing {
namespace {

// The columns of a root bus: any column of a line hangs behind it.
constexpr std::size_t any_column = 0;

bool has(std::string_view line, std::size_t at, std::string_view word) {
    return at <= line.size() && line.substr(at).starts_with(word);
}

std::optional<std::uint64_t> hex_at(std::string_view line, std::size_t at, std::size_t digits) {
    if (at > line.size() || line.size() - at < digits) return std::nullopt;
    return parse_hex(line.substr(at, digits));
}

}  // namespace

// Takes "[0000:00]-".
bool TreeLines::take_root(std::string_view line, std::size_t& at) {
    if (!has(line, at, "[")) return false;
    const auto end = line.find(']', at);
    if (end == std::string_view::npos || !has(line, end, "]-")) return false;
    const auto inside = line.substr(at + 1, end - at - 1);
    const auto colon = inside.find(':');
    if (colon == std::string_view::npos || colon < 4 || colon > 8) return false;
    const auto domain = parse_hex(inside.substr(0, colon));
    const auto bus = parse_hex(inside.substr(colon + 1));
    if (!domain || !bus || *bus > 0xff) return false;
    buses_.clear();
    buses_.push_back({.column = any_column,
                      .domain = static_cast<std::uint32_t>(*domain),
                      .number = static_cast<std::uint8_t>(*bus),
                      .bridge = {}});
    at = end + 2;
    return true;
}

// Finds where in the line the first thing that is new begins; none: it is not of the drawing.
std::optional<std::size_t> TreeLines::begin(std::string_view line) {
    const auto mark = line.find_first_not_of(" \t|>");
    if (mark == std::string_view::npos) return std::nullopt;
    auto at = mark;
    if (has(line, at, "-[") || has(line, at, "-+-[")) {
        at += has(line, at, "-[") ? 1 : 3;
        return take_root(line, at) ? std::optional{at} : std::nullopt;
    }
    if (!drawing_ || (!has(line, at, "+-") && !has(line, at, "\\-"))) return std::nullopt;
    at += 2;
    if (has(line, at, "[")) return take_root(line, at) ? std::optional{at} : std::nullopt;
    while (!buses_.empty() && buses_.back().column != mark && buses_.back().column != any_column)
        buses_.pop_back();
    if (buses_.empty()) return std::nullopt;
    // The root bus has its column once something hangs on it.
    if (buses_.back().column != mark) return std::nullopt;
    return at;
}

// Takes "1c.0-[02-03]--" and what hangs on that bus in this line.
bool TreeLines::take_function(std::string_view line, std::size_t& at,
                              const std::function<void(const TreeFunction&)>& found) {
    const auto device = hex_at(line, at, 2);
    if (!device || *device > 31 || !has(line, at + 2, ".")) return false;
    const auto function = hex_at(line, at + 3, 1);
    if (!function || *function > 7) return false;
    at += 4;
    const auto bus = buses_.back();
    TreeFunction one{.address = {.domain = bus.domain,
                                 .bus = bus.number,
                                 .device = static_cast<std::uint8_t>(*device),
                                 .function = static_cast<std::uint8_t>(*function)},
                     .above = bus.bridge,
                     .secondary = {},
                     .name = {}};
    const auto behind = has(line, at, "-[") ? hex_at(line, at + 2, 2) : std::nullopt;
    if (!behind) {
        one.name = trimmed(line.substr(at));
        at = line.size();
        found(one);
        return true;
    }
    one.secondary = static_cast<std::uint8_t>(*behind);
    found(one);
    const auto end = line.find(']', at);
    at = end == std::string_view::npos ? line.size() : end + 1;
    if (buses_.size() > deepest) return false;
    // The bus is below the bridge; its column is known where something hangs on it.
    buses_.push_back({.column = std::string_view::npos,
                      .domain = bus.domain,
                      .number = *one.secondary,
                      .bridge = one.address});
    return true;
}

bool TreeLines::take(std::string_view line, const std::function<void(const TreeFunction&)>& found) {
    const auto start = begin(line);
    if (!start) {
        drawing_ = false;
        return false;
    }
    drawing_ = true;
    auto at = *start;
    for (std::size_t n = 0; n <= deepest && at < line.size(); ++n) {
        while (has(line, at, "-"))
            ++at;
        if (has(line, at, "+-")) {
            buses_.back().column = at;
            at += 2;
        }
        if (at >= line.size() || !take_function(line, at, found)) break;
    }
    return true;
}

}  // namespace tenon::capture::listing
