#include "vmm/virtio/channel.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/bytes.hpp"
#include "vmm/board/local_address.hpp"

namespace tenon::vmm::virtio {
namespace {

using std::chrono::milliseconds;

bool is_transient(int error) { return error == EAGAIN || error == EINTR; }

Error gone() { return {.kind = Error::Kind::Io, .what = "the back end has closed the connection"}; }

}  // namespace

Result<Channel> Channel::connect(const std::string& path) {
    TENON_TRY(address, board::local_address(path), path);
    // Non-blocking: one that listens and takes nobody is not waited for.
    Fd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!socket) return fail_system(errno, path);
    if (board::connect_to(socket, address) == 0) return Channel{std::move(socket)};
    const int error = errno;
    return fail_system(error, path,
                       error == ENOENT || error == ECONNREFUSED
                           ? "Start its back end first: it makes the socket and listens there"
                           : "");
}

Result<Channel> Channel::adopt(int file) {
    int kind = 0;
    socklen_t size = sizeof kind;
    const auto name = fmt::format("fd={}", file);
    if (::getsockopt(file, SOL_SOCKET, SO_TYPE, &kind, &size) < 0) return fail_system(errno, name);
    if (kind != SOCK_STREAM) return malformed("{}: it is no stream socket", name);
    Fd copy{::fcntl(file, F_DUPFD_CLOEXEC, 0)};
    if (!copy) return fail_system(errno, name);
    return Channel{std::move(copy)};
}

Result<void> Channel::wait(short events, Deadline deadline) const {
    for (;;) {
        const auto left =
            std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
        pollfd poll{.fd = socket_.number(), .events = events, .revents = 0};
        const int ready =
            ::poll(&poll, 1, static_cast<int>(std::max<milliseconds::rep>(left.count(), 0)));
        if (ready > 0) return {};
        if (ready == 0) return fail(Error::Kind::Busy, "the back end does not answer in time");
        if (errno != EINTR) return fail_system(errno, "waiting for the back end");
    }
}

// Files go with the first byte.
Result<void> Channel::send(const Message& message, Deadline deadline) const {
    const Header header{.request = static_cast<std::uint32_t>(message.request),
                        .flags = flag::version | (message.need_reply ? flag::need_reply : 0),
                        .size = static_cast<std::uint32_t>(message.payload.size())};
    std::vector<std::byte> bytes;
    bytes.reserve(sizeof header + message.payload.size());
    std::ranges::copy(bytes_of(header), std::back_inserter(bytes));
    std::ranges::copy(message.payload, std::back_inserter(bytes));
    alignas(cmsghdr) std::array<char, CMSG_SPACE(most_files * sizeof(int))> control{};
    for (std::size_t sent = 0; sent < bytes.size();) {
        iovec data{.iov_base = bytes.data() + sent, .iov_len = bytes.size() - sent};
        msghdr out{};
        out.msg_iov = &data;
        out.msg_iovlen = 1;
        if (sent == 0 && !message.files.empty()) {
            const auto size = message.files.size_bytes();
            out.msg_control = control.data();
            out.msg_controllen = CMSG_SPACE(size);
            auto* const head = CMSG_FIRSTHDR(&out);
            head->cmsg_level = SOL_SOCKET;
            head->cmsg_type = SCM_RIGHTS;
            head->cmsg_len = CMSG_LEN(size);
            // SAFETY: the area has room for most_files numbers, and there are no more.
            std::memcpy(CMSG_DATA(head), message.files.data(), size);
        }
        const auto count = ::sendmsg(socket_.number(), &out, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count > 0)
            sent += static_cast<std::size_t>(count);
        else if (is_transient(errno))
            TENON_TRY_DO(wait(POLLOUT, deadline), "");
        else
            return errno == EPIPE ? std::unexpected(gone())
                                  : Result<void>{fail_system(errno, "sending to the back end")};
    }
    return {};
}

// No answer here has files: what the kernel has to drop for want of room is a fault of who sent it.
Result<void> Channel::read_all(std::span<std::byte> out, Deadline deadline) const {
    while (!out.empty()) {
        iovec data{.iov_base = out.data(), .iov_len = out.size()};
        msghdr in{};
        in.msg_iov = &data;
        in.msg_iovlen = 1;
        const auto count = ::recvmsg(socket_.number(), &in, MSG_DONTWAIT);
        if (count > 0 && (in.msg_flags & MSG_CTRUNC) != 0)
            return malformed("the back end sends files that nobody asked for");
        if (count > 0)
            out = out.subspan(static_cast<std::size_t>(count));
        else if (count == 0 || errno == ECONNRESET)
            return std::unexpected(gone());
        else if (is_transient(errno))
            TENON_TRY_DO(wait(POLLIN, deadline), "");
        else
            return fail_system(errno, "reading from the back end");
    }
    return {};
}

Result<std::vector<std::byte>> Channel::receive(Request request, Deadline deadline) const {
    Header header;
    TENON_TRY_DO(read_all(writable_bytes_of(header), deadline), "");
    if (header.request != static_cast<std::uint32_t>(request))
        return malformed("the back end answers request {} with a message of number {}",
                         static_cast<std::uint32_t>(request), header.request);
    if ((header.flags & flag::version_mask) != flag::version || (header.flags & flag::reply) == 0)
        return malformed("the back end answers request {} with flags {:#x}", header.request,
                         header.flags);
    if (header.size > most_payload)
        return malformed("the back end answers request {} with {} bytes: {} are too many",
                         header.request, header.size, most_payload);
    std::vector<std::byte> payload(header.size);
    TENON_TRY_DO(read_all(payload, deadline), "");
    return payload;
}

}  // namespace tenon::vmm::virtio
