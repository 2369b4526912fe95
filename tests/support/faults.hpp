// Makes the n-th call of a fake fail, so that a test can sweep over every point of failure.
#pragma once

#include <cerrno>
#include <mutex>
#include <optional>

namespace tenon::support {

/// Counts calls and lets one of them fail. Several fakes may share one. Thread-safe.
class Faults {
public:
    /// The `n`-th call from now on, counted from 1, fails with `os_error`; all others do not.
    void fail_call(unsigned n, int os_error = EIO) {
        const std::lock_guard lock{mutex_};
        left_ = n;
        reached_ = false;
        os_error_ = os_error;
    }

    /// How many calls were made so far, failed ones too.
    unsigned calls() const {
        const std::lock_guard lock{mutex_};
        return calls_;
    }

    /// Whether the call that was to fail was reached.
    bool reached() const {
        const std::lock_guard lock{mutex_};
        return reached_;
    }

    /// For the fakes: counts one call; the errno it has to fail with, if it is its turn.
    std::optional<int> next() {
        const std::lock_guard lock{mutex_};
        ++calls_;
        if (left_ == 0) return std::nullopt;
        --left_;
        if (left_ != 0) return std::nullopt;
        reached_ = true;
        return os_error_;
    }

private:
    mutable std::mutex mutex_;
    unsigned calls_ = 0;
    unsigned left_ = 0;
    int os_error_ = EIO;
    bool reached_ = false;
};

}  // namespace tenon::support
