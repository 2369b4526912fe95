#include "library/words/port_argument.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::library::words {
namespace {

using model::chosen::AtomicsMode;
using model::chosen::AtomicsRule;
using testing::HasSubstr;

std::string refusal(std::string_view text) {
    const auto parsed = parse_port_argument(text);
    return parsed ? "" : parsed.error().what;
}

TEST(PortArgument, IsANameAloneByDefault) {
    const auto port = parse_port_argument("gpu").value();
    EXPECT_EQ(port.name, "gpu");
    EXPECT_FALSE(port.atomics);
    EXPECT_EQ(port.express_version, 2u);
}

TEST(PortArgument, RefusesANameThatIsNone) {
    EXPECT_FALSE(parse_port_argument(""));
    EXPECT_FALSE(parse_port_argument("a:b"));
}

TEST(PortArgument, ReadsAModeOfAtomicOps) {
    EXPECT_EQ(parse_port_argument("p,atomics=auto")->atomics, AtomicsRule{});
    EXPECT_EQ(parse_port_argument("p,atomics=off")->atomics, AtomicsRule{.mode = AtomicsMode::Off});
    EXPECT_EQ(parse_port_argument("p,atomics=all-functions")->atomics,
              AtomicsRule{.mode = AtomicsMode::AllFunctions});
}

TEST(PortArgument, ReadsWidthsOfAtomicOps) {
    EXPECT_EQ(parse_port_argument("p,atomics=32+64")->atomics,
              (AtomicsRule{.mode = AtomicsMode::Fixed, .widths = 3}));
    EXPECT_EQ(parse_port_argument("p,atomics=128")->atomics,
              (AtomicsRule{.mode = AtomicsMode::Fixed, .widths = 4}));
}

TEST(PortArgument, RefusesWidthsThatDoNotExist) {
    for (const auto* const value : {"16", "32+", "32+32", "64+auto", "none", "lone-function", "on"})
        EXPECT_THAT(refusal(std::string{"p,atomics="} + value), HasSubstr("known are auto"))
            << value;
    EXPECT_THAT(refusal("p,atomics="), HasSubstr("no value"));
}

TEST(PortArgument, ReadsWhatComesAndGoes) {
    const auto port = parse_port_argument("p,hotplug=off,mem=64M,pref64=256G");
    ASSERT_TRUE(port);
    EXPECT_EQ(port->hotplug, false);
    EXPECT_EQ(port->memory, 64ull << 20);
    EXPECT_EQ(port->prefetchable, 256ull << 30);
    EXPECT_EQ(parse_port_argument("p,hotplug=on")->hotplug, true);
    EXPECT_EQ(parse_port_argument("p,mem=0")->memory, 0u);
    EXPECT_EQ(parse_port_argument("p")->hotplug, std::nullopt);
}

TEST(PortArgument, RefusesWindowsThatNoBridgeHas) {
    for (const auto* const value : {"64K", "1", "x", "-1M", "1048577", "4096T"})
        EXPECT_THAT(refusal(std::string{"p,mem="} + value), HasSubstr("whole MiB")) << value;
    EXPECT_THAT(refusal("p,hotplug=maybe"), HasSubstr("known are on and off"));
}

TEST(PortArgument, RefusesAKeyTwiceAndOneThatIsNone) {
    EXPECT_THAT(refusal("p,atomics=auto,atomics=off"), HasSubstr("given twice"));
    EXPECT_THAT(refusal("p,atomic=auto"), HasSubstr("known: atomics, express"));
    EXPECT_THAT(refusal("p,express=3"), HasSubstr("version 1 or 2"));
}

TEST(PortArgument, RefusesWidthsOnAPortThatHasNoRegisterForThem) {
    EXPECT_THAT(refusal("p,express=1,atomics=32+64"), HasSubstr("contradicts express=1"));
    EXPECT_THAT(refusal("p,atomics=64,express=1"), HasSubstr("contradicts express=1"));
    EXPECT_THAT(refusal("p,atomics=all-functions,express=1"), HasSubstr("contradicts express=1"));
    EXPECT_EQ(refusal("p,atomics=auto,express=1"), "");
}

}  // namespace
}  // namespace tenon::library::words
