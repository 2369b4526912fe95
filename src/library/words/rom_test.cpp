#include "library/words/rom.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace tenon::library::words {
namespace {

using From = model::chosen::RomRequest::From;

std::string file_of(std::size_t size) {
    auto path = testing::TempDir() + "rom_test_file";
    std::ofstream{path, std::ios::binary} << std::string(size, 'x');
    return path;
}

TEST(Rom, IsTheDevicesUnlessSomethingElseIsSaid) {
    EXPECT_EQ(read_rom("").value().from, From::Device);
    EXPECT_EQ(read_rom("on").value().from, From::Device);
    EXPECT_EQ(read_rom("off").value().from, From::Nothing);
}

TEST(Rom, IsAFilePaddedToAPowerOfTwo) {
    const auto rom = read_rom(file_of(5000)).value();

    ASSERT_EQ(rom.from, From::File);
    ASSERT_EQ(rom.image->size(), 8192u);
    EXPECT_EQ(rom.image->at(4999), std::byte{'x'});
    EXPECT_EQ(rom.image->at(5000), std::byte{0xff});
    EXPECT_EQ(read_rom(file_of(1)).value().image->size(), 2048u);
    EXPECT_EQ(read_rom(file_of(4096)).value().image->size(), 4096u);
}

TEST(Rom, RefusesAFileThatCannotBeOne) {
    EXPECT_EQ(read_rom("/nonexistent").error().what, "/nonexistent: No such file or directory");
    EXPECT_TRUE(read_rom(file_of(0)).error().what.ends_with(": the file is empty"));
    EXPECT_TRUE(
        read_rom(file_of((16 << 20) + 1)).error().what.ends_with(": longer than 16777216 bytes"));
    EXPECT_EQ(read_rom(file_of(16 << 20)).value().image->size(), 16u << 20);
}

}  // namespace
}  // namespace tenon::library::words
