// What is common to mapping guest memory through either interface: what was mapped, what may be,
// and the words for what went wrong.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/known.hpp"
#include "base/result.hpp"
#include "base/strong.hpp"
#include "device/control.hpp"
#include "device/facts.hpp"
#include "host/kernel.hpp"
#include "host/paths.hpp"

namespace tenon::host {

/// Memory that devices find somewhere, and what they may do with it.
struct DmaEntry {
    std::span<std::byte> bytes;
    device::DmaRights rights{.read = true, .write = true};
};

/// Guest memory by where devices find it.
using DmaMaps = std::map<Iova, DmaEntry>;

/// Addresses that an IOMMU translates, both ends included.
struct IovaWindow {
    std::uint64_t first = 0;
    std::uint64_t last = 0;

    bool operator==(const IovaWindow&) const = default;
};

/// What this process may lock and map, before anything is mapped.
device::DmaLimits read_dma_limits(Kernel& kernel, const HostPaths& paths);

/// The windows as a fact; unknown if there are none, since every IOMMU translates something.
Known<std::vector<device::IovaRange>> iova_facts(const std::vector<IovaWindow>& windows);

/// How many bytes this process may lock; all ones if no limit applies.
std::uint64_t lock_limit_of(Kernel& kernel);

/// Checks that both ends and the memory are whole pages, and that nothing is mapped there.
/// Errors: Malformed.
Result<void> check_map(const DmaMaps& maps, Iova at, std::span<std::byte> memory);

/// The error of a BAR that the kernel did not map.
Error cannot_map_bar(int os_error, Iova at, std::uint64_t size,
                     const std::vector<IovaWindow>& windows);

/// The error of a mapping that the kernel refused, with the limit that was hit. `lock_limit` is
/// RLIMIT_MEMLOCK, all ones if it does
/// not apply; `windows` may be empty if nobody knows them.
Error cannot_map(int os_error, Iova at, const DmaMaps& maps, std::uint64_t size,
                 std::uint64_t lock_limit, const std::vector<IovaWindow>& windows);

}  // namespace tenon::host
