// What a step must take back when a later one fails.
#pragma once

#include <functional>
#include <vector>

namespace tenon {

/// Actions that take back what was done, run backwards unless committed.
///
/// Register each action where its effect is made; success commits all at once. Not thread-safe.
class Undo {
public:
    Undo() = default;
    Undo(Undo&&) = default;
    Undo& operator=(Undo&&) = delete;
    Undo(const Undo&) = delete;
    Undo& operator=(const Undo&) = delete;
    ~Undo() { run(); }

    /// Registers `action`, which takes back the effect that was just made. It must not fail.
    void add(std::move_only_function<void()> action) { actions_.push_back(std::move(action)); }

    /// Keeps every effect made so far.
    void commit() { actions_.clear(); }

    /// Takes everything back now, the last effect first.
    void run();

private:
    std::vector<std::move_only_function<void()>> actions_;
};

}  // namespace tenon
