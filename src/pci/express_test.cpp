#include "pci/express.hpp"

#include <gtest/gtest.h>

#include "tests/support/config_builder.hpp"

namespace tenon::pci {
namespace {

TEST(FindExpress, TellsPlaceTypeAndVersion) {
    const auto image = support::ConfigBuilder{}.head(0x80).express(0x80, 0, 4).image();
    const auto place = find_express(image);
    ASSERT_TRUE(place);
    EXPECT_EQ(place->at, 0x80u);
    EXPECT_EQ(place->type, PortType::RootPort);
    EXPECT_EQ(place->version, 2u);
    EXPECT_TRUE(place->has_second_registers());
}

TEST(FindExpress, KnowsThatVersionOneHasNoSecondRegisters) {
    const auto image =
        support::ConfigBuilder{}.head(0x80).express(0x80, 0).put16(0x82, 0x0001).image();
    EXPECT_FALSE(find_express(image)->has_second_registers());
}

TEST(FindExpress, FindsNothingInAConventionalFunction) {
    EXPECT_FALSE(find_express(support::ConfigBuilder{}.image()));
}

// Literals: PCIe Base Spec 6.0, 7.5.3.15 and 7.5.3.16.
TEST(DeviceRegisters2, HaveAtomicOpsWhereTheSpecificationPutsThem) {
    EXPECT_EQ(DeviceCapabilities2{0x00000040}.get<AtomicOpRouting>(), 1u);
    EXPECT_EQ(DeviceCapabilities2{0x00000080}.get<AtomicOpCompleters>(), 1u);
    EXPECT_EQ(DeviceCapabilities2{0x00000100}.get<AtomicOpCompleters>(), 2u);
    EXPECT_EQ(DeviceCapabilities2{0x00000200}.get<AtomicOpCompleters>(), 4u);
    EXPECT_EQ(DeviceCapabilities2{0xfffffc7f}.get<AtomicOpCompleters>(), 0u);
    EXPECT_EQ(DeviceControl2{0x0040}.get<AtomicOpRequesterEnable>(), 1u);
    EXPECT_EQ(DeviceControl2{0x0080}.get<AtomicOpEgressBlocking>(), 1u);
}

}  // namespace
}  // namespace tenon::pci
