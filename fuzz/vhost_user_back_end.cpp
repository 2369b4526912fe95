// Fuzzes what a vhost-user back end sends: its input is all that comes, whatever is asked. The
// first two bytes are the device's type and its queues.
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/fd.hpp"
#include "vmm/virtio/session.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tenon;
    using namespace tenon::vmm::virtio;
    // More than a socket takes at once would have nobody who reads it.
    constexpr std::size_t most = 65'536;
    constexpr std::chrono::seconds patience{10};
    if (size < 2 || size > most) return 0;
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) std::abort();
    Fd front{ends[0]};
    const Fd back{ends[1]};
    if (::write(back.number(), data + 2, size - 2) != static_cast<ssize_t>(size - 2)) std::abort();
    ::shutdown(back.number(), SHUT_WR);

    model::virtio::Backend backend;
    backend.type = static_cast<std::uint16_t>(1 + data[0] % 63);
    backend.queues = static_cast<std::uint16_t>(1 + data[1] % 255);
    backend.queue_size = 256;
    backend.config_size = 60;
    auto session = Session::open(Channel{std::move(front)}, backend, patience);
    if (!session) return 0;
    if (session->config().size() > backend.config_size) std::abort();
    const std::array rings{
        Ring{.index = 0, .size = 256, .kick = back.number(), .call = back.number()}};
    const std::array parts{SharedPart{.region = {.size = 4096}, .file = back.number()}};
    const auto done = session->start(session->features(), parts, rings);
    if (!done) return 0;
    [[maybe_unused]] const auto written = session->write_config(0, std::array{std::byte{1}});
    [[maybe_unused]] const auto stopped = session->stop(std::array{std::uint16_t{0}});
    return 0;
}
