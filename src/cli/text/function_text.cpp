#include "cli/text/function_text.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.hpp"
#include "cli/text/host_text.hpp"
#include "cli/text/interrupts_text.hpp"
#include "cli/text/library.hpp"
#include "cli/text/property_text.hpp"
#include "cli/text/table.hpp"
#include "cli/text/words_text.hpp"
#include "model/machine/plan_warnings.hpp"
#include "model/virtio/device_type.hpp"
#include "model/virtio/program.hpp"

namespace tenon::cli::text {
namespace {

using model::chosen::Action;

constexpr std::size_t indent = 2;

Tone tone_of(Action action) {
    switch (action) {
        case Action::Pass:
            return Tone::Good;
        case Action::Emulate:
        case Action::Synthesize:
            return Tone::Ours;
        case Action::Hide:
            return Tone::Warning;
    }
    return Tone::Plain;
}

std::string heading(std::string_view title, const TextStyle& style) {
    return fmt::format("\n{:{}}{}\n", "", indent, style.paint(Tone::Strong, title));
}

// `body` below its title, unless there is none.
std::string titled(std::string_view title, const std::string& body, const TextStyle& style) {
    return body.empty() ? "" : heading(title, style) + body;
}

std::string process_in_words(const model::virtio::Backend& backend) {
    if (!backend.program) return "its process is asked when the guest starts";
    return fmt::format("{}, and is started with the guest",
                       model::virtio::program_in_words(*backend.program));
}

std::string render_head(const model::slot::FunctionPlan& function, const TextStyle& style) {
    const auto& view = function.view;
    auto text = fmt::format("{:{}}{} {} {}\n", "", indent, style.paint(Tone::Strong, view.id),
                            view.host, place_in_words(function));
    if (function.facts.source != view.host)
        text += paragraph(fmt::format("read from {}", function.facts.source), style, inner);
    if (known_config(function.facts) != 0)
        text += paragraph(
            fmt::format("{:04x}:{:04x} (rev {:02x}), {} (class {:06x})", view.vendor, view.device,
                        view.revision, class_name(view.class_code), view.class_code),
            style, inner);
    if (function.backend)
        text += paragraph(
            fmt::format("a Virtio device of type {}, with {} queue{} of {} entries; {}",
                        model::virtio::name_of_type(function.backend->type),
                        function.backend->queues, function.backend->queues == 1 ? "" : "s",
                        function.backend->queue_size, process_in_words(*function.backend)),
            style, inner);
    else if (function.facts.vfio)
        text += paragraph("opened through VFIO to ask about it, which resets it, and given back",
                          style, inner);
    return text;
}

std::string offset(std::optional<std::uint16_t> at) { return at ? hex(*at, 2) : "-"; }

std::string name_of(const model::chosen::Decision& decision) {
    const bool extended = decision.list == model::chosen::CapabilityList::Extended;
    return fmt::format("{} ({:#0{}x})", decision.name, decision.id, extended ? 6 : 4);
}

std::string reason_of(const model::chosen::Decision& decision) {
    if (decision.source.empty()) return decision.why;
    return fmt::format("{} [{}]", decision.why, decision.source);
}

// What the guest sees of each. Wide text has names in a column of their own.
Table guest_capabilities(const model::function::FunctionView& view, bool wide) {
    Table table{wide ? std::vector<Table::Column>{{"host"},
                                                  {"guest"},
                                                  {"what"},
                                                  {"capability"},
                                                  {"why [source]"}}
                     : std::vector<Table::Column>{
                           {"host"}, {"guest"}, {"what"}, {"capability: why [source]"}}};
    for (const auto& decision : view.capabilities) {
        const auto tone = decision.action == Action::Hide ? Tone::Faint : Tone::Plain;
        std::vector<Cell> row{{.text = offset(decision.host_offset), .tone = tone},
                              {.text = offset(decision.guest_offset), .tone = tone},
                              {.text = std::string{model::chosen::name_of(decision.action)},
                               .tone = tone_of(decision.action)}};
        if (wide) {
            row.push_back({.text = name_of(decision), .tone = tone});
            row.push_back({.text = reason_of(decision), .tone = tone});
        } else {
            row.push_back({.text = reason_of(decision),
                           .tone = tone,
                           .lead = fmt::format("{}:", name_of(decision))});
        }
        table.add(std::move(row));
    }
    return table;
}

// Of a function that no guest sees: all hidden for one reason, which the verdict gives.
Table host_capabilities(const model::function::FunctionView& view) {
    Table table{{{"host"}, {"guest"}, {"what"}, {"capability"}}};
    for (const auto& decision : view.capabilities)
        table.add(
            {{.text = offset(decision.host_offset)},
             {.text = offset(decision.guest_offset)},
             {.text = std::string{model::chosen::name_of(decision.action)}, .tone = Tone::Faint},
             {.text = name_of(decision)}});
    return table;
}

std::string render_capabilities(const model::slot::FunctionPlan& function, const TextStyle& style) {
    constexpr std::size_t wide = 140;
    const auto& view = function.view;
    const auto text = heading("Capabilities", style);
    if (view.capabilities.empty()) {
        const bool read = known_config(function.facts) > pci::header_size;
        return text + paragraph(read ? "none" : "not known: they lie past the bytes that were read",
                                style, inner);
    }
    const auto table =
        view.guest_view ? guest_capabilities(view, style.width >= wide) : host_capabilities(view);
    return text + table.render(style, inner);
}

// The parts that are mapped, if they are not the whole BAR.
std::string mapped_parts(const model::function::BarPlan& bar) {
    if (bar.mapped.empty() || !bar.size) return "";
    if (bar.mapped.size() == 1 && bar.mapped.front().size == *bar.size) return "";
    std::vector<std::string> parts;
    parts.reserve(bar.mapped.size());
    for (const auto& area : bar.mapped)
        parts.push_back(fmt::format("{:#x}-{:#x}", area.offset, area.offset + area.size - 1));
    return fmt::format(" (mapped: {})", fmt::join(parts, ", "));
}

std::string render_bars(const model::slot::FunctionPlan& function, const TextStyle& style) {
    const auto& view = function.view;
    if (view.bars.empty()) return "";
    Table table{{{"BAR"}, {"size"}, {"kind"}, {"in the guest"}, {"access"}}};
    for (const auto& bar : view.bars) {
        const bool rom = bar.index == device::rom_region;
        auto kind = rom ? std::string{"option ROM"} : std::string{pci::name_of(bar.kind)};
        if (bar.prefetchable) kind += ", prefetchable";
        const auto address = function.bar_address[bar.index];
        table.add({{.text = rom ? "ROM" : std::to_string(bar.index)},
                   {.text = bar.size ? format_size(*bar.size) : "not known"},
                   {.text = std::move(kind)},
                   {.text = address == 0 ? "-" : hex(address)},
                   {.text = bar.why + mapped_parts(bar)}});
    }
    return heading("BARs", style) + table.render(style, inner);
}

std::string render_choices(const model::function::FunctionView& view, const TextStyle& style) {
    if (view.properties.empty()) return "";
    return heading("Properties", style) + render_properties(view.properties, style, inner);
}

std::string render_warnings(const std::vector<std::string>& warnings, const TextStyle& style) {
    std::string text;
    for (const auto& warning : warnings)
        text += paragraph(warning, style, inner, 2, Tone::Warning);
    return titled("Warnings", text, style);
}

}  // namespace

std::string place_in_words(const model::slot::FunctionPlan& function) {
    const auto& view = function.view;
    if (view.guest_view) return fmt::format("is {} in the guest", guest_address(function.guest));
    const bool can_be_mended =
        std::ranges::all_of(view.reasons, [](const model::chosen::Reason& reason) {
            return !reason.remedy.empty() || !reason.commands.empty();
        });
    const bool words_alone = function.facts.words && known_config(function.facts) == 0;
    if (!can_be_mended || !words_alone) return "stays with the host";
    return view.assignable ? "is known by words alone"
                           : "is known by words alone, and not ready for a guest yet";
}

std::string render_function(const model::slot::FunctionPlan& function,
                            const model::slot::PortPlan& port, const TextStyle& style) {
    const auto text = render_head(function, style);
    const auto warnings =
        render_warnings(model::machine::warnings_of_function(function, port.slot), style);
    if (known_config(function.facts) == 0)
        return text + render_words(function, style, inner) + warnings;
    return text + render_capabilities(function, style) + render_bars(function, style) +
           titled("Interrupts", render_interrupts(function.view, style, inner), style) +
           render_choices(function.view, style) + render_host(function, port, style) + warnings;
}

}  // namespace tenon::cli::text
