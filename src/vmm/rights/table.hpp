// What each kind of thread may ask of the kernel once the process is sealed: the one table.
//
// A row is here because of what the program does, which its reason tells. The filters are made of
// it, and docs/sealed.md is printed from it (the target `rights_page`).
#pragma once

#include <sys/types.h>

#include <vector>

#include "vmm/seal/rule.hpp"

namespace tenon::vmm::rights {

/// What the rows depend on.
struct Running {
    pid_t process = 0;    ///< Signals go to its threads alone.
    int stop_signal = 0;  ///< Takes a vCPU out of the guest.
};

/// Who carries out what a guest's access, a client or a device asks for.
inline constexpr seal::Kinds acting{seal::ThreadKind::Main, seal::ThreadKind::Vcpu,
                                    seal::ThreadKind::HotPlug, seal::ThreadKind::Worker};

/// System calls.
std::vector<seal::Rule> system_calls(const Running& running);

/// Requests of ioctl(2), by their numbers as those who issue them have them.
std::vector<seal::Rule> requests();

/// Both.
std::vector<seal::Rule> table(const Running& running);

/// Kinds whose threads a thread of `kind` starts, itself among them. Filters are inherited and
/// only narrowed, so it may do what they may.
seal::Kinds started_by(seal::ThreadKind kind, bool has_clients);

/// The rows that hold for threads of `kind`.
std::vector<const seal::Rule*> rows_of(seal::ThreadKind kind, const std::vector<seal::Rule>& table,
                                       bool has_clients);

}  // namespace tenon::vmm::rights
