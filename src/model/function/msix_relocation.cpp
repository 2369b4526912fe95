#include "model/function/msix_relocation.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <optional>

#include "base/bytes.hpp"
#include "device/untold_bars.hpp"
#include "model/function/bar_plan.hpp"
#include "model/function/function_view.hpp"
#include "pci/capability.hpp"
#include "pci/resizable_bar.hpp"

namespace tenon::model::function {
namespace {

constexpr std::uint64_t page = 4096;

// A place for both structures, or why there is none.
struct Place {
    unsigned bar = 0;
    std::uint64_t offset = 0;
    std::string refused;
};

std::uint64_t needed(const MsixPlan& msix) { return msix.table_size() + msix.pba_size(); }

BarPlan* find(FunctionView& view, unsigned index) {
    const auto bar = std::ranges::find(view.bars, index, &BarPlan::index);
    return bar == view.bars.end() ? nullptr : &*bar;
}

bool is_upper_half(const FunctionView& view, unsigned index) {
    return std::ranges::any_of(view.bars, [&](const BarPlan& bar) {
        return bar.kind == pci::BarKind::Memory64 && bar.index + 1 == index;
    });
}

bool is_free(FunctionView& view, unsigned index) {
    return index < device::bar_count && find(view, index) == nullptr && !is_upper_half(view, index);
}

bool is_resizable(const pci::ConfigImage& config, const pci::Capabilities& lists, unsigned index) {
    const auto resizable =
        lists.find(pci::CapabilityList::Extended, pci::extended_id::resizable_bar);
    if (!resizable) return false;
    namespace registers = pci::resizable_bar;
    for (std::size_t at = resizable->at + registers::first + registers::control;
         at + 4 <= resizable->at + std::size_t{resizable->size}; at += registers::entry)
        if (pci::ResizableBarControl{config.read32(at)}.get<pci::ResizableBarIndex>() == index)
            return true;
    return false;
}

// What keeps a BAR that is in use from being doubled.
std::string cannot_double(const BarPlan& bar, const pci::ConfigImage& config,
                          const pci::Capabilities& lists, const MsixPlan& msix) {
    if (bar.index == device::rom_region || bar.kind == pci::BarKind::Io)
        return fmt::format("BAR {} is no memory BAR", bar.index);
    if (!bar.size) return fmt::format("the size of BAR {} is not known", bar.index);
    if (is_resizable(config, lists, bar.index))
        return fmt::format("BAR {} is resizable: its driver may know its size", bar.index);
    const auto limit =
        bar.kind == pci::BarKind::Memory32 ? std::uint64_t{1} << 30 : std::uint64_t{1} << 62;
    if (*bar.size > limit) return fmt::format("BAR {} is too large to be doubled", bar.index);
    if (*bar.size < needed(msix) || *bar.size < page)
        return fmt::format("BAR {} is too small: {:#x} bytes are needed", bar.index, needed(msix));
    return "";
}

Place place_in(FunctionView& view, const pci::ConfigImage& config, const pci::Capabilities& lists,
               unsigned index) {
    if (is_upper_half(view, index))
        return {.refused = fmt::format("BAR {} is the upper half of BAR {}", index, index - 1)};
    const auto* const bar = find(view, index);
    if (bar == nullptr) return {.bar = index};
    auto refused = cannot_double(*bar, config, lists, *view.msix);
    if (!refused.empty()) return {.refused = std::move(refused)};
    return {.bar = index, .offset = *bar->size};
}

// The first BAR that is free, two of them if there are; else the BAR of the table, doubled.
Place best_place(FunctionView& view, const pci::ConfigImage& config,
                 const pci::Capabilities& lists) {
    for (unsigned index = 0; index < device::bar_count; ++index)
        if (is_free(view, index) && is_free(view, index + 1)) return {.bar = index};
    for (unsigned index = 0; index < device::bar_count; ++index)
        if (is_free(view, index)) return {.bar = index};
    return place_in(view, config, lists, view.msix->table_bar);
}

// Whether trapping the pages of bytes [offset, offset + size) of a BAR traps anything else.
bool shares_pages(const FunctionView& view, unsigned index, std::uint64_t offset,
                  std::uint64_t size) {
    const auto bar = std::ranges::find(view.bars, index, &BarPlan::index);
    if (bar == view.bars.end() || !bar->size) return false;
    const auto end = std::min(align_up(offset + size, page), *bar->size);
    return align_down(offset, page) != offset || end != offset + size;
}

bool is_worth_it(const FunctionView& view) {
    const auto& msix = *view.msix;
    return shares_pages(view, msix.table_bar, msix.table_offset, msix.table_size()) ||
           shares_pages(view, msix.pba_bar, msix.pba_offset, msix.pba_size());
}

void move_to(FunctionView& view, const Place& place) {
    auto& msix = *view.msix;
    msix.device_pba = {.bar = msix.pba_bar, .offset = msix.pba_offset};
    msix.device_table = {.bar = msix.table_bar, .offset = msix.table_offset};
    msix.table_bar = msix.pba_bar = place.bar;
    msix.table_offset = static_cast<std::uint32_t>(place.offset);
    msix.pba_offset = static_cast<std::uint32_t>(place.offset + msix.table_size());
    view.map.emulate<std::uint32_t>(msix.at + 4u, msix.table_offset | msix.table_bar);
    view.map.emulate<std::uint32_t>(msix.at + 8u, msix.pba_offset | msix.pba_bar);
    if (auto* const bar = find(view, place.bar)) {
        bar->device_bytes = *bar->size;
        bar->size = 2 * *bar->size;
        emulate_bar(view.map, *bar);
        return;
    }
    const bool wide = is_free(view, place.bar + 1);
    BarPlan bar{.index = place.bar,
                .kind = wide ? pci::BarKind::Memory64 : pci::BarKind::Memory32,
                .prefetchable = wide,
                .size = std::max(std::bit_ceil(needed(msix)), page)};
    bar.device_bytes = 0;
    emulate_bar(view.map, bar);
    const auto after = std::ranges::find_if(
        view.bars, [&](const BarPlan& other) { return other.index > place.bar; });
    view.bars.insert(after, std::move(bar));
}

std::string what_came_of(const MsixPlan& msix) {
    return fmt::format(
        "the guest finds table and pending bits in BAR {} at {:#x}; the device has "
        "its own in BAR {} at {:#x}, whose pages are not trapped",
        msix.table_bar, msix.table_offset, msix.device_table->bar, msix.device_table->offset);
}

}  // namespace

void relocate_msix(const device::DeviceFacts& facts, const pci::ConfigImage& config,
                   const pci::Capabilities& lists, const chosen::FunctionProperties& properties,
                   FunctionView& view) {
    if (!view.msix) return;
    const auto& wish = properties.msix_relocation;
    chosen::PropertyReport report{.name = "msix-relocation",
                                  .value = name_of(wish.value),
                                  .origin = wish.origin,
                                  .version = std::string{properties.version}};
    const bool known = device::bars_are_known(facts);
    Place place;
    if (wish.value.mode == chosen::MsixRelocation::Mode::Off) {
        report.effect = "table and pending bits are where the device has them";
        if (known && is_worth_it(view)) {
            report.effect += "; their pages hold other bytes too, which are trapped with them";
            report.change = "msix-relocation=auto moves them";
        }
    } else if (!known) {
        report.effect = "not known: the BARs of the device are not";
    } else if (wish.value.mode == chosen::MsixRelocation::Mode::Auto && !is_worth_it(view)) {
        report.effect = "not moved: nothing else is in their pages";
    } else {
        place = wish.value.mode == chosen::MsixRelocation::Mode::Auto
                    ? best_place(view, config, lists)
                    : place_in(view, config, lists, wish.value.bar);
        if (place.refused.empty()) {
            move_to(view, place);
            report.effect = what_came_of(*view.msix);
        } else {
            report.effect = "not moved: " + place.refused;
            if (wish.value.mode == chosen::MsixRelocation::Mode::Bar)
                view.reasons.push_back(
                    {.what = "its MSI-X table cannot be moved as asked: " + place.refused,
                     .remedy = "msix-relocation=auto chooses a place, off leaves it"});
        }
    }
    view.properties.push_back(std::move(report));
}

}  // namespace tenon::model::function
