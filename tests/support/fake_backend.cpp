#include "tests/support/fake_backend.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>

#include "base/bytes.hpp"

namespace tenon::support {

using vmm::virtio::Request;

namespace {

constexpr auto poll_pause = std::chrono::milliseconds{1};
constexpr int longest_wait = 20'000;  // What does not come takes so long, in milliseconds.

std::vector<std::byte> bytes_of_number(std::uint64_t number) {
    const auto bytes = bytes_of(number);
    return {bytes.begin(), bytes.end()};
}

}  // namespace

FakeBackend::FakeBackend(Manners manners) : manners_{std::move(manners)} {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0) {
        front_ = Fd{ends[0]};
        back_ = Fd{ends[1]};
    }
    thread_ = std::thread{[this] { run(); }};
}

FakeBackend::~FakeBackend() {
    die();
    thread_.join();
}

void FakeBackend::die() { ::shutdown(back_.number(), SHUT_RDWR); }

void FakeBackend::say(std::span<const std::byte> bytes) {
    [[maybe_unused]] const auto count =
        ::send(back_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

void FakeBackend::run() {
    while (serve()) {
    }
}

bool FakeBackend::read_all(std::byte* at, std::size_t size, std::vector<Fd>* files) {
    while (size != 0) {
        alignas(cmsghdr) std::array<char, CMSG_SPACE(8 * sizeof(int))> control{};
        iovec data{.iov_base = at, .iov_len = size};
        msghdr in{};
        in.msg_iov = &data;
        in.msg_iovlen = 1;
        in.msg_control = control.data();
        in.msg_controllen = control.size();
        const auto count = ::recvmsg(back_.number(), &in, MSG_CMSG_CLOEXEC);
        if (count <= 0) return false;
        for (auto* head = CMSG_FIRSTHDR(&in); head != nullptr; head = CMSG_NXTHDR(&in, head)) {
            std::vector<int> numbers((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
            std::memcpy(numbers.data(), CMSG_DATA(head), numbers.size() * sizeof(int));
            for (const int number : numbers)
                files->emplace_back(number);
        }
        at += count;
        size -= static_cast<std::size_t>(count);
    }
    return true;
}

bool FakeBackend::serve() {
    vmm::virtio::Header header;
    std::vector<Fd> files;
    if (!read_all(writable_bytes_of(header).data(), sizeof header, &files)) return false;
    Told told{.request = header.request, .flags = header.flags, .payload = {}, .files = 0};
    told.payload.resize(std::min<std::size_t>(header.size, vmm::virtio::most_payload));
    if (!read_all(told.payload.data(), told.payload.size(), &files)) return false;
    told.files = files.size();
    const auto payload = told.payload;
    keep(told, std::move(files));
    if (manners_.hangs_at == header.request) {
        ::pollfd gone{.fd = back_.number(), .events = 0, .revents = 0};
        ::poll(&gone, 1, longest_wait);
        return false;
    }
    if (manners_.closes_at == header.request) {
        die();
        return false;
    }
    return answer(header, payload);
}

bool FakeBackend::answer(const vmm::virtio::Header& header, std::vector<std::byte> payload) {
    const auto is = [&](Request request) {
        return header.request == static_cast<std::uint32_t>(request);
    };
    const bool asked = (header.flags & vmm::virtio::flag::need_reply) != 0;
    if (is(Request::GetFeatures)) {
        payload = bytes_of_number(manners_.features);
    } else if (is(Request::GetProtocolFeatures)) {
        payload = bytes_of_number(manners_.protocol);
    } else if (is(Request::GetQueueNumber)) {
        payload = bytes_of_number(manners_.queues);
    } else if (is(Request::GetConfig)) {
        const auto size = load<std::uint32_t>(payload, 4);
        if (size > manners_.config.size())
            payload.clear();
        else
            std::ranges::copy(std::span{manners_.config}.first(size), payload.begin() + 12);
    } else if (!is(Request::GetVringBase)) {
        if (!asked) return true;
        payload = bytes_of_number(manners_.refuses.contains(header.request) ? 1 : 0);
    }
    const vmm::virtio::Header out{.request = header.request,
                                  .flags = vmm::virtio::flag::version | vmm::virtio::flag::reply,
                                  .size = static_cast<std::uint32_t>(payload.size())};
    std::vector<std::byte> bytes;
    std::ranges::copy(bytes_of(out), std::back_inserter(bytes));
    std::ranges::copy(payload, std::back_inserter(bytes));
    const auto other = manners_.answers.find(header.request);
    if (other != manners_.answers.end()) bytes = other->second;
    iovec data{.iov_base = bytes.data(), .iov_len = bytes.size()};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    if (manners_.sends_file) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        auto* const head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int));
        const int file = back_.number();
        std::memcpy(CMSG_DATA(head), &file, sizeof file);
    }
    return ::sendmsg(back_.number(), &message, MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

void FakeBackend::keep(const Told& told, std::vector<Fd> files) {
    const std::lock_guard lock{mutex_};
    told_.push_back(told);
    if (files.size() != 1 || told.payload.size() != 8) return;
    const auto queue = load<std::uint64_t>(told.payload, 0) & 0xff;
    if (told.request == static_cast<std::uint32_t>(Request::SetVringKick))
        kicks_[queue] = std::move(files[0]);
    if (told.request == static_cast<std::uint32_t>(Request::SetVringCall))
        calls_[queue] = std::move(files[0]);
}

std::vector<FakeBackend::Told> FakeBackend::told() {
    const std::lock_guard lock{mutex_};
    return told_;
}

std::vector<std::uint32_t> FakeBackend::requests() {
    std::vector<std::uint32_t> numbers;
    for (const auto& one : told())
        numbers.push_back(one.request);
    return numbers;
}

bool FakeBackend::wait_for(std::uint32_t request, unsigned times) {
    for (int waited = 0; waited < longest_wait; ++waited) {
        const auto all = requests();
        if (std::ranges::count(all, request) >= times) return true;
        std::this_thread::sleep_for(poll_pause);
    }
    return false;
}

void FakeBackend::call(std::uint8_t queue) {
    const std::lock_guard lock{mutex_};
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto count = ::write(calls_.at(queue).number(), &one, sizeof one);
}

std::uint64_t FakeBackend::take_kick(std::uint8_t queue) {
    int file = -1;
    {
        const std::lock_guard lock{mutex_};
        file = kicks_.at(queue).number();
    }
    ::pollfd there{.fd = file, .events = POLLIN, .revents = 0};
    std::uint64_t count = 0;
    if (::poll(&there, 1, longest_wait) == 1 && ::read(file, &count, sizeof count) < 0) count = 0;
    return count;
}

}  // namespace tenon::support
