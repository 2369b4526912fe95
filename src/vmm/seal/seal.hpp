// The seal: after it this process has what it holds open, and little else.
//
//   read arguments, open everything ──▶ seal_process() ──▶ Hold ends: threads begin
//                                       privileges        each takes the filter of its kind
//                                       Landlock          (enter())
//                                       Main's filter
//
// It is for good, and for the process: what is here is the process's own state.
#pragma once

#include <linux/filter.h>

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "vmm/seal/landlock.hpp"
#include "vmm/seal/thread_kind.hpp"

namespace tenon::vmm::seal {

/// How much of it.
enum class Level : std::uint8_t {
    Off,   ///< Nothing.
    Log,   ///< As Auto, but a system call that has no row is carried out, and the kernel logs it.
    Auto,  ///< All, but what an option needs, and what this kernel lacks, with a warning.
    Full,  ///< All; what this kernel lacks is an error.
};

/// What seal_process() is to leave.
struct Left {
    std::array<std::vector<sock_filter>, all_thread_kinds.size()> filters;  ///< By kind.
    std::vector<FileRight> files;
    SignalsOutside signals = SignalsOutside::Denied;
};

/// Seals the process. The calling thread, its only one, is Main from now on.
///
/// A system call without a row then ends the process: with one line on standard error that names
/// the thread and the call, and status 1, or by SIGSYS where no handler can run.
/// `warn` is told what this kernel lacks.
/// Errors: what cannot be given up; with Level::Full also what this kernel lacks. Some may be given
/// up by then.
Result<void> seal_process(Level level, Left left,
                          const std::function<void(const std::string&)>& warn);

/// Seals a process of one thread beside the machine's, of `kind`: it keeps no privilege, these
/// files, and the calls of `filter`, where the kernel has filters; that it has none is for the
/// machine's own seal to say.
/// Errors: errno of what cannot be given up.
Result<void> seal_beside(ThreadKind kind, const std::vector<sock_filter>& filter,
                         std::span<const FileRight> files);

/// What is still to be done before a call without a row ends the process: a terminal is put right,
/// say. Called in a signal handler, once the line is written; null: nothing.
void tidy_at_trap(void (*tidy)());

/// The calling thread is one of `kind`: it takes that name and, in a sealed process, that filter.
/// Where the kernel refuses, the process ends: a guest is not run half sealed.
void enter(ThreadKind kind);

/// What the calling thread has entered as; Main until then.
ThreadKind current();

}  // namespace tenon::vmm::seal
