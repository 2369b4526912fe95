#include "vmm/kvm/vfio_files.hpp"

#include <sys/ioctl.h>

#include <bit>
#include <cerrno>

namespace tenon::vmm::kvm {
namespace {

int set_attribute(int device, std::uint64_t attribute, int file) {
    const std::int32_t number = file;
    const kvm_device_attr request{.flags = 0,
                                  .group = abi::vfio_file,
                                  .attr = attribute,
                                  .addr = std::bit_cast<std::uint64_t>(&number)};
    // SAFETY: the kernel reads the descriptor's number during the call.
    return ::ioctl(device, KVM_SET_DEVICE_ATTR, &request) < 0 ? errno : 0;
}

}  // namespace

Result<std::unique_ptr<KvmVfioFiles>> KvmVfioFiles::create(const KvmVm& vm) {
    TENON_TRY(fd, vm.create_device(KVM_DEV_TYPE_VFIO), "creating the kvm-vfio device");
    return std::unique_ptr<KvmVfioFiles>{new KvmVfioFiles{std::move(fd)}};
}

Result<void> KvmVfioFiles::add(int file) {
    auto& users = users_[file];
    const int error = users == 0 ? set_attribute(fd_.number(), abi::vfio_file_add, file) : 0;
    if (error != 0) {
        users_.erase(file);
        return fail_system(error, "telling KVM of a VFIO file");
    }
    ++users;
    return {};
}

Result<void> KvmVfioFiles::remove(int file) {
    const auto known = users_.find(file);
    if (known == users_.end() || --known->second != 0) return {};
    users_.erase(known);
    if (const int error = set_attribute(fd_.number(), abi::vfio_file_del, file); error != 0)
        return fail_system(error, "taking a VFIO file from KVM");
    return {};
}

}  // namespace tenon::vmm::kvm
