#include "cli/text/words_text.hpp"

#include <fmt/core.h>

#include "cli/text/library.hpp"
#include "cli/text/table.hpp"
#include "device/atomic_widths.hpp"

namespace tenon::cli::text {
namespace {

std::string who_in_short(const model::slot::FunctionPlan& function) {
    const auto& view = function.view;
    const auto& words = *function.facts.words;
    std::string who;
    if (function.facts.identity)
        who += fmt::format("{:04x}:{:04x} (rev {:02x}), ", view.vendor, view.device, view.revision);
    if (words.class_code) who += fmt::format("{}, ", class_name(view.class_code));
    if (!words.name.empty()) who += words.name + ", ";
    return fmt::format("{}told by {}", who, function.facts.source);
}

std::string atomics_in_words(const model::function::HostAtomics& atomics) {
    if (!atomics.widths) return fmt::format("AtomicOps on its host: not known: {}", atomics.why);
    return fmt::format("AtomicOps on its host: {}: {}", device::words_of_widths(*atomics.widths),
                       atomics.why);
}

}  // namespace

std::string render_words(const model::slot::FunctionPlan& function, const TextStyle& style,
                         std::size_t indent) {
    const auto& words = function.facts.words;
    if (!words) return "";
    std::string text;
    const auto add = [&](const std::string& line, Tone tone = Tone::Plain) {
        text += paragraph(line, style, indent, 2, tone);
    };
    add(who_in_short(function));
    add(function.view.driver_line);
    for (const auto& told : words->told)
        add(told);
    if (words->is_bridge) return text;
    add(atomics_in_words(function.view.atomics));
    add("what bytes would add (lspci -xxxx, as root): what a guest sees of each capability, BAR "
        "and "
        "interrupt, and what the host changes",
        Tone::Faint);
    return text;
}

}  // namespace tenon::cli::text
