// The kvm-vfio device: KVM learns which VFIO files belong to the machine.
//
// KVM then knows of non-coherent DMA, and the kernel's drivers can find the machine.
#pragma once

#include <map>
#include <memory>
#include <utility>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "vmm/kvm/kvm.hpp"

namespace tenon::vmm::kvm {

/// Who is told of the files. A seam, so that assigning can be tested without KVM.
class VfioFiles {
public:
    VfioFiles() = default;
    VfioFiles(const VfioFiles&) = delete;
    VfioFiles& operator=(const VfioFiles&) = delete;
    virtual ~VfioFiles() = default;

    /// Tells of a device's or a group's file. Functions of one group have one file, which is told
    /// of once.
    virtual Result<void> add(int file) = 0;

    /// Takes a file back, if nobody else told of it.
    virtual Result<void> remove(int file) = 0;
};

/// Owns the kvm-vfio device of one machine.
class KvmVfioFiles final : public VfioFiles {
public:
    /// Errors: errno of KVM_CREATE_DEVICE.
    static Result<std::unique_ptr<KvmVfioFiles>> create(const KvmVm& vm);

    Result<void> add(int file) override;
    Result<void> remove(int file) override;

private:
    explicit KvmVfioFiles(Fd fd) : fd_{std::move(fd)} {}
    Fd fd_;
    std::map<int, unsigned> users_;
};

}  // namespace tenon::vmm::kvm
