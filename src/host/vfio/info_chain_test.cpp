#include "host/vfio/info_chain.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "base/bytes.hpp"

namespace tenon::host::vfio {
namespace {

// An answer of 64 bytes, the first 24 of them fixed.
struct Answer {
    std::array<std::byte, 64> bytes{};

    Answer& capability(std::size_t at, std::uint16_t id, std::uint32_t next) {
        store<std::uint16_t>(bytes, at, id);
        store<std::uint16_t>(bytes, at + 2, 1);
        store<std::uint32_t>(bytes, at + 4, next);
        return *this;
    }
    Result<std::vector<InfoCapability>> list(std::uint32_t first) const {
        return list_info_capabilities(bytes, first, 24);
    }
};

TEST(InfoChain, IsEmptyWithoutAFirstCapability) { EXPECT_TRUE(Answer{}.list(0)->empty()); }

TEST(InfoChain, IsListedInItsOrder) {
    // Backwards is as good as forwards.
    const auto answer = Answer{}.capability(40, 5, 24).capability(24, 3, 0);

    const auto listed = answer.list(40);

    ASSERT_TRUE(listed);
    ASSERT_EQ(listed->size(), 2u);
    EXPECT_EQ((*listed)[0].id, 5);
    EXPECT_EQ((*listed)[0].version, 1);
    EXPECT_EQ((*listed)[0].bytes.size(), 24u);
    EXPECT_EQ((*listed)[1].id, 3);
}

TEST(InfoChain, TakesACapabilityThatIsOnlyAHeaderAtTheEnd) {
    const auto answer = Answer{}.capability(56, 3, 0);

    EXPECT_EQ(answer.list(56)->size(), 1u);
}

TEST(InfoChain, RefusesALoop) {
    const auto answer = Answer{}.capability(24, 1, 40).capability(40, 2, 24);

    const auto listed = answer.list(24);

    ASSERT_FALSE(listed);
    EXPECT_EQ(listed.error().kind, Error::Kind::Malformed);
    EXPECT_EQ(listed.error().what, "the capabilities of the answer return to byte 24");
}

TEST(InfoChain, RefusesACapabilityThatPointsToItself) {
    EXPECT_FALSE(Answer{}.capability(24, 1, 24).list(24));
}

TEST(InfoChain, RefusesAHeaderThatIsCutOff) {
    EXPECT_EQ(Answer{}.list(57).error().what, "capability at byte 57 of an answer of 64");
}

TEST(InfoChain, RefusesAnOffsetOutside) {
    EXPECT_FALSE(Answer{}.list(64));
    EXPECT_FALSE(Answer{}.list(0xfffffff8));
}

TEST(InfoChain, RefusesAnOffsetIntoTheFixedPart) {
    EXPECT_FALSE(Answer{}.list(16));
    EXPECT_FALSE(Answer{}.capability(24, 1, 8).list(24));
}

TEST(InfoChain, RefusesAChainThatDoesNotEnd) {
    // 300 headers of 8 bytes, each pointing to the next one.
    std::vector<std::byte> answer(24 + 300 * 8);
    for (std::uint32_t at = 24; at + 8 < answer.size(); at += 8)
        store<std::uint32_t>(answer, at + 4, at + 8);

    const auto listed = list_info_capabilities(answer, 24, 24);

    ASSERT_FALSE(listed);
    EXPECT_EQ(listed.error().what, "the answer has more than 256 capabilities");
}

TEST(InfoChain, RefusesToReadFromATinyAnswer) {
    const std::array<std::byte, 4> tiny{};

    EXPECT_FALSE(list_info_capabilities(tiny, 4, 4));
}

}  // namespace
}  // namespace tenon::host::vfio
