#include "pci/capability_sizes.hpp"

#include <gtest/gtest.h>

namespace tenon::pci {
namespace {

// An image with one register set, for rules that read one.
ConfigImage with32(std::size_t at, std::uint32_t value) {
    ConfigImage image{express_size};
    image.write<std::uint32_t>(at, value);
    return image;
}

TEST(MsiSize, GrowsWithAddressAndMask) {
    EXPECT_EQ(sizes::msi(with32(0x40, 0x00000005), 0x40), 10u);
    EXPECT_EQ(sizes::msi(with32(0x40, 0x00800005), 0x40), 14u);
    EXPECT_EQ(sizes::msi(with32(0x40, 0x01000005), 0x40), 20u);
    EXPECT_EQ(sizes::msi(with32(0x40, 0x01800005), 0x40), 24u);
}

TEST(ExpressSize, DependsOnVersionAndType) {
    EXPECT_EQ(sizes::express(with32(0x40, 0x00010010), 0x40), 0x14u);  // version 1 endpoint
    EXPECT_EQ(sizes::express(with32(0x40, 0x00020010), 0x40), 0x34u);  // version 2 endpoint
    EXPECT_EQ(sizes::express(with32(0x40, 0x00920010), 0x40), 0x2cu);  // integrated endpoint
    EXPECT_EQ(sizes::express(with32(0x40, 0x01420010), 0x40), 0x3cu);  // root port
    EXPECT_EQ(sizes::express(with32(0x40, 0x00000010), 0x40), 0x34u);  // version 0: as 2
}

TEST(VendorSpecificSize, IsItsLengthByteButHoldsItsOwnHeader) {
    EXPECT_EQ(sizes::vendor_specific(with32(0x40, 0x00140009), 0x40), 0x14u);
    EXPECT_EQ(sizes::vendor_specific(with32(0x40, 0x00000009), 0x40), 3u);
}

TEST(ExtendedVendorSpecificSize, IsItsLengthFieldAndAtLeastEight) {
    EXPECT_EQ(sizes::extended_vendor_specific(with32(0x104, 0x01810002), 0x100), 0x18u);
    EXPECT_EQ(sizes::extended_vendor_specific(with32(0x104, 0x00010002), 0x100), 8u);
}

TEST(ResizableBarSize, CountsItsBars) {
    EXPECT_EQ(sizes::resizable_bar(with32(0x108, 0x00000020), 0x100), 12u);
    EXPECT_EQ(sizes::resizable_bar(with32(0x108, 0x00000060), 0x100), 28u);
    EXPECT_EQ(sizes::resizable_bar(with32(0x108, 0x00000000), 0x100), 12u);
}

TEST(AccessControlSize, HasAnEgressVectorOnlyIfItSaysSo) {
    EXPECT_EQ(sizes::access_control(with32(0x104, 0x0000001f), 0x100), 8u);
    EXPECT_EQ(sizes::access_control(with32(0x104, 0x00000820), 0x100), 12u);
    EXPECT_EQ(sizes::access_control(with32(0x104, 0x00000020), 0x100), 40u);
}

TEST(TphSize, HasATableOnlyInTheCapability) {
    EXPECT_EQ(sizes::tph_requester(with32(0x104, 0x00070405), 0x100), 12u);
    EXPECT_EQ(sizes::tph_requester(with32(0x104, 0x00070205), 0x100), 28u);
}

TEST(VirtualChannelSize, ReachesToTheEndOfItsTables) {
    EXPECT_EQ(sizes::virtual_channel(ConfigImage{express_size}, 0x100), 0x1cu);
    auto image = with32(0x108, 0x04000004);  // VC arbitration of 64 phases, at 0x40
    EXPECT_EQ(sizes::virtual_channel(image, 0x100), 0x60u);
}

TEST(PciXSize, IsLargerInABridge) {
    auto image = with32(0x40, 0x00000007);
    EXPECT_EQ(sizes::pci_x(image, 0x40), 8u);
    image.write<std::uint8_t>(0x0e, 0x01);
    EXPECT_EQ(sizes::pci_x(image, 0x40), 16u);
    EXPECT_EQ(sizes::pci_x(with32(0x40, 0x10000007), 0x40), 24u);
}

TEST(HypertransportSize, DependsOnTheKindOfBlock) {
    EXPECT_EQ(sizes::hypertransport(with32(0x40, 0x00000008), 0x40), 28u);  // slave
    EXPECT_EQ(sizes::hypertransport(with32(0x40, 0x20000008), 0x40), 24u);  // host
    EXPECT_EQ(sizes::hypertransport(with32(0x40, 0x80000008), 0x40), 8u);   // interrupt discovery
    EXPECT_EQ(sizes::hypertransport(with32(0x40, 0x88000008), 0x40), 4u);   // revision
    EXPECT_EQ(sizes::hypertransport(with32(0x40, 0xa8000008), 0x40), 12u);  // MSI mapping
    EXPECT_EQ(sizes::hypertransport(with32(0x40, 0xa8020008), 0x40), 4u);   // MSI mapping, fixed
}

TEST(AdvancedErrorReportingSize, ReachesToTheEndOfItsLogs) {
    EXPECT_EQ(sizes::advanced_error_reporting(with32(0x100, 0x00010001), 0x100), 0x2cu);
    EXPECT_EQ(sizes::advanced_error_reporting(with32(0x100, 0x00020001), 0x100), 0x48u);
    // An I211's: the next capability stands where a prefix log would be.
    EXPECT_EQ(sizes::advanced_error_reporting(with32(0x100, 0x14020001), 0x100), 0x40u);
    EXPECT_EQ(sizes::advanced_error_reporting(with32(0x118, 0x00000800), 0x100), 0x48u);
}

TEST(DownstreamContainmentSize, CountsItsLog) {
    EXPECT_EQ(sizes::downstream_containment(with32(0x104, 0x0000), 0x100), 12u);
    EXPECT_EQ(sizes::downstream_containment(with32(0x104, 0x0520), 0x100), 0x34u);
    EXPECT_EQ(sizes::downstream_containment(with32(0x104, 0x0820), 0x100), 0x40u);
    EXPECT_EQ(sizes::downstream_containment(with32(0x104, 0x2020), 0x100), 0x60u);
}

TEST(IntegrityEncryptionSize, IsBoundedForAnyContent) {
    ConfigImage image{express_size};
    std::ranges::fill(image.bytes(), std::byte{0xff});

    EXPECT_LE(sizes::integrity_encryption(image, 0x100), 0x1000u);
    EXPECT_LE(sizes::enhanced_allocation(image, 0x40), 0x140u);
}

TEST(LaneSizes, TakeTheWidthOfTheLink) {
    ConfigImage image{express_size};
    image.write<std::uint16_t>(0x06, 0x0010);
    image.write<std::uint8_t>(0x34, 0x40);
    image.write<std::uint32_t>(0x40, 0x00020010);
    image.write<std::uint32_t>(0x4c, 0x00000043);  // x4

    EXPECT_EQ(sizes::lanes_1_byte(image, 0x100), 0x24u);
    EXPECT_EQ(sizes::lane_margining(image, 0x100), 0x18u);
    EXPECT_EQ(sizes::secondary_express(image, 0x100), 0x14u);
}

}  // namespace
}  // namespace tenon::pci
