#include "vmm/virtio/worker.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <utility>

namespace tenon::vmm::virtio {

Result<std::unique_ptr<Worker>> Worker::start(Session session,
                                              std::function<void(const Error&)> lost) {
    TENON_TRY(wake, EventFd::create(), "a thread for the back end");
    std::unique_ptr<Worker> worker{
        new Worker{std::move(session), std::move(wake), std::move(lost)}};
    worker->thread_ =
        seal::Thread::start(seal::ThreadKind::Backend, [&worker = *worker] { worker.run(); });
    return worker;
}

Worker::~Worker() {
    {
        const MutexLock lock{mutex_};
        ending_ = true;
    }
    wake_.signal();
    thread_.join();
}

void Worker::post(Task task) {
    {
        const MutexLock lock{mutex_};
        tasks_.push_back(std::move(task));
    }
    wake_.signal();
}

std::optional<Worker::Task> Worker::next() {
    const MutexLock lock{mutex_};
    if (tasks_.empty()) return std::nullopt;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    return task;
}

bool Worker::ended() {
    const MutexLock lock{mutex_};
    return ending_ && tasks_.empty();
}

void Worker::run() {
    while (!ended()) {
        wait();
        wake_.take();
        while (auto task = next())
            carry_out(*task);
        look_at_socket();
    }
}

void Worker::wait() const {
    std::array files{
        pollfd{.fd = wake_.number(), .events = POLLIN, .revents = 0},
        pollfd{
            .fd = session_ ? session_->number() : -1, .events = POLLIN | POLLRDHUP, .revents = 0}};
    // Whatever ends it, those who are asked next say what there is.
    [[maybe_unused]] const int ready = ::poll(files.data(), files.size(), -1);
}

void Worker::carry_out(Task& task) {
    if (session_ && task.work) {
        const auto done = task.work(*session_);
        if (!done && done.error().kind != Error::Kind::Denied) lose(done.error());
    }
    if (task.after) task.after();
}

// Between questions nothing is to come.
void Worker::look_at_socket() {
    if (!session_) return;
    std::byte byte{};
    const auto count = ::recv(session_->number(), &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT);
    if (count > 0)
        lose({.kind = Error::Kind::Malformed, .what = "the back end sends what nobody asked for"});
    else if (count == 0 || (errno != EAGAIN && errno != EINTR))
        lose({.kind = Error::Kind::Io, .what = "the back end has closed the connection"});
}

void Worker::lose(const Error& why) {
    session_.reset();
    lost_(why);
}

}  // namespace tenon::vmm::virtio
