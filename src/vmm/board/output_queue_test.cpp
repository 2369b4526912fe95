#include "vmm/board/output_queue.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <future>
#include <string>
#include <thread>

#include "base/fd.hpp"
#include "vmm/board/serial.hpp"

namespace tenon::vmm::board {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t pipe_size = 16 << 10;

// Longer than any machine needs for what has not to wait: only what is at fault takes so long.
constexpr auto never = 300s;

/// A serial port whose output is a pipe, which nobody reads unless the test does.
class OutputQueueTest : public testing::Test {
protected:
    void SetUp() override {
        std::array<int, 2> ends{};
        ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        reader = Fd{ends[0]};
        writer = Fd{ends[1]};
        ASSERT_EQ(::fcntl(writer.number(), F_SETPIPE_SZ, pipe_size), static_cast<int>(pipe_size));
        // What is written to nobody is an error here, not a signal.
        std::signal(SIGPIPE, SIG_IGN);
        start(writer, {.reader = never, .farewell = never});
    }

    void TearDown() override {
        reader.close();
        // Its thread asks for it until then.
        if (output) output->finish();
        output.reset();
    }

    void start(const Fd& file, OutputPatience patience) {
        if (output) output->finish();
        output =
            OutputQueue::start(file.number(), [this] { port.output_changed(); }, patience).value();
    }

    /// Fills the pipe, so that it takes nothing of what is sent.
    void block() const {
        const std::string bytes(pipe_size, '-');
        ASSERT_EQ(::write(writer.number(), bytes.data(), bytes.size()),
                  static_cast<ssize_t>(bytes.size()));
    }

    void send(std::size_t count) {
        for (std::size_t sent = 0; sent < count; ++sent)
            port.write(0, 1, 'a' + sent % 23);
    }

    bool busy() { return (port.read(5, 1) & 0x60) == 0; }

    /// Ends the output while somebody reads all of it.
    std::string read_to_the_end() {
        auto all = std::async(std::launch::async, [this] {
            std::string bytes;
            for (auto part = read(4096); !part.empty(); part = read(4096))
                bytes += part;
            return bytes;
        });
        output->finish();
        output.reset();
        writer.close();
        return all.get();
    }

    std::string read(std::size_t most) const {
        std::string bytes(most, '\0');
        const auto count = ::read(reader.number(), bytes.data(), most);
        bytes.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
        return bytes;
    }

    Fd reader;
    Fd writer;
    std::atomic<bool> line = false;
    std::unique_ptr<OutputQueue> output;
    SerialPort port{[this](std::uint8_t byte) { output->put(byte); },
                    [this](bool level) { line = level; }, [this] { return output->has_room(); }};
};

TEST_F(OutputQueueTest, WritesWhatIsSentInOrder) {
    for (const char byte : std::string{"hello"})
        port.write(0, 1, static_cast<std::uint8_t>(byte));
    EXPECT_EQ(read_to_the_end(), "hello");
}

TEST_F(OutputQueueTest, ShowsABusyTransmitterBeforeItsRoomEnds) {
    block();
    // The guest may send a FIFO's 16 bytes whenever the transmitter is not busy.
    send(OutputQueue::capacity - 32);
    EXPECT_FALSE(busy());
    send(16);
    EXPECT_TRUE(busy());
}

TEST_F(OutputQueueTest, InterruptsTheGuestWhenSomebodyReadsAgain) {
    block();
    send(OutputQueue::capacity);
    port.write(4, 1, 0x08);
    port.write(1, 1, 0x02);
    EXPECT_FALSE(line);

    read(pipe_size);

    for (int round = 0; round < 30'000 && !line; ++round)
        std::this_thread::sleep_for(10ms);
    EXPECT_TRUE(line);
    EXPECT_FALSE(busy());
}

TEST_F(OutputQueueTest, LosesNothingToAReaderThatIsSlow) {
    std::string all;
    const auto reads = std::async(std::launch::async, [&] {
        for (auto part = read(4096); !part.empty(); part = read(4096)) {
            all += part;
            std::this_thread::sleep_for(5ms);
        }
    });
    // Regardless of what the transmitter says.
    send(3 * OutputQueue::capacity);
    output->finish();
    output.reset();
    writer.close();
    reads.wait();

    EXPECT_EQ(all.size(), 3 * OutputQueue::capacity);
}

TEST_F(OutputQueueTest, AnswersOthersWhileAByteWaits) {
    block();
    send(OutputQueue::capacity);
    std::atomic<bool> written = false;
    const auto writes = std::async(std::launch::async, [&] {
        port.write(0, 1, 'x');
        written = true;
    });
    std::this_thread::sleep_for(100ms);

    EXPECT_TRUE(busy());
    port.receive('k');
    EXPECT_EQ(port.read(0, 1), 'k');
    EXPECT_FALSE(written);
    output->stop_waiting();
}

TEST_F(OutputQueueTest, WaitsForAReaderAndThenForNobody) {
    start(writer, {.reader = 50ms, .farewell = never});
    block();
    send(OutputQueue::capacity);

    auto begin = std::chrono::steady_clock::now();
    port.write(0, 1, 'x');
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 50ms);

    begin = std::chrono::steady_clock::now();
    send(10'000);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 10'000 * 50ms);
}

TEST_F(OutputQueueTest, KeepsTheByteOfWhoIsTakenOutForAPause) {
    block();
    send(OutputQueue::capacity);
    const auto begin = std::chrono::steady_clock::now();
    const auto writes = std::async(std::launch::async, [&] { port.write(0, 1, 'x'); });
    std::this_thread::sleep_for(100ms);

    output->stop_waiting();
    writes.wait();

    EXPECT_LT(std::chrono::steady_clock::now() - begin, never);
    const auto all = read_to_the_end();
    EXPECT_EQ(all.size(), pipe_size + OutputQueue::capacity + 1);
    EXPECT_EQ(all.back(), 'x');
}

TEST_F(OutputQueueTest, BoundsWhatPausesLeave) {
    block();
    output->stop_waiting();
    send(2 * OutputQueue::capacity);
    // One string instruction beyond what may wait.
    EXPECT_EQ(read_to_the_end().size(), pipe_size + OutputQueue::capacity + 4096);
}

TEST_F(OutputQueueTest, TakesATextAsAWholeOrNotAtAll) {
    block();
    EXPECT_TRUE(output->try_put(std::string(OutputQueue::capacity - 2, 'a')));
    EXPECT_FALSE(output->try_put("bcd"));
    EXPECT_TRUE(output->try_put("ef"));
    EXPECT_FALSE(output->try_put("g"));

    const auto all = read_to_the_end();
    EXPECT_EQ(all.size(), pipe_size + OutputQueue::capacity);
    EXPECT_TRUE(all.ends_with("aef"));
}

TEST_F(OutputQueueTest, EndsThoughNobodyReads) {
    start(writer, {.reader = never, .farewell = 50ms});
    block();
    send(OutputQueue::capacity);
    const auto writes = std::async(std::launch::async, [&] { port.write(0, 1, 'x'); });

    const auto begin = std::chrono::steady_clock::now();
    output->finish();
    writes.wait();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, never);
}

TEST_F(OutputQueueTest, LeavesAThreadBehindThatTheFileHolds) {
    // The other end of a terminal that was stopped: ready for bytes, then not for all of them.
    int keyboard = -1;
    int screen = -1;
    ASSERT_EQ(::openpty(&keyboard, &screen, nullptr, nullptr, nullptr), 0);
    const Fd master{keyboard};
    const Fd terminal{screen};
    start(terminal, {.reader = never, .farewell = 50ms});
    send(OutputQueue::capacity);
    std::this_thread::sleep_for(100ms);

    const auto begin = std::chrono::steady_clock::now();
    output->finish();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, never);
}

TEST_F(OutputQueueTest, LosesNothingBeforeTheEndToWhoReads) {
    block();
    send(OutputQueue::capacity);
    EXPECT_EQ(read_to_the_end().size(), pipe_size + OutputQueue::capacity);
}

TEST_F(OutputQueueTest, DropsWhatNobodyCanReadAnyMore) {
    reader.close();
    const auto begin = std::chrono::steady_clock::now();
    send(2 * OutputQueue::capacity);
    output->finish();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, never);
}

}  // namespace
}  // namespace tenon::vmm::board
