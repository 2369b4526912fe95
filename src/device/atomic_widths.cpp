#include "device/atomic_widths.hpp"

#include <fmt/ranges.h>

#include <array>
#include <utility>

#include "base/text.hpp"
#include "device/facts.hpp"

namespace tenon::device {
namespace {

constexpr std::array widths{std::pair{atomics_32, 32u}, std::pair{atomics_64, 64u},
                            std::pair{atomics_128, 128u}};

}  // namespace

std::vector<unsigned> list_widths(std::uint32_t mask) {
    std::vector<unsigned> list;
    for (const auto& [bit, width] : widths)
        if ((mask & bit) != 0) list.push_back(width);
    return list;
}

std::string key_of_widths(std::uint32_t mask) {
    return mask == 0 ? "none" : fmt::format("{}", fmt::join(list_widths(mask), "+"));
}

std::string words_of_widths(std::uint32_t mask) {
    auto list = list_widths(mask);
    if (list.empty()) return "no";
    const auto last = list.back();
    list.pop_back();
    if (list.empty()) return fmt::format("{} bit", last);
    return fmt::format("{} and {} bit", fmt::join(list, ", "), last);
}

Result<std::uint32_t> parse_widths(std::string_view text) {
    std::uint32_t mask = 0;
    for (const auto part : split(text, '+')) {
        std::uint32_t bit = 0;
        for (const auto& [known, width] : widths)
            if (part == std::to_string(width)) bit = known;
        if (bit == 0 || (mask & bit) != 0)
            return malformed("\"{}\" is not one of 32, 64 and 128, each once", part);
        mask |= bit;
    }
    return mask;
}

}  // namespace tenon::device
