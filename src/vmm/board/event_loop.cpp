#include "vmm/board/event_loop.hpp"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace tenon::vmm::board {
namespace {

constexpr EventLoop::Token end_token = 0;

Result<void> watch(int epoll, int file, EventLoop::Token token) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = token;
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, file, &event) < 0)
        return fail_system(errno, "watching an event");
    return {};
}

}  // namespace

EventLoop::~EventLoop() {
    if (!thread_.joinable()) return;
    end_->signal();
    thread_.join();
}

Result<void> EventLoop::start() {
    if (thread_.joinable()) return {};
    Fd epoll{::epoll_create1(EPOLL_CLOEXEC)};
    if (!epoll) return fail_system(errno, "epoll");
    TENON_TRY(end, EventFd::create(), "");
    TENON_TRY_DO(watch(epoll.number(), end.number(), end_token), "");
    epoll_ = std::move(epoll);
    end_ = std::move(end);
    thread_ = seal::Thread::start(seal::ThreadKind::Events, [this] { run(); });
    return {};
}

Result<void> EventLoop::begin() {
    const MutexLock lock{mutex_};
    return start();
}

Result<EventLoop::Token> EventLoop::add(int file, Callback callback) {
    const MutexLock lock{mutex_};
    TENON_TRY_DO(start(), "");
    const auto token = next_++;
    TENON_TRY_DO(watch(epoll_.number(), file, token), "");
    watched_[token] = {.file = file,
                       .callback = std::make_shared<const Callback>(std::move(callback))};
    return token;
}

void EventLoop::remove(Token token) {
    std::shared_ptr<const Callback> kept;  // What it holds goes without the lock.
    const MutexLock lock{mutex_};
    const auto found = watched_.find(token);
    if (found == watched_.end()) return;
    kept = std::move(found->second.callback);
    ::epoll_ctl(epoll_.number(), EPOLL_CTL_DEL, found->second.file, nullptr);
    watched_.erase(found);
}

void EventLoop::settle() {
    const MutexLock lock{mutex_};
    if (thread_.is_this()) return;
    const auto before = calls_;
    while (calling_ && calls_ == before)
        called_.wait(mutex_);
}

// What the callback holds goes before it counts as returned.
void EventLoop::call(Token token) {
    std::shared_ptr<const Callback> callback;
    {
        const MutexLock lock{mutex_};
        const auto found = watched_.find(token);
        if (found == watched_.end()) return;
        callback = found->second.callback;
        calling_ = true;
    }
    (*callback)();
    callback.reset();
    const MutexLock lock{mutex_};
    calling_ = false;
    ++calls_;
    called_.wake();
}

void EventLoop::run() {
    for (;;) {
        std::array<epoll_event, 16> events{};
        const int count = ::epoll_wait(epoll_.number(), events.data(), events.size(), -1);
        for (int n = 0; n < count; ++n) {
            const auto token = events.at(static_cast<std::size_t>(n)).data.u64;
            if (token == end_token) return;
            call(token);
        }
    }
}

EventTimer::~EventTimer() {
    if (token_) loop_.remove(*token_);
}

Result<void> EventTimer::set(unsigned milliseconds, const EventLoop::Callback& callback) {
    if (token_) loop_.remove(*std::exchange(token_, std::nullopt));
    if (!file_) {
        Fd created{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
        if (!created) return fail_system(errno, "creating a timer");
        file_ = std::make_shared<const Fd>(std::move(created));
    }
    itimerspec when{};
    when.it_value = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1'000'000l};
    if (::timerfd_settime(file_->number(), 0, &when, nullptr) < 0)
        return fail_system(errno, "setting a timer");
    TENON_TRY(token,
              loop_.add(file_->number(),
                        [file = file_, callback] {
                            // Read, or it would call for ever; a timer that was set anew or went
                            // has nothing to read.
                            std::uint64_t expired = 0;
                            if (::read(file->number(), &expired, sizeof expired) == sizeof expired)
                                callback();
                        }),
              "");
    token_ = token;
    return {};
}

}  // namespace tenon::vmm::board
