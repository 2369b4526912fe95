// A file descriptor that somebody owns.
#pragma once

#include <string>

#include "base/result.hpp"

namespace tenon {

/// Owns one file descriptor and closes it. Movable only.
class Fd {
public:
    Fd() = default;
    explicit Fd(int number) : number_{number} {}
    Fd(Fd&& other) noexcept;
    Fd& operator=(Fd&& other) noexcept;
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() { close(); }

    /// Opens `path` with open(2) `flags`; O_CLOEXEC is added.
    /// Errors: errno of open(2), naming the path; those of kernel_path().
    static Result<Fd> open(const std::string& path, int flags);

    /// The descriptor's number, still owned here; -1 if there is none.
    int number() const { return number_; }
    explicit operator bool() const { return number_ >= 0; }

    /// Closes now.
    void close();

private:
    int number_ = -1;
};

}  // namespace tenon
