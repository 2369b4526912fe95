#include "host/dma_limits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "tests/support/fake_host.hpp"

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
    const DmaMaps maps{{Iova{0x4000}, {pages(2)}}};

    EXPECT_FALSE(check_map(maps, Iova{0x3000}, pages(2)));
    EXPECT_FALSE(check_map(maps, Iova{0x5000}, pages(1)));
    EXPECT_FALSE(check_map(maps, Iova{0x3000}, pages(5)));
    EXPECT_TRUE(check_map(maps, Iova{0x3000}, pages(1)));
    EXPECT_TRUE(check_map(maps, Iova{0x6000}, pages(1)));
}

TEST(CannotMap, TellsTheLockLimitAgainstWhatIsNeeded) {
    const DmaMaps maps{{Iova{0}, {pages(1)}}};

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

TEST(ReadDmaLimits, TellsWhatTheKernelSays) {
    support::FakeHost host;
    host.kernel().traits().lock_limit = 8 * mib;
    const std::filesystem::path root{host.paths().sysfs};
    host.tree().write(root / "module/vfio_iommu_type1/parameters/dma_entry_limit", "65535\n");
    host.tree().write(std::filesystem::path{host.paths().proc} / "self/status",
                      "Name:\ttenon\nVmLck:\t      64 kB\n");

    const auto limits = read_dma_limits(host.kernel(), host.paths());

    EXPECT_EQ(limits.lock_limit, 8 * mib);
    EXPECT_TRUE(limits.lock_limit_applies);
    EXPECT_EQ(limits.locked, 65536u);
    EXPECT_EQ(limits.entries.value_or(0), 65535u);
}

TEST(ReadDmaLimits, LeavesUnknownWhatIsNotThere) {
    support::FakeHost host;
    host.kernel().traits().lock_limit_applies = false;

    const auto limits = read_dma_limits(host.kernel(), host.paths());

    EXPECT_FALSE(limits.lock_limit_applies);
    EXPECT_FALSE(limits.entries);
    EXPECT_EQ(lock_limit_of(host.kernel()), no_limit);
}

}  // namespace
}  // namespace tenon::host
