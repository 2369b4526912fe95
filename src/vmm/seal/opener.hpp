// A process beside the machine's, which opens nodes of devices for it: once it is sealed, the
// machine itself opens none.
//
//   machine                       opener, made before the machine has anything to hide
//   open() ── path ───────────▶   opens it, to read and to write, if Landlock lets it
//          ◀── file, or errno ──
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <expected>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "vmm/seal/landlock.hpp"

namespace tenon::vmm::seal {

/// Gives the file of a path, or an errno.
using NodeOpener = std::function<std::expected<int, int>(const std::string& path)>;

/// That process. It has no capability and none of our files, but standard error for a last word.
class Opener {
public:
    /// Starts it. It may open nodes below `files`, and make the calls of `filter`. The calling
    /// process has one thread, and no memory yet of which a copy would do harm: a guest's, say.
    /// It ends when this object goes, or this process.
    /// Errors: errno of socketpair(2) and fork(2), and of what it could not give up.
    static Result<Opener> start(const std::vector<sock_filter>& filter,
                                const std::vector<FileRight>& files);

    /// The file of `path`, closed on exec, or an errno; EPIPE where the process is no more. One
    /// request at a time.
    std::expected<int, int> open(const std::string& path) const;

    pid_t process() const { return process_; }

private:
    Opener(Fd socket, pid_t process) : socket_{std::move(socket)}, process_{process} {}

    Fd socket_;
    pid_t process_;
};

}  // namespace tenon::vmm::seal
