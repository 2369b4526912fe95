#include "vmm/acpi/aml.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace tenon::vmm::acpi {
namespace {

Bytes bytes(std::initializer_list<unsigned> values) {
    Bytes made;
    for (const unsigned value : values)
        made.push_back(static_cast<std::byte>(value));
    return made;
}

TEST(Aml, WritesIntegersInTheirShortestForm) {
    EXPECT_EQ(aml::integer(0), bytes({0x00}));
    EXPECT_EQ(aml::integer(1), bytes({0x01}));
    EXPECT_EQ(aml::integer(0xff), bytes({0x0a, 0xff}));
    EXPECT_EQ(aml::integer(0x100), bytes({0x0b, 0x00, 0x01}));
    EXPECT_EQ(aml::integer(0x1'0000), bytes({0x0c, 0x00, 0x00, 0x01, 0x00}));
    EXPECT_EQ(aml::integer(0x1'0000'0000),
              bytes({0x0e, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00}));
}

TEST(Aml, FillsNamesUpToFourCharacters) {
    EXPECT_EQ(aml::name_string("\\_S5"), bytes({'\\', '_', 'S', '5', '_'}));
    EXPECT_EQ(aml::name_string("\\_SB.PCI0"),
              bytes({'\\', 0x2e, '_', 'S', 'B', '_', 'P', 'C', 'I', '0'}));
    EXPECT_EQ(aml::name_string("A.B.C"),
              bytes({0x2f, 3, 'A', '_', '_', '_', 'B', '_', '_', '_', 'C', '_', '_', '_'}));
    EXPECT_EQ(aml::name_string("\\"), bytes({'\\', 0}));
}

TEST(Aml, EncodesTheIdOfAHostBridge) {
    // As iasl encodes EisaId ("PNP0A08").
    EXPECT_EQ(aml::eisa_id("PNP0A08"), bytes({0x0c, 0x41, 0xd0, 0x0a, 0x08}));
}

TEST(Aml, EncodesAUuidWithItsFirstGroupsReversed) {
    const auto uuid = aml::uuid("33db4d5b-1ff7-401c-9657-7441c03dd766");
    EXPECT_EQ(uuid, bytes({0x11, 0x13, 0x0a, 0x10, 0x5b, 0x4d, 0xdb, 0x33, 0xf7, 0x1f,
                           0x1c, 0x40, 0x96, 0x57, 0x74, 0x41, 0xc0, 0x3d, 0xd7, 0x66}));
}

TEST(Aml, CountsAPackageLengthWithItself) {
    // DefPackage, length 4: itself, the number of elements, two integers.
    EXPECT_EQ(aml::package({aml::integer(5), aml::integer(0)}),
              bytes({0x12, 0x05, 0x02, 0x0a, 0x05, 0x00}));
}

TEST(Aml, UsesLongerLengthsOnlyWhereNeeded) {
    const std::vector<std::byte> content(100);
    const auto buffer = aml::buffer(content);
    // 1 opcode, 2 of length (0x40 | 8, 6: 0x68), 2 of size, content.
    EXPECT_EQ(buffer[1], std::byte{0x48});
    EXPECT_EQ(buffer[2], std::byte{0x06});
    EXPECT_EQ(buffer.size(), 1u + 0x68);
}

TEST(Aml, UsesThreeBytesOfLengthFrom4093OfContent) {
    const std::vector<std::byte> content(5000);
    const auto buffer = aml::buffer(content);
    // 3 of length, 3 of size, 5000: 5006 is 0x138e.
    EXPECT_EQ(buffer[1], std::byte{0x8e});
    EXPECT_EQ(buffer[2], std::byte{0x38});
    EXPECT_EQ(buffer[3], std::byte{0x01});
}

TEST(Aml, MarksMethodsAsSerialized) {
    EXPECT_EQ(aml::method("_OSC", 4, aml::return_(aml::arg(3))),
              bytes({0x14, 0x08, '_', 'O', 'S', 'C', 0x0c, 0xa4, 0x6b}));
}

}  // namespace
}  // namespace tenon::vmm::acpi
