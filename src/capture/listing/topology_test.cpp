#include "capture/listing/topology.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::capture::listing {
namespace {

using pci::Address;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr Address root{.device = 1};
constexpr Address upstream{.bus = 1};
constexpr Address downstream{.bus = 2, .device = 4};
constexpr Address card{.bus = 3};

Topology switch_of_buses() {
    Topology topology;
    topology.add_bus(root, 1);
    topology.add_bus(upstream, 2);
    topology.add_bus(downstream, 3);
    return topology;
}

TEST(Topology, FindsTheWayUpByBuses) {
    EXPECT_THAT(*switch_of_buses().way_up(card), ElementsAre(downstream, upstream, root));
}

TEST(Topology, DoesNotTakeTheLastKnownBridgeForTheRoot) {
    Topology topology;
    topology.add_bus(downstream, 3);

    EXPECT_THAT(topology.way_up(card).why(), HasSubstr("only up to 0000:02:04.0"));
    topology.add_top(downstream);
    EXPECT_THAT(*topology.way_up(card), ElementsAre(downstream));
}

TEST(Topology, DoesNotChooseBetweenTwoBridges) {
    auto topology = switch_of_buses();
    topology.add_bus({.device = 2}, 3);  // As in a text of two machines.

    EXPECT_FALSE(topology.way_up(card));
}

TEST(Topology, ComesToAnEndWhereBridgesGoRound) {
    Topology topology;
    topology.add_above(upstream, downstream);
    topology.add_above(downstream, upstream);

    EXPECT_THAT(topology.way_up(upstream).why(), HasSubstr("circle"));
}

TEST(Topology, KnowsNoBusOfABridgeThatIsNotSetUp) {
    Topology topology;
    topology.add_bus({.device = 1}, 0);

    EXPECT_FALSE(topology.way_up({.device = 2}));
}

}  // namespace
}  // namespace tenon::capture::listing
