#include "cli/text/changes_text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "cli/text/library.hpp"
#include "device/atomic_widths.hpp"
#include "pci/capability.hpp"

namespace tenon::cli::text {
namespace {

using model::chosen::Action;
using Kind = Change::Kind;

std::string first_clause(std::string_view why) {
    return std::string{why.substr(0, std::min(why.find("; "), why.size()))};
}

// Joined to what is changed in the same way, so that ten hidden capabilities are one line.
void add(std::vector<Change>& changes, Kind kind, std::string_view what, std::string why) {
    const auto same = std::ranges::find_if(changes, [&](const Change& other) {
        return other.kind == kind && kind != Kind::Other && other.why == why;
    });
    if (same == changes.end())
        changes.push_back({.kind = kind, .what = std::string{what}, .why = std::move(why)});
    else
        same->what += fmt::format(", {}", what);
}

Kind kind_of(Action action) {
    switch (action) {
        case Action::Hide:
            return Kind::Hidden;
        case Action::Synthesize:
            return Kind::Added;
        case Action::Pass:
        case Action::Emulate:
            break;
    }
    return Kind::Ours;
}

// A null capability of ours where the first one is hidden: what is hidden is told.
bool is_placeholder(const model::chosen::Decision& one) {
    return one.id == pci::extended_id::null && !one.host_offset;
}

void add_capabilities(std::vector<Change>& changes, const model::function::FunctionView& view) {
    for (const auto action : {Action::Hide, Action::Emulate, Action::Synthesize})
        for (const auto& one : view.capabilities)
            if (one.action == action && !is_placeholder(one))
                add(changes, kind_of(action), one.name, first_clause(one.why));
    for (const auto& one : view.capabilities)
        if (one.host_offset && one.guest_offset && one.host_offset != one.guest_offset)
            add(changes, Kind::Moved, one.name, "what stood before it is not there for the guest");
}

void add_bars(std::vector<Change>& changes, const model::function::FunctionView& view) {
    for (const auto& bar : view.bars)
        if (bar.size && bar.mapped.empty() && bar.kind != pci::BarKind::Io &&
            bar.index != device::rom_region)
            add(changes, Kind::Other, fmt::format("BAR {}", bar.index), first_clause(bar.why));
}

void add_interrupts(std::vector<Change>& changes, const model::function::FunctionView& view) {
    if (!view.intx && !view.no_intx.empty()) add(changes, Kind::Hidden, "INTx", view.no_intx);
    if (view.intx && view.intx->delivery != model::function::IntxDelivery::Irqfd)
        add(changes, Kind::Other, "INTx", "delivered by Tenon: " + first_clause(view.intx->why));
    if (view.msix && (view.msix->device_table || view.msix->device_pba))
        add(changes, Kind::Other, "MSI-X",
            fmt::format("its table is in BAR {} at {:#x} for the guest", view.msix->table_bar,
                        view.msix->table_offset));
}

void add_link(std::vector<Change>& changes, const device::DeviceFacts& facts,
              const model::slot::SlotView& slot) {
    if (!facts.link || facts.link->width == 0) return;
    const auto shown = link_speed_name(slot.link_speed);
    // The kernel words it "8.0 GT/s PCIe".
    const auto on_host = facts.link->speed;
    const auto number = [](std::string_view speed) {
        const auto end = speed.find_first_not_of("0123456789.");
        auto digits = std::string{speed.substr(0, std::min(end, speed.size()))};
        return digits.ends_with(".0") ? digits.substr(0, digits.size() - 2) : digits;
    };
    if (number(shown) == number(on_host) && slot.link_width == facts.link->width) return;
    add(changes, Kind::Other, "link",
        fmt::format("{} x{} on its host, {} x{} in the guest: {}", on_host, facts.link->width,
                    shown, slot.link_width, first_clause(slot.link_why)));
}

void add_atomics(std::vector<Change>& changes, const model::function::FunctionView& view,
                 const model::slot::SlotView& slot) {
    const auto host = view.atomics.counted();
    if (host == slot.atomic_completer) return;
    const auto words = [](std::uint32_t widths) {
        return widths == 0 ? std::string{"none"} : device::words_of_widths(widths);
    };
    add(changes, Kind::Other, "AtomicOps",
        fmt::format("{} on its host, {} in the guest{}{}", words(host),
                    words(slot.atomic_completer), slot.atomics_why.empty() ? "" : ": ",
                    slot.atomics_why.empty() ? "" : first_clause(slot.atomics_why.front())));
}

void add_choices(std::vector<Change>& changes,
                 const std::vector<model::chosen::PropertyReport>& properties) {
    for (const auto& one : properties)
        if (one.origin == model::chosen::PropertyOrigin::User)
            add(changes, Kind::Other, fmt::format("{}={}", one.name, one.value),
                first_clause(one.effect));
}

}  // namespace

std::string_view name_of(Change::Kind kind) {
    switch (kind) {
        case Kind::Hidden:
            return "hidden";
        case Kind::Ours:
            return "emulated";
        case Kind::Added:
            return "added";
        case Kind::Moved:
            return "moved";
        case Kind::Other:
            break;
    }
    return "";
}

std::vector<Change> changes_of(const model::slot::FunctionPlan& function,
                               const model::slot::PortPlan& port) {
    std::vector<Change> changes;
    const auto& view = function.view;
    if (!view.guest_view) return changes;
    add_capabilities(changes, view);
    add_bars(changes, view);
    add_interrupts(changes, view);
    add_link(changes, function.facts, port.slot);
    add_atomics(changes, view, port.slot);
    add_choices(changes, view.properties);
    add_choices(changes, port.properties);
    return changes;
}

}  // namespace tenon::cli::text
