#include "pci/address.hpp"

#include <gtest/gtest.h>

namespace tenon::pci {
namespace {

TEST(Address, IsReadWithAndWithoutDomain) {
    EXPECT_EQ(Address::parse("0000:65:1f.7"),
              (Address{.domain = 0, .bus = 0x65, .device = 0x1f, .function = 7}));
    EXPECT_EQ(Address::parse("65:00.0"), (Address{.bus = 0x65}));
    EXPECT_EQ(Address::parse("10000:e1:00.0"), (Address{.domain = 0x10000, .bus = 0xe1}));
    EXPECT_EQ(Address::parse("0001abcd:01:00.0"), (Address{.domain = 0x1abcd, .bus = 1}));
}

TEST(Address, IsRefusedWhenAnyPartIsWrong) {
    EXPECT_EQ(Address::parse(""), std::nullopt);
    EXPECT_EQ(Address::parse("65:00"), std::nullopt);
    EXPECT_EQ(Address::parse("65:00.8"), std::nullopt);
    EXPECT_EQ(Address::parse("65:20.0"), std::nullopt);
    EXPECT_EQ(Address::parse("0:65:00.0"), std::nullopt);
    EXPECT_EQ(Address::parse("0000:65:00.0 "), std::nullopt);
    EXPECT_EQ(Address::parse("1:2:3:4.5"), std::nullopt);
}

TEST(Address, IsPrintedWithItsDomain) {
    EXPECT_EQ(to_string(Address{.bus = 0x0b, .device = 2, .function = 1}), "0000:0b:02.1");
    EXPECT_EQ(to_string(Address{.domain = 0x10000, .bus = 0xe1}), "10000:e1:00.0");
}

TEST(Address, OfAWholeSlotEndsInAStar) {
    EXPECT_EQ(Address::parse_slot("0b:02.*"), (Address{.bus = 0x0b, .device = 2}));
    EXPECT_EQ(Address::parse_slot("10000:e1:00.*"), (Address{.domain = 0x10000, .bus = 0xe1}));
    EXPECT_EQ(Address::parse_slot("0b:02.0"), std::nullopt);
    EXPECT_EQ(Address::parse_slot("0b:02*"), std::nullopt);
    EXPECT_EQ(Address::parse_slot("0b:02.**"), std::nullopt);
    EXPECT_EQ(Address::parse_slot("0b:02.1*"), std::nullopt);
    EXPECT_EQ(Address::parse_slot("0b:20.*"), std::nullopt);
    EXPECT_EQ(Address::parse_slot(".*"), std::nullopt);
    EXPECT_EQ(slot_text({.bus = 0x0b, .device = 2, .function = 3}), "0000:0b:02");
}

TEST(Address, KnowsItsSlot) {
    EXPECT_TRUE((Address{.bus = 1, .function = 3}).same_slot({.bus = 1, .function = 5}));
    EXPECT_FALSE((Address{.bus = 1}).same_slot({.bus = 1, .device = 1}));
    EXPECT_FALSE((Address{.bus = 1}).same_slot({.domain = 1, .bus = 1}));
}

TEST(Address, PacksDeviceAndFunction) {
    EXPECT_EQ((Address{.device = 0x1f, .function = 7}).devfn(), 0xff);
    EXPECT_EQ((Address{.device = 2, .function = 1}).devfn(), 0x11);
}

}  // namespace
}  // namespace tenon::pci
