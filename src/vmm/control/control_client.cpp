#include "vmm/control/control_client.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/json_place.hpp"
#include "vmm/board/local_address.hpp"

namespace tenon::vmm::control {
namespace {

using Json = nlohmann::json;

// The error of an answer.
Result<ControlRefusal> read_refusal(Json error) {
    JsonDocument document{std::move(error), "what answers does not keep to QMP: error"};
    const JsonPlace place{document};
    ControlRefusal refusal{.kind = place.at("class").any_text(),
                           .text = place.at("desc").any_text()};
    if (document.mistake()) return std::unexpected(*document.mistake());
    return refusal;
}

// What a message answers to the command with this id; none: it is an event.
Result<std::optional<ControlAnswer>> read_message(Json message, std::int64_t id) {
    const auto wrong = [](std::string_view what) {
        return malformed("what answers does not keep to QMP: {}", what);
    };
    const auto* const value = find_member(message, "return");
    const auto* const error = find_member(message, "error");
    if (const auto* const event = find_member(message, "event")) {
        if (value != nullptr || error != nullptr) return wrong("an event that is an answer too");
        if (!event->is_string()) return wrong("an event without a name");
        return std::optional<ControlAnswer>{};
    }
    if (value == nullptr && error == nullptr)
        return wrong("an answer with neither \"return\" nor \"error\"");
    if (value != nullptr && error != nullptr)
        return wrong("an answer with both \"return\" and \"error\"");
    // Who cannot read a command does not know its id either.
    const auto* const named = find_member(message, "id");
    if (named == nullptr ? error == nullptr : *named != id)
        return wrong("an answer with the id of another command");
    if (value != nullptr)
        return std::optional{
            ControlAnswer{.refusal = {}, .value = std::move(message.at("return"))}};
    TENON_TRY(refusal, read_refusal(std::move(message.at("error"))), "");
    return std::optional{ControlAnswer{.refusal = std::move(refusal), .value = {}}};
}

}  // namespace

Result<ControlClient> ControlClient::connect(const std::string& path,
                                             std::chrono::milliseconds patience) {
    auto name = fmt::format("control socket {}", path);
    TENON_TRY(address, board::local_address(path), name);
    Fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!fd) return fail_system(errno, name);
    // A server with many clients lets others wait, and connect(2) has no other limit for that.
    const timeval longest{.tv_sec = patience.count() / 1000,
                          .tv_usec = patience.count() % 1000 * 1000};
    ::setsockopt(fd.number(), SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof longest);
    if (board::connect_to(fd, address) < 0) return fail_system(errno, name);
    if (::fcntl(fd.number(), F_SETFL, O_NONBLOCK) < 0) return fail_system(errno, name);
    ControlClient client{std::move(fd), std::move(name), patience};
    TENON_TRY_DO(client.negotiate(), client.name_);
    return client;
}

Result<void> ControlClient::negotiate() {
    const auto end = Clock::now() + patience_;
    TENON_TRY(greeting, receive(end), "");
    const auto* const hello = find_member(greeting, "QMP");
    if (hello == nullptr || !hello->is_object())
        return malformed("what answers does not speak QMP");
    TENON_TRY(answer, ask({{"execute", "qmp_capabilities"}}, end), "");
    if (answer.refusal)
        return malformed("it does not let us in: {}: {}", answer.refusal->kind,
                         answer.refusal->text);
    return {};
}

Result<ControlAnswer> ControlClient::execute(Json command) {
    TENON_TRY(answer, ask(std::move(command), Clock::now() + patience_), name_);
    return std::move(answer);
}

Result<ControlAnswer> ControlClient::ask(Json command, Clock::time_point end) {
    const auto id = ++last_id_;
    command["id"] = id;
    TENON_TRY_DO(send(command.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n", end),
                 "");
    for (;;) {
        TENON_TRY(message, receive(end), "");
        TENON_TRY(answer, read_message(std::move(message), id), "");
        if (answer) return *std::move(answer);
    }
}

Result<void> ControlClient::wait(short what, Clock::time_point end) const {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
        pollfd file{.fd = fd_.number(), .events = what, .revents = 0};
        const int ready =
            left <= 0 ? 0 : ::poll(&file, 1, static_cast<int>(std::min<long>(left, 1 << 30)));
        if (ready > 0) return {};
        if (ready == 0)
            return fail(Error::Kind::Io,
                        "no answer within {} seconds; the command may still be carried out",
                        std::chrono::ceil<std::chrono::seconds>(patience_).count());
        if (errno != EINTR) return fail_system(errno, "waiting for an answer");
    }
}

Result<void> ControlClient::send(std::string_view text, Clock::time_point end) {
    while (!text.empty()) {
        const auto count = ::send(fd_.number(), text.data(), text.size(), MSG_NOSIGNAL);
        if (count >= 0)
            text.remove_prefix(static_cast<std::size_t>(count));
        else if (errno == EAGAIN)
            TENON_TRY_DO(wait(POLLOUT, end), "sending a command");
        else if (errno == EPIPE || errno == ECONNRESET)
            return {};  // It has hung up, and may have said why.
        else if (errno != EINTR)
            return fail_system(errno, "sending a command");
    }
    return {};
}

// Waits before it reads, so that a server which never stops sending does not outlast `end` either.
Result<Json> ControlClient::receive(Clock::time_point end) {
    std::string bytes(16 << 10, '\0');
    while (received_.empty()) {
        TENON_TRY_DO(wait(POLLIN, end), "");
        const auto count = ::recv(fd_.number(), bytes.data(), bytes.size(), 0);
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (count < 0) return fail_system(errno, "waiting for an answer");
        if (count == 0) return fail(Error::Kind::Io, "the guest's side has hung up");
        for (auto& one : stream_.feed({bytes.data(), static_cast<std::size_t>(count)}))
            received_.push_back(std::move(one));
    }
    auto first = std::move(received_.front());
    received_.pop_front();
    return first;
}

}  // namespace tenon::vmm::control
