#include "vmm/vfio_files.hpp"

#include <sys/ioctl.h>

#include <bit>
#include <cerrno>

namespace tenon::vmm {
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
    const int error = set_attribute(fd_.number(), abi::vfio_file_add, file);
    // Two functions of one group have one file.
    if (error == 0 || error == EEXIST) return {};
    return fail_system(error, "telling KVM of a VFIO file");
}

Result<void> KvmVfioFiles::remove(int file) {
    const int error = set_attribute(fd_.number(), abi::vfio_file_del, file);
    if (error == 0 || error == ENOENT) return {};
    return fail_system(error, "taking a VFIO file from KVM");
}

}  // namespace tenon::vmm
