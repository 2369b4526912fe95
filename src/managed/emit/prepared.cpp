#include "managed/emit/prepared.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/printable.hpp"

namespace tenon::managed::emit {
namespace {

constexpr unsigned devices = 32;
constexpr unsigned chipset = 0x1f;  // The device of ICH9 on q35.

// Names that QEMU takes and that nothing else has. Source: QEMU 11.1, util/id.c, id_wellformed.
class Names {
public:
    std::string unique(const std::string& wanted, std::string_view otherwise) {
        auto name = is_name(wanted) ? wanted : std::string{otherwise};
        for (unsigned n = 2; !taken_.insert(name).second; ++n)
            name = fmt::format("{}-{}", is_name(wanted) ? wanted : otherwise, n);
        return name;
    }

private:
    static bool is_letter(char one) {
        return (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z');
    }

    // Without the dots that QEMU allows: those are of its own buses, and cut -set's words.
    static bool is_name(std::string_view text) {
        constexpr std::size_t longest = 60;  // What -set takes.
        return !text.empty() && text.size() <= longest && is_letter(text.front()) &&
               std::ranges::all_of(text, [](char one) {
                   return is_letter(one) || (one >= '0' && one <= '9') || one == '-' || one == '_';
               });
    }

    std::set<std::string> taken_{"iommufd0", "ram", "conventional", "conventional-port"};
};

// Which functions of the root bus ports have.
class RootBus {
public:
    explicit RootBus(const Machine& machine) {
        for (const auto& port : machine.ports)
            taken_.at(port.slot % devices) = true;
    }

    std::optional<unsigned> next() {
        for (unsigned slot = 1; slot < chipset; ++slot)
            if (!std::exchange(taken_.at(slot), true)) return slot;
        return std::nullopt;
    }

private:
    std::array<bool, devices> taken_{};
};

Error no_room() {
    return {.kind = Error::Kind::Unsupported,
            .what = "QEMU's machine q35 has no device left for another root port",
            .hint = "Plan with fewer ports, or with --prefer one-slot"};
}

// A bus without ports of its own.
struct BusRow {
    Place place;
    std::string_view name;
    unsigned first;  // Slot.
    unsigned last;
    std::string_view cost;
};

constexpr auto buses = std::to_array<BusRow>(
    {{Place::RootBus, "the root bus", 1, chipset - 1,
      "QEMU shows an endpoint there as an integrated one, without a link or AtomicOps"},
     {Place::Conventional, "a conventional bus", 1, devices - 1,
      "QEMU shows neither their PCI Express capability nor anything from 0x100 on"},
     {Place::Pc, "the bus of machine pc", 2, devices - 1,
      "QEMU shows nothing of them from 0x100 on, and no port completes AtomicOps"}});

std::string names_of(const std::vector<Function>& functions) {
    std::vector<std::string_view> names;
    for (const auto& one : functions)
        names.push_back(one.host);
    return fmt::format("{}", fmt::join(names, ", "));
}

class Preparer {
public:
    Preparer(Machine machine, Prefer prefer)
        : machine_{std::move(machine)}, prefer_{prefer}, bus_{machine_} {}

    Result<Machine> prepare() {
        TENON_TRY_DO(check_files(), "");
        if (machine_.place == Place::Port) {
            TENON_TRY_DO(leave_chipset(), "");
            TENON_TRY_DO(settle_atomics(), "");
        } else {
            TENON_TRY_DO(leave_ports(), "");
        }
        for (auto& port : machine_.ports)
            begin_at_zero(port);
        name_all();
        return std::move(machine_);
    }

private:
    Result<void> check_files() {
        for (const auto& port : machine_.ports)
            for (const auto& one : port.functions)
                if (printable_line(one.rom_file) != one.rom_file)
                    return std::unexpected(Error{
                        .kind = Error::Kind::Malformed,
                        .what = fmt::format("{}: the path of its ROM, {}, has characters that "
                                            "no configuration can have",
                                            one.host, printable_line(one.rom_file)),
                        .hint = "Rename the file"});
        return {};
    }

    template <typename... Parts>
    void lack(fmt::format_string<Parts...> format, Parts&&... parts) {
        machine_.lacks.push_back(fmt::format(format, std::forward<Parts>(parts)...));
    }

    // Slots of ports become slots of the bus.
    Result<void> leave_ports() {
        const auto& bus = *std::ranges::find(buses, machine_.place, &BusRow::place);
        if (machine_.ports.empty()) return {};
        lack("the functions are on {}, as place= says: {}", bus.name, bus.cost);
        auto slot = bus.first;
        auto ports = std::exchange(machine_.ports, {});
        for (auto& port : ports) {
            if (port.functions.empty()) {
                lack("the port {} is left out: {} has none", port.name, bus.name);
                continue;
            }
            if (slot > bus.last)
                return std::unexpected(
                    Error{.kind = Error::Kind::Unsupported,
                          .what = fmt::format("{} has no slot left for what was planned for {}",
                                              bus.name, port.name),
                          .hint = "Plan with fewer slots"});
            if (port.memory || port.prefetchable)
                lack("no room is reserved for what was planned for {}: only ports reserve some",
                     port.name);
            machine_.ports.push_back({.name = std::move(port.name),
                                      .slot = slot++,
                                      .physical_slot = port.physical_slot,
                                      .functions = std::move(port.functions)});
        }
        leave_pasid();
        return {};
    }

    // PASID is beyond what a conventional bus reaches.
    void leave_pasid() {
        if (machine_.place == Place::RootBus) return;
        for (auto& port : machine_.ports)
            for (auto& one : port.functions)
                one.pasid_at.reset();
        if (!machine_.viommu) return;
        if (machine_.place == Place::Pc) {
            lack("the guest has no IOMMU: QEMU's machine pc takes none");
            machine_.viommu.reset();
        } else if (machine_.viommu->first_stage) {
            lack(
                "the guest's IOMMU has no first-stage tables: QEMU takes none behind a bridge to "
                "conventional PCI");
            machine_.viommu->first_stage = false;
            machine_.viommu->pasid_bits = 0;
        }
    }

    Result<void> leave_chipset() {
        std::optional<unsigned> to;
        for (auto& port : machine_.ports) {
            if (port.slot != chipset) continue;
            if (!to) to = bus_.next();
            if (!to) return std::unexpected(no_room());
            machine_.lacks.push_back(
                fmt::format("the port {} is at {:02x}.{} instead of 1f.{}, where q35 has its "
                            "chipset",
                            port.name, *to, port.function, port.function));
            port.slot = *to;
        }
        return {};
    }

    Result<void> settle_atomics() {
        std::vector<Port> added;
        for (auto& port : machine_.ports) {
            if (!port.atomics || port.functions.size() < 2) continue;
            const bool wanted =
                prefer_ == Prefer::Atomics || (prefer_ == Prefer::Planned && port.atomics_asked);
            if (!wanted || std::ranges::none_of(port.functions, &Function::completes_atomics)) {
                machine_.lacks.push_back(fmt::format(
                    "AtomicOps: the port {} completes none. QEMU has them for a function that is "
                    "alone in its slot, and {} share one. --prefer atomics puts each function that "
                    "wants them behind a port of its own; a card's functions are then in several "
                    "slots, where a driver may miss the others",
                    port.name, names_of(port.functions)));
                continue;
            }
            machine_.lacks.push_back(fmt::format(
                "one slot: {} were planned for the slot of {} and have several, since QEMU has "
                "AtomicOps only for a function that is alone. --prefer one-slot keeps them "
                "together, without AtomicOps",
                names_of(port.functions), port.name));
            TENON_TRY_DO(take_apart(port, added), "");
        }
        std::ranges::move(added, std::back_inserter(machine_.ports));
        return {};
    }

    // Each function that completes AtomicOps for itself, the others together.
    Result<void> take_apart(Port& port, std::vector<Port>& added) {
        auto functions = std::exchange(port.functions, {});
        std::vector<Function> others;
        bool kept = false;
        const auto add = [&](std::vector<Function> of) -> Result<void> {
            const auto slot = bus_.next();
            if (!slot) return std::unexpected(no_room());
            auto beside = port;
            beside.slot = *slot;
            beside.function = 0;
            beside.shares_device = false;
            beside.physical_slot = next_physical_slot(added);
            beside.functions = std::move(of);
            added.push_back(std::move(beside));
            return {};
        };
        for (auto& one : functions) {
            if (!one.completes_atomics) {
                others.push_back(std::move(one));
                continue;
            }
            one.number = 0;
            if (std::exchange(kept, true)) {
                TENON_TRY_DO(add({std::move(one)}), "");
            } else {
                port.functions.push_back(std::move(one));
            }
        }
        if (!kept) {
            port.functions = std::move(others);
        } else if (!others.empty()) {
            others.front().number = 0;
            TENON_TRY_DO(add(std::move(others)), "");
        }
        return {};
    }

    unsigned next_physical_slot(const std::vector<Port>& added) const {
        unsigned most = 0;
        for (const auto* const ports : {&machine_.ports, &added})
            for (const auto& port : *ports)
                most = std::max(most, port.physical_slot);
        return most + 1;
    }

    // A guest looks for a slot's other functions only where there is function 0.
    void begin_at_zero(Port& port) {
        if (port.functions.empty() || port.functions.front().number == 0) return;
        auto& first = port.functions.front();
        machine_.lacks.push_back(fmt::format(
            "{} is function 0 of its slot instead of {}: no guest looks for functions of a slot "
            "that has no function 0",
            first.host, first.number));
        first.number = 0;
    }

    void name_all() {
        Names names;
        unsigned number = 0;
        for (auto& port : machine_.ports)
            port.name = names.unique(port.name, fmt::format("port{}", number++));
        number = 0;
        for (auto& port : machine_.ports)
            for (auto& one : port.functions)
                one.id = names.unique(one.id, fmt::format("dev{}", number++));
    }

    Machine machine_;
    Prefer prefer_;
    RootBus bus_;
};

}  // namespace

Result<Machine> prepared(Machine machine, Prefer prefer) {
    return Preparer{std::move(machine), prefer}.prepare();
}

}  // namespace tenon::managed::emit
