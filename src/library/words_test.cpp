#include "library/words.hpp"

#include <gtest/gtest.h>

namespace tenon::library {
namespace {

TEST(Hex, HasThePrefixAndSmallLetters) {
    EXPECT_EQ(hex(0x1b), "0x1b");
    EXPECT_EQ(hex(0), "0x0");
    EXPECT_EQ(hex(0x86, 4), "0x0086");
    EXPECT_EQ(hex(0x10802, 6), "0x010802");
}

TEST(ClassName, IsThatOfTheSubclassOrItsBase) {
    EXPECT_EQ(class_name(0x010802), "Non-Volatile memory controller");
    EXPECT_EQ(class_name(0x0c0330), "USB controller");
    EXPECT_EQ(class_name(0x018000), "Mass storage controller");
    EXPECT_EQ(class_name(0xff0000), "device of an unknown class");
}

TEST(LinkSpeedName, FollowsLinkCapabilities) {
    EXPECT_EQ(link_speed_name(1), "2.5 GT/s");
    EXPECT_EQ(link_speed_name(6), "64 GT/s");
    EXPECT_EQ(link_speed_name(0), "unknown speed");
    EXPECT_EQ(link_speed_name(7), "unknown speed");
}

TEST(KnownConfig, IsThatOfVfioWhereItWasAsked) {
    device::DeviceFacts facts;
    EXPECT_EQ(known_config(facts), 0u);
    facts.physical = pci::ConfigImage{64};
    EXPECT_EQ(known_config(facts), 64u);
    facts.vfio = device::VfioFacts{.config = pci::ConfigImage{4096}};
    EXPECT_EQ(known_config(facts), 4096u);
}

TEST(Sentence, EndsWithTheRemedy) {
    EXPECT_EQ(sentence({.what = "it is so", .remedy = "do this", .commands = {}}),
              "it is so: do this");
    EXPECT_EQ(sentence({.what = "it is so", .remedy = "", .commands = {"a", "b"}}),
              "it is so: a; b");
    EXPECT_EQ(sentence({.what = "it is so", .remedy = "", .commands = {}}), "it is so");
}

TEST(GuestAddress, HasNoDomain) {
    EXPECT_EQ(guest_address({.bus = 0x1a, .device = 2, .function = 3}), "1a:02.3");
}

}  // namespace
}  // namespace tenon::library
