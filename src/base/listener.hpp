// Somebody who is told of something that happens on any thread, and who may leave at any time.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "base/mutex.hpp"

namespace tenon {

template <typename Signature>
class Listener;

/// At most one function, which is called without a lock of this class. Thread-safe.
template <typename Answer, typename... Told>
class Listener<Answer(Told...)> {
public:
    Listener() = default;
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    /// `function` is told from now on; an empty one: nobody. Returns when nobody is in the function
    /// before, of which nothing is left then. Not to be called by a function that is told, nor with
    /// a lock that it takes.
    void set(std::function<Answer(Told...)> function) TENON_EXCLUDES(mutex_) {
        auto next = function ? std::make_shared<Place>(std::move(function)) : nullptr;
        std::shared_ptr<Place> before;  // Ends without the lock.
        const MutexLock lock{mutex_};
        before = std::exchange(place_, std::move(next));
        while (before && before->calls != 0)
            returned_.wait(mutex_);
    }

    /// Tells who listens; the answer of nobody is `Answer{}`.
    Answer operator()(Told... told) const TENON_EXCLUDES(mutex_) {
        const Call call{*this};
        if (!call.place) return Answer();
        return call.place->function(std::forward<Told>(told)...);
    }

private:
    struct Place {
        explicit Place(std::function<Answer(Told...)> told) : function{std::move(told)} {}

        const std::function<Answer(Told...)> function;
        unsigned calls = 0;  ///< That have not returned; of the listener's lock.
    };

    // From its making to its end somebody is in the function.
    struct Call {
        explicit Call(const Listener& whose) : listener{whose}, place{whose.enter()} {}
        Call(const Call&) = delete;
        Call& operator=(const Call&) = delete;
        ~Call() {
            if (place) listener.leave(place);
        }

        const Listener& listener;
        std::shared_ptr<Place> place;
    };

    std::shared_ptr<Place> enter() const TENON_EXCLUDES(mutex_) {
        const MutexLock lock{mutex_};
        if (place_) ++place_->calls;
        return place_;
    }
    // Whoever waits in set() still holds the place, so it does not end under the lock.
    void leave(std::shared_ptr<Place>& place) const TENON_EXCLUDES(mutex_) {
        const MutexLock lock{mutex_};
        --place->calls;
        place.reset();
        returned_.wake();
    }

    mutable Mutex mutex_;  ///< Held for a moment only: no other lock is taken under it.
    mutable Condition returned_;
    std::shared_ptr<Place> place_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon
