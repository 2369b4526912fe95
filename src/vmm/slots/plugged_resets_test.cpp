// Functions that come while the guest runs are reset as the machine that they make is.
#include <gtest/gtest.h>

#include "tests/support/hot_plug_bench.hpp"

namespace tenon::vmm::slots {
namespace {

// Device Control of the NVMe, whose PCI Express capability is at 0x80, and Initiate FLR.
constexpr std::uint16_t device_control = 0x88;
constexpr std::uint32_t initiate_flr = 0x8000;

class PluggedResetsTest : public testing::Test {
protected:
    PluggedResetsTest() { bench_.share_bus({0, 1}); }

    // How often the bus of both is reset when the guest resets one function.
    unsigned resets_of(unsigned port, std::uint8_t devfn) {
        const auto before = bench_.function(0).bus_resets();
        const auto bus = static_cast<std::uint8_t>(bench_.read_port(0x19, 1, port));
        bench_.topology().write({.bus = bus, .devfn = devfn, .offset = device_control}, 2,
                                initiate_flr);
        EXPECT_EQ(bench_.function(0).bus_resets(), bench_.function(1).bus_resets());
        return bench_.function(0).bus_resets() - before;
    }

    support::HotPlugBench bench_;
};

TEST_F(PluggedResetsTest, AreWithTheBusForAllOfASlot) {
    ASSERT_TRUE(bench_.add(1, 1));
    ASSERT_TRUE(bench_.add(0, 0));

    EXPECT_EQ(bench_.function(0).bus_resets(), 1u);
    EXPECT_EQ(resets_of(0, 0), 1u);
    EXPECT_EQ(resets_of(0, 1), 1u);
}

TEST_F(PluggedResetsTest, AreWithTheBusWhileAllOfItAreInTheMachine) {
    ASSERT_TRUE(bench_.add(0, 0, "rp0"));
    EXPECT_EQ(resets_of(0, 0), 0u);

    ASSERT_TRUE(bench_.add(1, 0, "rp1"));
    EXPECT_EQ(resets_of(0, 0), 1u);
    EXPECT_EQ(resets_of(1, 0), 1u);

    ASSERT_TRUE(bench_.hot_plug().pull_out("f1"));
    EXPECT_EQ(resets_of(0, 0), 0u);
    EXPECT_FALSE(with_bus(bench_.chassis().plans()[0]->functions[0].reset));
    EXPECT_EQ(bench_.chassis().seen_plans()[0], bench_.chassis().plans()[0]);
}

TEST_F(PluggedResetsTest, OfOneThatWaitsFollowsWhoComesElsewhere) {
    bench_.choose({.reset = model::chosen::ResetChoice::Bus});
    ASSERT_TRUE(bench_.add(1, 1, "rp0"));
    EXPECT_FALSE(with_bus(bench_.chassis().plans()[0]->functions[0].reset));
    ASSERT_TRUE(bench_.add(0, 0, "rp1"));

    EXPECT_TRUE(with_bus(bench_.chassis().plans()[0]->functions[0].reset));
    // The guest knows nothing of it yet.
    EXPECT_TRUE(bench_.chassis().seen_plans()[0]->functions.empty());
    ASSERT_TRUE(bench_.hot_plug().pull_out("f1"));
    EXPECT_EQ(bench_.chassis().plans()[0]->functions.size(), 0u);
}

}  // namespace
}  // namespace tenon::vmm::slots
