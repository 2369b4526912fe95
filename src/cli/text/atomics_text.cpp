#include "cli/text/atomics_text.hpp"

#include <fmt/core.h>

#include "cli/text/table.hpp"
#include "device/atomic_widths.hpp"
#include "model/machine/plan_warnings.hpp"

namespace tenon::cli::text {
namespace {

std::string host_words(const model::function::HostAtomics& atomics) {
    if (!atomics.widths) return fmt::format("not known: {}", atomics.why);
    return fmt::format("{}: {}",
                       *atomics.widths == 0 ? "none" : device::words_of_widths(*atomics.widths),
                       atomics.why);
}

}  // namespace

std::string render_atomics(const model::slot::PortPlan& port, const TextStyle& style) {
    constexpr std::size_t indent = 4;
    std::string text;
    for (std::size_t n = 0; n < port.functions.size() && n < port.slot.functions.size(); ++n) {
        const auto& view = port.functions[n].view;
        if (!view.guest_view) continue;
        if (text.empty()) text = "\n  " + style.paint(Tone::Strong, "AtomicOps") + '\n';
        text +=
            paragraph(fmt::format("{}: on its host {}. Its AtomicOp Requester Enable {}", view.id,
                                  host_words(view.atomics), port.slot.functions[n].atomics_effect),
                      style, indent, 2);
    }
    // The first reason is the port's own, which its property has.
    for (std::size_t n = 1; n < port.slot.atomics_why.size(); ++n)
        text += paragraph(port.slot.atomics_why[n], style, indent, 2);
    for (const auto& warning : model::machine::warnings_of_port(port))
        text += paragraph(warning, style, indent, 2, Tone::Warning);
    return text;
}

}  // namespace tenon::cli::text
