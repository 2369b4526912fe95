#include "pci/capability.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::pci {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A function with a capability list, and room to write headers into.
class CapabilityChain {
public:
    explicit CapabilityChain(std::size_t known = express_size) : image_{known} {
        image_.write<std::uint32_t>(0x00, 0x00101b36);
        image_.write<std::uint16_t>(0x06, 0x0010);  // Status: capability list
    }
    CapabilityChain& head(std::uint8_t at) {
        image_.write<std::uint8_t>(0x34, at);
        return *this;
    }
    CapabilityChain& standard(std::size_t at, std::uint8_t id, std::uint8_t next) {
        image_.write<std::uint8_t>(at, id);
        image_.write<std::uint8_t>(at + 1, next);
        return *this;
    }
    // A version 2 PCI Express capability at 0x80, the end of the list.
    CapabilityChain& express() {
        head(0x80).standard(0x80, 0x10, 0);
        image_.write<std::uint16_t>(0x82, 0x0002);
        return *this;
    }
    CapabilityChain& extended(std::size_t at, std::uint16_t id, std::uint16_t next) {
        image_.write<std::uint32_t>(at, id | 1u << 16 | static_cast<std::uint32_t>(next) << 20);
        return *this;
    }
    ConfigImage& image() { return image_; }
    Capabilities list() const { return list_capabilities(image_); }

private:
    ConfigImage image_;
};

std::vector<unsigned> offsets(const std::vector<Capability>& entries) {
    std::vector<unsigned> at;
    for (const auto& entry : entries)
        at.push_back(entry.at);
    return at;
}

TEST(ListCapabilities, KeepsTheOrderOfTheChainAlsoBackwards) {
    auto chain = CapabilityChain{}
                     .head(0x70)
                     .standard(0x70, 0x05, 0x40)
                     .standard(0x40, 0x01, 0x80)
                     .standard(0x80, 0x11, 0);

    const auto found = chain.list();

    EXPECT_THAT(offsets(found.standard), ElementsAre(0x70, 0x40, 0x80));
    EXPECT_THAT(found.findings, IsEmpty());
}

TEST(ListCapabilities, StopsAtALoop) {
    auto chain = CapabilityChain{}.head(0x40).standard(0x40, 0x05, 0x50).standard(0x50, 0x11, 0x40);

    const auto found = chain.list();

    EXPECT_THAT(offsets(found.standard), ElementsAre(0x40, 0x50));
    EXPECT_THAT(found.findings,
                ElementsAre("standard capability list returns to 0x40: the chain loops"));
}

TEST(ListCapabilities, StopsAtAPointerIntoTheHeader) {
    auto chain = CapabilityChain{}.head(0x40).standard(0x40, 0x01, 0x3c);

    const auto found = chain.list();

    EXPECT_THAT(offsets(found.standard), ElementsAre(0x40));
    EXPECT_THAT(found.findings, ElementsAre("capability pointer 0x3c is in the header"));
}

TEST(ListCapabilities, ReadsAMisalignedPointerWithoutItsLowBits) {
    auto chain = CapabilityChain{}.head(0x43).standard(0x40, 0x01, 0);

    const auto found = chain.list();

    EXPECT_THAT(offsets(found.standard), ElementsAre(0x40));
    EXPECT_THAT(found.findings,
                ElementsAre("capability pointer 0x43 is not a multiple of 4; read as 0x40"));
}

TEST(ListCapabilities, FindsNoneWithoutTheStatusBitAndSaysSo) {
    auto chain = CapabilityChain{}.head(0x40).standard(0x40, 0x01, 0);
    chain.image().write<std::uint16_t>(0x06, 0);

    const auto found = chain.list();

    EXPECT_THAT(found.standard, IsEmpty());
    EXPECT_EQ(found.findings.size(), 1u);
}

TEST(ListCapabilities, FindsNoneInBytesThatWereNotRead) {
    auto chain = CapabilityChain{64}.head(0x40);

    EXPECT_THAT(chain.list().standard, IsEmpty());
    EXPECT_THAT(chain.list().findings, IsEmpty());
}

TEST(ListCapabilities, StopsWhereADumpEnds) {
    auto chain = CapabilityChain{128}.head(0x40).standard(0x40, 0x01, 0x80);

    const auto found = chain.list();

    EXPECT_THAT(offsets(found.standard), ElementsAre(0x40));
    EXPECT_THAT(found.findings,
                ElementsAre("standard capability list goes to 0x80, but only 128 bytes were read"));
}

TEST(ListCapabilities, SaysThatADeviceIsDead) {
    CapabilityChain chain;
    std::ranges::fill(chain.image().bytes(), std::byte{0xff});

    const auto found = chain.list();

    EXPECT_THAT(found.standard, IsEmpty());
    EXPECT_THAT(
        found.findings,
        ElementsAre("every register reads as ones: the device is dead, powered off or not there"));
}

TEST(ListCapabilities, WalksTheExtendedListBelowAnExpressCapability) {
    auto chain = CapabilityChain{}
                     .express()
                     .extended(0x100, 0x03, 0xfb4)
                     .extended(0xfb4, 0x01, 0x138)
                     .extended(0x138, 0x04, 0);

    const auto found = chain.list();

    EXPECT_THAT(offsets(found.extended), ElementsAre(0x100, 0xfb4, 0x138));
    EXPECT_EQ(found.extended[0].version, 1);
    EXPECT_THAT(found.findings, IsEmpty());
}

TEST(ListCapabilities, DoesNotWalkBytesAt256WithoutAnExpressCapability) {
    auto chain = CapabilityChain{}.extended(0x100, 0x1022, 0x148);

    const auto found = chain.list();

    EXPECT_THAT(found.extended, IsEmpty());
    EXPECT_THAT(
        found.findings,
        ElementsAre("bytes at 0x100 are no capability list: there is no PCI Express capability"));
}

TEST(ListCapabilities, StopsAtAnExtendedLoop) {
    auto chain =
        CapabilityChain{}.express().extended(0x100, 0x01, 0x200).extended(0x200, 0x03, 0x100);

    const auto found = chain.list();

    EXPECT_THAT(offsets(found.extended), ElementsAre(0x100, 0x200));
    EXPECT_THAT(found.findings,
                ElementsAre("extended capability list returns to 0x100: the chain loops"));
}

TEST(ListCapabilities, StopsAtAnExtendedPointerBelow256) {
    auto chain = CapabilityChain{}.express().extended(0x100, 0x03, 0x040);

    const auto found = chain.list();

    EXPECT_THAT(offsets(found.extended), ElementsAre(0x100));
    EXPECT_THAT(found.findings, ElementsAre("extended capability pointer 0x040 is below 0x100"));
}

TEST(ListCapabilities, KeepsAPlaceholderThatCarriesAPointer) {
    auto chain = CapabilityChain{}.express().extended(0x100, 0x00, 0x140).extended(0x140, 0x03, 0);

    EXPECT_THAT(offsets(chain.list().extended), ElementsAre(0x100, 0x140));
}

TEST(SetExtents, CutsARuleAtTheNextHeaderAndCallsTheFunctionOdd) {
    // MSI with 64-bit address and masking takes 24 bytes; the next one begins after 16.
    auto chain = CapabilityChain{}.head(0x50).standard(0x50, 0x05, 0x60).standard(0x60, 0x11, 0);
    chain.image().write<std::uint16_t>(0x52, 0x0180);

    const auto found = chain.list();

    EXPECT_EQ(found.standard[0].size, 16);
    EXPECT_THAT(found.findings,
                ElementsAre("odd: MSI at 0x50 should take 24 bytes, but the next capability or the "
                            "end of the space comes after 16"));
}

TEST(SetExtents, LetsAnUnknownIdReachTheNextHeaderInAddressOrder) {
    auto chain = CapabilityChain{}
                     .express()
                     .extended(0x100, 0x7777, 0x300)
                     .extended(0x300, 0x03, 0x200)
                     .extended(0x200, 0x03, 0);

    const auto found = chain.list();

    EXPECT_EQ(found.extended[0].size, 0x100);
    EXPECT_EQ(found.extended[1].size, 12);
}

}  // namespace
}  // namespace tenon::pci
