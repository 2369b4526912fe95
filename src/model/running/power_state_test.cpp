// The power state of a function and of a root port: a write of one that is not supported is
// dropped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/running/config_state.hpp"
#include "model/slot/root_port.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::model::running {
namespace {

using testing::ElementsAre;

// Power Management at 0x40. Source: PCI Power Management 1.2, 3.2.3 and 3.2.4.
constexpr std::uint16_t control = 0x44;
constexpr unsigned d1 = 0x0200;
constexpr unsigned d2 = 0x0400;

function::FunctionView function_with(unsigned capabilities) {
    device::DeviceFacts facts;
    facts.physical = support::ConfigBuilder{}
                         .head(0x40)
                         .standard(0x40, 0x01, 0x80)
                         .put16(0x42, static_cast<std::uint16_t>(0x0003 | capabilities))
                         .express(0x80, 0)
                         .image();
    return function::build_function_view(facts);
}

std::uint32_t state_of(const ConfigState& config) { return config.read(control, 2, 0) & 3; }

TEST(PowerState, ThatAFunctionDoesNotSupportIsDropped) {
    for (const unsigned capabilities : {0u, d1, d2, d1 | d2}) {
        const auto view = function_with(capabilities);
        for (const std::uint32_t before : {0u, 3u})
            for (const std::uint32_t written : {0u, 1u, 2u, 3u}) {
                ConfigState config{view, view.map.start};
                (void)config.write(control, 2, before);
                const bool supported =
                    written % 3 == 0 || (capabilities & d1 << (written - 1)) != 0;
                const auto after = supported ? written : before;

                EXPECT_THAT(
                    config.write(control, 2, written),
                    ElementsAre(effect::WriteDevice{.offset = control, .size = 2, .value = after}));
                EXPECT_EQ(state_of(config), after) << capabilities << ": " << written;
            }
    }
}

TEST(PowerState, ThatIsDroppedLeavesTheRestOfTheWrite) {
    const auto view = function_with(0);
    ConfigState config{view, view.map.start};

    // PME_En and PME_Status are the device's.
    EXPECT_THAT(config.write(control, 2, 0x8101),
                ElementsAre(effect::WriteDevice{.offset = control, .size = 2, .value = 0x8100}));
    EXPECT_THAT(config.write(control, 1, 0x02),
                ElementsAre(effect::WriteDevice{.offset = control, .size = 1, .value = 0x00}));
    EXPECT_THAT(config.write(control, 4, 0x00000003),
                ElementsAre(effect::WriteDevice{.offset = control, .size = 2, .value = 0x0003}));
    // A write of other bytes does not touch it.
    EXPECT_THAT(config.write(control + 1, 1, 0x01),
                ElementsAre(effect::WriteDevice{.offset = control + 1, .size = 1, .value = 0x01}));
    EXPECT_EQ(state_of(config), 3u);
}

TEST(PowerState, ThatARootPortDoesNotSupportIsDropped) {
    const auto map = slot::build_root_port({});
    ConfigState port{map};
    const auto power = static_cast<std::uint16_t>(slot::port_register::power + 4);

    (void)port.write(power, 2, 1);
    EXPECT_EQ(port.read(power, 2, 0), 0x0008u);
    (void)port.write(power, 2, 3);
    EXPECT_EQ(port.read(power, 2, 0), 0x000bu);
    (void)port.write(power, 2, 2);
    EXPECT_EQ(port.read(power, 2, 0), 0x000bu);
    (void)port.write(power, 2, 0);
    EXPECT_EQ(port.read(power, 2, 0), 0x0008u);
}

}  // namespace
}  // namespace tenon::model::running
