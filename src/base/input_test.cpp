#include "base/input.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/file.hpp"
#include "base/path.hpp"

namespace tenon {
namespace {

using namespace std::chrono_literals;

// Longer than any machine needs to say no, and shorter than a test may hang.
constexpr auto at_once = 20s;

class Input : public testing::Test {
protected:
    Input() {
        std::string name = (std::filesystem::temp_directory_path() / "tenon-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~Input() override { std::filesystem::remove_all(folder_); }
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;

    std::string path(const std::string& name) const { return (folder_ / name).string(); }
    std::string file(const std::string& name, const std::string& content) const {
        std::ofstream{path(name)} << content;
        return path(name);
    }
    std::string pipe(const std::string& name) const {
        EXPECT_EQ(::mkfifo(path(name).c_str(), 0600), 0);
        return path(name);
    }

    std::filesystem::path folder_;
};

TEST_F(Input, IsARegularFile) {
    EXPECT_EQ(read_input(file("a", "one\ntwo\n"), 8).value(), "one\ntwo\n");
    EXPECT_EQ(read_input(file("b", "123456789"), 8).error().kind, Error::Kind::Malformed);
}

TEST_F(Input, IsWhatAPipeGivesUntilItsEnd) {
    const auto name = pipe("p");
    const std::jthread writer{[&] {
        std::ofstream out{name};
        for (const auto* const part : {"one ", "two ", "three"}) {
            out << part << std::flush;
            std::this_thread::sleep_for(5ms);
        }
    }};

    EXPECT_EQ(read_input(name, 64).value(), "one two three");
}

TEST_F(Input, EndsWithThePatienceForAPipeWithoutAWriter) {
    const auto before = std::chrono::steady_clock::now();

    const auto content = read_input(pipe("p"), 64, 30ms);

    ASSERT_FALSE(content);
    EXPECT_EQ(content.error().kind, Error::Kind::Io);
    EXPECT_NE(content.error().what.find("/p: a pipe that does not come to its end"),
              std::string::npos);
    EXPECT_LT(std::chrono::steady_clock::now() - before, at_once);
}

// The patience is for all of it: a writer that never ends does not begin it anew.
TEST_F(Input, EndsWithThePatienceForAPipeThatDrips) {
    const auto name = pipe("p");
    const std::jthread writer{[&](const std::stop_token& stop) {
        const Fd out{::open(name.c_str(), O_RDWR | O_CLOEXEC)};
        while (!stop.stop_requested()) {
            [[maybe_unused]] const auto written = ::write(out.number(), "x", 1);
            std::this_thread::sleep_for(1ms);
        }
    }};

    const auto content = read_input(name, std::size_t{1} << 20, 50ms);

    ASSERT_FALSE(content);
    EXPECT_EQ(content.error().kind, Error::Kind::Io);
}

TEST_F(Input, IsRefusedPastItsLimitWhileThePipeGoesOn) {
    const auto name = pipe("p");
    const Fd both{::open(name.c_str(), O_RDWR | O_CLOEXEC)};
    ASSERT_EQ(::write(both.number(), "123456789", 9), 9);

    EXPECT_EQ(read_input(name, 8).error().kind, Error::Kind::Malformed);
}

TEST_F(Input, IsNoDeviceAndNoFolder) {
    for (const auto& [name, kind] : {std::pair{std::string{"/dev/null"}, "a character device"},
                                     std::pair{folder_.string(), "a folder"}}) {
        const auto content = read_input(name, 64);
        ASSERT_FALSE(content);
        EXPECT_EQ(content.error().kind, Error::Kind::Malformed);
        EXPECT_EQ(content.error().what,
                  name + ": it is " + kind + ", neither a regular file nor a pipe");
    }
}

TEST_F(Input, IsStandardInputByADash) {
    const Fd before{::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)};
    const Fd content{::open(file("a", "as typed").c_str(), O_RDONLY | O_CLOEXEC)};
    ASSERT_EQ(::dup2(content.number(), STDIN_FILENO), STDIN_FILENO);

    const auto read = read_input("-", 64);

    if (before)
        ::dup2(before.number(), STDIN_FILENO);
    else
        ::close(STDIN_FILENO);
    EXPECT_EQ(read.value(), "as typed");
}

TEST_F(Input, OfWholeFilesNeverWaits) {
    const auto name = pipe("p");

    const auto opened = open_regular(name);
    const auto content = read_file(name, 64);

    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().what, name + ": it is a pipe, not a regular file");
    EXPECT_FALSE(content);
}

TEST_F(Input, MayBeAFileThatIsOpenAlready) {
    const auto opened = Fd::open(file("a", "kernel"), O_RDONLY);
    ASSERT_TRUE(opened);

    const auto copy = open_regular_or_given("fd=" + std::to_string(opened->number()));

    ASSERT_TRUE(copy);
    EXPECT_NE(copy->number(), opened->number());
    EXPECT_EQ(read_to_end(*copy, 64, "a").value(), "kernel");
}

TEST_F(Input, IsNoNumberOfAFileThatIsNotOpenOrNoFile) {
    const auto null = Fd::open("/dev/null", O_RDONLY);
    ASSERT_TRUE(null);
    const auto name = "fd=" + std::to_string(null->number());

    EXPECT_EQ(open_regular_or_given(name).error().what,
              name + ": it is a character device, not a regular file");
    EXPECT_EQ(open_regular_or_given("fd=100000").error().os_error, EBADF);
    EXPECT_EQ(open_regular_or_given("fd=x").error().what, "fd=x: it is not the number of a file");
    EXPECT_EQ(open_regular_or_given("fd=99999999999").error().kind, Error::Kind::Malformed);
}

TEST_F(Input, IsAFileOfThatNameBeforeANumber) {
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(std::filesystem::path{file("fd=0", "by name")}.parent_path());

    const auto opened = open_regular_or_given("fd=0");

    std::filesystem::current_path(before);
    ASSERT_TRUE(opened);
    EXPECT_EQ(read_to_end(*opened, 64, "fd=0").value(), "by name");
}

TEST_F(Input, HasNoZeroByteInItsName) {
    const std::string name = file("a", "secret") + std::string{"\0.txt", 5};

    for (const auto& error : {read_input(name, 64).error(), read_file(name, 64).error(),
                              Fd::open(name, O_RDONLY).error(), link_name(name).error()}) {
        EXPECT_EQ(error.kind, Error::Kind::Malformed);
        EXPECT_NE(error.what.find("/a\\0…: a zero byte"), std::string::npos);
    }
}

}  // namespace
}  // namespace tenon
