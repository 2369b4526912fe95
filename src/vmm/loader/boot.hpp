// Loading: kernel, initial RAM disk, command line and tables into guest memory.
#pragma once

#include <optional>
#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "base/strong.hpp"
#include "model/machine/machine_plan.hpp"
#include "vmm/board/guest_memory.hpp"
#include "vmm/kvm/cpu_state.hpp"
#include "vmm/loader/kernel_file.hpp"
#include "vmm/loader/start_structures.hpp"

namespace tenon::vmm::loader {

/// What to boot.
struct BootRequest {
    std::string kernel;  ///< A bzImage or a vmlinux with PVH: a path, or "fd=N".
    std::string initrd;  ///< The same; empty: none.
    std::string append;  ///< The kernel's command line.
};

/// The files of a request, opened: a reset loads the same ones again, whatever their names mean by
/// then.
class BootSource {
public:
    /// Opens them. An empty initial RAM disk is none.
    /// Errors: naming the file: errno of open(2), Malformed for what is no regular file.
    static Result<BootSource> open(BootRequest request);

    /// Puts everything in place that the boot vCPU needs; the ACPI tables are at acpi_tables
    /// already. `remapping` is where the registers of the guest's IOMMU are; none: it has none.
    /// Errors: naming the file: errno, Malformed for what is no kernel, Unsupported for what does
    /// not fit.
    Result<kvm::Entry> load(const board::GuestMemory& memory,
                            const model::machine::AddressMap& addresses,
                            std::optional<GuestAddress> remapping = {}) const;

private:
    Result<RamDisk> load_disk(const KernelImage& image, const board::GuestMemory& memory) const;

    BootRequest request_;
    Fd kernel_;
    Fd initrd_;
};

}  // namespace tenon::vmm::loader
