// Privileges that the process gives up for good.
#pragma once

#include <cstdint>

#include "base/result.hpp"

namespace tenon::vmm::seal {

/// Whether CAP_IPC_LOCK may stay where memory could not be locked without it.
enum class LockCapability : std::uint8_t { Goes, MayStay };

/// Gives up what the calling thread has, and threads that it starts will not have: no new
/// privileges by programs (no_new_privs), no capability in any set, none in the bounding set where
/// CAP_SETPCAP allows that. Before CAP_IPC_LOCK goes, the limit of locked memory (RLIMIT_MEMLOCK)
/// is raised as far as this process may.
///
/// True: CAP_IPC_LOCK stays, since this process may not raise the limit, which would count without
/// it.
/// Errors: Denied, before anything is given up, if it would stay and may not; errno of prctl(2) and
/// capset(2).
Result<bool> drop_privileges(LockCapability lock);

/// The same of a process that locks no memory: nothing stays.
/// Errors: errno of prctl(2) and capset(2).
Result<void> drop_all_privileges();

}  // namespace tenon::vmm::seal
