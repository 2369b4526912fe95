// The socket in the file system at which clients of `--control` come in.
#pragma once

#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace tenon::vmm::control {

/// A path that is bound and listens. Removed when destroyed, if it is still ours.
class ControlListener {
public:
    static constexpr int most_waiting = 16;  ///< Clients that are not let in yet.

    /// Binds `path`, for this user alone. A socket there that nobody serves any more is replaced;
    /// of several who find it at once, one does that. Errors: Busy if something else is there, or
    /// if the folder cannot be locked meanwhile; Malformed for a path too long (107 bytes); errno
    /// of bind(2).
    static Result<ControlListener> bind(const std::string& path);
    ControlListener(ControlListener&&) = default;
    ControlListener& operator=(ControlListener&&) = delete;
    ControlListener(const ControlListener&) = delete;
    ControlListener& operator=(const ControlListener&) = delete;
    ~ControlListener();

    int number() const { return fd_.number(); }

    /// Whether who has connected may come in: the user of this process, or root. The mode of the
    /// socket's file says so too, but not on every file system, and it can be changed. Root of
    /// another user namespace cannot be told from users that are not in this one; those come in.
    /// Source: unix(7), SO_PEERCRED.
    bool lets_in(const Fd& client) const;

private:
    ControlListener(Fd fd, std::string path) : fd_{std::move(fd)}, path_{std::move(path)} {}

    Fd fd_;
    std::string path_;
    unsigned long device_ = 0;  ///< With the inode: the file of the socket that is ours.
    unsigned long inode_ = 0;
    unsigned user_ = 0;  ///< Of this process, and root as it sees root.
    unsigned root_ = 0;
};

}  // namespace tenon::vmm::control
