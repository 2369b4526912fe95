#include "vmm/control/control_client.hpp"

#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <utility>

#include "vmm/control/local_address.hpp"

namespace tenon::vmm {

Result<ControlClient> ControlClient::connect(const std::string& path) {
    auto name = fmt::format("control socket {}", path);
    TENON_TRY(address, local_address(path), name);
    Fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!fd) return fail_system(errno, name);
    constexpr timeval patience{.tv_sec = 30, .tv_usec = 0};
    ::setsockopt(fd.number(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd.number(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect_to(fd, address) < 0) return fail_system(errno, name);
    ControlClient client{std::move(fd), std::move(name)};
    TENON_TRY(greeting, client.receive(), client.name_);
    if (!greeting.contains("QMP"))
        return malformed("{}: what answers does not speak QMP", client.name_);
    TENON_TRY(answer, client.execute({{"execute", "qmp_capabilities"}}), "");
    if (!answer.contains("return")) return malformed("{}: it does not let us in", client.name_);
    return client;
}

Result<nlohmann::json> ControlClient::execute(const nlohmann::json& command) {
    const auto text = command.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    std::size_t sent = 0;
    while (sent < text.size()) {
        const auto count =
            ::send(fd_.number(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_system(errno, fmt::format("{}: sending a command", name_));
        sent += static_cast<std::size_t>(count);
    }
    for (;;) {
        TENON_TRY(answer, receive(), name_);
        if (!answer.contains("event")) return std::move(answer);
    }
}

Result<nlohmann::json> ControlClient::receive() {
    while (received_.empty()) {
        std::array<char, 16 << 10> bytes{};
        const auto count = ::recv(fd_.number(), bytes.data(), bytes.size(), 0);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN)
            return fail(Error::Kind::Io, "no answer within 30 seconds");
        if (count < 0) return fail_system(errno, "waiting for an answer");
        if (count == 0) return fail(Error::Kind::Io, "the guest's side has hung up");
        for (auto& one : stream_.feed({bytes.data(), static_cast<std::size_t>(count)}))
            received_.push_back(std::move(one));
    }
    auto first = std::move(received_.front());
    received_.pop_front();
    return first;
}

}  // namespace tenon::vmm
