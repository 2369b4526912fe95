// Whether AtomicOps of a host function complete on the way to memory, as the host's kernel reports
// it, and why they do or do not: found from the function's own registers and those of the bridges
// above.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/known.hpp"
#include "device/facts.hpp"
#include "model/function/host_chain.hpp"

namespace tenon::model::function {

/// The host's answer for one function.
struct HostAtomics {
    /// device::atomics_32 and its like; 0: none completes.
    Known<std::uint32_t> widths;
    std::string why;  ///< A sentence for a person, without a full stop.
    /// What on the host would change the answer. Empty: nothing, or nobody knows.
    std::string change;

    /// What the guest can be promised: what is not known counts as none.
    std::uint32_t counted() const { return widths.value_or(0); }

    bool operator==(const HostAtomics&) const = default;
};

/// The answer, from what VFIO reported or was stated, and the reason for it: what stands between
/// the function and AtomicOps that complete in the host's root complex, in the order of the way up,
/// or who completes them.
///
/// A width is reported by the kernel only if the function completes it itself, is an endpoint,
/// every switch port above routes AtomicOps and blocks none on egress, and the root port completes
/// it. Source: Linux 7.3, vfio_pci_info_atomic_cap() and pci_enable_atomic_ops_to_root().
HostAtomics explain_host_atomics(const device::DeviceFacts& facts, const HostLists& lists);

/// What asking about a virtual function did to its physical one, for a person: the kernel answers
/// by that and sets its AtomicOp Requester Enable on the way. None where that bit was set before,
/// or is not known.
std::optional<std::string> note_physical_function(const device::DeviceFacts& facts);

}  // namespace tenon::model::function
