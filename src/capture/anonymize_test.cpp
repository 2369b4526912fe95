#include "capture/anonymize.hpp"

#include <gtest/gtest.h>

#include "tests/support/config_builder.hpp"

namespace tenon::capture {
namespace {

// PCI Express at 40; serial number 0x8877665544332211 at 104..10b, then a register of others.
pci::ConfigImage with_serial_number() {
    return support::ConfigBuilder{}
        .head(0x40)
        .express(0x40, 0)
        .extended(0x100, 0x03, 0)
        .put32(0x104, 0x44332211)
        .put32(0x108, 0x88776655)
        .put32(0x10c, 0x0badcafe)
        .image();
}

TEST(BlankSerialNumbers, ZeroesTheEightBytesInEveryImage) {
    device::DeviceFacts facts;
    facts.physical = with_serial_number();
    facts.vfio = device::VfioFacts{.config = with_serial_number()};
    facts.path = std::vector<device::BridgeFacts>{{.config = with_serial_number()}};

    blank_serial_numbers(facts);

    const auto expected = [] {
        auto image = with_serial_number();
        image.write<std::uint32_t>(0x104, 0);
        image.write<std::uint32_t>(0x108, 0);
        return image;
    }();
    EXPECT_EQ(*facts.physical, expected);
    EXPECT_EQ(facts.vfio->config, expected);
    EXPECT_EQ(*facts.path->front().config, expected);
}

TEST(BlankSerialNumbers, TakesThePlaceFromEitherView) {
    device::DeviceFacts facts;
    facts.physical = with_serial_number();
    auto hidden = with_serial_number();
    hidden.write<std::uint32_t>(0x100, 0);
    facts.vfio = device::VfioFacts{.config = hidden};

    blank_serial_numbers(facts);

    EXPECT_EQ(facts.vfio->config.read32(0x104), 0u);
    EXPECT_EQ(facts.vfio->config.read32(0x108), 0u);
}

TEST(BlankSerialNumbers, LeavesWhatIsUnknownUnknown) {
    device::DeviceFacts facts;
    facts.physical = Unknown{"needs privilege"};
    const auto before = facts;

    blank_serial_numbers(facts);

    EXPECT_EQ(facts, before);
}

}  // namespace
}  // namespace tenon::capture
