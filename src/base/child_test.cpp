#include "base/child.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <csignal>
#include <thread>

#include "base/fd.hpp"

namespace tenon {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 30s;  // Of a slow machine; what is to come does.

Child::Command shell(std::string script, std::vector<int> files = {}) {
    return {
        .program = "/bin/sh", .arguments = {"-c", std::move(script)}, .files = std::move(files)};
}

std::string said(const std::string& script, std::vector<int> files = {}) {
    return output_of(shell(script, std::move(files)), 4096, patience).value();
}

TEST(Child, SaysHowItEnded) {
    const auto good = Child::start(shell("exit 3")).value();
    const auto killed = Child::start(shell("kill -9 $$")).value();

    EXPECT_EQ(good->wait(patience), "ended with status 3");
    EXPECT_EQ(killed->wait(patience), "was ended by signal 9");
}

TEST(Child, RunsUntilItIsEnded) {
    const auto child = Child::start(shell("exec sleep 1000")).value();

    EXPECT_EQ(child->wait(0ms), std::nullopt);
    EXPECT_TRUE(child->end(patience));
    EXPECT_EQ(child->wait(0ms), "was ended by signal 15");
}

TEST(Child, IsMadeToEndIfItWillNot) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const Fd from{ends[0]};
    const Fd to{ends[1]};
    const auto child =
        Child::start(shell("trap '' TERM; echo >&3; while :; do sleep 1; done", {to.number()}))
            .value();
    char byte = 0;
    ASSERT_EQ(::read(from.number(), &byte, 1), 1);  // It does not listen any more.

    EXPECT_FALSE(child->end(50ms));
    EXPECT_EQ(child->wait(0ms), "was ended by signal 9");
}

TEST(Child, HasTheFilesThatItIsGivenAndNoOther) {
    // Not closed by itself, as one of who started us.
    const Fd theirs{::open("/dev/zero", O_RDONLY)};  // NOLINT(android-cloexec-open)
    const auto given = Fd::open("/dev/full", O_RDONLY).value();

    EXPECT_EQ(said("cd /proc/self/fd && for n in [3-9]* [1-9][0-9]*; do readlink $n; done",
                   {given.number()}),
              "/dev/full\n");
    EXPECT_EQ(said("readlink /proc/self/fd/0"), "/dev/null\n");
}

TEST(Child, CanGetNoMoreThanWeHave) {
    EXPECT_EQ(said("grep -c 'NoNewPrivs:.1' /proc/self/status"), "1\n");
}

TEST(Child, IsNotReachedByWhatATerminalSends) {
    // The session is the sixth number; the name before has no space here.
    EXPECT_EQ(said("read -r _ _ _ _ _ session _ </proc/$$/stat; [ $session = $$ ] && echo own"),
              "own\n");
}

TEST(Child, TakesSignalsThoughItsThreadDoesNot) {
    EXPECT_EQ(said("grep -c 'SigBlk:.0000000000000000' /proc/self/status"), "1\n");
}

TEST(Child, OutlivesTheThreadThatStartedIt) {
    std::unique_ptr<Child> child;
    std::thread{[&] { child = Child::start(shell("exec sleep 1000")).value(); }}.join();

    EXPECT_EQ(child->wait(50ms), std::nullopt);
    EXPECT_TRUE(child->end(patience));
    EXPECT_EQ(child->wait(0ms), "was ended by signal 15");
}

// The one between us and it is a process that does what we do, and is killed.
TEST(Child, EndsWithUs) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const Fd from{ends[0]};
    Fd to{ends[1]};
    const auto middle = ::fork();
    if (middle == 0) {
        const auto child = Child::start(shell("exec sleep 1000", {to.number()}));
        [[maybe_unused]] const auto told = ::write(to.number(), "s", 1);
        ::pause();
        ::_exit(child ? 0 : 1);
    }
    to.close();
    char byte = 0;
    ASSERT_EQ(::read(from.number(), &byte, 1), 1);

    ::kill(middle, SIGKILL);

    EXPECT_EQ(::read(from.number(), &byte, 1), 0);  // Nobody has the other end.
}

TEST(Child, NamesAProgramThatCannotBeRun) {
    const auto missing = Child::start({.program = "/nowhere/program", .arguments = {}});
    const auto folder = Child::start({.program = "/tmp", .arguments = {}});

    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().what, "/nowhere/program: No such file or directory");
    ASSERT_FALSE(folder);
    EXPECT_EQ(folder.error().kind, Error::Kind::Denied);
}

TEST(OutputOf, IsBounded) {
    EXPECT_EQ(output_of(shell("echo one; echo two >&2"), 5, patience).value(), "one\nt");
}

TEST(OutputOf, WaitsForNobodyWithoutAnEnd) {
    EXPECT_FALSE(output_of(shell("exec sleep 1000"), 5, 50ms));
}

TEST(FindProgram, LooksInPathAndThenElsewhere) {
    EXPECT_EQ(find_program("no-such-program"), std::nullopt);
    EXPECT_EQ(find_program("no-such-program", {"/nowhere", "/bin/sh"}), "/bin/sh");
    EXPECT_TRUE(find_program("env")->ends_with("/env"));
}

}  // namespace
}  // namespace tenon
