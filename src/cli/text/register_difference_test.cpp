#include "cli/text/register_difference.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::cli::text {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

ComparableCapability msix(std::uint16_t at) {
    return {.id = 0x11, .name = "MSI-X", .at = at, .size = 12};
}

ComparableCapability aer(std::uint16_t at) {
    return {.extended = true, .id = 0x01, .name = "AER", .at = at, .size = 0x48};
}

Comparable function() {
    return {.name = "f",
            .leaves = {},
            .capabilities = {msix(0xb0), aer(0x100)},
            .config_known = 4096,
            .config = pci::ConfigImage{4096}};
}

std::vector<Difference> differences(const Comparable& a, const Comparable& b) {
    Comparison found;
    compare_registers(a, b, found);
    return found.differences;
}

TEST(CompareRegisters, FindsNothingInTheSame) {
    EXPECT_THAT(differences(function(), function()), IsEmpty());
}

TEST(CompareRegisters, FindsRegistersOfACapabilityThatMoved) {
    auto one = function();
    one.config->write<std::uint32_t>(0xb4, 0x2000);
    auto other = function();
    other.capabilities[0] = msix(0x40);
    other.config->write<std::uint32_t>(0x44, 0x3000);

    EXPECT_THAT(differences(one, other),
                ElementsAre(Difference{"MSI-X (0x11)+0x04", "0x00002000", "0x00003000"}));
}

TEST(CompareRegisters, ComparesTheSecondOfAKindWithTheSecond) {
    auto two = function();
    two.capabilities.insert(two.capabilities.begin() + 1, msix(0x60));
    auto other = two;
    other.capabilities[1] = msix(0x70);
    other.config->write<std::uint32_t>(0x78, 1);

    EXPECT_THAT(differences(two, other),
                ElementsAre(Difference{"MSI-X (0x11)+0x08", "0x00000000", "0x00000001"}));
}

TEST(CompareRegisters, PassesOverIdsAndPointersOfTheLists) {
    auto other = function();
    other.config->write<std::uint16_t>(0xb0, 0x4011);
    other.config->write<std::uint8_t>(0x34, 0x40);
    other.config->write<std::uint32_t>(0x100, 0x14800001);

    EXPECT_THAT(differences(function(), other), IsEmpty());
}

TEST(CompareRegisters, FindsTheVersionOfAnExtendedCapability) {
    auto other = function();
    other.config->write<std::uint32_t>(0x100, 0x00020001);

    EXPECT_THAT(differences(function(), other),
                ElementsAre(Difference{"AER (0x0001): version", "0", "2"}));
}

TEST(CompareRegisters, FindsHeaderRegistersAndBytesOfNobody) {
    auto other = function();
    other.config->write<std::uint16_t>(0x06, 0x0010);
    other.config->write<std::uint8_t>(0x0c, 0x10);
    other.config->write<std::uint8_t>(0x0e, 0x80);
    other.config->write<std::uint32_t>(0xf00, 0x12345678);

    EXPECT_THAT(
        differences(function(), other),
        ElementsAre(Difference{"Status [0x06]", "0x0000", "0x0010"},
                    Difference{"Cache Line Size and Latency Timer [0x0c]", "0x0000", "0x0010"},
                    Difference{"Header Type [0x0e]", "0x00", "0x80"},
                    Difference{"outside of capabilities [0xf00]", "0x00000000", "0x12345678"}));
}

TEST(CompareRegisters, ComparesNoMoreThanBothHave) {
    auto other = function();
    other.config = pci::ConfigImage{64};
    auto one = function();
    one.config->write<std::uint32_t>(0xf00, 0x12345678);
    one.config->write<std::uint32_t>(0xb4, 0x12345678);

    EXPECT_THAT(differences(one, other), IsEmpty());
}

TEST(CompareRegisters, SurvivesOffsetsAndSizesOfAStranger) {
    auto strange = function();
    strange.capabilities[0] = msix(0xfff);
    strange.capabilities[1] = aer(0xffc);
    strange.capabilities[1].size = 4096;
    strange.config->write<std::uint32_t>(0x40, 1);

    EXPECT_THAT(differences(function(), strange), SizeIs(1));
    EXPECT_THAT(differences(strange, function()), SizeIs(1));
}

}  // namespace
}  // namespace tenon::cli::text
