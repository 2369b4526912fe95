// The way out for what the guest's serial port sends, and for warnings: standard output or standard
// error, or what stands for them.
//
//   vCPU  put() ──▶ bytes that wait ──▶ own thread ──▶ file, which may take its time
//
// Only the own thread waits for the file. A vCPU waits for room among the bytes, without a lock,
// and only as long as somebody reads: who reads nothing can hold the guest's output, not its end.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "base/result.hpp"
#include "vmm/seal/thread.hpp"

namespace tenon::vmm::board {

/// How long an output waits for who reads it.
struct OutputPatience {
    std::chrono::milliseconds reader{1000};    ///< Nothing was read: bytes are lost from then on.
    std::chrono::milliseconds farewell{2000};  ///< At the end, for what waits for the file.
};

/// Bytes on their way to a file. Thread-safe.
class OutputQueue {
public:
    /// How many bytes wait for the file before a sender waits for room.
    static constexpr std::size_t capacity = 64 << 10;

    /// `file` stays the caller's. `room`, if there is one, is called from another thread, without a
    /// lock of this class, when has_room() has become true again; not after finish().
    /// Errors: errno of what it needs.
    static Result<std::unique_ptr<OutputQueue>> start(int file, std::function<void()> room = {},
                                                      OutputPatience patience = {});
    OutputQueue(const OutputQueue&) = delete;
    OutputQueue& operator=(const OutputQueue&) = delete;

    /// As finish().
    ~OutputQueue();

    /// Sends `byte`. Without room it waits until some is read; when nothing was read for as
    /// long as a reader has, this byte and those after it are lost, without a wait, until somebody
    /// reads again.
    void put(std::uint8_t byte);

    /// Sends all of `text` if there is room for it, else nothing: false. It waits for nobody, so
    /// the caller may hold any lock.
    [[nodiscard]] bool try_put(std::string_view text);

    /// Whether a controller's whole FIFO finds room.
    bool has_room() const;

    /// Nobody waits in put() from now on: those who do return at once. Their bytes are kept.
    void stop_waiting();

    /// Takes back stop_waiting().
    void allow_waiting();

    /// Ends the thread. What waits for the file still goes there, as long as a farewell
    /// lasts; the rest is lost, as is what comes afterwards.
    void finish();

private:
    class Queue;
    explicit OutputQueue(std::shared_ptr<Queue> queue);

    /// Shared with the thread: one that the file holds is left behind with it.
    std::shared_ptr<Queue> queue_;
    seal::Thread thread_;
};

}  // namespace tenon::vmm::board
