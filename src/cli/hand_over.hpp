// What `tenon run --nobody` opens for a machine that runs where it can open nothing itself.
#pragma once

#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "cli/run_command.hpp"
#include "cli/text/library.hpp"
#include "vmm/seal/nowhere.hpp"

namespace tenon::cli {

/// A start whose files are open.
struct HandedOver {
    RunArguments arguments;  ///< Names "fd=N" in place of paths and nodes.
    std::vector<Fd> files;   ///< Those files. They are to stay open until the guest has ended.
    vmm::seal::Nowhere where;
};

/// Opens kernel, initrd, /dev/kvm, /dev/iommu and the nodes of devices, as far as `arguments` do
/// not name open files already. The user is who owns the folder of the control socket, or nobody
/// where that is root or there is none. No device is reset: nodes are opened, not asked.
/// Errors: errno of a file; NotFound for a function without a node; Unsupported for what takes a
/// path later: processes as devices, rom=FILE.
Result<HandedOver> hand_over(const Host& host, const RunArguments& arguments);

/// As run_guest(), by a process that has left the host with those files: vmm::seal::go_nowhere().
/// Returns in the caller, with the status of the guest's own process, and in that.
Outcome run_as_nobody(const Host& host, const GuestRunner& run_plan, const RunArguments& arguments,
                      const text::TextStyle& style);

}  // namespace tenon::cli
