// Leaves the host behind before anything of a guest is there: another user, and namespaces of
// users, mounts, processes and networks in which there is nothing.
//
//   who starts                        nobody, process 1 of its own
//   opens files, go_nowhere() ─fork─▶ /sys to read, the folders that were named
//   waits for its end                 the files that were open
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace tenon::vmm::seal {

/// The user without rights of every system. Source: Linux, /proc/sys/kernel/overflowuid.
inline constexpr uid_t nobody = 65534;

/// What is left.
struct Nowhere {
    /// Who it is there, where the caller is root; another user stays who it is.
    uid_t user = nobody;
    gid_t group = nobody;
    /// Absolute, and to be reached by that user; found at the same place, to write.
    std::vector<std::string> folders;
};

/// Goes there with a child of this process, which must have one thread.
///
/// Returns nothing in the child, which has no capability and all files of the caller that are open,
/// and ends when the caller does. In the caller, which closes its files but the standard ones and
/// leaves the signals that end a program to the child, returns its exit status when it has ended:
/// as a shell has it, 128 and the signal where one ended it. What was locked counts anew there: the
/// limit of locked memory is raised as far as the caller may. Errors: errno of the step, in one of
/// both.
Result<std::optional<int>> go_nowhere(const Nowhere& asked);

}  // namespace tenon::vmm::seal
