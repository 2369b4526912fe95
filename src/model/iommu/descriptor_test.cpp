#include "model/iommu/descriptor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

namespace tenon::model::iommu {
namespace {

using enum QueueError;
using Words = std::array<std::uint64_t, 4>;

UnitShape shape(bool ats = true) {
    return design_unit({.pasid_width = 20},
                       {.mode = TableMode::Scalable, .pasid_width = 20, .ats = ats})
        .value()
        .shape;
}

std::expected<Descriptor, QueueError> parse(std::uint64_t low, std::uint64_t high = 0,
                                            bool wide = true) {
    return parse_descriptor({low, high}, wide, shape());
}

void expect(std::uint64_t low, std::uint64_t high, const Descriptor& expected) {
    const auto parsed = parse(low, high);
    ASSERT_TRUE(parsed) << std::hex << low;
    EXPECT_EQ(*parsed, expected) << std::hex << low;
}

void expect_error(std::uint64_t low, std::uint64_t high, QueueError expected) {
    const auto parsed = parse(low, high);
    ASSERT_FALSE(parsed) << std::hex << low;
    EXPECT_EQ(parsed.error(), expected) << std::hex << low;
}

// Descriptors as Intel VT-d 4.1, 6.5.2.1 to 6.5.2.8 has them.
TEST(Descriptor, OfContexts) {
    expect(0x11, 0, descriptor::Context{});
    expect(0x1234'0021, 0,
           descriptor::Context{.granularity = Granularity::Domain, .domain = 0x1234});
    // A function mask of 2: two functions' bits are ignored.
    expect(
        0x0002'0219'0000'0031, 0,
        descriptor::Context{.granularity = Granularity::Selective, .source = 0x0219, .ignored = 6});
    expect_error(0x01, 0, ReservedBits);
}

TEST(Descriptor, OfTranslations) {
    expect(0x12, 0, descriptor::Iotlb{});
    expect(0x1234'00e2, 0, descriptor::Iotlb{.granularity = Granularity::Domain, .domain = 0x1234});
    // 2^9 pages around an address, leaves alone.
    expect(0x0005'0032, 0x1234'5000 | 1 << 6 | 9,
           descriptor::Iotlb{.granularity = Granularity::Selective,
                             .domain = 5,
                             .pages = {0x1220'0000, 0x123f'ffff}});
    expect(0x0005'0032, 36,
           descriptor::Iotlb{
               .granularity = Granularity::Selective, .domain = 5, .pages = {0, 0xffff'ffff'ffff}});
    expect_error(0x0005'0032, 37, ReservedBits);
    expect_error(0x0005'0002, 0, ReservedBits);
}

TEST(Descriptor, OfDevices) {
    expect(0x0219'001f'0003, 0x1234'5001, descriptor::DeviceTlb{});
    expect(0x000f'ffff'0219'0008 | 0x1f0, 0x1234'5801, descriptor::DeviceTlb{});
    EXPECT_EQ(parse_descriptor({0x0219'0000'0003, 0}, true, shape(false)),
              std::unexpected{InvalidType});
    EXPECT_EQ(parse_descriptor({0x0000'0001'0219'0008, 0}, true, shape(false)),
              std::unexpected{InvalidType});
}

TEST(Descriptor, OfInterruptEntries) {
    expect(0x04, 0, descriptor::InterruptEntries{});
    expect(0x0123'0000'0014, 0, descriptor::InterruptEntries{.first = 0x123, .last = 0x123});
    // A mask of 4: sixteen entries.
    expect(0x0123'2000'0014, 0, descriptor::InterruptEntries{.first = 0x120, .last = 0x12f});
    // More than there are.
    expect(0x0123'f800'0014, 0, descriptor::InterruptEntries{.first = 0, .last = 0xffff});
}

TEST(Descriptor, OfAWait) {
    expect(0x1234'5678'0000'0025, 0x9'8765'4320,
           descriptor::Wait{.status = GuestAddress{0x9'8765'4320}, .data = 0x1234'5678});
    expect(0x55, 0, descriptor::Wait{.interrupt = true});
    expect(0x45, 0, descriptor::Wait{});
    expect_error(0x25, 0x1001, ReservedBits);
    expect_error(0xa5, 0x1000, ReservedBits);  // Page requests are not drained.
}

TEST(Descriptor, OfPasids) {
    expect(0x0007'ffff'1234'0026, 0,
           descriptor::PasidIotlb{
               .granularity = Granularity::Domain, .domain = 0x1234, .pasid = 0x7ffff});
    // A mask of 9: 2 MiB around the address.
    expect(0x0007'ffff'1234'0036, 0x1234'5009,
           descriptor::PasidIotlb{.granularity = Granularity::Selective,
                                  .domain = 0x1234,
                                  .pasid = 0x7ffff,
                                  .pages = {0x1220'0000, 0x123f'ffff}});
    expect_error(0x0007'ffff'1234'0036, 37, ReservedBits);
    expect_error(0x0007'ffff'1234'0016, 0, ReservedBits);
    expect(0x1234'0007, 0,
           descriptor::PasidCache{.granularity = Granularity::Domain, .domain = 0x1234});
    expect(0x0007'ffff'1234'0017, 0,
           descriptor::PasidCache{
               .granularity = Granularity::Selective, .domain = 0x1234, .pasid = 0x7ffff});
    expect(0x37, 0, descriptor::PasidCache{});
    expect_error(0x27, 0, ReservedBits);
}

TEST(Descriptor, OfNoTypeOfTheUnit) {
    for (const auto type :
         std::initializer_list<std::uint64_t>{0x000, 0x009, 0x00a, 0x00f, 0x201, 0x805, 0xe0f})
        expect_error(type, 0, InvalidType);
}

TEST(Descriptor, OfPasidsNeedsTheWideForm) {
    for (const auto low : std::initializer_list<std::uint64_t>{0x26ull, 0x37ull, 0x8ull})
        EXPECT_EQ(parse(low, 0, false), std::unexpected{InvalidType});
    EXPECT_TRUE(parse(0x11, 0, false));
}

TEST(Descriptor, OfInterruptEntriesNeedsInterruptRemapping) {
    const auto without = design_unit({}, {.interrupt_remapping = false}).value().shape;
    EXPECT_EQ(parse_descriptor({0x04, 0}, false, without), std::unexpected{InvalidType});
}

// Every bit that no field has, of every type. Type is in 3:0 and 11:9.
TEST(Descriptor, WithAReservedBitIsRefused) {
    struct Case {
        std::uint64_t low;
        std::uint64_t used_low;
        std::uint64_t used_high;
    };
    const std::vector<Case> cases{
        {0x11, 0x0003'ffff'ffff'0e3f, 0},
        {0x12, 0x0000'0000'ffff'0eff, 0xffff'ffff'ffff'f07f},
        {0x03, 0x0000'ffff'001f'0e0f, 0xffff'ffff'ffff'f001},
        {0x04, 0x0000'ffff'f800'0e1f, 0},
        {0x05, 0xffff'ffff'0000'0e7f, 0xffff'ffff'ffff'fffc},
        {0x26, 0x000f'ffff'ffff'0e3f, 0xffff'ffff'ffff'f07f},
        {0x07, 0x000f'ffff'ffff'0e3f, 0},
        {0x08, 0x000f'ffff'ffff'0fff, 0xffff'ffff'ffff'f801},
    };
    for (const auto& one : cases) {
        ASSERT_TRUE(parse(one.low)) << one.low;
        for (unsigned bit = 0; bit < 256; ++bit) {
            Words words{one.low};
            words.at(bit / 64) |= 1ull << (bit % 64);
            const bool used = bit < 64    ? (one.used_low >> bit & 1) != 0
                              : bit < 128 ? (one.used_high >> (bit - 64) & 1) != 0
                                          : false;
            if (used) continue;
            EXPECT_EQ(parse_descriptor(words, true, shape()), std::unexpected{ReservedBits})
                << one.low << " " << bit;
        }
    }
}

TEST(FunctionMask, IgnoresBitsFromTheTop) {
    EXPECT_EQ(ignored_functions(0), 0u);
    EXPECT_EQ(ignored_functions(1), 4u);
    EXPECT_EQ(ignored_functions(2), 6u);
    EXPECT_EQ(ignored_functions(3), 7u);
}

TEST(Pages, OfAnyMaskAreARange) {
    EXPECT_EQ(pages_of(0x1234, 0), (IovaRange{0x1000, 0x1fff}));
    EXPECT_EQ(pages_of(0x5000, 1), (IovaRange{0x4000, 0x5fff}));
    EXPECT_EQ(pages_of(~0ull, 63), (IovaRange{1ull << 63, ~0ull}));
}

}  // namespace
}  // namespace tenon::model::iommu
