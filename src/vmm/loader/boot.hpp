// Loading: kernel, initial RAM disk, command line and tables into guest memory.
#pragma once

#include <string>

#include "base/result.hpp"
#include "model/machine_plan.hpp"
#include "vmm/cpu_state.hpp"
#include "vmm/guest_memory.hpp"

namespace tenon::vmm::loader {

/// What to boot.
struct BootRequest {
    std::string kernel;  ///< A bzImage or a vmlinux with PVH.
    std::string initrd;  ///< Empty: none.
    std::string append;  ///< The kernel's command line.
};

/// Puts everything in place that the boot vCPU needs; the ACPI tables are at acpi_tables already.
/// Errors: naming the file: errno, Malformed for what is no kernel, Unsupported for what does not
/// fit.
Result<Entry> load(const BootRequest& request, const GuestMemory& memory,
                   const model::AddressMap& addresses);

}  // namespace tenon::vmm::loader
