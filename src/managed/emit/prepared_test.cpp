#include "managed/emit/prepared.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::managed::emit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Function function(std::string host, unsigned number, bool atomics) {
    return {.id = "dev" + std::to_string(number),
            .host = std::move(host),
            .number = number,
            .completes_atomics = atomics};
}

// A GPU with its sound, whose port is to complete AtomicOps.
Machine card() {
    Machine machine;
    machine.ports = {{.name = "gpu", .slot = 1, .physical_slot = 1, .atomics = true}};
    machine.ports[0].functions = {function("0b:00.0", 0, true), function("0b:00.1", 1, false)};
    return machine;
}

std::vector<std::string> hosts(const Port& port) {
    std::vector<std::string> names;
    for (const auto& one : port.functions)
        names.push_back(one.host);
    return names;
}

TEST(Prepared, KeepsACardInOneSlotAndTellsWhatThatCosts) {
    const auto machine = prepared(card(), Prefer::Planned).value();

    ASSERT_EQ(machine.ports.size(), 1U);
    EXPECT_THAT(hosts(machine.ports[0]), ElementsAre("0b:00.0", "0b:00.1"));
    EXPECT_THAT(machine.lacks, ElementsAre(HasSubstr("AtomicOps: the port gpu completes none")));
    EXPECT_THAT(machine.lacks[0], HasSubstr("--prefer atomics"));
}

TEST(Prepared, GivesAFunctionThatWantsAtomicsAPortOfItsOwn) {
    const auto machine = prepared(card(), Prefer::Atomics).value();

    ASSERT_EQ(machine.ports.size(), 2U);
    EXPECT_THAT(hosts(machine.ports[0]), ElementsAre("0b:00.0"));
    EXPECT_THAT(hosts(machine.ports[1]), ElementsAre("0b:00.1"));
    EXPECT_EQ(machine.ports[1].functions[0].number, 0U);
    EXPECT_EQ(machine.ports[1].slot, 2U);
    EXPECT_EQ(machine.ports[1].physical_slot, 2U);
    EXPECT_EQ(machine.ports[1].name, "gpu-2");
    ASSERT_FALSE(machine.lacks.empty());
    EXPECT_THAT(machine.lacks[0], HasSubstr("--prefer one-slot"));
}

TEST(Prepared, HasSlotsOfTheBusWhereThereAreNoPorts) {
    auto machine = card();
    machine.place = Place::RootBus;
    machine.ports.push_back({.name = "spare", .slot = 2});
    machine.ports.push_back({.name = "rp0", .slot = 3, .speed = 5, .memory = 4096});
    machine.ports[2].functions = {function("65:00.0", 0, true)};

    const auto ready = prepared(std::move(machine), Prefer::Atomics).value();

    ASSERT_EQ(ready.ports.size(), 2U);
    EXPECT_THAT(hosts(ready.ports[0]), ElementsAre("0b:00.0", "0b:00.1"));
    EXPECT_EQ(ready.ports[0].slot, 1U);
    EXPECT_EQ(ready.ports[1].slot, 2U);
    EXPECT_EQ(ready.ports[1].speed, std::nullopt);
    EXPECT_THAT(ready.lacks,
                ElementsAre(HasSubstr("the functions are on the root bus, as place= says"),
                            HasSubstr("the port spare is left out"),
                            HasSubstr("no room is reserved for what was planned for rp0")));
}

TEST(Prepared, HasNoMoreSlotsThanTheBus) {
    Machine machine{.place = Place::Pc};
    for (unsigned n = 0; n < 31; ++n) {
        machine.ports.push_back({.name = "rp" + std::to_string(n)});
        machine.ports.back().functions = {function("65:00.0", 0, false)};
    }

    EXPECT_THAT(prepared(machine, Prefer::Planned).error().what,
                HasSubstr("the bus of machine pc has no slot left"));
    machine.ports.pop_back();
    EXPECT_EQ(prepared(machine, Prefer::Planned).value().ports.back().slot, 31U);
}

TEST(Prepared, HasNoPasidBehindConventionalBuses) {
    auto machine = card();
    machine.place = Place::Conventional;
    machine.viommu = Viommu{.first_stage = true, .pasid_bits = 20};
    machine.ports[0].functions[0].pasid_at = 0xff8;

    const auto behind = prepared(machine, Prefer::Planned).value();
    EXPECT_FALSE(behind.viommu->first_stage);
    EXPECT_EQ(behind.viommu->pasid_bits, 0U);
    EXPECT_EQ(behind.ports[0].functions[0].pasid_at, std::nullopt);
    machine.place = Place::Pc;
    EXPECT_FALSE(prepared(machine, Prefer::Planned).value().viommu);
}

TEST(Prepared, TakesACardApartWhereItsUserAskedForAtomics) {
    auto machine = card();
    machine.ports[0].atomics_asked = true;

    EXPECT_EQ(prepared(machine, Prefer::Planned)->ports.size(), 2U);
    EXPECT_EQ(prepared(machine, Prefer::OneSlot)->ports.size(), 1U);
}

TEST(Prepared, LeavesACardTogetherOfWhichNothingCompletesAtomics) {
    auto machine = card();
    machine.ports[0].functions[0].completes_atomics = false;

    EXPECT_EQ(prepared(machine, Prefer::Atomics)->ports.size(), 1U);
}

TEST(Prepared, SaysNothingOfAFunctionThatIsAlone) {
    auto machine = card();
    machine.ports[0].functions.pop_back();

    EXPECT_THAT(prepared(machine, Prefer::Planned)->lacks, IsEmpty());
}

TEST(Prepared, BeginsASlotWithFunctionZero) {
    Machine machine;
    machine.ports = {{.name = "rp0"}};
    machine.ports[0].functions = {function("0b:00.1", 1, false), function("0b:00.3", 3, false)};

    const auto made = prepared(machine, Prefer::Planned).value();

    EXPECT_EQ(made.ports[0].functions[0].number, 0U);
    EXPECT_EQ(made.ports[0].functions[1].number, 3U);
    EXPECT_THAT(made.lacks,
                ElementsAre(HasSubstr("0b:00.1 is function 0 of its slot instead of 1")));
}

TEST(Prepared, LeavesTheChipsetItsPlace) {
    Machine machine;
    machine.ports = {{.name = "a", .slot = 1},
                     {.name = "b", .slot = 31, .function = 0, .shares_device = true},
                     {.name = "c", .slot = 31, .function = 1}};

    const auto made = prepared(machine, Prefer::Planned).value();

    EXPECT_EQ(made.ports[1].slot, 2U);
    EXPECT_EQ(made.ports[2].slot, 2U);
    EXPECT_EQ(made.ports[2].function, 1U);
    EXPECT_THAT(made.lacks, ElementsAre(HasSubstr("port b is at 02.0 instead of 1f.0"),
                                        HasSubstr("port c is at 02.1 instead of 1f.1")));
}

TEST(Prepared, RefusesMorePortsThanTheRootBusHasRoomFor) {
    Machine machine;
    for (unsigned slot = 1; slot < 32; ++slot)
        machine.ports.push_back({.name = "rp" + std::to_string(slot), .slot = slot});

    const auto made = prepared(machine, Prefer::Planned);

    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind, Error::Kind::Unsupported);
    EXPECT_THAT(made.error().what, HasSubstr("no device left for another root port"));
}

TEST(Prepared, NamesEverythingAsQemuTakesIt) {
    Machine machine;
    machine.ports = {{.name = "pcie.0"}, {.name = "1st"}, {.name = "dev0"}, {.name = "ram"}};
    machine.ports[2].functions = {function("0b:00.0", 0, false)};

    const auto made = prepared(machine, Prefer::Planned).value();

    EXPECT_EQ(made.ports[0].name, "port0");
    EXPECT_EQ(made.ports[1].name, "port1");
    EXPECT_EQ(made.ports[2].name, "dev0");
    EXPECT_EQ(made.ports[2].functions[0].id, "dev0-2");
    EXPECT_EQ(made.ports[3].name, "ram-2");
}

TEST(Prepared, RefusesAPathThatNoLineCanHave) {
    auto machine = card();
    machine.ports[0].functions[0].rom = Rom::File;
    machine.ports[0].functions[0].rom_file = "/a\n-device edu";

    const auto made = prepared(machine, Prefer::Planned);

    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().hint, "Rename the file");
    EXPECT_THAT(made.error().what, HasSubstr("0b:00.0: the path of its ROM, /a"));
}

}  // namespace
}  // namespace tenon::managed::emit
