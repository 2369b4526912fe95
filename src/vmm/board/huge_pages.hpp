// Huge pages: those that the host has set aside, and those that it makes of ordinary memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace tenon::vmm::board {

/// Whether `size` bytes of huge pages of `page` bytes are free: of the whole host, or of one NUMA
/// node. `sysfs` is where sysfs is.
/// Errors: Unsupported if the host has no pages of that size, naming those it has; Busy with the
/// count that is needed, the count that is free, and the command that reserves more.
/// Source: Linux Documentation/admin-guide/mm/hugetlbpage.rst.
Result<void> check_huge_pages(std::uint64_t size, std::uint64_t page, std::optional<unsigned> node,
                              const std::string& sysfs = "/sys");

/// Whether this host makes huge pages of a memfd's ordinary memory if asked by madvise(2), as it
/// does of anonymous memory. By default Linux does not. `sysfs` is where sysfs is. Source: Linux
/// Documentation/admin-guide/mm/transhuge.rst.
bool memfd_may_be_huge(const std::string& sysfs = "/sys");

}  // namespace tenon::vmm::board
