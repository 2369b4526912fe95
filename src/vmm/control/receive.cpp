#include "vmm/control/receive.hpp"

#include <sys/socket.h>

#include <array>
#include <cstring>

namespace tenon::vmm::control {
namespace {

struct Peeked {
    ssize_t count = 0;
    bool files = false;  ///< There are some, with one of these bytes or a later one.
};

// Looks without taking. Without room for files the kernel says that there are some.
Peeked peek(const Fd& socket, std::span<char> bytes) {
    iovec data{.iov_base = bytes.data(), .iov_len = bytes.size()};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    const auto count = ::recvmsg(socket.number(), &message, MSG_PEEK);
    return {.count = count, .files = (message.msg_flags & MSG_CTRUNC) != 0};
}

Received take(const Fd& socket, std::span<char> bytes) {
    // As many as the kernel lets one message carry.
    constexpr std::size_t most_files = 253;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(most_files * sizeof(int))> control{};
    iovec data{.iov_base = bytes.data(), .iov_len = bytes.size()};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    Received received{.count = ::recvmsg(socket.number(), &message, MSG_CMSG_CLOEXEC),
                      .files = {},
                      .files_lost = (message.msg_flags & MSG_CTRUNC) != 0};
    if (received.count < 0) return received;
    for (auto* head = CMSG_FIRSTHDR(&message); head != nullptr;
         head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
        std::vector<int> numbers((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        std::memcpy(numbers.data(), CMSG_DATA(head), numbers.size() * sizeof(int));
        for (const int number : numbers)
            received.files.emplace_back(number);
    }
    return received;
}

}  // namespace

// recvmsg(2) gives bytes that came without files and those after them that came with some at once,
// and does not say where the latter begin; a look ahead does not either. So where files are coming
// it is one byte at a time, to the one that brings them.
Received receive(const Fd& socket, std::span<char> bytes) {
    const auto [count, files] = peek(socket, bytes);
    if (count <= 0) return {.count = count, .files = {}};
    const auto there = bytes.first(static_cast<std::size_t>(count));
    if (!files) return take(socket, there);
    std::size_t taken = 0;
    Received last;
    while (taken < there.size() && last.files.empty() && !last.files_lost) {
        last = take(socket, there.subspan(taken, 1));
        if (last.count <= 0) break;
        ++taken;
    }
    if (taken != 0) last.count = static_cast<ssize_t>(taken);
    return last;
}

}  // namespace tenon::vmm::control
