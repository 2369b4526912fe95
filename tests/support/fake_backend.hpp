// A vhost-user back end in a thread, over one end of a socket pair: it does as it is asked, keeps
// what it was told, and breaks the protocol where a test wants that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <thread>
#include <vector>

#include "base/fd.hpp"
#include "vmm/virtio/message.hpp"

namespace tenon::support {

/// Goes with its connection.
class FakeBackend {
public:
    /// How it behaves; not changed after start().
    struct Manners {
        std::uint64_t features = std::uint64_t{1} << 32 | std::uint64_t{1} << 30 | 1 << 9;
        std::uint64_t protocol = 1 << 0 | 1 << 3 | 1 << 9;
        std::uint64_t queues = 4;
        std::vector<std::byte> config = std::vector<std::byte>(60, std::byte{0x5a});
        std::set<std::uint32_t> refuses = {};  ///< Requests that are answered by a status of 1.
        std::optional<std::uint32_t> hangs_at = {};   ///< Nothing is read from here on.
        std::optional<std::uint32_t> closes_at = {};  ///< It goes in place of an answer.
        /// What it answers in place of an answer: all bytes, the header too.
        std::map<std::uint32_t, std::vector<std::byte>> answers = {};
        bool sends_file = false;  ///< One goes with each answer.
    };

    explicit FakeBackend(Manners manners);
    FakeBackend() : FakeBackend{Manners{}} {}
    FakeBackend(const FakeBackend&) = delete;
    FakeBackend& operator=(const FakeBackend&) = delete;
    ~FakeBackend();

    /// The front end's end; stays here.
    int front() const { return front_.number(); }

    /// Ends the connection, as a process that dies.
    void die();

    /// Sends these bytes, whether or not it was asked.
    void say(std::span<const std::byte> bytes);

    struct Told {
        std::uint32_t request = 0;
        std::uint32_t flags = 0;
        std::vector<std::byte> payload;
        std::size_t files = 0;
    };
    /// All that it was told by now.
    std::vector<Told> told();
    /// The numbers of the same.
    std::vector<std::uint32_t> requests();
    /// Waits until it was told `request` for the `times`th time; false: it was not.
    bool wait_for(std::uint32_t request, unsigned times = 1);

    /// Signals what it was given last to call the driver of the queue, as after a request.
    void call(std::uint8_t queue);
    /// Takes what came by the doorbell of the queue, after it has waited for it; 0: nothing did.
    std::uint64_t take_kick(std::uint8_t queue);

private:
    void run();
    bool read_all(std::byte* at, std::size_t size, std::vector<Fd>* files);
    bool serve();
    bool answer(const vmm::virtio::Header& header, std::vector<std::byte> payload);
    void keep(const Told& told, std::vector<Fd> files);

    const Manners manners_;
    Fd front_;
    Fd back_;
    std::mutex mutex_;
    std::vector<Told> told_;
    std::map<std::uint64_t, Fd> kicks_;
    std::map<std::uint64_t, Fd> calls_;
    std::thread thread_;
};

}  // namespace tenon::support
