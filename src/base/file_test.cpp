#include "base/file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace tenon {
namespace {

class FileTest : public testing::Test {
protected:
    FileTest() {
        std::string name = (std::filesystem::temp_directory_path() / "tenon-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~FileTest() override { std::filesystem::remove_all(folder_); }
    FileTest(const FileTest&) = delete;
    FileTest& operator=(const FileTest&) = delete;

    std::string file(const std::string& name, const std::string& content) const {
        const auto path = (folder_ / name).string();
        std::ofstream{path} << content;
        return path;
    }

    std::filesystem::path folder_;
};

TEST_F(FileTest, IsReadWhole) {
    const auto content = read_file(file("a", "one\ntwo\n"), 8);

    ASSERT_TRUE(content);
    EXPECT_EQ(*content, "one\ntwo\n");
}

TEST_F(FileTest, IsRefusedBeyondTheLimit) {
    const auto content = read_file(file("a", "123456789"), 8);

    ASSERT_FALSE(content);
    EXPECT_EQ(content.error().kind, Error::Kind::Malformed);
}

TEST_F(FileTest, NamesAMissingFile) {
    const auto content = read_file((folder_ / "none").string(), 8);

    ASSERT_FALSE(content);
    EXPECT_EQ(content.error().os_error, ENOENT);
    EXPECT_NE(content.error().what.find("/none: "), std::string::npos);
}

TEST_F(FileTest, GivesAnAttributeWithoutItsNewline) {
    EXPECT_EQ(read_attribute(file("vendor", " 0x8086\n")).value(), "0x8086");
}

TEST_F(FileTest, GivesTheLastPartOfALink) {
    std::filesystem::create_symlink("../../bus/pci/drivers/vfio-pci", folder_ / "driver");

    EXPECT_EQ(link_name((folder_ / "driver").string()).value(), "vfio-pci");
}

}  // namespace
}  // namespace tenon
