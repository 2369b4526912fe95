#include "model/function/bar_plan.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>

#include "base/bytes.hpp"
#include "device/untold_bars.hpp"
#include "pci/header.hpp"
#include "pci/resizable_bar.hpp"

namespace tenon::model::function {
namespace {

constexpr std::uint64_t page = 4096;

// The present size of BAR `index` as a Resizable BAR capability tells it: 2^(20 + n) bytes.
// Source: PCIe Base Spec 6.0, 7.8.6.3.
std::optional<std::uint64_t> resizable_size(const pci::ConfigImage& config,
                                            const pci::Capabilities& lists, unsigned index) {
    const auto resizable =
        lists.find(pci::CapabilityList::Extended, pci::extended_id::resizable_bar);
    if (!resizable) return std::nullopt;
    namespace registers = pci::resizable_bar;
    for (std::size_t at = resizable->at + registers::first + registers::control;
         at + 4 <= resizable->at + std::size_t{resizable->size}; at += registers::entry) {
        const pci::ResizableBarControl control{config.read32(at)};
        const auto size = control.get<pci::ResizableBarSize>();
        if (control.get<pci::ResizableBarIndex>() == index && size <= pci::largest_resizable_size)
            return std::uint64_t{1} << (size + 20);
    }
    return std::nullopt;
}

Known<std::uint64_t> size_of(const device::DeviceFacts& facts, const pci::ConfigImage& config,
                             const pci::Capabilities& lists, unsigned index) {
    if (facts.vfio) return facts.vfio->regions[index].size;
    const bool untold = facts.resources && (*facts.resources)[index] == device::untold_bar;
    if (facts.resources && !untold) return (*facts.resources)[index].size;
    if (const auto size = resizable_size(config, lists, index)) return *size;
    if (!untold) return Unknown{facts.resources.why()};
    return Unknown{
        fmt::format("the text beside the dump does not tell that of {}",
                    index == device::rom_region ? "the option ROM" : fmt::format("BAR {}", index))};
}

// Kind and prefetchability of the BAR at `index`: the host's own record where there is one, since
// the register of a virtual function or of a BAR without an address shows neither.
BarPlan describe(const device::DeviceFacts& facts, const std::vector<pci::Bar>& registers,
                 unsigned index) {
    BarPlan plan{.index = index};
    const auto shown = std::ranges::find(registers, index, &pci::Bar::index);
    if (shown != registers.end()) {
        plan.kind = shown->kind;
        plan.prefetchable = shown->prefetchable;
    } else if (facts.resources) {
        const auto flags = (*facts.resources)[index].flags;
        if ((flags & device::resource_io) != 0) plan.kind = pci::BarKind::Io;
        if ((flags & device::resource_64bit) != 0) plan.kind = pci::BarKind::Memory64;
        plan.prefetchable = (flags & device::resource_prefetch) != 0;
    }
    return plan;
}

std::optional<BarPlan> rom_plan(const device::DeviceFacts& facts, const pci::ConfigImage& config,
                                const pci::Capabilities& lists, const chosen::RomRequest& request) {
    if (request.from == chosen::RomRequest::From::Nothing) return std::nullopt;
    if (request.image)
        return BarPlan{.index = device::rom_region,
                       .size = std::uint64_t{request.image->size()},
                       .why = fmt::format("trapped: read from {}", request.file)};
    BarPlan rom{.index = device::rom_region,
                .size = size_of(facts, config, lists, device::rom_region)};
    rom.why = "trapped: the device's own, read through VFIO when a guest first asks";
    if (rom.size && *rom.size == 0) return std::nullopt;
    if (!rom.size && (config.read32(pci::header::rom_address) & ~0x7ffu) == 0) return std::nullopt;
    return rom;
}

// Takes the pages of bytes [offset, offset + size) out of `areas`.
void cut(std::vector<device::MmapArea>& areas, std::uint64_t offset, std::uint64_t size) {
    const auto first = align_down(offset, page);
    const auto last = align_up(offset + size, page);
    std::vector<device::MmapArea> kept;
    for (const auto& area : areas) {
        const auto end = area.offset + area.size;
        if (area.offset < first)
            kept.push_back({.offset = area.offset, .size = std::min(end, first) - area.offset});
        if (end > last) {
            const auto begin = std::max(area.offset, last);
            kept.push_back({.offset = begin, .size = end - begin});
        }
    }
    areas = std::move(kept);
}

// What VFIO lets one map of a region of `size` bytes, in whole pages and inside the region.
std::vector<device::MmapArea> mappable_areas(const device::RegionFacts& region,
                                             std::uint64_t size) {
    if (!region.mappable) return {};
    if (region.areas.empty()) return {{.offset = 0, .size = size}};
    std::vector<device::MmapArea> areas;
    for (const auto& area : region.areas)
        if (area.size != 0 && area.offset < size && area.size <= size - area.offset &&
            area.offset % page == 0 && area.size % page == 0)
            areas.push_back(area);
    return areas;
}

void plan_mapping(BarPlan& bar, const device::DeviceFacts& facts,
                  const std::optional<MsixPlan>& msix) {
    if (bar.index == device::rom_region) return;
    if (bar.kind == pci::BarKind::Io) {
        bar.why = "trapped: I/O ports cannot be mapped";
        return;
    }
    if (!bar.size) {
        bar.why = "size not known: " + bar.size.why();
        return;
    }
    if (bar.device_bytes == 0) {
        bar.why = "trapped: Tenon's own, for the MSI-X table and pending bits";
        return;
    }
    if (*bar.size < page) {
        bar.why = "trapped: smaller than a page, which it may share with another device";
        return;
    }
    // Without VFIO's answer, expect what plain vfio-pci allows: all of a memory BAR.
    const auto size = bar.device_bytes.value_or(*bar.size);
    bar.mapped = facts.vfio ? mappable_areas(facts.vfio->regions[bar.index], size)
                            : std::vector<device::MmapArea>{{.offset = 0, .size = size}};
    if (bar.mapped.empty()) {
        bar.why = "trapped: VFIO does not let it be mapped";
        return;
    }
    bar.why = facts.vfio ? "mapped: the guest reaches the device directly"
                         : "mapped, as far as known: VFIO was not asked";
    std::string trapped;
    // Where the guest finds the table elsewhere, the device's own is cut out only if it has to be.
    if (msix && msix->device_table && msix->device_table->bar == bar.index && facts.vfio &&
        !facts.vfio->regions[bar.index].msix_table_mappable) {
        cut(bar.mapped, msix->device_table->offset, msix->table_size());
        trapped = "device's own MSI-X table";
    }
    if (msix && msix->table_bar == bar.index) {
        cut(bar.mapped, msix->table_offset, msix->table_size());
        trapped = "MSI-X table";
    }
    if (msix && msix->pba_bar == bar.index) {
        cut(bar.mapped, msix->pba_offset, msix->pba_size());
        trapped += trapped.empty() ? "MSI-X pending bits" : " and pending bits";
    }
    if (trapped.empty()) return;
    bar.why = bar.mapped.empty() ? fmt::format("trapped: its pages hold the {}", trapped)
                                 : fmt::format("{}; pages of the {} are trapped", bar.why, trapped);
}

}  // namespace

std::vector<BarPlan> list_bar_plans(const device::DeviceFacts& facts,
                                    const pci::ConfigImage& config, const pci::Capabilities& lists,
                                    const chosen::RomRequest& rom) {
    const auto registers = pci::list_bars(config);
    std::vector<BarPlan> bars;
    for (unsigned index = 0; index < device::bar_count; ++index) {
        auto plan = describe(facts, registers, index);
        plan.size = size_of(facts, config, lists, index);
        const bool shown = std::ranges::find(registers, index, &pci::Bar::index) != registers.end();
        if (plan.size ? *plan.size == 0 : !shown) continue;
        bars.push_back(plan);
        if (plan.kind == pci::BarKind::Memory64) ++index;
    }
    if (auto plan = rom_plan(facts, config, lists, rom)) bars.push_back(*std::move(plan));
    return bars;
}

void emulate_bar(RegisterMap& map, const BarPlan& bar) {
    // Without a size the register cannot answer a guest that measures it.
    const std::uint64_t writable = bar.size ? ~(*bar.size - 1) : 0;
    if (bar.index == device::rom_region) {
        map.emulate<std::uint32_t>(
            pci::header::rom_address, 0,
            static_cast<std::uint32_t>(writable & pci::RomAddress::mask) | pci::RomEnable::mask);
        return;
    }
    const auto at = pci::header::bar0 + std::size_t{4} * bar.index;
    const std::uint32_t low_mask = bar.kind == pci::BarKind::Io ? ~3u : ~15u;
    map.emulate<std::uint32_t>(at, pci::bar_flags(bar.kind, bar.prefetchable),
                               static_cast<std::uint32_t>(writable) & low_mask);
    if (bar.kind == pci::BarKind::Memory64)
        map.emulate<std::uint32_t>(at + 4, 0, static_cast<std::uint32_t>(writable >> 32));
}

void plan_mappings(std::vector<BarPlan>& bars, const device::DeviceFacts& facts,
                   const std::optional<MsixPlan>& msix) {
    for (auto& bar : bars)
        plan_mapping(bar, facts, msix);
}

}  // namespace tenon::model::function
