#include "model/running/link_state.hpp"

#include <gtest/gtest.h>

#include "model/slot/slot.hpp"
#include "tests/support/slot_functions.hpp"

namespace tenon::model::running {
namespace {

// Registers of the port, whose PCI Express capability is at 0x40. Source: PCIe Base Spec 6.0,
// 7.5.1.3.13, 7.5.3.7, 7.5.3.8.
constexpr std::uint16_t bridge_control = 0x3e;
constexpr std::uint16_t secondary_bus_reset = 0x0040;
constexpr std::uint16_t link_control = 0x50;
constexpr std::uint16_t link_disable = 0x0010;
constexpr std::uint16_t retrain_link = 0x0020;
constexpr std::uint16_t link_status = 0x52;
constexpr std::uint16_t active = 0x2000;

slot::PortPlan empty_port() {
    slot::PortPlan made{.name = "rp0", .secondary_bus = 1, .slot_number = 5};
    slot::settle(made);
    return made;
}

class LinkStateTest : public testing::Test {
protected:
    bool shows_active() { return (config_.read(link_status, 2, 0) & active) != 0; }
    LinkChange write(std::uint16_t offset, std::uint16_t value) {
        [[maybe_unused]] const auto effects = config_.write(offset, 2, value);
        return link_.written();
    }

    slot::PortPlan empty_ = empty_port();
    slot::PortPlan occupied_ = slot::with_function(empty_port(), support::arriving(0, 0)).value();
    ConfigState config_{occupied_.map};
    LinkState link_{config_};
};

TEST_F(LinkStateTest, IsUpAtTheStart) {
    EXPECT_TRUE(link_.up());
    EXPECT_TRUE(shows_active());
}

TEST_F(LinkStateTest, GoesDownWithLinkDisableAndResetsOnce) {
    const auto change = write(link_control, link_disable);
    EXPECT_TRUE(change.reset);
    EXPECT_TRUE(change.active_changed);
    EXPECT_FALSE(link_.up());
    EXPECT_FALSE(shows_active());

    const auto again = write(link_control, link_disable);
    EXPECT_FALSE(again.reset);
    EXPECT_FALSE(again.active_changed);
}

TEST_F(LinkStateTest, ComesBackWhenLinkDisableIsCleared) {
    write(link_control, link_disable);

    const auto change = write(link_control, 0);

    EXPECT_FALSE(change.reset);
    EXPECT_TRUE(change.active_changed);
    EXPECT_TRUE(link_.up());
    EXPECT_TRUE(shows_active());
}

TEST_F(LinkStateTest, IsDownAsLongAsTheBusIsHeldInReset) {
    const auto change = write(bridge_control, secondary_bus_reset);
    EXPECT_TRUE(change.reset);
    EXPECT_FALSE(change.active_changed);
    EXPECT_FALSE(link_.up());
    EXPECT_TRUE(shows_active());

    EXPECT_FALSE(write(bridge_control, 0).reset);
    EXPECT_TRUE(link_.up());
}

TEST_F(LinkStateTest, ResetsNothingThatIsOutOfReachAlready) {
    write(link_control, link_disable);
    EXPECT_FALSE(write(bridge_control, secondary_bus_reset).reset);
    EXPECT_FALSE(write(link_control, 0).reset);
    EXPECT_FALSE(link_.up());
    write(bridge_control, 0);
    EXPECT_TRUE(link_.up());
}

TEST_F(LinkStateTest, TakesARetrainWithoutAWord) {
    const auto change = write(link_control, retrain_link);
    EXPECT_FALSE(change.reset);
    EXPECT_FALSE(change.active_changed);
    EXPECT_EQ(config_.read(link_control, 2, 0) & retrain_link, 0u);
    EXPECT_TRUE(link_.up());
}

TEST_F(LinkStateTest, ShowsNoLinkToAnEmptySlot) {
    ConfigState config{empty_.map};
    LinkState link{config};
    [[maybe_unused]] const auto set = config.write(link_control, 2, link_disable);
    EXPECT_FALSE(link.written().active_changed);
    [[maybe_unused]] const auto cleared = config.write(link_control, 2, 0);
    EXPECT_FALSE(link.written().active_changed);
    EXPECT_EQ(config.read(link_status, 2, 0) & active, 0u);
}

TEST_F(LinkStateTest, StaysDisabledWhenFunctionsArrive) {
    ConfigState config{empty_.map};
    LinkState link{config};
    [[maybe_unused]] const auto set = config.write(link_control, 2, link_disable);
    link.written();

    [[maybe_unused]] const auto effects = config.follow(occupied_.map);
    link.followed();

    EXPECT_FALSE(link.up());
    EXPECT_EQ(config.read(link_status, 2, 0) & active, 0u);
    [[maybe_unused]] const auto cleared = config.write(link_control, 2, 0);
    EXPECT_TRUE(link.written().active_changed);
    EXPECT_EQ(config.read(link_status, 2, 0) & active, active);
}

}  // namespace
}  // namespace tenon::model::running
