#include "vmm/loader/boot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/kernel_builder.hpp"
#include "vmm/loader/memory_map.hpp"

namespace tenon::vmm::loader {
namespace {

using support::Code;
using testing::ElementsAre;

constexpr std::uint64_t mib = 1 << 20;

Result<kvm::Entry> load(const BootRequest& request, const board::GuestMemory& memory,
                        const model::machine::AddressMap& addresses) {
    TENON_TRY(source, BootSource::open(request), "");
    return source.load(memory, addresses);
}

class BootTest : public testing::Test {
protected:
    void TearDown() override { std::filesystem::remove_all(folder); }

    std::string write(const std::string& name, std::span<const std::byte> content) const {
        std::filesystem::create_directories(folder);
        std::ofstream file{folder + "/" + name, std::ios::binary};
        for (const auto byte : content)
            file.put(static_cast<char>(byte));
        return folder + "/" + name;
    }

    template <std::unsigned_integral Word>
    Word at(std::uint64_t address) const {
        return load_word<Word>(memory.span(GuestAddress{address}, sizeof(Word)).value());
    }
    template <std::unsigned_integral Word>
    static Word load_word(std::span<const std::byte> bytes) {
        return tenon::load<Word>(bytes, 0);
    }

    std::string folder = testing::TempDir() + "tenon-boot-" +
                         testing::UnitTest::GetInstance()->current_test_info()->name();
    board::GuestMemory memory = board::GuestMemory::create(64 * mib, 0xc000'0000).value();
    model::machine::AddressMap addresses{.ecam = {.base = 0xe000'0000, .size = 0x10'0000}};
};

TEST_F(BootTest, PutsABzimageIntoMemoryWithItsParameters) {
    const auto kernel = write("bzImage", support::make_bzimage(Code{}.print("hi").halt()));
    const std::vector<std::byte> disk(5000, std::byte{0x5a});
    const auto initrd = write("initrd", disk);

    const auto entry =
        load({.kernel = kernel, .initrd = initrd, .append = "console=ttyS0"}, memory, addresses);

    ASSERT_TRUE(entry) << to_string(entry.error());
    EXPECT_EQ(entry->address.value(), 0x100'0200u);
    EXPECT_EQ(entry->argument.value(), 0x7000u);
    EXPECT_EQ(at<std::uint16_t>(0x100'0200), 0xba66u);
    // Boot parameters: header magic, loader, command line, disk, RSDP, ranges.
    EXPECT_EQ(at<std::uint32_t>(0x7000 + 0x202), 0x53726448u);
    EXPECT_EQ(at<std::uint8_t>(0x7000 + 0x210), 0xffu);
    EXPECT_EQ(at<std::uint32_t>(0x7000 + 0x228), 0x20000u);
    EXPECT_EQ(at<std::uint32_t>(0x7000 + 0x218), 64 * mib - 0x2000);
    EXPECT_EQ(at<std::uint32_t>(0x7000 + 0x21c), 5000u);
    EXPECT_EQ(at<std::uint64_t>(0x7000 + 0x70), 0xe0000u);
    EXPECT_EQ(at<std::uint8_t>(0x7000 + 0x1e8), 5u);
    EXPECT_EQ(at<std::uint64_t>(0x20000), 0x3d656c6f736e6f63u);  // "console="
    EXPECT_EQ(at<std::uint8_t>(0x20000 + 13), 0u);
    EXPECT_EQ(at<std::uint8_t>(64 * mib - 0x2000 + 4999), 0x5au);
    EXPECT_EQ(at<std::uint64_t>(0x9000), 0xa003u);
}

TEST_F(BootTest, PutsAVmlinuxIntoMemoryWithItsStartInfo) {
    const auto kernel = write("vmlinux", support::make_vmlinux(Code{}.halt()));
    const std::vector<std::byte> disk(4096, std::byte{1});
    const auto initrd = write("initrd", disk);

    const auto entry = load({.kernel = kernel, .initrd = initrd, .append = "x"}, memory, addresses);

    ASSERT_TRUE(entry) << to_string(entry.error());
    EXPECT_EQ(entry->mode, kvm::Entry::Mode::Flat32);
    EXPECT_EQ(entry->argument.value(), 0x6000u);
    EXPECT_EQ(at<std::uint32_t>(0x6000), 0x336ec578u);
    EXPECT_EQ(at<std::uint32_t>(0x6004), 1u);
    EXPECT_EQ(at<std::uint32_t>(0x600c), 1u);  // One module.
    const auto module = at<std::uint64_t>(0x6010);
    EXPECT_EQ(at<std::uint64_t>(module), 64 * mib - 4096);
    EXPECT_EQ(at<std::uint64_t>(module + 8), 4096u);
    EXPECT_EQ(at<std::uint64_t>(0x6018), 0x20000u);
    EXPECT_EQ(at<std::uint64_t>(0x6020), 0xe0000u);
    const auto map = at<std::uint64_t>(0x6028);
    EXPECT_EQ(at<std::uint32_t>(0x6030), 5u);
    EXPECT_EQ(at<std::uint64_t>(map + 8), 0xa0000u);
    EXPECT_EQ(at<std::uint32_t>(map + 16), 1u);
}

TEST_F(BootTest, NamesAFileThatIsNoKernel) {
    const std::vector<std::byte> text(2000, std::byte{'#'});
    const auto path = write("notes.txt", text);

    const auto entry = load({.kernel = path}, memory, addresses);

    ASSERT_FALSE(entry);
    EXPECT_NE(entry.error().what.find("notes.txt"), std::string::npos) << entry.error().what;
    EXPECT_NE(entry.error().what.find("no Linux kernel"), std::string::npos) << entry.error().what;
}

TEST_F(BootTest, NamesAFileThatIsNotThere) {
    const auto entry = load({.kernel = folder + "/absent"}, memory, addresses);

    ASSERT_FALSE(entry);
    EXPECT_EQ(entry.error().kind, Error::Kind::NotFound);
    EXPECT_NE(entry.error().what.find("/absent"), std::string::npos);
}

TEST_F(BootTest, RefusesADiskThatDoesNotFit) {
    const auto kernel = write("vmlinux", support::make_vmlinux(Code{}.halt()));
    const std::vector<std::byte> disk(63 * mib);
    const auto initrd = write("initrd", disk);

    const auto entry = load({.kernel = kernel, .initrd = initrd}, memory, addresses);

    ASSERT_FALSE(entry);
    EXPECT_EQ(entry.error().kind, Error::Kind::Unsupported) << to_string(entry.error());
}

TEST_F(BootTest, PutsALargeDiskAboveTheHoleWhereTheKernelTakesIt) {
    const std::vector<std::byte> disk(40 * mib, std::byte{0x5a});
    const auto initrd = write("initrd", disk);
    // 32 MiB below the hole, 64 MiB above 4 GiB.
    const auto split = board::GuestMemory::create(96 * mib, 32 * mib).value();
    const auto kernel = write("bzImage", support::make_bzimage(Code{}.halt()));

    const auto entry = load({.kernel = kernel, .initrd = initrd}, split, addresses);

    ASSERT_TRUE(entry) << to_string(entry.error());
    const auto word = [&](std::uint64_t address) {
        return load_word<std::uint32_t>(split.span(GuestAddress{address}, 4).value());
    };
    // ramdisk_image, ramdisk_size; above them ext_ramdisk_image and ext_ramdisk_size.
    EXPECT_EQ(word(0x7000 + 0x218), 24 * mib);
    EXPECT_EQ(word(0x7000 + 0xc0), 1u);
    EXPECT_EQ(word(0x7000 + 0x21c), 40 * mib);
    EXPECT_EQ(word(0x7000 + 0xc4), 0u);
    EXPECT_EQ(word(0x1'0000'0000 + 64 * mib - 4), 0x5a5a5a5au);
}

TEST_F(BootTest, SaysThatAVmlinuxTakesItsDiskBelow4GiBOnly) {
    const std::vector<std::byte> disk(40 * mib);
    const auto initrd = write("initrd", disk);
    const auto split = board::GuestMemory::create(96 * mib, 32 * mib).value();
    const auto kernel = write("vmlinux", support::make_vmlinux(Code{}.halt()));

    const auto entry = load({.kernel = kernel, .initrd = initrd}, split, addresses);

    ASSERT_FALSE(entry);
    EXPECT_NE(entry.error().hint.find("a bzImage takes"), std::string::npos) << entry.error().hint;
}

TEST_F(BootTest, LoadsAgainWhatItOpened) {
    const auto kernel = write("vmlinux", support::make_vmlinux(Code{}.halt()));
    auto source = BootSource::open({.kernel = kernel});
    ASSERT_TRUE(source);
    std::filesystem::remove(kernel);

    EXPECT_TRUE(source->load(memory, addresses));
    EXPECT_TRUE(source->load(memory, addresses));
}

TEST_F(BootTest, RefusesWhatIsNoFile) {
    const auto kernel = write("vmlinux", support::make_vmlinux(Code{}.halt()));

    EXPECT_FALSE(load({.kernel = folder}, memory, addresses));
    EXPECT_FALSE(load({.kernel = kernel, .initrd = folder}, memory, addresses));
}

TEST_F(BootTest, RefusesACommandLineThatTheKernelCannotTake) {
    const auto kernel = write("bzImage", support::make_bzimage(Code{}.halt()));

    EXPECT_TRUE(load({.kernel = kernel, .append = std::string(2047, 'x')}, memory, addresses));
    EXPECT_FALSE(load({.kernel = kernel, .append = std::string(2048, 'x')}, memory, addresses));
}

TEST(MemoryMap, LeavesOutTheHolesAndReservesEcam) {
    const auto memory = board::GuestMemory::create(8 * mib, 6 * mib).value();

    const auto map =
        make_memory_map(memory.parts(), {.ecam = {.base = 0xe000'0000, .size = 0x20'0000}});

    EXPECT_THAT(
        map,
        ElementsAre(MemoryRange{.at = 0, .size = 0xa'0000, .type = MemoryType::Ram},
                    MemoryRange{.at = 0xe'0000, .size = 0x1'f000, .type = MemoryType::AcpiReclaim},
                    MemoryRange{.at = 0xf'f000, .size = 0x1000, .type = MemoryType::Reserved},
                    MemoryRange{.at = mib, .size = 5 * mib, .type = MemoryType::Ram},
                    MemoryRange{.at = 0xe000'0000, .size = 0x20'0000, .type = MemoryType::Reserved},
                    MemoryRange{.at = 0x1'0000'0000, .size = 2 * mib, .type = MemoryType::Ram}));
}

TEST(MemoryMap, ReservesThePageOfTheIommusRegisters) {
    const auto memory = board::GuestMemory::create(8 * mib, 6 * mib).value();

    const auto without =
        make_memory_map(memory.parts(), {.ecam = {.base = 0xe000'0000, .size = 0x20'0000}});
    auto with = make_memory_map(memory.parts(), {.ecam = {.base = 0xe000'0000, .size = 0x20'0000}},
                                GuestAddress{0xfed9'0000});

    const MemoryRange page{.at = 0xfed9'0000, .size = 0x1000, .type = MemoryType::Reserved};
    ASSERT_EQ(with.size(), 7u);
    EXPECT_EQ(with[5], page);
    with.erase(with.begin() + 5);
    EXPECT_EQ(with, without);
}

TEST(StartStructures, TellNoModuleWithoutADisk) {
    const auto info = make_start_info({}, {});
    EXPECT_EQ(tenon::load<std::uint32_t>(info, 12), 0u);
    EXPECT_EQ(tenon::load<std::uint64_t>(info, 16), 0u);
}

TEST(StartStructures, TellNoMoreRangesThanThereIsRoomFor) {
    const std::vector<MemoryRange> many(1000);
    EXPECT_LE(make_start_info({}, many).size(), 4096u);
    EXPECT_EQ(make_boot_parameters({}, {}, many).at(0x1e8), std::byte{128});
}

}  // namespace
}  // namespace tenon::vmm::loader
