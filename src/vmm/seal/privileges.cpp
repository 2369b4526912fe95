#include "vmm/seal/privileges.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace tenon::vmm::seal {
namespace {

using CapabilitySets = std::array<::__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

bool has(const CapabilitySets& sets, unsigned capability) {
    return (sets.at(capability / 32).effective & 1u << capability % 32) != 0;
}

// Without the capability the limit counts, and guest memory that is locked already counts with it.
// False: it would.
Result<bool> raise_lock_limit(const CapabilitySets& sets) {
    ::rlimit limit{};
    if (::getrlimit(RLIMIT_MEMLOCK, &limit) < 0) return fail_system(errno, "RLIMIT_MEMLOCK");
    if (has(sets, CAP_SYS_RESOURCE)) limit.rlim_max = RLIM_INFINITY;
    limit.rlim_cur = limit.rlim_max;
    const bool raised = ::setrlimit(RLIMIT_MEMLOCK, &limit) == 0;
    return !has(sets, CAP_IPC_LOCK) || (raised && limit.rlim_max == RLIM_INFINITY);
}

// From 0 to the last that this kernel knows.
Result<void> empty_bounding_set() {
    for (unsigned long capability = 0; capability < 64; ++capability)
        if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) {
            if (errno == EINVAL) break;
            return fail_system(errno, "the bounding set of capabilities");
        }
    return {};
}

Result<CapabilitySets> read_capabilities() {
    ::__user_cap_header_struct head{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    CapabilitySets sets{};
    // SAFETY: version 3 has two of these structures.
    if (::syscall(SYS_capget, &head, sets.data()) < 0) return fail_system(errno, "capabilities");
    return sets;
}

// All that it `had`, but what is to be `left`.
Result<void> give_up(const CapabilitySets& had, const CapabilitySets& left) {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return fail_system(errno, "no_new_privs");
    if (has(had, CAP_SETPCAP)) TENON_TRY_DO(empty_bounding_set(), "");
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    ::__user_cap_header_struct head{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    if (::syscall(SYS_capset, &head, left.data()) < 0)
        return fail_system(errno, "giving up capabilities");
    return {};
}

}  // namespace

Result<bool> drop_privileges(LockCapability lock) {
    TENON_TRY(had, read_capabilities(), "");
    TENON_TRY(unlimited, raise_lock_limit(had), "");
    if (!unlimited && lock == LockCapability::Goes)
        return std::unexpected(Error{
            .kind = Error::Kind::Denied,
            .what = "CAP_IPC_LOCK cannot be given up: the limit of locked memory would count then, "
                    "and only CAP_SYS_RESOURCE raises it",
            .hint = "Start it with `ulimit -l unlimited`, or with --seal=auto"});
    CapabilitySets left{};
    if (!unlimited) left[0].effective = left[0].permitted = 1u << CAP_IPC_LOCK;
    TENON_TRY_DO(give_up(had, left), "");
    return !unlimited;
}

Result<void> drop_all_privileges() {
    TENON_TRY(had, read_capabilities(), "");
    return give_up(had, {});
}

}  // namespace tenon::vmm::seal
