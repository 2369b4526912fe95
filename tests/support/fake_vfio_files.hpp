// A kvm-vfio device without KVM: the files that it was told of.
#pragma once

#include <set>

#include "tests/support/faults.hpp"
#include "vmm/kvm/vfio_files.hpp"

namespace tenon::support {

class FakeVfioFiles final : public vmm::kvm::VfioFiles {
public:
    /// The n-th call that tells of a file fails as `faults` says; taking out never fails here.
    explicit FakeVfioFiles(Faults& faults) : faults_{&faults} {}

    Result<void> add(int file) override {
        if (auto error = faults_->next()) return fail_system(*error, "KVM_DEV_VFIO_FILE_ADD");
        files_.insert(file);
        return {};
    }
    Result<void> remove(int file) override {
        files_.erase(file);
        return {};
    }

    /// Files that it knows of now.
    const std::set<int>& files() const { return files_; }

private:
    Faults* faults_;
    std::set<int> files_;
};

}  // namespace tenon::support
