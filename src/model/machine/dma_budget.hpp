// Whether the kernel will let all guest memory be reached by devices: known before it is asked.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "device/control.hpp"
#include "device/facts.hpp"
#include "model/chosen/decision.hpp"

namespace tenon::model::machine {

/// What one interface of the kernel is asked for, and what it grants. Memory that a device may
/// reach stays in place, so it counts as locked.
///
/// Source: drivers/vfio/vfio_iommu_type1.c, vfio_lock_acct(), counts by process;
/// drivers/iommu/iommufd/pages.c, incr_user_locked_vm(), by user.
struct DmaBudget {
    device::Interface interface = device::Interface::Iommufd;  ///< Iommufd or Group.
    std::uint64_t needed =
        0;  ///< Bytes, in all copies; 0: nobody said how much memory the guest has.
    std::uint64_t locked = 0;              ///< Bytes counted already, as far as can be known.
    std::optional<std::uint64_t> allowed;  ///< Bytes; none: without limit.
    bool applies = true;                   ///< False: the limit is not for this process.
    unsigned copies = 1;  ///< Address spaces of the kernel that have all of it, and count it each.
    std::uint32_t mappings_needed = 0;
    std::optional<std::uint32_t> mappings_allowed;  ///< None: without limit, or not known.

    bool sufficient() const;
};

/// Guest memory is mapped in pieces of this many bytes, from its start and from 4 GiB.
inline constexpr std::uint64_t dma_mapping_size = 1ull << 30;

/// The budgets of these interfaces for `memory` bytes in `parts` pieces. `containers` of the group
/// interface have it: one for all groups or, where the guest has an IOMMU, one for each.
std::vector<DmaBudget> make_dma_budgets(const device::DmaLimits& limits,
                                        std::span<const device::Interface> interfaces,
                                        std::uint64_t memory, std::uint32_t parts,
                                        unsigned containers = 1);

/// Why `budget` does not suffice, and what mends it.
std::vector<chosen::Reason> problems_of(const DmaBudget& budget);

}  // namespace tenon::model::machine
