#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>

#include "managed/traps/families.hpp"
#include "managed/traps/words.hpp"

namespace tenon::managed::traps {
namespace {

using guest::Problem;
using said::Form;
using said::Mistake;

void find_mistakes(const Case& of, Notes& notes, Mistake::Kind kind, std::string_view change) {
    for (const auto& [what, note, paste] : of.configuration.mistakes)
        if (what == kind)
            notes.found({.what = fmt::format("{} {}", note.word, note.what),
                         .evidence = {{.place = note.place, .word = note.word}},
                         .change = std::string{change},
                         .paste = paste.empty() ? std::vector<std::string>{} : std::vector{paste}});
}

void refused_word(const Case& of, Notes& notes) {
    find_mistakes(of, notes, Mistake::Kind::Syntax, "");
}

void set_on_json(const Case& of, Notes& notes) {
    find_mistakes(of, notes, Mistake::Kind::SetOnJson,
                  "give the property in the device's own JSON; in libvirt, by qemu:override");
}

void json_type(const Case& of, Notes& notes) {
    find_mistakes(of, notes, Mistake::Kind::JsonType, "write the value as QEMU's type wants it");
}

Occurrence of_problem(const Case& of, const Problem& problem, std::string what,
                      std::string change) {
    Occurrence one{.what = std::move(what),
                   .evidence = {quote(of.option(problem.device))},
                   .change = std::move(change)};
    if (problem.other) one.evidence.push_back(quote(of.option(*problem.other)));
    return one;
}

void unknown_bus(const Case& of, Notes& notes) {
    for (const auto& problem : of.tree.problems) {
        const auto& device = of.option(problem.device);
        const auto& bus = problem.detail;
        switch (problem.kind) {
            case Problem::Kind::NoSuchBus:
                notes.found(of_problem(
                    of, problem,
                    fmt::format("{} goes onto bus {}, which there is not", device.type, bus),
                    fmt::format("name the bus by the id of a port; the root of this machine is {}",
                                of.tree.buses.front().name)));
                break;
            case Problem::Kind::BusComesLater:
                notes.found(of_problem(
                    of, problem,
                    fmt::format("{} goes onto bus {}, which is made after it", device.type, bus),
                    fmt::format("put the option of {} in front of it", bus)));
                break;
            case Problem::Kind::BusInJson:
                notes.found(of_problem(of, problem,
                                       fmt::format("{} goes onto bus {}, whose device is in JSON "
                                                   "and so made after it",
                                                   device.type, bus),
                                       "write both in JSON, or neither"));
                break;
            default:
                break;
        }
    }
}

void address_taken(const Case& of, Notes& notes) {
    for (const auto& problem : of.tree.problems) {
        if (problem.kind != Problem::Kind::AddressTaken) continue;
        const auto& device = of.option(problem.device);
        const bool mixed = problem.other && device.form == Form::Json &&
                           of.option(*problem.other).form != Form::Json &&
                           of.option(*problem.other).properties.find("addr") == nullptr;
        notes.found(of_problem(
            of, problem,
            fmt::format("{} wants address {}, which {} has", device.type,
                        device.properties.text("addr"), problem.detail),
            mixed ? "write the other device in JSON too, with bus and addr: devices that are not "
                    "in JSON are made first and take the lowest free slot"
                  : "choose another addr, or leave it out"));
    }
}

void not_multifunction(const Case& of, Notes& notes) {
    for (const auto& problem : of.tree.problems)
        if (problem.kind == Problem::Kind::NotMultifunction)
            notes.found(of_problem(
                of, problem,
                fmt::format("{} shares a slot with {}, and function 0 of it says that it is alone",
                            of.option(problem.device).type, problem.detail),
                "give function 0 of the slot multifunction=on"));
}

void wrong_address(const Case& of, Notes& notes) {
    for (const auto& problem : of.tree.problems) {
        const auto& type = of.option(problem.device).type;
        if (problem.kind == Problem::Kind::BadAddress)
            notes.found(of_problem(of, problem,
                                   fmt::format("{} has addr={}, which is no slot 0 to 1f with a "
                                               "function 0 to 7",
                                               type, problem.detail),
                                   "write addr=SLOT.FUNCTION in hex"));
        if (problem.kind == Problem::Kind::BusFull)
            notes.found(of_problem(
                of, problem, fmt::format("{} finds no free slot on bus {}", type, problem.detail),
                "put it behind a port of its own"));
        if (problem.kind == Problem::Kind::BridgesAlone)
            notes.found(
                of_problem(of, problem,
                           fmt::format("{} sits on {}, onto which only bridges and ports go", type,
                                       problem.detail),
                           "put a pcie-root-port there, and the device behind it"));
    }
}

void chassis_repeated(const Case& of, Notes& notes) {
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::size_t> first;
    std::uint64_t free = 1;
    const auto number = [&](std::size_t device, std::string_view name) {
        const auto* const value = of.value(device, name);
        return value == nullptr ? std::optional<std::uint64_t>{0} : said::parse_number(value->text);
    };
    for (const auto device : of.tree.order)
        if (const auto chassis = number(device, "chassis")) free = std::max(free, *chassis + 1);
    for (const auto device : of.tree.order) {
        const auto kind = guest::kind_of(of.option(device).type);
        if (kind != guest::DriverKind::RootPort && kind != guest::DriverKind::DownstreamPort)
            continue;
        const auto chassis = number(device, "chassis");
        const auto slot = number(device, "slot");
        if (!chassis || !slot) continue;
        const auto [place, is_first] = first.try_emplace({*chassis, *slot}, device);
        if (is_first) continue;
        const auto text = std::to_string(free++);
        notes.found({.what = fmt::format("two ports have chassis {} and slot {}", *chassis, *slot),
                     .evidence = {quote(of.option(place->second)), quote(of.option(device))},
                     .change = "give each port a chassis of its own",
                     .paste = change_device(of, device, {{.name = "chassis", .value = text}})});
    }
}

void repeated_id(const Case& of, Notes& notes) {
    std::map<std::string_view, std::size_t> first;
    for (const auto device : of.tree.order) {
        const auto& option = of.option(device);
        if (option.id.empty()) continue;
        const auto [place, is_first] = first.try_emplace(option.id, device);
        if (!is_first)
            notes.found({.what = fmt::format("two devices have the id {}", option.id),
                         .evidence = {quote(of.option(place->second)), quote(option)},
                         .change = "give each device an id of its own"});
    }
}

void old_name(const Case& of, Notes& notes) {
    struct Row {
        std::string_view driver;
        std::string_view name;
        std::string_view now;
    };
    static constexpr auto rows = std::to_array<Row>(
        {{"intel-iommu", "x-scalable-mode", "scalable-mode"}, {"intel-iommu", "x-flts", "fsts"}});
    for (std::size_t n = 0; n < of.configuration.devices.size(); ++n) {
        const auto& option = of.option(n);
        for (const auto& row : rows) {
            const auto* const value = option.properties.find(row.name);
            if (option.type == row.driver && value != nullptr)
                notes.found({.what = fmt::format("{} of {} has another name since QEMU 11: {}",
                                                 row.name, row.driver, row.now),
                             .evidence = {quote(row.name, *value)},
                             .change = fmt::format("write {}", row.now),
                             .paste = change_device(of, n,
                                                    {{.name = row.name, .value = ""},
                                                     {.name = row.now, .value = value->text}})});
        }
        if (option.type == "pci-assign" || option.type == "kvm-pci-assign")
            notes.found({.what = fmt::format("{} is gone from QEMU", option.type),
                         .evidence = {quote(option)},
                         .change = "assign with vfio-pci",
                         .paste = of.configuration.manager == said::Manager::Libvirt
                                      ? std::vector<std::string>{"<driver name='vfio'/>"}
                                      : add_option(of, "-device",
                                                   fmt::format("vfio-pci,host={}",
                                                               option.properties.text("host")))});
    }
}

constexpr auto words_traps = std::to_array<Trap>(
    {{.name = "refused-word",
      .kind = Kind::FailsToStart,
      .why = "QEMU reads its whole command line before it makes anything",
      .source = "QEMU 11.1, util/qemu-option.c, system/vl.c",
      .look = refused_word},
     {.name = "set-on-json",
      .kind = Kind::FailsToStart,
      .why = "-set changes only devices that are given as key=value",
      .source = "QEMU 11.1, system/vl.c, qemu_set_option; AshleyYakeley/NixVirt#36",
      .look = set_on_json},
     {.name = "json-type",
      .kind = Kind::FailsToStart,
      .why = "in JSON QEMU takes each property only with its own type",
      .source = "QEMU 11.1.3, run; coderobe/VBiosFinder#2",
      .look = json_type},
     {.name = "unknown-bus",
      .kind = Kind::FailsToStart,
      .why = "a bus is known once its device is made: those in key=value form in their order, then "
             "those in JSON; pcie.0 is the root of q35, pci.0 that of pc",
      .source = "QEMU 11.1, system/vl.c, qemu_create_cli_devices; microvm-nix/microvm.nix#442",
      .look = unknown_bus},
     {.name = "address-taken",
      .kind = Kind::FailsToStart,
      .why = "an address holds one function",
      .source = "QEMU 11.1, hw/pci/pci.c, do_pci_register_device; gnif/LookingGlass#888",
      .look = address_taken},
     {.name = "not-multifunction",
      .kind = Kind::FailsToStart,
      .why = "function 0 tells a guest whether it looks for others, and QEMU insists on the truth",
      .source = "QEMU 11.1, hw/pci/pci.c, pci_init_multifunction",
      .look = not_multifunction},
     {.name = "wrong-address",
      .kind = Kind::FailsToStart,
      .why = "QEMU has no place for the device",
      .source = "QEMU 11.1, hw/pci/pci.c, hw/pci-bridge/pci_expander_bridge.c",
      .look = wrong_address},
     {.name = "chassis-repeated",
      .kind = Kind::FailsToStart,
      .why = "chassis and slot name the place of a hot-plug slot; both are 0 if not said",
      .source = "QEMU 11.1.3, run; avocado-framework/avocado-vt#1847",
      .look = chassis_repeated},
     {.name = "repeated-id",
      .kind = Kind::FailsToStart,
      .why = "ids of devices are names in one list",
      .source = "QEMU 11.1, system/qdev-monitor.c",
      .look = repeated_id},
     {.name = "old-name",
      .kind = Kind::FailsToStart,
      .why = "QEMU ends at a property or device that it does not have",
      .source = "QEMU 11.1.3, run",
      .look = old_name}});

}  // namespace

std::span<const Trap> traps_of_words() { return words_traps; }

}  // namespace tenon::managed::traps
