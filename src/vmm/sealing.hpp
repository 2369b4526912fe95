// Seals the process of a machine by the table of what its threads may do.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "vmm/board/warnings.hpp"
#include "vmm/seal/opener.hpp"
#include "vmm/seal/seal.hpp"

namespace tenon::vmm {

/// What a sealed machine still does with files.
struct SealRequest {
    seal::Level level = seal::Level::Off;
    std::string control;  ///< Path of its control socket; empty: it has no clients.
    /// Programs that it has started are devices: they are ended by a signal.
    bool has_programs = false;
};

/// Whether devices can be plugged into a sealed machine by their address, which opens their nodes.
/// It takes a control socket, and cannot be where all is sealed: there the files of a device are
/// passed.
bool opens_nodes(const SealRequest& request);

/// Who opens nodes for a machine that is to be sealed, started before it has anything; none: nobody
/// does. Errors: of seal::Opener::start().
Result<std::optional<seal::Opener>> start_opener(const SealRequest& request);

/// What is left to a process by `request`: filters of every kind of thread, and files.
seal::Left left_by(const SealRequest& request);

/// Seals this process, whose only thread is the calling one. For good.
/// Errors: of seal::seal_process().
Result<void> seal_machine(const SealRequest& request, board::Warnings& warnings);

}  // namespace tenon::vmm
