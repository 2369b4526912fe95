#include "model/machine/memory_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace tenon::model::machine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint64_t gib = 1ull << 30;
constexpr auto top = std::numeric_limits<std::uint64_t>::max();

// One function on this node whose IOMMU has these addresses.
std::vector<slot::PortPlan> port_with(Known<int> node,
                                      Known<std::vector<device::IovaRange>> iova = {}) {
    slot::FunctionPlan function;
    function.view.host = "0000:01:00.0";
    function.facts.numa_node = std::move(node);
    function.facts.iommu.iova = std::move(iova);
    slot::PortPlan port;
    port.functions.push_back(std::move(function));
    return {std::move(port)};
}

MemoryPlan memory_of(std::uint64_t size, NodeRequest node = {},
                     const std::vector<slot::PortPlan>& ports = {}) {
    return plan_memory({.size = size, .node = node}, AddressMap{}, ports);
}

std::vector<chosen::Reason> problems_of(std::uint64_t size, std::vector<device::IovaRange> iova) {
    std::vector<chosen::Reason> problems;
    check_memory(memory_of(size), port_with(0, std::move(iova)), 52, problems);
    return problems;
}

TEST(MemoryPlan, GoesAroundTheHole) {
    EXPECT_THAT(memory_of(2 * gib).parts, ElementsAre(slot::Window{.base = 0, .size = 2 * gib}));
    EXPECT_THAT(memory_of(16 * gib).parts,
                ElementsAre(slot::Window{.base = 0, .size = 3 * gib},
                            slot::Window{.base = 4 * gib, .size = 13 * gib}));
    EXPECT_EQ(memory_end(memory_of(2 * gib)), 4 * gib);
    EXPECT_EQ(memory_end(memory_of(16 * gib)), 17 * gib);
}

TEST(MemoryPlan, ComesFromTheNodeOfTheDevices) {
    const auto memory = memory_of(gib, {}, port_with(1));

    EXPECT_EQ(memory.node, 1u);
    EXPECT_FALSE(memory.strict);
    EXPECT_EQ(memory.node_why, "where its devices are");
}

TEST(MemoryPlan, ComesFromAnywhereIfNoDeviceTells) {
    EXPECT_EQ(memory_of(gib).node, std::nullopt);
    EXPECT_EQ(memory_of(gib, {}, port_with(-1)).node, std::nullopt);
    EXPECT_EQ(memory_of(gib, {}, port_with(Unknown{"a dump"})).node_why,
              "no device tells its node");
}

TEST(MemoryPlan, SaysThatDevicesAreOnSeveralNodes) {
    auto ports = port_with(0);
    ports.push_back(port_with(2).front());

    const auto memory = memory_of(gib, {}, ports);

    EXPECT_EQ(memory.node, std::nullopt);
    EXPECT_EQ(memory.node_why, "its devices are on the nodes 0, 2; node=N chooses one");
}

TEST(MemoryPlan, ComesFromTheNodeThatWasAskedFor) {
    const auto asked =
        memory_of(gib, {.choice = NodeRequest::Choice::Number, .number = 3}, port_with(1));
    const auto none = memory_of(gib, {.choice = NodeRequest::Choice::None}, port_with(1));

    EXPECT_EQ(asked.node, 3u);
    EXPECT_TRUE(asked.strict);
    EXPECT_EQ(none.node, std::nullopt);
}

TEST(MemoryCheck, IsSilentWhereEveryAddressCanBeHad) {
    // The message window of an x86 host: it is in the hole below 4 GiB.
    EXPECT_THAT(problems_of(16 * gib, {{.first = 0, .last = 0xfedf'ffff},
                                       {.first = 0xfef0'0000, .last = (1ull << 39) - 1}}),
                IsEmpty());
    EXPECT_THAT(problems_of(16 * gib, {{.first = 0, .last = top}}), IsEmpty());
}

TEST(MemoryCheck, TellsReservedAddressesAndHowMuchFitsBelow) {
    const auto problems = problems_of(
        2 * gib, {{.first = 0, .last = 0x3dff'ffff}, {.first = 0x4000'0000, .last = top}});

    ASSERT_THAT(problems, SizeIs(1));
    EXPECT_THAT(problems[0].what, HasSubstr("guest memory at 0x3e000000-0x3fffffff: the IOMMU "
                                            "cannot give 0000:01:00.0 these addresses"));
    EXPECT_EQ(problems[0].remedy, "give the guest at most 992M with --memory");
}

TEST(MemoryCheck, TellsAddressesAboveWhatTheIommuTranslates) {
    const auto problems = problems_of(16 * gib, {{.first = 0, .last = 8 * gib - 1}});

    ASSERT_THAT(problems, SizeIs(1));
    EXPECT_THAT(problems[0].what, HasSubstr("guest memory at 0x200000000-0x43fffffff"));
    EXPECT_EQ(problems[0].remedy, "give the guest at most 7168M with --memory");
}

TEST(MemoryCheck, TakesRangesInAnyOrderAndOverlapping) {
    EXPECT_THAT(problems_of(16 * gib, {{.first = 2 * gib, .last = top},
                                       {.first = 5, .last = 4},
                                       {.first = 0, .last = 3 * gib}}),
                IsEmpty());
}

TEST(MemoryCheck, GivesNoSizeWhereTheStartIsReserved) {
    const auto problems = problems_of(gib, {{.first = 0x10'0000, .last = top}});

    ASSERT_THAT(problems, SizeIs(1));
    EXPECT_THAT(problems[0].remedy, HasSubstr("another host"));
}

TEST(MemoryCheck, TellsAnIommuWithoutAnyAddress) { EXPECT_THAT(problems_of(gib, {}), SizeIs(1)); }

TEST(MemoryCheck, TellsMemoryPastPhysicalAddresses) {
    std::vector<chosen::Reason> problems;

    check_memory(memory_of(64 * gib), {}, 36, problems);

    ASSERT_THAT(problems, SizeIs(1));
    EXPECT_EQ(problems[0].what,
              "guest memory of 64 GiB ends at 0x1040000000: guest physical addresses have 36 bits "
              "on this host");
    EXPECT_EQ(problems[0].remedy, "give the guest at most 64512M with --memory");
}

TEST(MemoryCheck, SaysNothingOfWhatIsNotKnown) {
    std::vector<chosen::Reason> problems;

    check_memory(memory_of(64 * gib), port_with(Unknown{"?"}, Unknown{"?"}), Unknown{"?"},
                 problems);

    EXPECT_THAT(problems, IsEmpty());
}

}  // namespace
}  // namespace tenon::model::machine
