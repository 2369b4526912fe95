#include "model/windows.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "base/bytes.hpp"
#include "base/text.hpp"

namespace tenon::model {
namespace {

enum class Space { Memory32, Memory64, Io };

// A bridge has one window for 64-bit prefetchable BARs; everything else has to lie below 4 GiB.
// Source: PCIe Base Spec 6.0, 7.5.1.3.
Space space_of(const BarPlan& bar) {
    if (bar.kind == pci::BarKind::Io) return Space::Io;
    const bool wide = bar.kind == pci::BarKind::Memory64 && bar.prefetchable;
    return wide ? Space::Memory64 : Space::Memory32;
}

struct Wanted {
    FunctionPlan* function;
    const BarPlan* bar;
};

// The BARs of one port in one space, largest first: in that order they pack without gaps.
std::vector<Wanted> wanted_in(PortPlan& port, Space space) {
    std::vector<Wanted> wanted;
    for (auto& function : port.functions)
        for (const auto& bar : function.view.bars)
            if (bar.size && *bar.size != 0 && space_of(bar) == space)
                wanted.push_back({.function = &function, .bar = &bar});
    std::ranges::sort(wanted, [](const Wanted& one, const Wanted& other) {
        if (*one.bar->size != *other.bar->size) return *one.bar->size > *other.bar->size;
        if (one.function != other.function) return one.function < other.function;
        return one.bar->index < other.bar->index;
    });
    return wanted;
}

// A page holds one BAR at most, so that mapping it gives a guest nothing of a neighbour's.
std::uint64_t room_of(const BarPlan& bar, Space space) {
    return space == Space::Io ? *bar.size : std::max<std::uint64_t>(*bar.size, 4096);
}

class Placer {
public:
    Placer(Space space, Window board, std::uint64_t granule, std::vector<Reason>& problems)
        : space_{space}, board_{board}, granule_{granule}, next_{board.base}, problems_{problems} {}

    Window place(PortPlan& port) {
        const auto wanted = wanted_in(port, space_);
        if (wanted.empty()) return {};
        const auto largest = std::max(granule_, room_of(*wanted.front().bar, space_));
        const auto base = align_up(next_, largest);
        auto at = base;
        for (const auto& [function, bar] : wanted) {
            const auto size = room_of(*bar, space_);
            // The next one is smaller, so it stays aligned.
            if (size > board_.end() - std::min(at, board_.end())) {
                refuse(port, *function, *bar);
                continue;
            }
            function->bar_address[bar->index] = at;
            at += size;
        }
        if (at == base) return {};
        next_ = align_up(at, granule_);
        return {.base = base, .size = next_ - base};
    }

    std::uint64_t used_up_to() const { return next_; }

private:
    void refuse(const PortPlan& port, const FunctionPlan& function, const BarPlan& bar) {
        problems_.push_back(
            {.what = fmt::format("BAR {} of {} behind {} needs {} of the {} window, which has no "
                                 "room left",
                                 bar.index, function.view.host, port.name, format_size(*bar.size),
                                 space_ == Space::Io         ? "I/O"
                                 : space_ == Space::Memory32 ? "32-bit memory"
                                                             : "64-bit memory"),
             .remedy = "assign fewer devices to this guest"});
    }

    Space space_;
    Window board_;
    std::uint64_t granule_;
    std::uint64_t next_;
    std::vector<Reason>& problems_;
};

}  // namespace

void place_bars(std::vector<PortPlan>& ports, AddressMap& addresses,
                std::vector<Reason>& problems) {
    constexpr std::uint64_t mib = 1 << 20;
    constexpr std::uint64_t gib = 1 << 30;
    // The highest address that 52 bits of a guest's page tables reach.
    constexpr std::uint64_t highest = 1ull << 52;
    auto& wide = addresses.memory64;
    Placer memory32{Space::Memory32, addresses.memory32, mib, problems};
    Placer memory64{
        Space::Memory64, {.base = wide.base, .size = highest - wide.base}, mib, problems};
    Placer io{Space::Io, addresses.io, 4096, problems};
    for (auto& port : ports) {
        port.memory = memory32.place(port);
        port.prefetchable = memory64.place(port);
        port.io = io.place(port);
    }
    // Room for the guest to move BARs: as much again, and 64 GiB at least.
    const auto need = memory64.used_up_to() - wide.base;
    wide.size = align_up(std::max(need * 2, 64 * gib), gib);
}

}  // namespace tenon::model
