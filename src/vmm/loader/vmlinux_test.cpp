#include <gtest/gtest.h>

#include "tests/support/kernel_builder.hpp"
#include "vmm/loader/kernel_file.hpp"

namespace tenon::vmm::loader {
namespace {

using support::Code;
using support::make_vmlinux;

constexpr std::uint64_t low_end = 0x1000'0000;
constexpr std::size_t notes = 0x200;

class VmlinuxTest : public testing::Test {
protected:
    template <std::unsigned_integral Word>
    void set(std::size_t at, Word value) {
        store(std::span{file}, at, value);
    }
    Result<KernelImage> parse() const { return parse_kernel(file, low_end); }

    std::vector<std::byte> file = make_vmlinux(Code{}.halt());
};

TEST_F(VmlinuxTest, IsEnteredWhereItsNoteSays) {
    const auto image = parse();

    ASSERT_TRUE(image) << to_string(image.error());
    EXPECT_EQ(image->mode, kvm::Entry::Mode::Flat32);
    EXPECT_EQ(image->entry.value(), 0x10'0000u);
    ASSERT_EQ(image->segments.size(), 1u);
    EXPECT_EQ(image->segments[0].at.value(), 0x10'0000u);
    EXPECT_EQ(image->segments[0].memory_size, 0x2000u);
    EXPECT_EQ(image->end, 0x10'2000u);
}

TEST_F(VmlinuxTest, FindsItsNoteBehindOthers) {
    // A note of the same owner with another type in front; the notes are now 44 bytes.
    set<std::uint32_t>(notes + 8, 7);
    set<std::uint32_t>(notes + 16, 0);
    set<std::uint32_t>(notes + 20, 4);
    set<std::uint32_t>(notes + 24, 8);
    set<std::uint32_t>(notes + 28, 18);
    set<std::uint32_t>(notes + 32, 0x006e6558);
    set<std::uint64_t>(notes + 36, 0x10'0000);
    set<std::uint64_t>(120 + 32, 44);

    const auto image = parse();

    ASSERT_TRUE(image) << to_string(image.error());
    EXPECT_EQ(image->entry.value(), 0x10'0000u);
}

TEST_F(VmlinuxTest, SaysThatPvhIsMissing) {
    set<std::uint32_t>(notes + 8, 17);

    const auto image = parse();

    ASSERT_FALSE(image);
    EXPECT_EQ(image.error().kind, Error::Kind::Unsupported);
    EXPECT_NE(image.error().hint.find("CONFIG_PVH"), std::string::npos);
}

TEST_F(VmlinuxTest, RefusesAnotherMachine) {
    set<std::uint16_t>(18, 183);  // AArch64
    EXPECT_FALSE(parse());
}

TEST_F(VmlinuxTest, TakesFirmwareThatNamesItsEntrysMachine) {
    set<std::uint16_t>(18, 3);  // Intel 80386, with headers of 64 bits.
    EXPECT_TRUE(parse());
    set<std::uint32_t>(notes + 8, 17);
    EXPECT_FALSE(parse());
}

TEST_F(VmlinuxTest, RefusesEveryTruncationOfItsHeaders) {
    for (std::size_t size = 0; size < notes + 20; ++size)
        EXPECT_FALSE(parse_kernel(std::span{file}.first(size), low_end)) << size;
}

TEST_F(VmlinuxTest, RefusesProgramHeadersOutsideTheFile) {
    set<std::uint64_t>(32, 0xffff'ffff'ffff'fff0);
    EXPECT_FALSE(parse());
}

TEST_F(VmlinuxTest, RefusesMoreProgramHeadersThanAnyKernelHas) {
    set<std::uint16_t>(56, 0xffff);
    EXPECT_FALSE(parse());
}

TEST_F(VmlinuxTest, RefusesASegmentOutsideTheFile) {
    set<std::uint64_t>(64 + 8, 0xffff'ffff'ffff'ff00);
    EXPECT_FALSE(parse());
}

TEST_F(VmlinuxTest, RefusesASegmentThatIsSmallerInMemory) {
    set<std::uint64_t>(64 + 40, 1);
    EXPECT_FALSE(parse());
}

TEST_F(VmlinuxTest, RefusesASegmentOverOurOwnStructures) {
    set<std::uint64_t>(64 + 24, 0x7000);
    EXPECT_FALSE(parse());
}

TEST_F(VmlinuxTest, RefusesASegmentPastTheMemory) {
    set<std::uint64_t>(64 + 40, 0xffff'ffff'ffff'ffff);
    EXPECT_FALSE(parse());
    set<std::uint64_t>(64 + 40, low_end);
    EXPECT_FALSE(parse());
}

TEST_F(VmlinuxTest, RefusesAnEntryThatIsNotLoaded) {
    set<std::uint32_t>(notes + 16, 0x20'0000);
    EXPECT_FALSE(parse());
}

TEST_F(VmlinuxTest, SurvivesNotesWithHostileSizes) {
    set<std::uint32_t>(notes, 0xffff'ffff);
    EXPECT_FALSE(parse());
    set<std::uint32_t>(notes, 4);
    set<std::uint32_t>(notes + 4, 0xffff'fffe);
    EXPECT_FALSE(parse());
}

TEST_F(VmlinuxTest, SurvivesAnyByteOfItsHeadersSetToAnything) {
    // A sweep: it must not crash; what it answers does not matter.
    for (std::size_t at = 4; at < notes + 20; ++at) {
        const auto before = file[at];
        for (const unsigned value : {0x00u, 0x7fu, 0x80u, 0xffu}) {
            file[at] = static_cast<std::byte>(value);
            [[maybe_unused]] const auto any = parse();
        }
        file[at] = before;
    }
    EXPECT_TRUE(parse());
}

}  // namespace
}  // namespace tenon::vmm::loader
