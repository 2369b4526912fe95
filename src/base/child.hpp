// A program of this host that runs beside us, and ends when we do.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"

namespace tenon {

/// One running program. It has what we have, and can get no more: our user, our capabilities, no
/// new privileges; of our files those that it is given, and standard error, to which it prints what
/// it would print on standard output too. It is in a session of its own: what a terminal sends
/// reaches us, and we end it. Should we end without that, the kernel sends it SIGTERM. Thread-safe.
///
/// Once it runs it is known by a file (pidfd_open(2)) alone: who holds that can wait for it and
/// send it signals, and needs no right to send them to others.
class Child {
public:
    struct Command {
        std::string program;                 ///< The path of its file.
        std::vector<std::string> arguments;  ///< Behind its name.
        /// It finds them as first_file and on; they stay the caller's.
        std::vector<int> files = {};
        int output = STDERR_FILENO;  ///< Where all that it prints goes.
    };
    static constexpr int first_file = 3;

    /// Returns when the program runs. Called by the process's first thread it starts no other;
    /// else one stays as long as the program does, by whose end the kernel knows of ours.
    /// Errors: errno of fork(2), execve(2) and of what prepares them, naming the program.
    static Result<std::unique_ptr<Child>> start(const Command& command);
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    /// Ends it: end() without more patience than `last_patience`.
    ~Child();

    /// How it ended, in words: "ended with status 1", "was ended by signal 9". None: it runs,
    /// and has run for all of `patience`.
    std::optional<std::string> wait(std::chrono::milliseconds patience) const
        TENON_EXCLUDES(mutex_);

    /// Asks it to end (SIGTERM), and once `patience` is over makes it (SIGKILL). Returns when it
    /// has ended; whether it did so by itself.
    bool end(std::chrono::milliseconds patience) TENON_EXCLUDES(mutex_);

    /// A disk may have much to write.
    static constexpr std::chrono::milliseconds last_patience{30'000};

private:
    Child(Fd process, std::thread keeper)
        : process_{std::move(process)}, keeper_{std::move(keeper)} {}

    const Fd process_;
    mutable Mutex mutex_;
    mutable std::optional<std::string> how_ TENON_GUARDED_BY(mutex_);  ///< It ended; in words.
    std::thread keeper_;
};

/// The file of the program `name`: in the folders of the variable PATH, then in `others`; none has
/// one that may be run: nothing.
std::optional<std::string> find_program(std::string_view name,
                                        std::initializer_list<std::string_view> others = {});

/// All that `command` prints, up to `limit` bytes, once it has ended; it may take `patience`.
/// Errors: those of Child::start(); Io if it has not ended in time.
Result<std::string> output_of(const Child::Command& command, std::size_t limit,
                              std::chrono::milliseconds patience);

}  // namespace tenon
