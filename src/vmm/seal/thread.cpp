#include "vmm/seal/thread.hpp"

#include <atomic>
#include <utility>
#include <vector>

#include "base/quiet_thread.hpp"
#include "vmm/seal/seal.hpp"

namespace tenon::vmm::seal {

struct Thread::State {
    ThreadKind kind;
    Work work;
    std::thread thread{};
    std::atomic<std::thread::id> id{};
    bool begun = false;
};

namespace {

// Of the one thread that there is while threads are held.
struct Waiting {
    std::vector<std::function<void()>> begin;
    bool holds = false;
};

Waiting& waiting() {
    static Waiting all;
    return all;
}

}  // namespace

void Thread::begin(const std::shared_ptr<State>& state) {
    state->begun = true;
    // One that is left to itself outlives who started it.
    state->thread = quiet_thread([state, work = std::move(state->work)] mutable {
        state->id = std::this_thread::get_id();
        enter(state->kind);
        work();
    });
}

void Thread::hold(const std::shared_ptr<State>& state) {
    waiting().begin.emplace_back([state = std::weak_ptr{state}] {
        if (const auto wanted = state.lock()) begin(wanted);
    });
}

Thread Thread::start(ThreadKind kind, Work work) {
    Thread thread;
    thread.state_ = std::make_shared<State>(kind, std::move(work));
    if (waiting().holds)
        hold(thread.state_);
    else
        begin(thread.state_);
    return thread;
}

bool Thread::held() const { return state_ != nullptr && !state_->begun; }

void Thread::join() {
    // Until its end it may ask whether it is who it is.
    if (state_->begun)
        state_->thread.join();
    else
        state_->work();
    state_.reset();
}

void Thread::detach() {
    const auto state = std::exchange(state_, nullptr);
    if (state->begun) state->thread.detach();
}

bool Thread::is_this() const {
    return state_ != nullptr && state_->id == std::this_thread::get_id();
}

Hold::Hold() { waiting().holds = true; }

void Hold::end() {
    waiting().holds = false;
    for (const auto& begin : std::exchange(waiting().begin, {}))
        begin();
}

}  // namespace tenon::vmm::seal
