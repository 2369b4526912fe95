#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "tests/support/kernel_builder.hpp"
#include "vmm/loader/kernel_file.hpp"

namespace tenon::vmm::loader {
namespace {

using support::Code;
using support::make_bzimage;

constexpr std::uint64_t low_end = 0x1000'0000;

TEST(Bzimage, IsEnteredInLongModeWhereItPrefersToBe) {
    const auto file = make_bzimage(Code{}.halt());

    const auto image = parse_kernel(file, low_end);

    ASSERT_TRUE(image);
    EXPECT_EQ(image->mode, kvm::Entry::Mode::Long64);
    EXPECT_EQ(image->entry.value(), 0x100'0200u);
    ASSERT_EQ(image->segments.size(), 1u);
    EXPECT_EQ(image->segments[0].at.value(), 0x100'0000u);
    EXPECT_EQ(image->segments[0].bytes.size(), file.size() - 1024);
    EXPECT_EQ(image->end, 0x101'0000u);
    EXPECT_EQ(image->command_line_limit, 2047u);
    EXPECT_EQ(image->initrd_limit, 0x7fff'ffffu);
    // From 0x1f1 to where the jump at 0x200 leads.
    EXPECT_EQ(image->setup_header.size(), 0x202u + 0x6a - 0x1f1);
}

TEST(Bzimage, MovesDownWhereMemoryEndsBelowItsPlace) {
    const auto image = parse_kernel(make_bzimage(Code{}.halt()), 0x80'0000);

    ASSERT_TRUE(image);
    EXPECT_EQ(image->segments[0].at.value(), 0x20'0000u);
}

TEST(Bzimage, SaysWhenThereIsNoRoom) {
    const auto image = parse_kernel(make_bzimage(Code{}.halt()), 0x20'0000);

    ASSERT_FALSE(image);
    EXPECT_EQ(image.error().kind, Error::Kind::Unsupported);
}

TEST(Bzimage, RefusesATextFile) {
    const std::vector<std::byte> file(4096, std::byte{'a'});

    const auto image = parse_kernel(file, low_end);

    ASSERT_FALSE(image);
    EXPECT_EQ(image.error().kind, Error::Kind::Malformed);
    EXPECT_EQ(
        image.error().what,
        "reading the kernel: no Linux kernel: neither the header of a bzImage nor an ELF file");
}

TEST(Bzimage, RefusesAFileThatEndsBeforeItsCode) {
    auto file = make_bzimage(Code{}.halt());
    // syssize, at 0x1f4: code in units of 16 bytes, far more of it than the file has.
    store<std::uint32_t>(file, 0x1f4, 0x10000);

    const auto image = parse_kernel(file, low_end);

    ASSERT_FALSE(image);
    EXPECT_NE(image.error().what.find("is cut off"), std::string::npos);
}

TEST(Bzimage, RefusesAnEmptyFile) { EXPECT_FALSE(parse_kernel({}, low_end)); }

TEST(Bzimage, RefusesAKernelWithoutA64BitEntry) {
    auto file = make_bzimage(Code{}.halt());
    store<std::uint16_t>(std::span{file}, 0x236, 0);

    const auto image = parse_kernel(file, low_end);

    ASSERT_FALSE(image);
    EXPECT_EQ(image.error().kind, Error::Kind::Unsupported);
}

TEST(Bzimage, RefusesAnOldProtocol) {
    auto file = make_bzimage(Code{}.halt());
    store<std::uint16_t>(std::span{file}, 0x206, 0x0209);
    EXPECT_FALSE(parse_kernel(file, low_end));
}

TEST(Bzimage, RefusesEveryTruncationOfItsHeader) {
    const auto file = make_bzimage(Code{}.halt());
    for (std::size_t size = 0; size <= 1024 + 0x200; ++size)
        EXPECT_FALSE(parse_kernel(std::span{file}.first(size), low_end)) << size;
}

TEST(Bzimage, RefusesANeedThatReachesPastTheMemory) {
    auto file = make_bzimage(Code{}.halt());
    store<std::uint32_t>(std::span{file}, 0x260, 0xffff'ffff);
    EXPECT_FALSE(parse_kernel(file, low_end));
}

TEST(Bzimage, RefusesAPlaceThatWraps) {
    auto file = make_bzimage(Code{}.halt());
    store<std::uint64_t>(std::span{file}, 0x258, 0xffff'ffff'ffff'f000);
    store<std::uint8_t>(std::span{file}, 0x234, 0);  // Not relocatable.
    EXPECT_FALSE(parse_kernel(file, low_end));
}

TEST(Bzimage, BoundsAHeaderThatSaysItIsLongerThanWeKnow) {
    auto file = make_bzimage(Code{}.halt());
    store<std::uint8_t>(std::span{file}, 0x201, 0xff);

    const auto image = parse_kernel(file, low_end);

    ASSERT_TRUE(image);
    EXPECT_EQ(image->setup_header.size(), 123u);
}

}  // namespace
}  // namespace tenon::vmm::loader
