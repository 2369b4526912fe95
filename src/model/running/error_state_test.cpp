#include "model/running/error_state.hpp"

#include <gtest/gtest.h>

#include "model/slot/slot.hpp"
#include "tests/support/slot_functions.hpp"

namespace tenon::model::running {
namespace {

// Registers of the port: its PCI Express capability is at 0x40, Advanced Error Reporting at 0x100.
// Source: PCIe Base Spec 6.0, 7.5.1.3, 7.5.3, 7.8.4.
constexpr std::uint16_t secondary_status = 0x1e;
constexpr std::uint16_t bridge_control = 0x3e;
constexpr std::uint16_t device_control = 0x48;
constexpr std::uint16_t device_status = 0x4a;
constexpr std::uint16_t error_status = 0x104;
constexpr std::uint16_t error_mask = 0x108;
constexpr std::uint16_t error_control = 0x118;
constexpr std::uint16_t root_command = 0x12c;
constexpr std::uint16_t root_status = 0x130;
constexpr std::uint16_t source = 0x134;

constexpr ErrorMessage fatal{.requester = 0x0100, .fatal = true};
constexpr ErrorMessage non_fatal{.requester = 0x0101, .fatal = false};

slot::PortPlan occupied_port() {
    slot::PortPlan made{.name = "rp0", .secondary_bus = 1, .slot_number = 5};
    slot::settle(made);
    return slot::with_function(made, support::arriving(0, 0)).value();
}

class ErrorStateTest : public testing::Test {
protected:
    std::uint32_t read(std::uint16_t offset) { return config_.read(offset, 4, 0); }
    std::uint32_t read16(std::uint16_t offset) { return config_.read(offset, 2, 0); }
    bool write(std::uint16_t offset, std::uint8_t size, std::uint32_t value) {
        [[maybe_unused]] const auto effects = config_.write(offset, size, value);
        return errors_.written();
    }

    slot::PortPlan plan_ = occupied_port();
    ConfigState config_{plan_.map};
    ErrorState errors_{config_};
};

TEST_F(ErrorStateTest, RecordsWhoWasFirstAndHowBad) {
    errors_.receive(fatal);
    EXPECT_EQ(read(root_status), 0x54u);
    EXPECT_EQ(read(source), 0x01000000u);
    EXPECT_EQ(read16(secondary_status), 0x4000u);
}

TEST_F(ErrorStateTest, KeepsTheFirstWhenMoreCome) {
    errors_.receive(non_fatal);
    errors_.receive(fatal);
    EXPECT_EQ(read(root_status), 0x6cu);
    EXPECT_EQ(read(source), 0x01010000u);
}

TEST_F(ErrorStateTest, TellsNobodyWhoHasNotAsked) {
    EXPECT_FALSE(errors_.receive(fatal));
    write(root_command, 4, 2);
    EXPECT_FALSE(errors_.receive(fatal)) << "only those that are not fatal are asked for";
}

TEST_F(ErrorStateTest, SendsOneInterruptUntilAllIsCleared) {
    write(root_command, 4, 7);
    EXPECT_TRUE(errors_.receive(fatal));
    EXPECT_FALSE(errors_.receive(fatal));
    EXPECT_FALSE(write(root_status, 4, 0x7f));
    EXPECT_EQ(read(root_status), 0u);
    EXPECT_TRUE(errors_.receive(fatal));
}

TEST_F(ErrorStateTest, SendsTheInterruptWhenItIsAskedForLater) {
    errors_.receive(fatal);
    EXPECT_TRUE(write(root_command, 4, 7));
}

TEST_F(ErrorStateTest, ForwardsNothingWithoutSerrEnable) {
    write(root_command, 4, 7);
    write(bridge_control, 2, 0);
    EXPECT_FALSE(errors_.receive(fatal));
    EXPECT_EQ(read(root_status), 0u);
    EXPECT_EQ(read16(secondary_status), 0x4000u);
}

TEST_F(ErrorStateTest, FindsAnErrorOfItsOwnForThoseWhoHaveNoRegistersForIt) {
    write(root_command, 4, 7);
    write(device_control, 2, 0x000f);
    EXPECT_TRUE(errors_.detect(0x0008));
    EXPECT_EQ(read(error_status), 1u << 4);
    EXPECT_EQ(read(error_control) & 0x1f, 4u);
    EXPECT_EQ(read16(device_status), 0x0004u);
    EXPECT_EQ(read(source), 0x00080000u);
    EXPECT_EQ(read16(secondary_status), 0u) << "nothing came up the link";

    write(error_status, 4, 1u << 4);
    EXPECT_EQ(read(error_status), 0u);
}

TEST_F(ErrorStateTest, SendsNothingOfItsOwnUnlessDeviceControlSaysSo) {
    write(root_command, 4, 7);
    EXPECT_FALSE(errors_.detect(0x0008));
    EXPECT_EQ(read(error_status), 1u << 4);
    EXPECT_EQ(read(root_status), 0u);
}

TEST_F(ErrorStateTest, ShowsNothingOfItsOwnThatIsMasked) {
    write(root_command, 4, 7);
    write(device_control, 2, 0x000f);
    write(error_mask, 4, ~0u);
    EXPECT_FALSE(errors_.detect(0x0008));
    EXPECT_EQ(read(error_status), 0u);
    EXPECT_EQ(read16(device_status), 0u);
}

TEST_F(ErrorStateTest, ForgetsWhatItSentWhenTheMachineIsReset) {
    write(root_command, 4, 7);
    errors_.receive(fatal);
    config_ = ConfigState{plan_.map};
    errors_.restart();
    write(root_command, 4, 7);
    EXPECT_TRUE(errors_.receive(fatal));
}

// A guest's list of extended capabilities: 0x100 leads to Access Control Services and no further.
TEST_F(ErrorStateTest, StandsFirstAmongExtendedCapabilities) {
    EXPECT_EQ(read(0x100), 0x14820001u);
    EXPECT_EQ(read(0x148), 0x0001000du);
}

}  // namespace
}  // namespace tenon::model::running
