#include "model/machine/peers.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

namespace tenon::model::machine {
namespace {

using device::BarMaps;

// What stands between the BARs of one function and the DMA of the others.
struct Obstacle {
    bool known = true;  // It is there; else it may be.
    std::string why;
};

bool translates(const device::DeviceFacts& facts, std::uint64_t first, std::uint64_t last) {
    if (!facts.iommu.iova) return true;
    return std::ranges::any_of(*facts.iommu.iova, [&](const device::IovaRange& range) {
        return range.first <= first && last <= range.last;
    });
}

std::string no_files(const device::DeviceFacts& facts) {
    return fmt::format(
        "{} gives iommufd no BARs (dma-buf): Linux does from 6.19 on, built with PCI_P2PDMA",
        facts.kernel ? "Linux " + *facts.kernel : std::string{"this kernel"});
}

// What of the BARs of `target`, where the plan has them, `source` does not reach.
std::optional<Obstacle> obstacle(const slot::FunctionPlan& source,
                                 const slot::FunctionPlan& target) {
    const auto& takes = source.facts.iommu.bar_maps;
    if (!takes) return Obstacle{.known = false, .why = takes.why()};
    const auto& files = target.facts.iommu.bar_files;
    if (*takes == BarMaps::ByFile && !files) return Obstacle{.known = false, .why = files.why()};
    if (*takes == BarMaps::ByFile && !*files) return Obstacle{.why = no_files(target.facts)};
    for (const auto& bar : target.view.bars) {
        const auto address = target.bar_address.at(bar.index);
        if (bar.mapped.empty() || address == 0 || !bar.size) continue;
        if (!translates(source.facts, address, address + *bar.size - 1))
            return Obstacle{.why = fmt::format("the IOMMU of {} does not translate {:#x}, where "
                                               "BAR {} of {} is",
                                               source.view.host, address, bar.index,
                                               target.view.host)};
    }
    return std::nullopt;
}

// Whether it has a BAR to reach, as far as is known.
bool may_have_bars(const slot::FunctionPlan& function) {
    if (!function.facts.vfio) return true;
    return std::ranges::any_of(function.view.bars,
                               [](const function::BarPlan& bar) { return !bar.mapped.empty(); });
}

std::string mapped_line(std::span<const slot::FunctionPlan* const> functions) {
    const auto by = [&](BarMaps how) {
        return std::ranges::any_of(functions, [&](const slot::FunctionPlan* function) {
            return function->facts.iommu.bar_maps == Known<BarMaps>{how};
        });
    };
    return fmt::format("BARs of each function are mapped for DMA of the others, {}",
                       !by(BarMaps::ByFile)      ? "by address (VFIO groups)"
                       : !by(BarMaps::ByAddress) ? "as dma-bufs (iommufd)"
                                                 : "by address (VFIO groups) and as dma-bufs");
}

}  // namespace

std::string_view name_of(PeerPlan::State state) {
    switch (state) {
        case PeerPlan::State::Mapped:
            return "mapped";
        case PeerPlan::State::Partly:
            return "partly";
        case PeerPlan::State::None:
            return "none";
        case PeerPlan::State::Unknown:
            break;
    }
    return "unknown";
}

std::optional<PeerPlan> plan_peers(std::span<const slot::FunctionPlan* const> all) {
    using enum PeerPlan::State;
    // A process has no BAR of a host, nor DMA.
    std::vector<const slot::FunctionPlan*> functions;
    std::ranges::copy_if(all, std::back_inserter(functions),
                         [](const auto* function) { return !function->backend; });
    if (functions.size() < 2) return std::nullopt;
    std::size_t pairs = 0;
    std::vector<Obstacle> obstacles;
    for (const auto* const target : functions)
        for (const auto* const source : functions) {
            if (source == target || !may_have_bars(*target)) continue;
            ++pairs;
            if (auto found = obstacle(*source, *target)) obstacles.push_back(*std::move(found));
        }
    if (pairs == 0)
        return PeerPlan{.state = None, .line = "none: no function has a BAR that can be mapped"};
    if (obstacles.empty()) return PeerPlan{.state = Mapped, .line = mapped_line(functions)};
    const auto open = std::ranges::find(obstacles, false, &Obstacle::known);
    if (open != obstacles.end())
        return PeerPlan{.state = Unknown, .line = "not known: " + open->why};
    // One line: the first reason stands for others of its kind.
    const auto& why = obstacles.front().why;
    if (obstacles.size() == pairs) return PeerPlan{.state = None, .line = "none: " + why};
    return PeerPlan{.state = Partly, .line = "not between all functions: " + why};
}

std::optional<PeerPlan> plan_peers(std::span<const slot::PortPlan> ports) {
    std::vector<const slot::FunctionPlan*> functions;
    for (const auto& port : ports)
        for (const auto& function : port.functions)
            functions.push_back(&function);
    return plan_peers(functions);
}

}  // namespace tenon::model::machine
