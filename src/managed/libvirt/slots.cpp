#include "managed/libvirt/slots.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>
#include <utility>

namespace tenon::managed::libvirt {
namespace {

constexpr unsigned slots = 32;
constexpr unsigned functions = 8;

// Who is in a slot.
struct Slot {
    std::array<bool, functions> taken{};
    bool ports_alone = true;  // Nothing but root ports that libvirt may add others to.

    bool is_free() const {
        return std::ranges::none_of(taken, [](bool one) { return one; });
    }

    bool has_one() const { return std::ranges::count(taken, true) == 1; }
};

// Where libvirt puts a bridge of that kind, if it is free.
constexpr unsigned slot_of_dmi_bridge = 0x1e;

// What a bus is to those that look for a place.
enum class Bus { Root, Port, Upstream, Conventional, DmiBridge, Expander };

Bus bus_of(std::string_view model) {
    if (model == "pcie-switch-upstream-port") return Bus::Upstream;
    if (model == "pcie-expander-bus" || model == "pci-expander-bus") return Bus::Expander;
    if (model == "dmi-to-pci-bridge") return Bus::DmiBridge;
    if (model.ends_with("-port")) return Bus::Port;
    return Bus::Conventional;
}

class Placer {
public:
    Placer(WantedDevices all, const said::Place& added, said::Configuration& to)
        : all_{std::move(all)}, added_{added}, to_{to}, board_{said::board_of(to)} {}

    // The controllers that are wanted, with those that are missing, which have no place yet.
    std::vector<Controller> missing() {
        std::vector<Controller> wanted = all_.controllers;
        const auto said = wanted.size();
        place_all();
        wanted.insert(wanted.end(), all_.controllers.begin() + static_cast<std::ptrdiff_t>(said),
                      all_.controllers.end());
        for (auto& one : std::span{wanted}.subspan(said))
            one.wanted.address.reset();
        return wanted;
    }

    // The port that libvirt adds for what may come: where it had to add some, and none is free.
    std::optional<Controller> spare() {
        bool has_ports = false;
        for (const auto& [index, bus] : buses_) {
            if (bus != Bus::Port) continue;
            const auto found = used_.find(index);
            if (found == used_.end() || found->second[0].is_free()) return std::nullopt;
            has_ports = true;
        }
        const auto index = next_index();
        if (!has_ports || !index) return std::nullopt;
        add_controller(*index);
        return all_.controllers.back();
    }

    void place() {
        place_all();
        for (auto& one : all_.controllers)
            settle(one.wanted);
        emit();
    }

private:
    // Function 0 tells of others where there are others.
    void settle(Wanted& one) {
        if (!one.address || one.address->bus != 0 || one.address->function != 0) return;
        const auto& slot = used_[0][one.address->slot];
        if (opened_.contains(one.address->slot) && slot.has_one())
            one.address->multifunction = false;
    }

    void place_all() {
        take_board();
        for (const auto& controller : all_.controllers)
            buses_[controller.index] = bus_of(controller.model);
        for_each([this](Wanted& one) {
            if (one.address) take(*one.address);
        });
        add_missing();
        // By number: what is added goes to the end.
        for (std::size_t n = 0; n < all_.controllers.size(); ++n)
            if (!all_.controllers[n].wanted.address) find_controller_place(n);
        std::vector<Wanted*> others;
        for (auto* const list : {&all_.emulated, &all_.assigned})
            for (auto& one : *list)
                if (!one.address) others.push_back(&one);
        std::ranges::stable_sort(others, {}, &Wanted::rank);
        for (auto* const one : others)
            find_place(*one);
        for (auto& one : all_.viommus)
            if (!one.address) find_place(one);
    }

    bool express() const { return board_ != said::Board::Pc; }

    void for_each(auto&& visit) {
        for (auto& controller : all_.controllers)
            visit(controller.wanted);
        for (auto* const list : {&all_.viommus, &all_.emulated, &all_.assigned})
            for (auto& one : *list)
                visit(one);
    }

    void take_board() {
        buses_[0] = express() ? Bus::Root : Bus::Conventional;
        if (board_ == said::Board::Q35) {
            for (const unsigned function : {0U, 2U, 3U})
                take({.slot = 0x1f, .function = function});
        } else if (board_ == said::Board::Pc) {
            for (const unsigned function : {0U, 1U, 2U, 3U})
                take({.slot = 1, .function = function});
        }
        take({});
        // The first display's, which libvirt keeps for it.
        const bool display = std::ranges::any_of(
            all_.emulated, [](const Wanted& one) { return is_first_display(one) && !one.address; });
        if (display) reserve(express() ? 1 : 2);
    }

    void reserve(unsigned slot) { used_[0][slot].ports_alone = false; }

    void take(const PciAddress& address) {
        auto& slot = used_[address.bus][address.slot];
        slot.taken[address.function] = true;
        slot.ports_alone = false;
    }

    // A bus that somebody names has a controller, and so have those below its number.
    void add_missing() {
        unsigned last = 0;
        for_each([&](const Wanted& one) {
            if (one.address) last = std::max(last, one.address->bus);
        });
        for (unsigned index = 1; index <= last; ++index)
            if (!buses_.contains(index)) add_controller(index);
    }

    void add_controller(unsigned index) {
        const bool port = express();
        said::Option option{.type = port ? "pcie-root-port" : "pci-bridge",
                            .id = fmt::format("pci.{}", index),
                            .form = said::Form::Json,
                            .place = added_,
                            .properties = {},
                            .origin = fmt::format("{} {}, which libvirt adds",
                                                  port ? "root port" : "bridge", index)};
        say(option, port ? "chassis" : "chassis_nr", std::to_string(index));
        buses_[index] = port ? Bus::Port : Bus::Conventional;
        all_.controllers.push_back({.index = index,
                                    .model = port ? "pcie-root-port" : "pci-bridge",
                                    .wanted = {.option = std::move(option), .habit = Habit::Root}});
    }

    void find_controller_place(std::size_t number) {
        const auto habit = all_.controllers[number].wanted.habit;
        const auto model = all_.controllers[number].model;
        std::optional<PciAddress> found;
        if (model == "pcie-root-port" && express())
            found = next_of_ports();
        else if (model == "pcie-switch-downstream-port")
            found = first_free(Bus::Upstream, all_.controllers[number].index);
        else if (habit == Habit::Port && express())
            found = behind_port();
        else if (habit == Habit::Conventional && express())
            found = on_conventional_bus(all_.controllers[number].index);
        else if (model == "dmi-to-pci-bridge" && used_[0][slot_of_dmi_bridge].is_free())
            found = taken({.slot = slot_of_dmi_bridge});
        else
            found = on_root();
        auto& wanted = all_.controllers[number].wanted;
        wanted.address = found;
        if (!found) note(wanted);
    }

    void find_place(Wanted& one) {
        if (one.habit == Habit::Placed) return;
        if (!express() || one.habit == Habit::Root)
            one.address = is_first_display(one) ? display_place() : on_root();
        else if (one.habit == Habit::Port)
            one.address = behind_port();
        else
            one.address = on_conventional();
        if (!one.address) note(one);
    }

    static bool is_first_display(const Wanted& one) {
        return one.option.type == "VGA" || one.option.type.ends_with("-vga") ||
               one.option.type.ends_with("-svga") || one.option.type == "bochs-display";
    }

    std::optional<PciAddress> display_place() {
        const unsigned slot = express() ? 1 : 2;
        if (!used_[0][slot].is_free()) return on_root();
        return taken({.slot = slot});
    }

    PciAddress taken(const PciAddress& place) {
        take(place);
        return place;
    }

    void note(const Wanted& one) {
        if (to_.unknown.size() < said::most_notes)
            to_.unknown.push_back({.place = one.option.place,
                                   .word = one.option.origin,
                                   .what = "finds no place on a bus"});
    }

    // The next function of a slot of root ports, or function 0 of a new one.
    std::optional<PciAddress> next_of_ports() {
        for (unsigned slot = 1; slot < slots; ++slot) {
            auto& use = used_[0][slot];
            if (!use.ports_alone) continue;
            const auto free = std::ranges::find(use.taken, false);
            if (free == use.taken.end()) continue;
            if (use.is_free()) opened_.insert(slot);
            *free = true;
            const auto function = static_cast<unsigned>(free - use.taken.begin());
            return PciAddress{.slot = slot, .function = function, .multifunction = function == 0};
        }
        return std::nullopt;
    }

    std::optional<PciAddress> on_root() { return first_slot(0, 1); }

    std::optional<PciAddress> first_slot(unsigned bus, unsigned first) {
        for (unsigned slot = first; slot < slots; ++slot) {
            const auto& use = used_[bus][slot];
            const bool reserved = !use.ports_alone;
            if (!use.is_free() || reserved) continue;
            return taken({.bus = bus, .slot = slot});
        }
        return std::nullopt;
    }

    // Onto the first bus of the kind, below the number of what goes there.
    std::optional<PciAddress> first_free(Bus kind, unsigned below = most_buses) {
        for (const auto& [index, bus] : buses_) {
            if (bus != kind || index >= below) continue;
            if (auto place = first_slot(index, kind == Bus::Conventional ? 1 : 0)) return place;
        }
        return std::nullopt;
    }

    std::optional<PciAddress> on_conventional_bus(unsigned below = most_buses) {
        if (auto place = first_free(Bus::DmiBridge, below)) return place;
        return first_free(Bus::Conventional, below);
    }

    std::optional<PciAddress> behind_port() {
        for (const auto& [index, bus] : buses_)
            if (bus == Bus::Port && used_[index][0].is_free()) return first_of(index);
        const auto index = next_index();
        if (!index) return std::nullopt;
        add_controller(*index);
        find_controller_place(all_.controllers.size() - 1);
        return first_of(*index);
    }

    PciAddress first_of(unsigned bus) { return taken({.bus = bus}); }

    std::optional<PciAddress> on_conventional() {
        if (auto place = on_conventional_bus()) return place;
        const auto port = behind_port();
        const auto index = next_index();
        if (!port || !index) return std::nullopt;
        add_controller(*index);
        buses_[*index] = Bus::Conventional;
        auto& controller = all_.controllers.back();
        controller.model = "pcie-to-pci-bridge";
        controller.wanted.option.type = "pcie-pci-bridge";
        controller.wanted.option.properties = {};
        controller.wanted.habit = Habit::Port;
        controller.wanted.address = port;
        return first_slot(*index, 1);
    }

    std::optional<unsigned> next_index() const {
        const auto next = buses_.rbegin()->first + 1;
        return next < most_buses ? std::optional{next} : std::nullopt;
    }

    void emit() {
        std::ranges::stable_sort(all_.controllers, {}, &Controller::index);
        for_each([this](Wanted& one) { emit(one); });
    }

    void emit(Wanted& one) {
        if (to_.devices.size() >= said::most_options) return;
        if (one.address) {
            const auto& [bus, slot, function, multifunction] = *one.address;
            say(one.option, "bus",
                bus == 0 ? (express() ? "pcie.0" : "pci.0") : fmt::format("pci.{}", bus));
            say(one.option, "addr",
                function == 0 ? fmt::format("{:#x}", slot)
                              : fmt::format("{:#x}.{:#x}", slot, function));
            if (multifunction) say(one.option, "multifunction", "on");
        } else if (one.option.type != "intel-iommu" && one.option.type != "amd-iommu") {
            return;  // A part of another, which takes its slot; or there is no room.
        }
        to_.devices.push_back(std::move(one.option));
    }

    WantedDevices all_;
    const said::Place& added_;
    said::Configuration& to_;
    said::Board board_;
    std::map<unsigned, Bus> buses_;
    std::map<unsigned, std::array<Slot, slots>> used_;
    std::set<unsigned> opened_;  // Slots of the root bus that are for ports.
};

}  // namespace

void place_devices(WantedDevices all, const said::Place& added, said::Configuration& to) {
    const bool said = !all.controllers.empty();
    // What is missing has to be known first: a bridge that is added takes the first port there is.
    said::Configuration unused;
    unused.machine = to.machine;
    Placer first{all, added, unused};
    all.controllers = first.missing();
    if (!said)
        if (auto spare = first.spare()) all.controllers.push_back(*std::move(spare));
    std::ranges::stable_sort(all.controllers, {}, &Controller::index);
    Placer{std::move(all), added, to}.place();
}

}  // namespace tenon::managed::libvirt
