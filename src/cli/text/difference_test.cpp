#include "cli/text/difference.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::cli::text {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

ComparableCapability msix(std::uint16_t at) {
    return {.id = 0x11, .name = "MSI-X", .at = at, .size = 12, .action = "emulate", .why = "w"};
}

ComparableCapability aer(std::optional<std::uint16_t> at) {
    return {.extended = true,
            .id = 0x01,
            .name = "Advanced Error Reporting",
            .at = at,
            .size = 0x48,
            .action = at ? "pass" : "hide",
            .why = "the kernel hides it"};
}

Comparable function() {
    return {.name = "f",
            .traits = {{.name = "vendor", .value = "0x8086"}},
            .bars = {{.name = "BAR 0 size", .value = "16 KiB"}},
            .capabilities = {msix(0xb0), aer(0x100)},
            .config_known = 4096,
            .config = pci::ConfigImage{4096}};
}

TEST(Compare, FindsNothingInTheSame) {
    const auto same = compare(function(), function());

    EXPECT_THAT(same.differences, IsEmpty());
    EXPECT_THAT(same.not_compared, IsEmpty());
}

TEST(Compare, FindsTraitsAndBarsThatDiffer) {
    auto other = function();
    other.traits[0].value = "0x10de";
    other.bars = {{.name = "BAR 2 size", .value = "4 KiB"}};

    EXPECT_THAT(compare(function(), other).differences,
                ElementsAre(Difference{"vendor", "0x8086", "0x10de"},
                            Difference{"BAR 0 size", "16 KiB", "not there"},
                            Difference{"BAR 2 size", "not there", "4 KiB"}));
}

TEST(Compare, DoesNotTakeUnknownForDifferent) {
    auto other = function();
    other.bars[0].value = std::nullopt;

    const auto found = compare(function(), other);

    EXPECT_THAT(found.differences, IsEmpty());
    EXPECT_THAT(found.not_compared, ElementsAre("BAR 0 size: not known of both"));
}

TEST(Compare, FindsACapabilityThatMoved) {
    auto other = function();
    other.capabilities[0] = msix(0x40);

    EXPECT_THAT(compare(function(), other).differences,
                ElementsAre(Difference{"MSI-X (0x11)", "at 0xb0, 12 bytes, emulate",
                                       "at 0x40, 12 bytes, emulate"}));
}

TEST(Compare, FindsACapabilityThatIsHiddenOrAbsent) {
    auto hidden = function();
    hidden.capabilities[1] = aer(std::nullopt);
    auto absent = function();
    absent.capabilities.pop_back();

    EXPECT_THAT(compare(function(), hidden).differences,
                ElementsAre(Difference{"Advanced Error Reporting (0x0001)",
                                       "at 0x100, 72 bytes, pass", "hidden: the kernel hides it"}));
    EXPECT_THAT(compare(absent, function()).differences,
                ElementsAre(Difference{"Advanced Error Reporting (0x0001)", "not there",
                                       "at 0x100, 72 bytes, pass"}));
    EXPECT_THAT(compare(hidden, absent).differences, IsEmpty());
}

TEST(Compare, ComparesTheSecondOfAKindWithTheSecond) {
    auto two = function();
    two.capabilities.insert(two.capabilities.begin() + 1, msix(0x60));
    auto other = two;
    other.capabilities[1] = msix(0x70);

    EXPECT_THAT(compare(two, other).differences,
                ElementsAre(Difference{"MSI-X (0x11)", "at 0x60, 12 bytes, emulate",
                                       "at 0x70, 12 bytes, emulate"}));
}

TEST(Compare, FindsRegistersOfACapabilityThatMoved) {
    auto one = function();
    one.config->write<std::uint32_t>(0xb4, 0x2000);
    auto other = function();
    other.capabilities[0] = msix(0x40);
    other.config->write<std::uint32_t>(0x44, 0x3000);

    EXPECT_THAT(
        compare(one, other).differences,
        ElementsAre(testing::_, Difference{"MSI-X (0x11)+0x04", "0x00002000", "0x00003000"}));
}

TEST(Compare, PassesOverIdsAndPointersOfTheLists) {
    auto other = function();
    other.config->write<std::uint16_t>(0xb0, 0x4011);
    other.config->write<std::uint8_t>(0x34, 0x40);
    other.config->write<std::uint32_t>(0x100, 0x14810001);

    EXPECT_THAT(compare(function(), other).differences, IsEmpty());
}

TEST(Compare, FindsHeaderRegistersAndBytesOfNobody) {
    auto other = function();
    other.config->write<std::uint16_t>(0x06, 0x0010);
    other.config->write<std::uint32_t>(0xf00, 0x12345678);

    EXPECT_THAT(
        compare(function(), other).differences,
        ElementsAre(Difference{"Status [0x06]", "0x0000", "0x0010"},
                    Difference{"outside of capabilities [0xf00]", "0x00000000", "0x12345678"}));
}

TEST(Compare, ComparesNoListThatWasNotRead) {
    auto header = function();
    header.config_known = 64;
    header.capabilities.clear();
    auto conventional = function();
    conventional.config_known = 256;
    conventional.capabilities.pop_back();

    const auto with_header = compare(function(), header);
    const auto with_conventional = compare(function(), conventional);

    EXPECT_THAT(with_header.differences, IsEmpty());
    EXPECT_THAT(with_header.not_compared,
                ElementsAre("capabilities: of f only 64 bytes were read"));
    EXPECT_THAT(with_conventional.differences, IsEmpty());
    EXPECT_THAT(with_conventional.not_compared,
                ElementsAre("extended capabilities: of f only 256 bytes were read"));
}

TEST(Compare, SaysThatAPlanHasNoBytes) {
    auto plan = function();
    plan.config.reset();

    EXPECT_EQ(compare(plan, function()).not_compared.size(), 1u);
}

TEST(Compare, SurvivesOffsetsAndSizesOfAStranger) {
    auto strange = function();
    strange.capabilities[1] = aer(0xffc);
    strange.capabilities[1].size = 4096;
    strange.capabilities[0] = msix(0xfff);

    EXPECT_FALSE(compare(function(), strange).differences.empty());
    EXPECT_FALSE(compare(strange, function()).differences.empty());
}

}  // namespace
}  // namespace tenon::cli::text
