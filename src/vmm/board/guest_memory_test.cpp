#include "vmm/board/guest_memory.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cstdint>
#include <fstream>
#include <limits>
#include <string>

#include "vmm/board/huge_pages.hpp"

namespace tenon::vmm::board {
namespace {

constexpr std::uint64_t mib = 1 << 20;

TEST(GuestMemory, IsOnePartBelowTheHole) {
    const auto memory = GuestMemory::create(8 * mib, 0xc000'0000);

    ASSERT_TRUE(memory);
    ASSERT_EQ(memory->parts().size(), 1u);
    EXPECT_EQ(memory->parts()[0].at.value(), 0u);
    EXPECT_EQ(memory->parts()[0].bytes.size(), 8 * mib);
}

TEST(GuestMemory, GoesOnAtFourGibibytes) {
    const auto memory = GuestMemory::create(8 * mib, 6 * mib);

    ASSERT_TRUE(memory);
    ASSERT_EQ(memory->parts().size(), 2u);
    EXPECT_EQ(memory->parts()[0].bytes.size(), 6 * mib);
    EXPECT_EQ(memory->parts()[1].at.value(), 0x1'0000'0000u);
    EXPECT_EQ(memory->parts()[1].bytes.size(), 2 * mib);
}

TEST(GuestMemory, IsInAFileWhereOthersAreToMapIt) {
    const auto memory = GuestMemory::create(8 * mib, 6 * mib, {.shared = true});

    ASSERT_TRUE(memory);
    EXPECT_GE(memory->parts()[0].file, 0);
    EXPECT_EQ(memory->parts()[1].file, memory->parts()[0].file);
    EXPECT_EQ(memory->parts()[1].offset, 6 * mib);
}

// The flags of the mapping that begins with the memory, of smaps. Source: proc(5), VmFlags.
std::string flags_of(const GuestMemory& memory) {
    const auto begin =
        fmt::format("{:x}-", std::bit_cast<std::uintptr_t>(memory.parts()[0].bytes.data()));
    std::ifstream maps{"/proc/self/smaps"};
    bool found = false;
    for (std::string line; std::getline(maps, line);) {
        found = found || line.starts_with(begin);
        if (found && line.starts_with("VmFlags:")) return line;
    }
    return "";
}

TEST(GuestMemory, IsNotInADump) {
    for (const bool shared : {false, true}) {
        const auto memory = GuestMemory::create(8 * mib, 6 * mib, {.shared = shared});
        ASSERT_TRUE(memory);
        EXPECT_NE(flags_of(*memory).find(" dd "), std::string::npos) << flags_of(*memory);
    }
}

TEST(GuestMemory, ReadsWhatWasWritten) {
    const auto memory = GuestMemory::create(8 * mib, 6 * mib);
    ASSERT_TRUE(memory);
    const std::array written{std::byte{1}, std::byte{2}};
    std::array<std::byte, 2> read{};

    ASSERT_TRUE(memory->write(GuestAddress{0x1'0000'1000}, written));
    ASSERT_TRUE(memory->read(GuestAddress{0x1'0000'1000}, read));

    EXPECT_EQ(read, written);
}

TEST(GuestMemory, RefusesAccessesThatLeaveAPart) {
    const auto memory = GuestMemory::create(8 * mib, 6 * mib);
    ASSERT_TRUE(memory);

    EXPECT_TRUE(memory->span(GuestAddress{6 * mib - 4}, 4));
    EXPECT_FALSE(memory->span(GuestAddress{6 * mib - 4}, 5));
    EXPECT_FALSE(memory->span(GuestAddress{6 * mib}, 1));
    EXPECT_FALSE(memory->span(GuestAddress{0x1'0000'0000 + 2 * mib}, 1));
}

TEST(GuestMemory, RefusesSizesThatWrap) {
    const auto memory = GuestMemory::create(2 * mib, 0xc000'0000);
    ASSERT_TRUE(memory);

    EXPECT_FALSE(memory->span(GuestAddress{4096}, std::numeric_limits<std::uint64_t>::max()));
    EXPECT_FALSE(memory->span(GuestAddress{std::numeric_limits<std::uint64_t>::max()}, 2));
}

TEST(GuestMemory, RefusesOddSizes) {
    EXPECT_FALSE(GuestMemory::create(0, 0xc000'0000));
    EXPECT_FALSE(GuestMemory::create(mib, 0xc000'0000));
    EXPECT_FALSE(GuestMemory::create(std::uint64_t{1} << 60, 0xc000'0000));
    EXPECT_FALSE(GuestMemory::create(2 * mib, 0x1'0020'0000));
}

TEST(GuestMemory, TellsWhereItsPartsAreInTheFile) {
    const auto memory = GuestMemory::create(8 * mib, 6 * mib);
    ASSERT_TRUE(memory);
    EXPECT_EQ(memory->parts()[0].file, memory->parts()[1].file);
    EXPECT_EQ(memory->parts()[0].file >= 0, memfd_may_be_huge());
    if (memory->parts()[0].file < 0) return;
    const std::array written{std::byte{7}};
    ASSERT_TRUE(memory->write(GuestAddress{0x1'0000'0010}, written));
    std::array<std::byte, 1> read{};

    ASSERT_EQ(::pread(memory->parts()[1].file, read.data(), 1, 6 * mib + 0x10), 1);

    EXPECT_EQ(memory->parts()[0].offset, 0u);
    EXPECT_EQ(memory->parts()[1].offset, 6 * mib);
    EXPECT_EQ(read, written);
}

TEST(GuestMemory, IsMadeOfWholeHugePages) {
    const auto odd_size = GuestMemory::create(3 * mib * 512, 0xc000'0000, {.page = 1024 * mib});
    const auto odd_hole = GuestMemory::create(4096 * mib, 2 * mib, {.page = 1024 * mib});
    const auto odd_page = GuestMemory::create(4 * mib, 0xc000'0000, {.page = 4096});

    ASSERT_FALSE(odd_size);
    EXPECT_EQ(odd_size.error().what, "guest memory of 1536 MiB cannot be made of pages of 1 GiB");
    EXPECT_FALSE(odd_hole);
    EXPECT_FALSE(odd_page);
}

TEST(GuestMemory, RefusesANodeThatTheHostHasNot) {
    EXPECT_FALSE(GuestMemory::create(2 * mib, 0xc000'0000, {.node = 1000, .strict = true}));
    EXPECT_FALSE(GuestMemory::create(2 * mib, 0xc000'0000, {.node = 4096, .strict = true}));
}

TEST(GuestMemory, TakesTheNodeThatEveryHostHas) {
    EXPECT_TRUE(GuestMemory::create(2 * mib, 0xc000'0000, {.node = 0, .strict = true}));
    EXPECT_TRUE(GuestMemory::create(2 * mib, 0xc000'0000, {.node = 0}));
}

TEST(GuestMemory, IsAlignedForHugePages) {
    const auto memory = GuestMemory::create(4 * mib, 0xc000'0000);
    ASSERT_TRUE(memory);
    const auto address = std::bit_cast<std::uintptr_t>(memory->parts()[0].bytes.data());
    EXPECT_EQ(address % (2 * mib), 0u);
}

}  // namespace
}  // namespace tenon::vmm::board
