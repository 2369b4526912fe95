// What is told to a manager is read back as `tenon check` reads that manager's configurations, and
// put into a tree as QEMU does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <ostream>

#include "managed/emit/libvirt.hpp"
#include "managed/emit/prepared.hpp"
#include "managed/emit/proxmox.hpp"
#include "managed/emit/qemu.hpp"
#include "managed/emit/words.hpp"
#include "tests/support/diagnosed.hpp"
#include "tests/support/random_machine.hpp"

namespace tenon::managed::emit {
namespace {

constexpr unsigned machines = 500;

// A configuration that was written, read again, and where QEMU puts its devices.
struct ReadBack {
    said::Configuration configuration;
    guest::Tree tree;

    // The device of the function of the host.
    std::size_t number_of(const Function& function) const {
        const auto& devices = configuration.devices;
        const auto found = std::ranges::find_if(devices, [&](const said::Option& one) {
            return said::is_assigned(one) && said::host_of(one) == function.address;
        });
        return static_cast<std::size_t>(found - devices.begin());
    }
};

void read_back(const std::string& text, ReadBack& to) {
    auto read = support::read_any(text);
    ASSERT_TRUE(read) << read.error().what << '\n' << text;
    to.configuration = std::move(*read);
    to.tree = guest::make_tree(to.configuration);
    EXPECT_TRUE(to.configuration.mistakes.empty()) << text;
    for (const auto& note : to.configuration.unknown)
        ADD_FAILURE() << note.word << ' ' << note.what << '\n' << text;
    EXPECT_TRUE(to.tree.problems.empty()) << text;
}

// "8 functions": facts of the host that say of AtomicOps what the machine has.
traps::HostView host_of(const Machine& machine) {
    traps::HostView view;
    view.asked = true;
    for (const auto& port : machine.ports)
        for (const auto& one : port.functions) {
            auto facts = std::make_unique<device::DeviceFacts>(one.host);
            facts->address = *one.address;
            facts->atomics = one.completes_atomics ? 7U : 0U;
            view.functions.push_back(std::move(facts));
        }
    return view;
}

// Names of traps, but for AtomicOps of slots that were told to lose them.
std::vector<std::string> untold_findings(const ReadBack& back, const Machine& machine) {
    const auto host = host_of(machine);
    std::vector<std::string> names;
    for (const auto& one :
         traps::diagnose(traps::Case{back.configuration, back.tree, host}).findings) {
        const bool told = std::ranges::any_of(
            machine.lacks, [](const std::string& lack) { return lack.starts_with("AtomicOps: "); });
        const bool of_place = machine.place != Place::Port &&
                              (one.trap == "root-bus" || one.trap == "conventional-bus");
        if ((one.trap != "atomics-lost" || !told) && !of_place)
            names.push_back(one.trap + ": " + one.what);
    }
    return names;
}

// The values that QEMU would have of a function or a port, by name.
std::map<std::string, std::string> values(const said::Option& option) {
    std::map<std::string, std::string> all;
    for (const auto& [name, value] : option.properties.all())
        all[name] = value.text;
    return all;
}

// The port above has what the machine says of it.
void expect_port(const ReadBack& back, const guest::Node& above, const Port& port) {
    EXPECT_EQ(above.slot, port.slot);
    EXPECT_EQ(above.function, port.function);
    EXPECT_EQ(above.multifunction, port.shares_device);
    auto of = values(back.configuration.devices[*above.device]);
    for (const auto& extra : extras(port))
        EXPECT_EQ(said::parse_size(of[std::string{extra.name}], 1),
                  said::parse_size(extra.value, 1))
            << extra.name;
    EXPECT_EQ(of["hotplug"], port.hotplug ? "" : "off");
}

// The bus that a function in such a place is on.
guest::BusKind bus_kind_of(Place place) {
    switch (place) {
        case Place::RootBus:
            return guest::BusKind::ExpressRoot;
        case Place::Conventional:
            return guest::BusKind::Conventional;
        case Place::Pc:
            return guest::BusKind::ConventionalRoot;
        case Place::Port:
            break;
    }
    return guest::BusKind::Port;
}

void expect_function(const ReadBack& back, Place place, const Port& port, const Function& one,
                     const std::string& text) {
    const auto number = back.number_of(one);
    ASSERT_LT(number, back.configuration.devices.size()) << one.host << '\n' << text;
    const auto* const node = back.tree.find(number);
    ASSERT_NE(node, nullptr);
    const auto kind = back.tree.buses[node->bus].kind;
    // The bus of hostpci4 and on is behind a bridge, also on a pc.
    const bool bridged = place == Place::Pc && kind == guest::BusKind::Conventional &&
                         back.configuration.manager == said::Manager::Proxmox;
    EXPECT_TRUE(kind == bus_kind_of(place) || bridged) << text;
    EXPECT_EQ(node->slot, place == Place::Port ? 0U : port.slot);
    EXPECT_EQ(node->function, one.number);
    EXPECT_EQ(node->multifunction, one.number == 0 && port.functions.size() > 1);
    EXPECT_TRUE(back.tree.is_found(*node));
    if (place == Place::Port) {
        const auto* const above = back.tree.above(*node);
        ASSERT_NE(above, nullptr);
        expect_port(back, *above, port);
    }

    auto of = values(back.configuration.devices[number]);
    for (const auto& extra : extras(one))
        EXPECT_EQ(said::parse_number(of[std::string{extra.name}]), said::parse_number(extra.value))
            << extra.name;
    EXPECT_EQ(of["ats"], one.ats == Ats::Auto ? "" : one.ats == Ats::On ? "on" : "off");
    EXPECT_EQ(of["rombar"], one.rom == Rom::None ? "0" : "");
    EXPECT_EQ(of["romfile"], one.rom == Rom::File ? one.rom_file : "");
    EXPECT_EQ(of["vf-token"], one.vf_token);
    EXPECT_EQ(of["iommufd"].empty(), !one.iommufd);
}

void expect_machine(const ReadBack& back, const Machine& machine, const std::string& text) {
    const auto& configuration = back.configuration;
    EXPECT_EQ(said::board_of(configuration),
              machine.place == Place::Pc ? said::Board::Pc : said::Board::Q35);
    // What Proxmox has besides is in its own files.
    if (configuration.manager != said::Manager::Proxmox) {
        EXPECT_FALSE(configuration.default_devices);
    }
    EXPECT_EQ(said::parse_size(configuration.memory.text("size"), std::uint64_t{1} << 20),
              machine.memory.size);
    ASSERT_NE(configuration.cpu(), nullptr);
    EXPECT_EQ(configuration.cpu()->type, "host");
    EXPECT_EQ(configuration.cpu()->properties.text("host-phys-bits-limit"),
              machine.address_bits ? std::to_string(*machine.address_bits) : "");
    const auto viommus = std::ranges::count_if(
        configuration.devices, [](const said::Option& one) { return guest::is_viommu(one.type); });
    EXPECT_EQ(viommus, machine.viommu ? 1 : 0) << text;
    const auto assigned = std::ranges::count_if(configuration.devices, said::is_assigned);
    std::ptrdiff_t functions = 0;
    for (const auto& port : machine.ports)
        functions += std::ssize(port.functions);
    EXPECT_EQ(assigned, functions) << text;
}

using Words = std::string (*)(const Machine& machine);

// The machine of the number, told and read back.
void expect_round_trip(unsigned seed, Words words) {
    const auto prefer = seed % 3 == 0   ? Prefer::Atomics
                        : seed % 3 == 1 ? Prefer::OneSlot
                                        : Prefer::Planned;
    auto machine = prepared(support::random_machine(seed), prefer);
    ASSERT_TRUE(machine) << machine.error().what;
    const auto text = words(*machine);
    if (words == proxmox_config) *machine = as_proxmox_has_it(*machine);
    ReadBack back;
    read_back(text, back);
    expect_machine(back, *machine, text);
    for (const auto& port : machine->ports)
        for (const auto& one : port.functions)
            expect_function(back, machine->place, port, one, text);
    EXPECT_THAT(untold_findings(back, *machine), testing::IsEmpty()) << text;
}

struct Manager {
    const char* name;
    Words words;
};

void PrintTo(const Manager& manager, std::ostream* to) { *to << manager.name; }

class RoundTrip : public testing::TestWithParam<Manager> {};

TEST_P(RoundTrip, GivesTheSameMachineWithoutFindings) {
    for (unsigned seed = 0; seed < machines && !HasFailure(); ++seed) {
        SCOPED_TRACE(seed);
        expect_round_trip(seed, GetParam().words);
    }
}

INSTANTIATE_TEST_SUITE_P(Of, RoundTrip,
                         testing::Values(Manager{"qemu", qemu_command},
                                         Manager{"libvirt", libvirt_domain},
                                         Manager{"proxmox", proxmox_config}),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace tenon::managed::emit
