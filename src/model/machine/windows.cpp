#include "model/machine/windows.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "model/machine/firmware_map.hpp"

namespace tenon::model::machine {
namespace {

enum class Space { Memory32, Memory64, Io };

// A bridge has one window for 64-bit prefetchable BARs; everything else has to lie below 4 GiB.
// Source: PCIe Base Spec 6.0, 7.5.1.3.
Space space_of(const function::BarPlan& bar) {
    if (bar.kind == pci::BarKind::Io) return Space::Io;
    const bool wide = bar.kind == pci::BarKind::Memory64 && bar.prefetchable;
    return wide ? Space::Memory64 : Space::Memory32;
}

struct Wanted {
    slot::FunctionPlan* function;
    const function::BarPlan* bar;
};

// The BARs of one port in one space, largest first: in that order they pack without gaps.
std::vector<Wanted> wanted_in(slot::PortPlan& port, Space space) {
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
std::uint64_t room_of(const function::BarPlan& bar, Space space) {
    return space == Space::Io ? *bar.size : std::max<std::uint64_t>(*bar.size, 4096);
}

// Where BARs of one space may go.
struct Room {
    slot::Window board;
    std::uint64_t granule = 0;
    std::string_view name;
    std::string why_full;
    std::string remedy;
};

// What a window has room for, whatever is behind it.
struct Reserve {
    std::uint64_t size = 0;  ///< Bytes, in granules.
    /// The user's key, who gets this size and no other; empty: it is left out where there is no
    /// room, and more if BARs need more.
    std::string_view key = {};
};

class Placer {
public:
    Placer(Space space, Room room, std::vector<chosen::Reason>& problems)
        : space_{space}, room_{std::move(room)}, next_{room_.board.base}, problems_{problems} {}

    slot::Window place(slot::PortPlan& port, const Reserve& reserve = {}) {
        const auto wanted = wanted_in(port, space_);
        const bool asked = !reserve.key.empty();
        if (wanted.empty() && reserve.size == 0) return {};
        // The largest BAR that the reserve has room for is aligned to its own size.
        auto largest = std::max(room_.granule, std::bit_floor(reserve.size));
        if (!wanted.empty()) largest = std::max(largest, room_of(*wanted.front().bar, space_));
        const auto base = align_up(next_, largest);
        const auto board_end = room_.board.end();
        const bool fits = reserve.size <= board_end - std::min(base, board_end);
        if (asked && !fits) refuse(port, reserve.size);
        const auto end = asked && fits ? base + reserve.size : board_end;
        auto at = base;
        for (const auto& [function, bar] : wanted) {
            const auto size = room_of(*bar, space_);
            // The next one is smaller, so it stays aligned.
            if (size > end - std::min(at, end)) {
                refuse(port, *function, *bar, reserve);
                continue;
            }
            function->bar_address[bar->index] = at;
            at += size;
        }
        if (fits) at = std::max(at, base + reserve.size);
        if (at == base) return {};
        next_ = align_up(at, room_.granule);
        return {.base = base, .size = next_ - base};
    }

    std::uint64_t used_up_to() const { return next_; }

private:
    void refuse(const slot::PortPlan& port, slot::FunctionPlan& function,
                const function::BarPlan& bar, const Reserve& reserve) {
        function.bar_address[bar.index] = 0;
        const bool asked = !reserve.key.empty();
        problems_.push_back(
            {.what = fmt::format(
                 "BAR {} of {} behind {} needs {} of the {} window, which {}", bar.index,
                 function.view.host, port.name, format_size(*bar.size), room_.name,
                 asked ? fmt::format("is {} by {}=", format_size(reserve.size), reserve.key)
                       : room_.why_full),
             .remedy =
                 asked ? fmt::format("give the port a larger {}=", reserve.key) : room_.remedy,
             .commands = {}});
    }

    void refuse(const slot::PortPlan& port, std::uint64_t size) {
        problems_.push_back(
            {.what = fmt::format("port {} reserves {} of the {} window, which {}", port.name,
                                 format_size(size), room_.name, room_.why_full),
             .remedy = "reserve less",
             .commands = {}});
    }

    Space space_;
    Room room_;
    std::uint64_t next_;
    std::vector<chosen::Reason>& problems_;
};

constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t gib = 1 << 30;
// A GPU with a BAR of 256 GiB and small ones beside it; registers of a device below 4 GiB.
constexpr std::uint64_t most_memory64 = 512 * gib;
constexpr std::uint64_t most_memory32 = 32 * mib;
constexpr std::uint64_t one_io_window = 4096;
constexpr std::string_view fewer = "assign fewer devices to this guest";

Room fixed_room(slot::Window board, std::uint64_t granule, std::string_view name) {
    return {.board = board,
            .granule = granule,
            .name = name,
            .why_full = "has no room left",
            .remedy = std::string{fewer}};
}

// What 52 bits of a guest's page tables reach, where the host does not say.
unsigned address_bits(const WideBounds& bounds) {
    const auto bits = bounds.physical_bits.value_or(52);
    return bounds.firmware ? std::min(bits, most_firmware_bits) : bits;
}

Room wide_room(std::uint64_t base, const WideBounds& bounds) {
    const auto end = std::uint64_t{1} << address_bits(bounds);
    return {.board = {.base = base, .size = end - std::min(base, end)},
            .granule = mib,
            .name = "64-bit memory",
            .why_full = fmt::format("ends with the {} bits of guest physical addresses",
                                    address_bits(bounds)),
            .remedy = fmt::format("{}, or take a host with wider addresses", fewer)};
}

// Where nothing was said of a port that takes functions and has none: room for a large GPU. Many
// such ports share what there is.
struct Defaults {
    std::uint64_t memory32 = 0;
    std::uint64_t memory64 = 0;
};

bool waits_for_functions(const slot::PortPlan& port) {
    return port.functions.empty() && port.rules.hotplug.value;
}

// Others than those that are there may come: nobody says how many I/O ports they have.
bool is_for_others(const slot::PortPlan& port) {
    return waits_for_functions(port) || port.reserve.memory || port.reserve.prefetchable;
}

Defaults default_reserves(const std::vector<slot::PortPlan>& ports, const AddressMap& addresses,
                          const WideBounds& bounds) {
    const auto waiting =
        static_cast<std::uint64_t>(std::ranges::count_if(ports, waits_for_functions));
    if (waiting == 0) return {};
    const auto share = [waiting](std::uint64_t room) { return std::bit_floor(room / 2 / waiting); };
    const auto wide = (std::uint64_t{1} << address_bits(bounds)) -
                      std::min(bounds.memory_end, std::uint64_t{1} << 51);
    return {.memory32 = std::clamp(share(addresses.memory32.size), mib, most_memory32),
            .memory64 = std::clamp(share(wide), mib, most_memory64)};
}

Reserve reserve_of(const slot::PortPlan& port, std::string_view key,
                   const std::optional<std::uint64_t>& asked, std::uint64_t by_default) {
    if (asked) return {.size = *asked, .key = key};
    return {.size = waits_for_functions(port) ? by_default : 0};
}

// Where the 64-bit window starts: at 64 GiB, above what guests of today and tomorrow agree on;
// lower if the window would not fit there, but never below the memory's end.
std::uint64_t wide_base(std::vector<slot::PortPlan>& ports, const Defaults& defaults,
                        const WideBounds& bounds) {
    if (bounds.firmware) return bounds.memory_end;
    const auto lowest = align_up(bounds.memory_end, gib);
    const auto base = std::max(64 * gib, lowest);
    if (base == lowest || !bounds.physical_bits) return base;
    std::vector<chosen::Reason> refused;
    Placer trial{Space::Memory64, wide_room(base, bounds), refused};
    for (auto& port : ports) {
        auto reserve = reserve_of(port, "pref64", port.reserve.prefetchable, defaults.memory64);
        const auto window = trial.place(port, reserve);
        if (window.size < reserve.size) return lowest;
    }
    const bool fits = refused.empty() && base < std::uint64_t{1} << *bounds.physical_bits;
    return fits ? base : lowest;
}

}  // namespace

std::uint64_t place_bars(std::vector<slot::PortPlan>& ports, AddressMap& addresses,
                         const WideBounds& bounds, std::vector<chosen::Reason>& problems) {
    const auto defaults = default_reserves(ports, addresses, bounds);
    auto& wide = addresses.memory64;
    wide.base = wide_base(ports, defaults, bounds);
    const auto room = wide_room(wide.base, bounds);
    Placer memory32{Space::Memory32, fixed_room(addresses.memory32, mib, "32-bit memory"),
                    problems};
    Placer memory64{Space::Memory64, room, problems};
    Placer io{Space::Io, fixed_room(addresses.io, one_io_window, "I/O"), problems};
    for (auto& port : ports) {
        port.memory =
            memory32.place(port, reserve_of(port, "mem", port.reserve.memory, defaults.memory32));
        port.prefetchable = memory64.place(
            port, reserve_of(port, "pref64", port.reserve.prefetchable, defaults.memory64));
        port.io = io.place(port, {.size = is_for_others(port) ? one_io_window : 0});
    }
    // Room for the guest to move BARs: as much again, and 64 GiB at least, where there is so much.
    const auto need = memory64.used_up_to() - wide.base;
    wide.size = bounds.firmware
                    ? room.board.size
                    : std::min(align_up(std::max(need * 2, 64 * gib), gib), room.board.size);
    return need;
}

void place_in_windows(slot::PortPlan& port, std::vector<chosen::Reason>& problems) {
    const auto place = [&](Space space, const slot::Window& window, std::string_view name) {
        Room room{.board = window,
                  .granule = 1,
                  .name = name,
                  .why_full = window.size == 0 ? "the port has not"
                                               : fmt::format("has {}", format_size(window.size)),
                  .remedy = fmt::format("start the guest with more behind that port, --port "
                                        "{},mem=SIZE,pref64=SIZE",
                                        port.name)};
        Placer{space, std::move(room), problems}.place(port);
    };
    place(Space::Memory32, port.memory, "32-bit memory");
    place(Space::Memory64, port.prefetchable, "64-bit memory");
    place(Space::Io, port.io, "I/O");
}

}  // namespace tenon::model::machine
