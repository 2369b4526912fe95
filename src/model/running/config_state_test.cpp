#include "model/running/config_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/slot/root_port.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::model::running {
namespace {

using support::ConfigBuilder;
using testing::ElementsAre;
using testing::IsEmpty;

// An NVMe controller with a 16 KiB BAR at 0xc000_0000, as a plan places it.
class ConfigStateTest : public testing::Test {
protected:
    ConfigStateTest() {
        device::DeviceFacts facts;
        facts.physical = ConfigBuilder{}
                             .put32(0x10, 0xfe800004)
                             .head(0x40)
                             .standard(0x40, 0x01, 0x80)
                             .express(0x80, 0xc0)
                             .msix(0xc0, 0)
                             .extended(0x100, 0x10, 0x140)
                             .extended(0x140, 0x0b, 0)
                             .put32(0x144, 0x01010001)
                             .image();
        std::array<device::ResourceFacts, 7> resources{};
        resources[0] = {.size = 0x4000, .flags = device::resource_memory};
        facts.resources = resources;
        plan_.view = function::build_function_view(facts);
        plan_.bar_address[0] = 0xc0000000;
    }

    ConfigState state() const { return ConfigState{plan_.view, plan_.start()}; }

    slot::FunctionPlan plan_;
};

const BarPlace bar0{.index = 0, .address = 0xc0000000};

TEST_F(ConfigStateTest, PlacesBarsAfterTheDeviceDecodes) {
    auto config = state();

    EXPECT_THAT(config.write(0x04, 2, 0x0006),
                ElementsAre(effect::WriteDevice{.offset = 0x04, .size = 2, .value = 0x0006},
                            effect::PlaceBars{{bar0}}));
    EXPECT_THAT(config.placed(), ElementsAre(bar0));
}

TEST_F(ConfigStateTest, RemovesBarsBeforeTheDeviceStopsDecoding) {
    auto config = state();
    (void)config.write(0x04, 2, 0x0006);

    EXPECT_THAT(config.write(0x04, 2, 0x0004),
                ElementsAre(effect::RemoveBars{{bar0}},
                            effect::WriteDevice{.offset = 0x04, .size = 2, .value = 0x0004}));
}

TEST_F(ConfigStateTest, MovesABarThatIsWrittenWhileItDecodes) {
    auto config = state();
    (void)config.write(0x04, 2, 0x0002);

    EXPECT_THAT(config.write(0x10, 4, 0xc0100000),
                ElementsAre(effect::RemoveBars{{bar0}},
                            effect::PlaceBars{{{.index = 0, .address = 0xc0100000}}}));
}

TEST_F(ConfigStateTest, AnswersSizingWithTheSizeOfTheBar) {
    auto config = state();

    EXPECT_THAT(config.write(0x10, 4, 0xffffffff), IsEmpty());
    EXPECT_EQ(config.read(0x10, 4, 0), 0xffffc004u);
    EXPECT_EQ(config.device_bits(0x10, 4), 0u);
}

TEST_F(ConfigStateTest, TakesBarsAwayWhileTheDeviceSleeps) {
    auto config = state();
    (void)config.write(0x04, 2, 0x0002);

    EXPECT_THAT(config.write(0x44, 2, 0x0003),
                ElementsAre(effect::RemoveBars{{bar0}},
                            effect::WriteDevice{.offset = 0x44, .size = 2, .value = 0x0003}));
    EXPECT_THAT(config.write(0x44, 2, 0x0000),
                ElementsAre(effect::WriteDevice{.offset = 0x44, .size = 2, .value = 0x0000},
                            effect::PlaceBars{{bar0}}));
}

TEST_F(ConfigStateTest, TurnsAFunctionLevelResetIntoOneOfOurs) {
    auto config = state();
    (void)config.write(0x04, 2, 0x0002);

    EXPECT_THAT(config.write(0x88, 2, 0x8010),
                ElementsAre(effect::RemoveBars{{bar0}}, effect::ResetFunction{}));
    // As after a reset: no decoding, no address.
    EXPECT_EQ(config.read(0x04, 2, 0), 0u);
    EXPECT_EQ(config.read(0x10, 4, 0), 0x00000004u);
}

TEST_F(ConfigStateTest, PassesDeviceControlWithoutTheResetBit) {
    auto config = state();

    EXPECT_THAT(config.write(0x88, 2, 0x2810),
                ElementsAre(effect::WriteDevice{.offset = 0x88, .size = 2, .value = 0x2810}));
    // What errors are told of is ours as well: the messages are.
    EXPECT_EQ(config.device_bits(0x88, 2), 0x7ff0u);
}

TEST_F(ConfigStateTest, TellsInterruptsOfMessageControl) {
    auto config = state();

    EXPECT_THAT(config.write(0xc2, 2, 0x8000), ElementsAre(effect::InterruptsChanged{}));
    EXPECT_EQ(config.read(0xc2, 2, 0), 0x8007u);
}

TEST_F(ConfigStateTest, NeverWritesWhatIsHiddenOrOurs) {
    auto config = state();

    for (std::uint16_t at = 0x100; at < 0x140; at += 4)
        EXPECT_THAT(config.write(at, 4, 0xffffffff), IsEmpty());
    EXPECT_THAT(config.write(0x00, 4, 0xffffffff), IsEmpty());
    EXPECT_THAT(config.write(0x500, 4, 0xffffffff), IsEmpty());
}

TEST_F(ConfigStateTest, PassesVendorSpecificRegistersButNotTheirHeader) {
    auto config = state();

    EXPECT_THAT(config.write(0x140, 4, 0xffffffff), IsEmpty());
    EXPECT_THAT(config.write(0x148, 4, 0x12345678),
                ElementsAre(effect::WriteDevice{.offset = 0x148, .size = 4, .value = 0x12345678}));
}

TEST_F(ConfigStateTest, IgnoresAccessesThatNoBusCarries) {
    auto config = state();

    EXPECT_THAT(config.write(0x05, 4, 0xffffffff), IsEmpty());
    EXPECT_THAT(config.write(0x04, 3, 0xffffffff), IsEmpty());
    EXPECT_THAT(config.write(0x1000, 4, 0xffffffff), IsEmpty());
    EXPECT_EQ(config.read(0x1000, 4, 0), 0xffffffffu);
}

TEST_F(ConfigStateTest, MixesOurBitsWithTheDevices) {
    const auto config = state();

    // Status: the capability list bit is ours, the rest is the device's.
    EXPECT_EQ(config.device_bits(0x06, 2), 0xffefu);
    EXPECT_EQ(config.read(0x06, 2, 0x0808), 0x0818u);
}

// Of the device's own status register, as one of its errors that the host has seen.
TEST_F(ConfigStateTest, ShowsALatchedBitUntilAOneIsWrittenThere) {
    auto config = state();
    config.latch(0x144, 0x00400010);

    EXPECT_EQ(config.read(0x144, 4, 0x80000000), 0x80400010u);
    EXPECT_EQ(config.read(0x146, 2, 0), 0x0040u);
    (void)config.write(0x144, 4, 0x00000010);
    EXPECT_EQ(config.read(0x144, 4, 0), 0x00400000u);
    (void)config.write(0x146, 1, 0x40);
    EXPECT_EQ(config.read(0x144, 4, 0), 0u);
}

TEST_F(ConfigStateTest, KeepsALatchedBitWhenTheFunctionIsReset) {
    auto config = state();
    config.latch(0x144, 0x10);
    (void)config.reset();
    EXPECT_EQ(config.read(0x144, 4, 0), 0x10u);
}

TEST(PortConfigState, ResetsTheBusBelowOnTheRisingBit) {
    const auto map = slot::build_root_port({.name = "rp0", .secondary_bus = 1});
    ConfigState config{map};

    EXPECT_THAT(config.write(0x3e, 2, 0x0040), ElementsAre(effect::ResetSecondaryBus{}));
    EXPECT_THAT(config.write(0x3e, 2, 0x0040), IsEmpty());
    EXPECT_THAT(config.write(0x3e, 2, 0x0000), IsEmpty());
}

TEST(PortConfigState, ClearsStatusBitsByWritingOnes) {
    auto map = slot::build_root_port({.name = "rp0", .secondary_bus = 1});
    map.start.write<std::uint16_t>(0x4a, 0x0005);  // Device Status
    ConfigState config{map};

    (void)config.write(0x4a, 2, 0x0001);

    EXPECT_EQ(config.read(0x4a, 2, 0), 0x0004u);
}

}  // namespace
}  // namespace tenon::model::running
