#include "cli/text/interrupts_text.hpp"

#include <fmt/core.h>

#include "cli/text/table.hpp"
#include "model/machine/plan_warnings.hpp"

namespace tenon::cli::text {
namespace {

std::string vectors(unsigned count) {
    return fmt::format("{} vector{}", count, count == 1 ? "" : "s");
}

std::string words_of(const model::function::IntxPlan& intx) {
    const auto pin = fmt::format("INT{}, input {} of the guest's IOAPIC",
                                 static_cast<char>('A' + intx.pin - 1), intx.interrupt);
    if (intx.delivery == model::function::IntxDelivery::Irqfd)
        return fmt::format("{}; delivered by KVM, which tells the device of its end", pin);
    return fmt::format("{}; delivered by Tenon, with the BARs trapped until its end: {}", pin,
                       intx.why);
}

std::string words_of(const model::function::MsiPlan& msi) {
    return fmt::format("{}, {}-bit address, {}", vectors(msi.vectors), msi.wide ? 64 : 32,
                       msi.maskable ? "each can be masked" : "cannot be masked one by one");
}

std::string words_of(const model::function::MsixPlan& msix) {
    return fmt::format("{}, table in BAR {} at {:#x}, pending bits in BAR {} at {:#x}",
                       vectors(msix.vectors), msix.table_bar, msix.table_offset, msix.pba_bar,
                       msix.pba_offset);
}

}  // namespace

std::string render_budget(const model::machine::MachinePlan& plan, const TextStyle& style,
                          std::size_t indent) {
    std::string text;
    for (const auto& warning : model::machine::warnings_of_budgets(plan))
        text += paragraph(warning, style, indent, 2, Tone::Warning);
    return text;
}

std::string render_interrupts(const model::function::FunctionView& view, const TextStyle& style,
                              std::size_t indent) {
    const bool hidden = !view.intx && !view.no_intx.empty();
    if (!view.guest_view || (!view.intx && !hidden && !view.msi && !view.msix)) return "";
    Table table{{{}, {}}};
    if (hidden) table.add({{.text = "INTx"}, {.text = "none: " + view.no_intx}});
    if (view.intx) table.add({{.text = "INTx"}, {.text = words_of(*view.intx)}});
    if (view.msi) table.add({{.text = "MSI"}, {.text = words_of(*view.msi)}});
    if (view.msix) table.add({{.text = "MSI-X"}, {.text = words_of(*view.msix)}});
    return table.render(style, indent);
}

}  // namespace tenon::cli::text
