#include "library/words/vm_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::library::words {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

class VmFile : public testing::Test {
protected:
    ~VmFile() override { std::filesystem::remove(path); }

    Result<std::vector<FileOption>> read(const std::string& text) const {
        std::ofstream{path} << text;
        return read_vm_file(path);
    }
    // The message for a file, without its folder.
    std::string wrong(const std::string& text) const {
        auto what = read(text).error().what;
        return what.starts_with(path) ? "vm.toml" + what.substr(path.size()) : what;
    }

    std::string path = testing::TempDir() +
                       testing::UnitTest::GetInstance()->current_test_info()->name() + "vm.toml";
};

TEST_F(VmFile, SaysWhatOptionsSay) {
    const auto file = read(R"(kernel = "bzImage"
cpus = 4
memory = "16G,hugepages=1G"
no-reboot = true
[[port]]
name = "gpu"
[[device]]
host = "0000:65:00.0"
port = "gpu"
function = 0
)");

    ASSERT_TRUE(file) << file.error().what;
    ASSERT_EQ(file->size(), 6u);
    const auto value = [&](std::string_view key) {
        return std::ranges::find(*file, key, &FileOption::key)->value;
    };
    EXPECT_EQ(value("kernel"), "bzImage");
    EXPECT_EQ(value("cpus"), "4");
    EXPECT_EQ(value("memory"), "16G,hugepages=1G");
    EXPECT_EQ(value("no-reboot"), "true");
    EXPECT_EQ(value("port"), "gpu");
    EXPECT_EQ(value("device"), "0000:65:00.0,function=0,port=gpu");
}

TEST_F(VmFile, NamesFileLineAndKeyOfWhatIsWrong) {
    EXPECT_EQ(wrong("kernel = \"k\"\nmemory = \"much\"\n"),
              "vm.toml:2: memory: \"much\" is not a size: write bytes, or a number with K, M, G "
              "or T");
    EXPECT_EQ(wrong("\n\ncpus = 1000\n"),
              "vm.toml:3: cpus: \"1000\": a guest has 1 to 255 processors");
    EXPECT_THAT(wrong("machine = \"tenon-99\"\n"),
                StartsWith("vm.toml:1: machine: \"tenon-99\" is not known"));
    EXPECT_EQ(wrong("[[device]]\nhost = \"01:00.0\"\nfunction = 9\n"),
              "vm.toml:3: function: 01:00.0: function=9: a slot has the functions 0 to 7");
    EXPECT_THAT(wrong("[[device]]\nhost = \"01:00.0\"\ncolour = \"red\"\n"),
                StartsWith("vm.toml:3: colour: 01:00.0: unknown key \"colour\""));
    EXPECT_EQ(wrong("[[device]]\nport = \"gpu\"\n"),
              "vm.toml:1: device: host = \"...\" is missing");
    EXPECT_EQ(wrong("device = \"01:00.0\"\n"),
              "vm.toml:1: device: write it as a table: [[device]]");
    EXPECT_EQ(wrong("memory = [1, 2]\n"),
              "vm.toml:1: memory: neither a text, a number, true nor false");
    EXPECT_EQ(wrong("[[device]]\nhost = \"01:00.0\"\nid = \"a,port=b\"\n"),
              "vm.toml:3: id: a value cannot contain a comma");
}

TEST_F(VmFile, NamesTheLineOfWhatIsNotToml) {
    EXPECT_THAT(wrong("kernel = \"k\"\nmemory =\n"), StartsWith("vm.toml:2: "));
    EXPECT_THAT(wrong("kernel = \"k\"\nkernel = \"l\"\n"), StartsWith("vm.toml:2: "));
}

// The reader that we use asserts that these begin with a name.
TEST_F(VmFile, NamesTheLineOfATableWithoutAName) {
    EXPECT_THAT(wrong("\n[\x0f"), StartsWith("vm.toml:2: "));
    EXPECT_THAT(wrong("[\n"), StartsWith("vm.toml:1: "));
    EXPECT_THAT(wrong("[[ ="), StartsWith("vm.toml:1: "));
    EXPECT_THAT(wrong("[\xc3\xa9]"), StartsWith("vm.toml:1: "));
}

TEST_F(VmFile, NamesTheLineOfAKeyWithoutAName) {
    EXPECT_EQ(wrong("\n''=''"), "vm.toml:2: a key without a name");
    EXPECT_EQ(wrong("[[device]]\nhost = \"01:00.0\"\n\"\" = 1\n"),
              "vm.toml:3: a key without a name");
}

// Letters that the reader takes for impossible where it looks for blanks.
TEST_F(VmFile, MayHaveLettersOfEveryLanguage) {
    EXPECT_THAT(wrong("kernel = \xc3\xa9\n"), StartsWith("vm.toml:1: "));
    EXPECT_THAT(wrong("kernel\xd2\x99 = 1\n"), StartsWith("vm.toml:1: "));
    const auto options = read("append = \"\"\"a\\\n  \xc3\xa9t\xc3\xa9\"\"\"\n");
    ASSERT_TRUE(options);
    EXPECT_EQ(options->at(0).value, "a\xc3\xa9t\xc3\xa9");
}

TEST_F(VmFile, HasAnEnd) {
    EXPECT_FALSE(read(std::string(2 << 20, '#')));
    EXPECT_FALSE(read("x = " + std::string(100000, '[')));
    EXPECT_FALSE(read_vm_file("/nonexistent/vm.toml"));
}

TEST(VmFileDevices, GiveWayToThoseOfTheCommandLine) {
    EXPECT_THAT(merge_devices({"0000:01:00.0,port=a", "0000:02:00.0,id=disk", "0000:03:00.0"},
                              {"01:00.0", "0000:04:00.0,id=disk"}),
                ElementsAre("0000:03:00.0", "01:00.0", "0000:04:00.0,id=disk"));
    EXPECT_THAT(merge_ports({"a", "b"}, {"b", "c"}), ElementsAre("a", "b", "c"));
    EXPECT_THAT(merge_backends(*find_backend_option("vhost-user"),
                               {"a,type=blk", "b,type=net,id=lan", "c,type=fs"},
                               {"a,type=net", "d,type=net,id=lan"}),
                ElementsAre("c,type=fs", "a,type=net", "d,type=net,id=lan"));
}

}  // namespace
}  // namespace tenon::library::words
