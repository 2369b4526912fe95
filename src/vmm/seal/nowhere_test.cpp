#include "vmm/seal/nowhere.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include "base/fd.hpp"
#include "base/file.hpp"

namespace tenon::vmm::seal {
namespace {

using testing::HasSubstr;

// What processes of the test print into.
struct Told {
    Told() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        out = Fd{ends[0]};
        in = Fd{ends[1]};
    }
    void say(const std::string& text) const {
        [[maybe_unused]] const auto told = ::write(in.number(), text.data(), text.size());
    }
    // All of it, once nobody has the other end.
    std::string all() {
        in.close();
        std::string text;
        std::array<char, 256> piece{};
        for (ssize_t count = 0; (count = ::read(out.number(), piece.data(), piece.size())) > 0;)
            text.append(piece.data(), static_cast<std::size_t>(count));
        return text;
    }
    Fd out;
    Fd in;
};

// A process that goes nowhere and does `there` in it; returns its wait status. This process is no
// longer of use afterwards, so it is one of the test's own.
int status_of_going(const Nowhere& asked, const Told& told, const std::function<int()>& there) {
    const auto child = ::fork();
    if (child == 0) {
        const auto gone = go_nowhere(asked);
        if (!gone) {
            told.say("failed: " + to_string(gone.error()));
            ::_exit(99);
        }
        // Neither of them ends as a test does.
        ::_exit(*gone ? **gone : there());
    }
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return status;
}

std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator{folder})
        names.push_back(entry.path().filename().string());
    return names;
}

TEST(GoNowhere, LeavesSysAloneAndNoCapability) {
    Told told;
    const auto status = status_of_going({}, told, [&] {
        std::string found;
        for (const auto& name : names_in("/"))
            found += name + ' ';
        found += ::access("/sys/bus", F_OK) == 0 ? "bus " : "no bus ";
        found += ::open("/written", O_WRONLY | O_CREAT, 0600) < 0 ? "closed " : "open ";
        found += ::getpid() == 1 ? "first " : "not first ";
        found += ::geteuid() == 0 ? "root " : "no root ";
        found += ::chroot("/") < 0 ? "no rights" : "rights";
        told.say(found);
        return 7;
    });
    const auto found = told.all();
    EXPECT_EQ(found, "sys bus closed first no root no rights");
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << status;
}

TEST(GoNowhere, KeepsFoldersAtTheirPlaceAndOpenFiles) {
    // Where every user comes to; that of the test may be its own user's alone.
    std::string folder = "/tmp/nowhere_test_XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    ASSERT_EQ(::chown(folder.c_str(), ::geteuid() == 0 ? nobody : ::geteuid(), gid_t(-1)), 0);
    Told told;
    const auto status = status_of_going({.folders = {folder}}, told, [&] {
        const int file = ::open((folder + "/written").c_str(), O_WRONLY | O_CREAT, 0600);
        told.say(file >= 0 ? "written" : "not written");
        return 0;
    });
    EXPECT_EQ(told.all(), "written");
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(std::filesystem::exists(folder + "/written"));
    std::filesystem::remove_all(folder);
}

TEST(GoNowhere, SaysWhichFolderIsMissing) {
    Told told;
    const auto status = status_of_going({.folders = {"/nowhere/at/all"}}, told, [] { return 0; });
    EXPECT_THAT(told.all(), HasSubstr("leaving the host: /nowhere/at/all: No such file"));
    EXPECT_EQ(WEXITSTATUS(status), 99);
}

TEST(GoNowhere, EndsWithItsStarterAndTellsWhatEndedIt) {
    const Told told;
    const auto status = status_of_going({}, told, [] {
        // Process 1 of a namespace gets no signal of its own; its end is told as a shell tells it.
        ::_exit(128 + SIGTERM);
        return 0;
    });
    EXPECT_EQ(WEXITSTATUS(status), 128 + SIGTERM);

    // Who started it is killed: the pipe is nobody's any more.
    Told left;
    const auto starter = ::fork();
    if (starter == 0) {
        const auto gone = go_nowhere({});
        if (!gone || *gone) ::_exit(1);
        left.say("there");
        for (;;)
            ::pause();
    }
    std::array<char, 5> there{};
    EXPECT_EQ(::read(left.out.number(), there.data(), there.size()), 5);
    ::kill(starter, SIGKILL);
    EXPECT_EQ(::waitpid(starter, nullptr, 0), starter);
    EXPECT_EQ(left.all(), "");
}

}  // namespace
}  // namespace tenon::vmm::seal
