#include "vmm/board/console.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <pty.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <utility>

#include "vmm/seal/filter.hpp"
#include "vmm/seal/seal.hpp"

namespace tenon::vmm::board {
namespace {

TEST(EscapeKeys, PassOrdinaryBytes) {
    EscapeKeys keys;
    EXPECT_EQ(keys.press('x'), (EscapeKeys::Outcome{.byte = 'x'}));
}

TEST(EscapeKeys, LeaveAtControlAThenX) {
    EscapeKeys keys;
    EXPECT_EQ(keys.press(1), EscapeKeys::Outcome{});
    EXPECT_EQ(keys.press('x'), (EscapeKeys::Outcome{.leave = true}));
}

TEST(EscapeKeys, PassControlAWhenItIsPressedTwice) {
    EscapeKeys keys;
    keys.press(1);
    EXPECT_EQ(keys.press(1), (EscapeKeys::Outcome{.byte = 1}));
    EXPECT_EQ(keys.press('x'), (EscapeKeys::Outcome{.byte = 'x'}));
}

/// Waits until `done`, at most a minute.
template <typename Condition>
bool soon(Condition done) {
    for (int round = 0; round < 6000 && !done(); ++round)
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    return done();
}

class ConsoleTest : public testing::Test {
protected:
    std::atomic<bool> left = false;
    SerialPort port{[](std::uint8_t) {}, [](bool) {}};
    EndSignals signals = EndSignals::take().value();
};

TEST_F(ConsoleTest, BringsInputToTheGuestAndBearsItsEnd) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const Fd input{ends[0]};
    Fd writer{ends[1]};
    const auto console = Console::start(input.number(), port, signals, [this] { left = true; });
    ASSERT_TRUE(console);

    // Control-A means nothing where nobody presses keys.
    ASSERT_EQ(::write(writer.number(), "\x01x", 2), 2);
    writer.close();

    EXPECT_TRUE(soon([this] { return (port.read(5, 1) & 1) != 0; }));
    EXPECT_EQ(port.read(0, 1), 1u);
    EXPECT_TRUE(soon([this] { return (port.read(5, 1) & 1) != 0; }));
    EXPECT_EQ(port.read(0, 1), 'x');
    EXPECT_FALSE(left);
}

TEST_F(ConsoleTest, LeavesAtASignal) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const Fd input{ends[0]};
    const Fd writer{ends[1]};
    const auto console = Console::start(input.number(), port, signals, [this] { left = true; });
    ASSERT_TRUE(console);

    ::kill(::getpid(), SIGTERM);

    EXPECT_TRUE(soon([this] { return left.load(); }));
}

TEST_F(ConsoleTest, LeavesAtTheKeysOfATerminalWhoseInputNobodyReads) {
    int master = -1;
    int slave = -1;
    ASSERT_EQ(::openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
    const Fd keyboard{master};
    const Fd input{slave};
    const auto console = Console::start(input.number(), port, signals, [this] { left = true; });
    ASSERT_TRUE(console);

    const std::string typed = std::string(40, 'a') + "\x01x";
    ASSERT_EQ(::write(keyboard.number(), typed.data(), typed.size()),
              static_cast<ssize_t>(typed.size()));

    EXPECT_TRUE(soon([this] { return left.load(); }));
}

const seal::Rule no_getuid{.number = SYS_getuid};

class RawTerminalTest : public testing::Test {
protected:
    void SetUp() override {
        int master_number = -1;
        int slave_number = -1;
        ASSERT_EQ(::openpty(&master_number, &slave_number, nullptr, nullptr, nullptr), 0);
        master = Fd{master_number};
        slave = Fd{slave_number};
    }
    bool echoes() const {
        termios settings{};
        return ::tcgetattr(slave.number(), &settings) == 0 && (settings.c_lflag & ECHO) != 0;
    }
    Fd master;
    Fd slave;
};

TEST_F(RawTerminalTest, IsRawWhileItLivesAndCookedAfterwards) {
    ASSERT_TRUE(echoes());
    {
        const RawTerminal terminal{slave.number()};
        EXPECT_TRUE(terminal.raw());
        EXPECT_FALSE(echoes());
    }
    EXPECT_TRUE(echoes());
}

TEST_F(RawTerminalTest, IsRestoredByASignalThatKills) {
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        // Sanitizers have handlers of their own, which stay in front of ours.
        std::signal(SIGABRT, SIG_DFL);
        const RawTerminal terminal{slave.number()};
        ::raise(SIGABRT);
        ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);

    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_TRUE(echoes());
}

TEST_F(RawTerminalTest, IsRestoredByACallThatAFilterDoesNotAllow) {
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        const RawTerminal terminal{slave.number()};
        constexpr auto allow = SECCOMP_RET_ALLOW;
        seal::Left left;
        left.filters[0] = seal::compile(std::array{&no_getuid},
                                        {.allowed = SECCOMP_RET_TRAP, .otherwise = allow});
        if (!seal::seal_process(seal::Level::Auto, std::move(left), [](const std::string&) {}))
            ::_exit(9);
        ::syscall(SYS_getuid);
        ::_exit(8);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);

    EXPECT_EQ(WEXITSTATUS(status), 1);
    EXPECT_TRUE(echoes());
}

TEST(RawTerminal, LeavesAloneWhatIsNoTerminal) {
    const auto file = Fd::open("/dev/null", O_RDWR);
    ASSERT_TRUE(file);
    const RawTerminal terminal{file->number()};
    EXPECT_FALSE(terminal.raw());
}

}  // namespace
}  // namespace tenon::vmm::board
