#include "base/output.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "base/fd.hpp"

namespace tenon {
namespace {

namespace fs = std::filesystem;

TEST(WriteAll, WritesEverything) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const Fd reader{ends[0]};
    const Fd writer{ends[1]};

    ASSERT_TRUE(write_all(writer.number(), "abc"));

    std::array<char, 8> buffer{};
    EXPECT_EQ(::read(reader.number(), buffer.data(), buffer.size()), 3);
}

TEST(WriteAll, TakesAReaderWhoHasGoneForDone) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    Fd reader{ends[0]};
    const Fd writer{ends[1]};
    reader.close();
    const auto before = std::signal(SIGPIPE, SIG_IGN);

    EXPECT_TRUE(write_all(writer.number(), "abc"));

    std::signal(SIGPIPE, before);
}

TEST(WriteAll, TellsAFullDisk) {
    const auto full = Fd::open("/dev/full", O_WRONLY).value();

    EXPECT_EQ(write_all(full.number(), "abc").error().os_error, ENOSPC);
}

class Output : public testing::Test {
protected:
    Output() {
        std::string name = (fs::temp_directory_path() / "tenon-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~Output() override { fs::remove_all(folder_); }
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;

    std::string path(const std::string& name) const { return (folder_ / name).string(); }
    std::string file(const std::string& name, const std::string& content) const {
        std::ofstream{path(name)} << content;
        return path(name);
    }
    static std::string content_of(const std::string& path) {
        std::ostringstream text;
        text << std::ifstream{path}.rdbuf();
        return text.str();
    }
    auto files() const { return std::distance(fs::directory_iterator{folder_}, {}); }

    fs::path folder_;
};

TEST_F(Output, IsANewFileAsTheUserMakesThem) {
    const auto before = ::umask(027);

    const auto written = replace_file(path("a"), "new");

    ::umask(before);
    ASSERT_TRUE(written) << to_string(written.error());
    EXPECT_EQ(content_of(path("a")), "new");
    EXPECT_EQ(fs::status(path("a")).permissions(), fs::perms{0640});
    EXPECT_EQ(files(), 1);
}

TEST_F(Output, TakesThePlaceOfTheOldFileAndItsMode) {
    const auto name = file("a", "a longer old content");
    fs::permissions(name, fs::perms{0600});

    ASSERT_TRUE(replace_file(name, "new"));

    EXPECT_EQ(content_of(name), "new");
    EXPECT_EQ(fs::status(name).permissions(), fs::perms{0600});
    EXPECT_EQ(files(), 1);
}

// A limit on the size of files stands for a full disk.
TEST_F(Output, LeavesTheOldFileWhereTheDiskIsFull) {
    const auto name = file("a", "old");
    auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit small{.rlim_cur = 4096, .rlim_max = before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);

    const auto written = replace_file(name, std::string(10'000, 'x'));

    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().os_error, EFBIG);
    EXPECT_TRUE(written.error().what.starts_with(name + ": "));
    EXPECT_EQ(content_of(name), "old");
    EXPECT_EQ(files(), 1);
}

TEST_F(Output, DoesNotFollowALinkToAFile) {
    const auto input = file("input.json", "precious");
    fs::create_symlink(input, path("map.svg"));
    fs::create_symlink(path("none"), path("dangling.svg"));

    for (const auto* const link : {"map.svg", "dangling.svg"}) {
        const auto written = replace_file(path(link), "picture");
        ASSERT_FALSE(written);
        EXPECT_EQ(written.error().what,
                  path(link) + ": it is a symbolic link: name the file itself");
    }
    EXPECT_EQ(content_of(input), "precious");
    EXPECT_EQ(files(), 3);
}

TEST_F(Output, LeavesTheOtherNamesOfAFile) {
    const auto input = file("input.json", "precious");
    fs::create_hard_link(input, path("map.svg"));

    ASSERT_TRUE(replace_file(path("map.svg"), "picture"));

    EXPECT_EQ(content_of(input), "precious");
    EXPECT_EQ(content_of(path("map.svg")), "picture");
}

TEST_F(Output, GoesIntoAPipeThatSomebodyReads) {
    ASSERT_EQ(::mkfifo(path("p").c_str(), 0600), 0);
    EXPECT_EQ(replace_file(path("p"), "text").error().os_error, ENXIO);
    const Fd reader{::open(path("p").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};

    ASSERT_TRUE(replace_file(path("p"), "text"));

    std::array<char, 8> got{};
    EXPECT_EQ(::read(reader.number(), got.data(), got.size()), 4);
    EXPECT_TRUE(replace_file("/dev/null", "text"));
    EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(Output, IsNoFolder) { EXPECT_EQ(replace_file(folder_, "x").error().os_error, EISDIR); }

}  // namespace
}  // namespace tenon
