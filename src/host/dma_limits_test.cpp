#include "host/dma_limits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>

namespace tenon::host {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t mib = 1u << 20;
constexpr std::uint64_t no_limit = ~0ull;

// Five pages; the tests only look at addresses.
alignas(4096) std::array<std::byte, std::size_t{5} * 4096> memory;

std::span<std::byte> pages(std::size_t count) { return {memory.data(), count * 4096}; }

TEST(CheckMap, TakesWholePages) {
    EXPECT_TRUE(check_map({}, Iova{0x1000}, pages(2)));
    EXPECT_TRUE(check_map({}, Iova{0xfffffffffffff000}, pages(1)));
}

TEST(CheckMap, RefusesPartsOfPages) {
    EXPECT_FALSE(check_map({}, Iova{0x1800}, pages(1)));
    EXPECT_FALSE(check_map({}, Iova{0x1000}, pages(2).subspan(0, 0x1800)));
    EXPECT_FALSE(check_map({}, Iova{0x1000}, pages(2).subspan(0x800, 0x1000)));
    EXPECT_FALSE(check_map({}, Iova{0x1000}, {}));
}

TEST(CheckMap, RefusesARangeThatWraps) {
    EXPECT_FALSE(check_map({}, Iova{0xfffffffffffff000}, pages(2)));
}

TEST(CheckMap, RefusesWhatOverlaps) {
    const DmaMaps maps{{Iova{0x4000}, pages(2)}};

    EXPECT_FALSE(check_map(maps, Iova{0x3000}, pages(2)));
    EXPECT_FALSE(check_map(maps, Iova{0x5000}, pages(1)));
    EXPECT_FALSE(check_map(maps, Iova{0x3000}, pages(5)));
    EXPECT_TRUE(check_map(maps, Iova{0x3000}, pages(1)));
    EXPECT_TRUE(check_map(maps, Iova{0x6000}, pages(1)));
}

TEST(CannotMap, TellsTheLockLimitAgainstWhatIsNeeded) {
    const DmaMaps maps{{Iova{0}, pages(1)}};

    const auto error = cannot_map(ENOMEM, Iova{0x100000}, maps, 512 * mib, 8 * mib, {});

    EXPECT_EQ(error.what,
              "mapping 512 MiB of guest memory at 0x100000 for DMA: Cannot allocate memory");
    EXPECT_THAT(error.hint, HasSubstr("524292 KiB"));
    EXPECT_THAT(error.hint, HasSubstr("the limit is 8 MiB"));
    EXPECT_THAT(error.hint, HasSubstr("ulimit -l 524292"));
}

TEST(CannotMap, DoesNotBlameALimitThatIsHighEnough) {
    const auto error = cannot_map(ENOMEM, Iova{0}, {}, 512 * mib, no_limit, {});

    EXPECT_THAT(error.hint, HasSubstr("free memory"));
}

TEST(CannotMap, TellsWhatTheIommuTranslates) {
    const auto error =
        cannot_map(EINVAL, Iova{0xfee00000}, {}, mib, no_limit,
                   {{.first = 0, .last = 0xfedfffff}, {.first = 0xfef00000, .last = 0x7fffffffff}});

    EXPECT_EQ(error.hint,
              "The host's IOMMU translates only 0x0-0xfedfffff, 0xfef00000-0x7fffffffff");
}

TEST(CannotMap, DoesNotBlameTheIommuForAddressesItTranslates) {
    const auto error =
        cannot_map(EFAULT, Iova{0}, {}, mib, no_limit, {{.first = 0, .last = 0xffffffff}});

    EXPECT_EQ(error.hint, "");
}

TEST(CannotMap, NamesTheLimitOfMappings) {
    EXPECT_THAT(cannot_map(ENOSPC, Iova{0}, {}, mib, no_limit, {}).hint,
                HasSubstr("dma_entry_limit"));
}

}  // namespace
}  // namespace tenon::host
