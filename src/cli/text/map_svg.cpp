#include "cli/text/map_svg.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <span>

#include "cli/text/library.hpp"
#include "cli/text/map_words.hpp"
#include "cli/text/markup.hpp"

namespace tenon::cli::text {
namespace {

using model::machine::ConfigCell;
using model::machine::ConfigMap;
using model::machine::GuestAccess;
using pci::OwnerKind;

// Pixels.
constexpr std::size_t cell_size = 12;
constexpr std::size_t row_cells = 32;
constexpr std::size_t rows = model::machine::config_cells / row_cells;
constexpr std::size_t margin = 16;
constexpr std::size_t offset_width = 52;
constexpr std::size_t side_width = row_cells * cell_size;
constexpr std::size_t side_gap = 28;
constexpr std::size_t line = 16;
constexpr std::size_t width = margin + offset_width + 2 * side_width + side_gap + margin;
constexpr std::size_t rows_top = 56;  // below title and names of the sides

// Colours by class; the second set is for viewers that prefer dark. No variables, which many
// viewers do not know.
constexpr std::string_view styles = R"(<style>
text { font: 12px monospace } .title { font-weight: bold; font-size: 14px }
.small { font-size: 10px } .letter { font-size: 9px }
rect { stroke: #ffffff } text { fill: #1f2328 } .small { fill: #6e7781 }
.paper { fill: #ffffff } .none { fill: #eef0f2 } .device { fill: #7cc88f }
.read { fill: #9ec1ee } .mixed { fill: #6fc7c2 } .ours { fill: #c4a7ea }
.hidden { fill: #c9ced4 } .stray { fill: #f0b35e } .head { fill: #b4bcc6 }
@media (prefers-color-scheme: dark) {
rect { stroke: #15191f } text { fill: #e6edf3 } .small { fill: #8d96a0 }
.paper { fill: #15191f } .none { fill: #222831 } .device { fill: #2c7a45 }
.read { fill: #2f5c99 } .mixed { fill: #1f7570 } .ours { fill: #6b45a3 }
.hidden { fill: #474f59 } .stray { fill: #99630f } .head { fill: #55606d }
}
</style>
)";

std::string text_at(std::size_t x, std::size_t y, std::string_view kind, std::string_view text) {
    return fmt::format("<text x=\"{}\" y=\"{}\" class=\"{}\" xml:space=\"preserve\">{}</text>\n", x,
                       y, kind, escaped(text));
}

std::string_view class_of(const ConfigCell& cell) {
    if (cell.owner == OwnerKind::NonZero) return "stray";
    switch (cell.guest) {
        case GuestAccess::Device:
            return "device";
        case GuestAccess::ReadOnly:
            return "read";
        case GuestAccess::Mixed:
            return "mixed";
        case GuestAccess::Ours:
            return "ours";
        case GuestAccess::Hidden:
            return "hidden";
        case GuestAccess::Nothing:
            return "none";
        case GuestAccess::Absent:
            break;
    }
    return cell.owner == OwnerKind::Zero || cell.owner == OwnerKind::NotRead ? "none" : "head";
}

std::string owner_words(const ConfigCell& cell, const model::function::FunctionView& view) {
    if (cell.decision) return view.capabilities[*cell.decision].name;
    switch (cell.owner) {
        case OwnerKind::Header:
            return "header";
        case OwnerKind::NonZero:
            return "a register that no capability names";
        case OwnerKind::NotRead:
            return "not read";
        default:
            return "nobody's, zero";
    }
}

// What is told of cells [first, last] when one points at them.
std::string tip(const ConfigCell& cell, const model::function::FunctionView& view,
                std::size_t first, std::size_t last) {
    auto text = fmt::format("{:#x}-{:#x} {}: {}", first * 4, last * 4 + 3, owner_words(cell, view),
                            name_of(cell.guest));
    if (!cell.decision) return text;
    const auto& decision = view.capabilities[*cell.decision];
    return text + fmt::format("\n{}: {} [{}]", model::chosen::name_of(decision.action),
                              decision.why, decision.source);
}

// One side: cells of one kind in a row are one rectangle with one tip.
template <typename Letter>
std::string side(const ConfigMap& map, const model::function::FunctionView& view, std::size_t left,
                 std::size_t top, Letter letter) {
    std::string svg;
    for (std::size_t row = 0; row < rows; ++row) {
        const auto y = top + row * cell_size;
        std::string line_of_letters;
        for (std::size_t first = row * row_cells; first < (row + 1) * row_cells;) {
            auto end = first + 1;
            while (end < (row + 1) * row_cells && map.cells[end] == map.cells[first])
                ++end;
            const auto& cell = map.cells[first];
            svg += fmt::format(
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" class=\"{}\">"
                "<title>{}</title></rect>\n",
                left + (first % row_cells) * cell_size, y, (end - first) * cell_size, cell_size,
                class_of(cell), escaped(tip(cell, view, first, end - 1)));
            for (; first < end; ++first)
                line_of_letters += letter(cell) == '.' ? ' ' : letter(cell);
        }
        for (std::size_t n = 0; n < row_cells; ++n)
            if (line_of_letters[n] != ' ')
                svg += fmt::format(
                    "<text x=\"{}\" y=\"{}\" class=\"letter\" text-anchor=\"middle\" "
                    "pointer-events=\"none\">{}</text>\n",
                    left + n * cell_size + cell_size / 2, y + cell_size - 3,
                    escaped(line_of_letters.substr(n, 1)));
    }
    return svg;
}

struct Key {
    std::string_view kind;
    std::string_view words;
};
constexpr auto keys = std::to_array<Key>({
    {"device", "p  the device's, read and written"},
    {"read", "r  the device's, read-only"},
    {"mixed", "m  bits of the device and of ours"},
    {"ours", "e  emulated, s  synthesized: ours"},
    {"hidden", "-  hidden: reads as zero"},
    {"stray", "+  a register that no capability names"},
    {"head", "   of a function that no guest gets"},
    {"none", "   nobody's, zero, or not read"},
});

// What the colours and letters mean, then the capabilities. Gives the y below it.
std::string legend(const model::slot::FunctionPlan& function, std::size_t top) {
    std::string svg;
    const auto left = margin;
    for (std::size_t n = 0; n < keys.size(); ++n) {
        const auto x = left + n % 2 * (width / 2 - margin);
        const auto y = top + n / 2 * line;
        svg += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"12\" height=\"12\" class=\"{}\"/>\n", x,
                           y, keys[n].kind);
        svg += text_at(x + 20, y + 10, "key", keys[n].words);
    }
    auto y = top + keys.size() / 2 * line + 10;
    svg += text_at(left + 20, y, "key",
                   "#  header; A, B, ...  a capability of this list: whose it is");
    y += 2 * line;
    svg += text_at(left, y, "row", "   host   guest  bytes  what        capability");
    const auto& capabilities = function.view.capabilities;
    for (std::size_t n = 0; n < capabilities.size(); ++n) {
        const auto& one = capabilities[n];
        y += line;
        const auto offset = [](std::optional<std::uint16_t> at) {
            return at ? hex(*at, 2) : std::string{"-"};
        };
        svg += text_at(left, y, "row",
                       fmt::format("{}  {:<6} {:<6} {:<6} {:<11} {}", capability_letter(n),
                                   offset(one.host_offset), offset(one.guest_offset), one.size,
                                   model::chosen::name_of(one.action), one.name));
    }
    return svg;
}

std::size_t height_of(const model::slot::FunctionPlan& function) {
    if (known_config(function.facts) == 0) return rows_top + line;
    return rows_top + rows * cell_size + line + (keys.size() / 2 + 2) * line + 10 +
           (function.view.capabilities.size() + 2) * line;
}

std::string render(const model::slot::FunctionPlan& function, std::size_t top) {
    if (known_config(function.facts) == 0)
        return text_at(margin, top + 22, "title", map_title(function)) +
               text_at(margin, top + 44, "side", no_bytes_for_a_map);
    const auto map = model::machine::map_config(function);
    const auto host = margin + offset_width;
    const auto guest = host + side_width + side_gap;
    auto svg = text_at(margin, top + 22, "title", map_title(function));
    svg += text_at(host, top + 44, "side", "on the host");
    svg += text_at(guest, top + 44, "side", "in the guest");
    const auto cells_top = top + rows_top;
    for (std::size_t row = 0; row < rows; row += 2)
        svg += text_at(margin, cells_top + row * cell_size + cell_size - 2, "small",
                       fmt::format("{:#05x}", row * row_cells * 4));
    svg += side(map, function.view, host, cells_top, host_letter);
    svg += side(map, function.view, guest, cells_top,
                [&](const ConfigCell& cell) { return guest_letter(cell, function.view); });
    return svg + legend(function, cells_top + rows * cell_size + line);
}

}  // namespace

std::string render_map_svg(const model::machine::MachinePlan& plan) {
    std::string body;
    std::size_t height = 0;
    for (const auto& port : plan.ports) {
        for (const auto& function : port->functions) {
            body += render(function, height);
            height += height_of(function);
        }
    }
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
        "viewBox=\"0 0 {0} {1}\">\n{2}<rect class=\"paper\" width=\"{0}\" "
        "height=\"{1}\"/>\n{3}</svg>\n",
        width, height, styles, body);
}

}  // namespace tenon::cli::text
