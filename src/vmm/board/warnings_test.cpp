#include "vmm/board/warnings.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <future>
#include <optional>
#include <vector>

#include "base/fd.hpp"

namespace tenon::vmm::board {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using namespace std::chrono_literals;

// Longer than any machine needs for what has not to wait: only what is at fault takes so long.
constexpr auto never = 300s;

// What is printed by the time all of it is over.
std::string printed(const std::function<void(Warnings&)>& what) {
    testing::internal::CaptureStderr();
    {
        Warnings warnings;
        what(warnings);
    }
    return testing::internal::GetCapturedStderr();
}

const WarningSubject placing{.function = "dev0", .kind = "placing BARs"};

void place_everywhere(Warnings& warnings) {
    for (unsigned address = 0; address < 5000; ++address)
        warnings.once(placing, fmt::format("BAR 0 of dev0 at {:#x}: taken", address));
}

TEST(Warnings, SayATextOnce) {
    EXPECT_EQ(printed([](Warnings& warnings) {
                  warnings.once("a reset failed");
                  warnings.once("a reset failed");
                  warnings.once(placing, "BAR 0");
                  warnings.once(placing, "BAR 0");
              }),
              "tenon: warning: a reset failed\r\ntenon: warning: BAR 0\r\n");
}

TEST(Warnings, AreNotMutedByAGuestThatVariesAnother) {
    const auto text = printed([](Warnings& warnings) {
        place_everywhere(warnings);
        warnings.once("the machine is out of room");
        warnings.once({.function = "dev0", .kind = "reset"}, "dev0: not reset");
        warnings.once({.function = "dev1", .kind = placing.kind}, "BAR 0 of dev1: taken");
    });

    EXPECT_THAT(text, HasSubstr("the machine is out of room"));
    EXPECT_THAT(text, HasSubstr("dev0: not reset"));
    EXPECT_THAT(text, HasSubstr("BAR 0 of dev1"));
}

TEST(Warnings, CountWhatIsNotSaid) {
    const auto text = printed(place_everywhere);

    EXPECT_THAT(text, HasSubstr("at 0x7: taken"));
    EXPECT_THAT(text, Not(HasSubstr("at 0x8: taken")));
    EXPECT_THAT(
        text, EndsWith("tenon: warning: dev0: placing BARs: 4992 more warnings of this kind\r\n"));
}

TEST(Warnings, AreNotMutedByIncidents) {
    const auto text = printed([](Warnings& warnings) {
        for (unsigned vector = 0; vector < 2048; ++vector)
            warnings.incident({.function = "dev0",
                               .kind = "silent-vector",
                               .vector = vector,
                               .text = fmt::format("vector {} stays silent", vector)});
        warnings.once("the machine is out of room");
    });

    EXPECT_THAT(text, HasSubstr("vector 0 stays silent"));
    EXPECT_THAT(text, HasSubstr("the machine is out of room"));
}

/// Warnings whose standard error is a pipe, which is full and which nobody reads unless the test
/// does.
class BlockedWarnings : public testing::Test {
protected:
    static constexpr std::size_t pipe_size = 4096;
    static constexpr unsigned many = 900;

    void SetUp() override {
        std::array<int, 2> ends{};
        ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        reader = Fd{ends[0]};
        writer = Fd{ends[1]};
        ASSERT_EQ(::fcntl(writer.number(), F_SETPIPE_SZ, pipe_size), static_cast<int>(pipe_size));
        const std::string bytes(pipe_size, '-');
        ASSERT_EQ(::write(writer.number(), bytes.data(), bytes.size()),
                  static_cast<ssize_t>(bytes.size()));
    }

    void start(OutputPatience patience = {.reader = never, .farewell = never}) {
        ASSERT_TRUE(warnings->start(writer.number(), patience));
    }

    /// Far more than waits for a reader.
    void say_many() {
        for (unsigned n = 0; n < many; ++n)
            warnings->once(fmt::format("{} of many, {}", n, std::string(100, 'x')));
    }

    /// All that was said, to who reads until the end.
    std::string read_to_the_end() {
        auto all = std::async(std::launch::async, [this] {
            std::string text;
            std::array<char, 4096> bytes{};
            for (;;) {
                const auto count = ::read(reader.number(), bytes.data(), bytes.size());
                if (count <= 0) return text.substr(pipe_size);
                text.append(bytes.data(), static_cast<std::size_t>(count));
            }
        });
        warnings.reset();
        writer.close();
        return all.get();
    }

    Fd reader;
    Fd writer;
    std::optional<Warnings> warnings{std::in_place};
};

TEST_F(BlockedWarnings, HoldNobodyWhoSaysThem) {
    start();
    const auto begin = std::chrono::steady_clock::now();
    say_many();

    EXPECT_LT(std::chrono::steady_clock::now() - begin, never);
    EXPECT_NE(read_to_the_end(), "");
}

TEST_F(BlockedWarnings, AreWrittenWhenSomebodyReads) {
    start();
    warnings->once("one");
    warnings->once("another");

    EXPECT_EQ(read_to_the_end(), "tenon: warning: one\r\ntenon: warning: another\r\n");
}

TEST_F(BlockedWarnings, CountWhatIsLostToASlowReader) {
    start();
    say_many();
    const auto text = read_to_the_end();

    EXPECT_THAT(text, StartsWith("tenon: warning: 0 of many"));
    const auto lines = static_cast<unsigned>(std::ranges::count(text, '\n'));
    EXPECT_LT(lines, many);
    EXPECT_THAT(text, EndsWith(fmt::format(
                          "tenon: warning: {} warnings were lost: nobody read standard error\r\n",
                          many - (lines - 1))));
}

TEST_F(BlockedWarnings, CountWhatIsLostBeforeTheNextThatIsNot) {
    start();
    say_many();
    std::string first(OutputQueue::capacity, '\0');
    for (std::size_t all = 0; all < first.size();) {
        const auto count = ::read(reader.number(), first.data(), first.size() - all);
        ASSERT_GT(count, 0);
        all += static_cast<std::size_t>(count);
    }
    warnings->once("the last");

    EXPECT_THAT(read_to_the_end(), EndsWith("warnings were lost: nobody read standard error\r\n"
                                            "tenon: warning: the last\r\n"));
}

TEST_F(BlockedWarnings, EndThoughNobodyReads) {
    start({.reader = 50ms, .farewell = 50ms});
    say_many();
    const auto begin = std::chrono::steady_clock::now();
    warnings.reset();

    EXPECT_LT(std::chrono::steady_clock::now() - begin, never);
}

}  // namespace
}  // namespace tenon::vmm::board
