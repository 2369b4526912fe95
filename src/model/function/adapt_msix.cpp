#include <fmt/core.h>

#include <algorithm>

#include "model/function/adapters.hpp"
#include "pci/msix.hpp"

namespace tenon::model::function {
namespace {

// Where one of the two structures is said to be; why it cannot be there, or empty.
std::string misplaced(const AdaptContext& context, std::string_view what, unsigned bar,
                      std::uint64_t offset, std::uint64_t size) {
    const auto& view = context.view;
    const auto plan = std::ranges::find(view.bars, bar, &BarPlan::index);
    if (plan == view.bars.end() && bar < device::bar_count && !context.bars_known) return {};
    if (plan == view.bars.end() || plan->kind == pci::BarKind::Io)
        return fmt::format("its {} is said to be in BAR {}, which is no memory BAR of the function",
                           what, bar);
    if (plan->size && (offset > *plan->size || size > *plan->size - offset))
        return fmt::format("its {} ({:#x} bytes at {:#x}) leaves BAR {} of {:#x} bytes", what, size,
                           offset, bar, *plan->size);
    return {};
}

std::string misplaced(const AdaptContext& context, const MsixPlan& plan) {
    auto why = misplaced(context, "table", plan.table_bar, plan.table_offset, plan.table_size());
    if (why.empty())
        why =
            misplaced(context, "pending bit array", plan.pba_bar, plan.pba_offset, plan.pba_size());
    if (!why.empty()) return why;
    const bool overlap = plan.table_bar == plan.pba_bar &&
                         plan.table_offset < plan.pba_offset + plan.pba_size() &&
                         plan.pba_offset < plan.table_offset + plan.table_size();
    return overlap ? "its table and its pending bit array overlap" : "";
}

}  // namespace

// Offsets and bits. Source: PCIe Base Spec 6.0, 7.7.2.
Adapted adapt_msix(const AdaptContext& context, const pci::Capability& capability) {
    const std::size_t at = capability.at;
    const pci::MsixControl control{context.config.read16(at + pci::msix::control)};
    const pci::MsixStructure table{context.config.read32(at + pci::msix::table)};
    const pci::MsixStructure pba{context.config.read32(at + pci::msix::pending)};
    const MsixPlan plan{
        .at = capability.at,
        .vectors = static_cast<std::uint16_t>(control.get<pci::MsixTableSize>() + 1),
        .table_bar = table.get<pci::MsixStructureBar>(),
        .table_offset = offset_of(table),
        .pba_bar = pba.get<pci::MsixStructureBar>(),
        .pba_offset = offset_of(pba),
    };
    if (const auto why = misplaced(context, plan); !why.empty()) {
        context.view.map.hide(at, capability.size);
        // Who believed it would trap the wrong registers, or none.
        context.view.reasons.push_back({.what = "its MSI-X cannot be as the device says: " + why,
                                        .remedy = "",
                                        .commands = {}});
        return {chosen::Action::Hide, why};
    }
    // Enable and Function Mask belong to the guest and start at zero; the rest is the device's.
    context.view.map.emulate<std::uint16_t>(
        at + pci::msix::control, control.raw() & pci::MsixControl::mask_of(pci::Access::ReadOnly),
        pci::MsixControl::mask_of(pci::Access::ReadWrite));
    context.view.msix = plan;
    const auto& kind = pci::kind_of(capability.list, capability.id);
    return {chosen::Action::Emulate, std::string{kind.why}};
}

}  // namespace tenon::model::function
