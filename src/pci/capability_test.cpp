#include "pci/capability.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/support/config_builder.hpp"

namespace tenon::pci {
namespace {

using support::ConfigBuilder;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<unsigned> offsets(const std::vector<Capability>& entries) {
    std::vector<unsigned> at;
    at.reserve(entries.size());
    for (const auto& entry : entries)
        at.push_back(entry.at);
    return at;
}

TEST(ListCapabilities, KeepsTheOrderOfTheChainAlsoBackwards) {
    const auto chain = ConfigBuilder{}
                           .head(0x70)
                           .standard(0x70, 0x05, 0x40)
                           .standard(0x40, 0x01, 0x80)
                           .standard(0x80, 0x11, 0);

    const auto found = list_capabilities(chain.image());

    EXPECT_THAT(offsets(found.standard), ElementsAre(0x70, 0x40, 0x80));
    EXPECT_THAT(found.findings, IsEmpty());
}

TEST(ListCapabilities, StopsAtALoop) {
    const auto chain =
        ConfigBuilder{}.head(0x40).standard(0x40, 0x05, 0x50).standard(0x50, 0x11, 0x40);

    const auto found = list_capabilities(chain.image());

    EXPECT_THAT(offsets(found.standard), ElementsAre(0x40, 0x50));
    EXPECT_THAT(found.findings,
                ElementsAre("standard capability list returns to 0x40: the chain loops"));
}

TEST(ListCapabilities, StopsAtAPointerIntoTheHeader) {
    const auto chain = ConfigBuilder{}.head(0x40).standard(0x40, 0x01, 0x3c);

    const auto found = list_capabilities(chain.image());

    EXPECT_THAT(offsets(found.standard), ElementsAre(0x40));
    EXPECT_THAT(found.findings, ElementsAre("capability pointer 0x3c is in the header"));
}

TEST(ListCapabilities, ReadsAMisalignedPointerWithoutItsLowBits) {
    const auto chain = ConfigBuilder{}.head(0x43).standard(0x40, 0x01, 0);

    const auto found = list_capabilities(chain.image());

    EXPECT_THAT(offsets(found.standard), ElementsAre(0x40));
    EXPECT_THAT(found.findings,
                ElementsAre("capability pointer 0x43 is not a multiple of 4; read as 0x40"));
}

TEST(ListCapabilities, FindsNoneWithoutTheStatusBitAndSaysSo) {
    const auto chain = ConfigBuilder{}.head(0x40).standard(0x40, 0x01, 0).put16(0x06, 0);

    const auto found = list_capabilities(chain.image());

    EXPECT_THAT(found.standard, IsEmpty());
    EXPECT_EQ(found.findings.size(), 1u);
}

TEST(ListCapabilities, FindsNoneInBytesThatWereNotRead) {
    const auto chain = ConfigBuilder{64}.head(0x40);

    EXPECT_THAT(list_capabilities(chain.image()).standard, IsEmpty());
    EXPECT_THAT(list_capabilities(chain.image()).findings, IsEmpty());
}

TEST(ListCapabilities, StopsWhereADumpEnds) {
    const auto chain = ConfigBuilder{128}.head(0x40).standard(0x40, 0x01, 0x80);

    const auto found = list_capabilities(chain.image());

    EXPECT_THAT(offsets(found.standard), ElementsAre(0x40));
    EXPECT_THAT(found.findings,
                ElementsAre("standard capability list goes to 0x80, but only 128 bytes were read"));
}

TEST(ListCapabilities, SaysThatADeviceIsDead) {
    ConfigImage image{express_size};
    std::ranges::fill(image.bytes(), std::byte{0xff});

    const auto found = list_capabilities(image);

    EXPECT_THAT(found.standard, IsEmpty());
    EXPECT_THAT(
        found.findings,
        ElementsAre("every register reads as ones: the device is dead, powered off or not there"));
}

TEST(ListCapabilities, WalksTheExtendedListBelowAnExpressCapability) {
    const auto chain = ConfigBuilder{}
                           .head(0x80)
                           .express(0x80, 0)
                           .extended(0x100, 0x03, 0xfb4)
                           .extended(0xfb4, 0x01, 0x138)
                           .extended(0x138, 0x04, 0);

    const auto found = list_capabilities(chain.image());

    EXPECT_THAT(offsets(found.extended), ElementsAre(0x100, 0xfb4, 0x138));
    EXPECT_EQ(found.extended[0].version, 1);
    EXPECT_THAT(found.findings, IsEmpty());
}

TEST(ListCapabilities, DoesNotWalkBytesAt256WithoutAnExpressCapability) {
    const auto chain = ConfigBuilder{}.extended(0x100, 0x1022, 0x148);

    const auto found = list_capabilities(chain.image());

    EXPECT_THAT(found.extended, IsEmpty());
    EXPECT_THAT(
        found.findings,
        ElementsAre("bytes at 0x100 are no capability list: there is no PCI Express capability"));
}

TEST(ListCapabilities, StopsAtAnExtendedLoop) {
    const auto chain = ConfigBuilder{}
                           .head(0x80)
                           .express(0x80, 0)
                           .extended(0x100, 0x01, 0x200)
                           .extended(0x200, 0x03, 0x100);

    const auto found = list_capabilities(chain.image());

    EXPECT_THAT(offsets(found.extended), ElementsAre(0x100, 0x200));
    EXPECT_THAT(found.findings,
                ElementsAre("extended capability list returns to 0x100: the chain loops"));
}

TEST(ListCapabilities, StopsAtAnExtendedPointerBelow256) {
    const auto chain = ConfigBuilder{}.head(0x80).express(0x80, 0).extended(0x100, 0x03, 0x040);

    const auto found = list_capabilities(chain.image());

    EXPECT_THAT(offsets(found.extended), ElementsAre(0x100));
    EXPECT_THAT(found.findings, ElementsAre("extended capability pointer 0x040 is below 0x100"));
}

TEST(ListCapabilities, KeepsAPlaceholderThatCarriesAPointer) {
    const auto chain = ConfigBuilder{}
                           .head(0x80)
                           .express(0x80, 0)
                           .extended(0x100, 0x00, 0x140)
                           .extended(0x140, 0x03, 0);

    EXPECT_THAT(offsets(list_capabilities(chain.image()).extended), ElementsAre(0x100, 0x140));
}

TEST(SetExtents, CutsARuleAtTheNextHeaderAndCallsTheFunctionOdd) {
    // MSI with 64-bit address and masking takes 24 bytes; the next one begins after 16.
    const auto chain = ConfigBuilder{}
                           .head(0x50)
                           .standard(0x50, 0x05, 0x60)
                           .standard(0x60, 0x11, 0)
                           .put16(0x52, 0x0180);

    const auto found = list_capabilities(chain.image());

    EXPECT_EQ(found.standard[0].size, 16);
    EXPECT_THAT(found.findings,
                ElementsAre("odd: MSI at 0x50 should take 24 bytes, but the next capability or the "
                            "end of the space comes after 16"));
}

TEST(SetExtents, LetsAnUnknownIdReachTheNextHeaderInAddressOrder) {
    const auto chain = ConfigBuilder{}
                           .head(0x80)
                           .express(0x80, 0)
                           .extended(0x100, 0x7777, 0x300)
                           .extended(0x300, 0x03, 0x200)
                           .extended(0x200, 0x03, 0);

    const auto found = list_capabilities(chain.image());

    EXPECT_EQ(found.extended[0].size, 0x100);
    EXPECT_EQ(found.extended[1].size, 12);
}

}  // namespace
}  // namespace tenon::pci
