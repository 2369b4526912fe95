// The kvm-vfio device: KVM learns which VFIO files belong to the machine.
//
// KVM then knows of non-coherent DMA, and the kernel's drivers can find the machine.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "vmm/kvm.hpp"

namespace tenon::vmm {

/// Owns the kvm-vfio device of one machine.
class VfioFiles {
public:
    /// Errors: errno of KVM_CREATE_DEVICE.
    static Result<VfioFiles> create(const KvmVm& vm);

    /// Tells KVM of a device's or a group's file. One that it knows already is no error.
    Result<void> add(int file) const;

    /// Takes a file back.
    Result<void> remove(int file) const;

private:
    explicit VfioFiles(Fd fd) : fd_{std::move(fd)} {}
    Fd fd_;
};

}  // namespace tenon::vmm
