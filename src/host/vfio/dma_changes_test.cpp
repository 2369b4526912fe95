#include "host/vfio/dma_changes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace tenon::host::vfio {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Key;
using testing::SizeIs;

std::array<std::byte, 0x8000> bytes;

DmaEntry pages(std::size_t first, std::size_t count, device::DmaRights rights = {true, true}) {
    return {.bytes = std::span{bytes}.subspan(first * 0x1000, count * 0x1000), .rights = rights};
}

TEST(DmaChanges, LeaveAloneWhatBothHave) {
    const DmaMaps now{{Iova{0x1000}, pages(0, 1)}, {Iova{0x5000}, pages(2, 1)}};

    const auto changes = changes_between(now, now);

    EXPECT_THAT(changes.unmap, IsEmpty());
    EXPECT_THAT(changes.map, IsEmpty());
}

TEST(DmaChanges, TakeAllBackByOneCall) {
    const DmaMaps now{{Iova{0x1000}, pages(0, 1)}, {Iova{0x5000}, pages(2, 2)}};

    EXPECT_THAT(changes_between(now, {}).unmap,
                ElementsAre(DmaRange{.at = Iova{0x1000}, .size = 0x6000, .mapped = 0x3000}));
}

TEST(DmaChanges, GoRoundWhatStays) {
    const DmaMaps now{{Iova{0x1000}, pages(0, 1)},
                      {Iova{0x2000}, pages(1, 1)},
                      {Iova{0x3000}, pages(2, 1)},
                      {Iova{0x4000}, pages(3, 1)}};
    const DmaMaps wanted{{Iova{0x2000}, pages(1, 1)}, {Iova{0x9000}, pages(1, 1)}};

    const auto changes = changes_between(now, wanted);

    EXPECT_THAT(changes.unmap,
                ElementsAre(DmaRange{.at = Iova{0x1000}, .size = 0x1000, .mapped = 0x1000},
                            DmaRange{.at = Iova{0x3000}, .size = 0x2000, .mapped = 0x2000}));
    EXPECT_THAT(changes.map, ElementsAre(Key(Iova{0x9000})));
}

// Another page, another size, other rights.
TEST(DmaChanges, MapAnewWhatIsNotTheSame) {
    const DmaMaps now{
        {Iova{0x1000}, pages(0, 1)}, {Iova{0x2000}, pages(1, 1)}, {Iova{0x3000}, pages(2, 1)}};
    const DmaMaps wanted{{Iova{0x1000}, pages(4, 1)},
                         {Iova{0x2000}, pages(1, 1, {.read = true, .write = false})},
                         {Iova{0x3000}, pages(2, 2)}};

    const auto changes = changes_between(now, wanted);

    EXPECT_THAT(changes.unmap,
                ElementsAre(DmaRange{.at = Iova{0x1000}, .size = 0x3000, .mapped = 0x3000}));
    EXPECT_THAT(changes.map, SizeIs(3));
}

TEST(WholeMappings, AreThoseThatFillTheRange) {
    const DmaMaps maps{
        {Iova{0x1000}, pages(0, 1)}, {Iova{0x2000}, pages(1, 2)}, {Iova{0x5000}, pages(3, 1)}};

    EXPECT_EQ(whole_mappings(maps, Iova{0x1000}, 0x3000),
              (DmaRange{.at = Iova{0x1000}, .size = 0x3000, .mapped = 0x3000}));
    EXPECT_FALSE(whole_mappings(maps, Iova{0x1000}, 0x2000));
    EXPECT_FALSE(whole_mappings(maps, Iova{0x1800}, 0x800));
    EXPECT_FALSE(whole_mappings(maps, Iova{0x2000}, 0x4000));
    EXPECT_FALSE(whole_mappings(maps, Iova{0x1000}, 0));
}

TEST(FindMemory, JoinsMappingsThatLieSideBySideHereToo) {
    const DmaMaps maps{{Iova{0}, pages(0, 2)}, {Iova{0x2000}, pages(2, 2)}};

    const auto found = find_memory(maps, Iova{0x1000}, 0x2000);

    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found.front().data(), bytes.data() + 0x1000);
    EXPECT_EQ(found.front().size(), 0x2000u);
}

TEST(FindMemory, TellsPiecesApartThatDoNot) {
    const DmaMaps maps{{Iova{0}, pages(4, 2)}, {Iova{0x2000}, pages(0, 2)}};

    const auto found = find_memory(maps, Iova{0x1000}, 0x2000);

    ASSERT_THAT(found, SizeIs(2));
    EXPECT_EQ(found[0].data(), bytes.data() + 0x5000);
    EXPECT_EQ(found[1].data(), bytes.data());
    EXPECT_EQ(found[1].size(), 0x1000u);
}

TEST(FindMemory, FindsNothingWhereAPartIsMissing) {
    const DmaMaps maps{{Iova{0x1000}, pages(0, 1)}, {Iova{0x3000}, pages(1, 1)}};

    EXPECT_THAT(find_memory(maps, Iova{0}, 0x2000), IsEmpty());
    EXPECT_THAT(find_memory(maps, Iova{0x1000}, 0x2000), IsEmpty());
    EXPECT_THAT(find_memory(maps, Iova{0x3000}, 0x2000), IsEmpty());
    EXPECT_THAT(find_memory(maps, Iova{0x2000}, 0x1000), IsEmpty());
    EXPECT_THAT(find_memory({}, Iova{0}, 0x1000), IsEmpty());
}

}  // namespace
}  // namespace tenon::host::vfio
