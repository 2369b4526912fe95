#include "model/machine/interrupt_budget.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace tenon::model::machine {
namespace {

// Of a processor's 256 vectors the kernel keeps those below 0x20, and some twenty at the end, for
// itself. Source: arch/x86/include/asm/irq_vectors.h.
constexpr std::uint32_t vectors_of_processor = 200;

// Files of a machine beside the vectors': KVM, processors, devices, their events, clients.
constexpr std::uint64_t other_files = 200;

std::uint32_t vectors_of(const function::FunctionView& view) {
    const std::uint32_t msix = view.msix ? view.msix->vectors : 0;
    const std::uint32_t msi = view.msi ? view.msi->vectors : 0;
    return std::max(msix, msi);
}

// VFIO says how many vectors it would set up; a kernel that has fewer than the device shows.
void check_offers(const slot::FunctionPlan& function, std::vector<std::string>& warnings) {
    const auto& view = function.view;
    if (!function.facts.vfio || !view.msix) return;
    const auto offered =
        function.facts.vfio->irqs[static_cast<std::size_t>(device::IrqIndex::Msix)].count;
    if (offered >= view.msix->vectors) return;
    warnings.push_back(fmt::format(
        "{}: the host's kernel offers {} of its {} MSI-X vectors; the others would stay silent",
        view.id, offered, view.msix->vectors));
}

void add(const slot::PortPlan& port, InterruptBudget& budget) {
    for (const auto& function : port.functions) {
        if (!function.view.guest_view) continue;
        budget.vectors += vectors_of(function.view);
        check_offers(function, budget.warnings);
    }
}

// What the functions need against what there is.
void compare(InterruptBudget& budget) {
    const auto& [processors, files] = budget.limits;
    if (budget.vectors > kvm_message_routes)
        budget.warnings.push_back(
            fmt::format("the functions have {} interrupt vectors and KVM routes {} at a time: what "
                        "a guest uses "
                        "beyond that Tenon delivers itself, slower",
                        budget.vectors, kvm_message_routes));
    if (files && budget.vectors + other_files > *files)
        budget.warnings.push_back(fmt::format(
            "the functions have {} interrupt vectors, each a file while it is used, and tenon run "
            "may have {} open: vectors beyond that stay silent; raise the hard limit (ulimit -Hn)",
            budget.vectors, *files));
    if (!processors) {
        budget.host = Unknown{processors.why()};
        return;
    }
    budget.host = *processors * vectors_of_processor;
    if (budget.vectors > *budget.host)
        budget.warnings.push_back(fmt::format(
            "the functions have {} interrupt vectors and the {} processor{} of this host about {} "
            "for all devices: vectors that the host refuses stay silent; only those that a guest "
            "uses are taken",
            budget.vectors, *processors, *processors == 1 ? "" : "s", *budget.host));
}

}  // namespace

InterruptBudget sum_interrupts(std::span<const slot::PortPlan> ports,
                               const InterruptLimits& limits) {
    InterruptBudget budget{.limits = limits};
    for (const auto& port : ports)
        add(port, budget);
    compare(budget);
    return budget;
}

InterruptBudget sum_interrupts(std::span<const std::shared_ptr<const slot::PortPlan>> ports,
                               const InterruptLimits& limits) {
    InterruptBudget budget{.limits = limits};
    for (const auto& port : ports)
        add(*port, budget);
    compare(budget);
    return budget;
}

}  // namespace tenon::model::machine
