// The release of the host's kernel: for what a kernel cannot be asked, only known to have begun.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace tenon::host {

/// Major and minor number of a release.
struct KernelRelease {
    unsigned major = 0;
    unsigned minor = 0;

    /// Of the text of /proc/sys/kernel/osrelease, "7.2.12-amd64"; none if it does not begin so.
    static std::optional<KernelRelease> parse(std::string_view text);

    auto operator<=>(const KernelRelease&) const = default;
};

/// IOMMU_GET_HW_INFO tells that a function's ATS is not supported. Before, silence means nothing.
/// Source: include/uapi/linux/iommufd.h, IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED.
inline constexpr KernelRelease tells_ats{.major = 7, .minor = 1};

/// IOMMU_GET_HW_INFO tells the width of PASIDs. Before, the byte is zero.
/// Source: include/uapi/linux/iommufd.h, out_max_pasid_log2.
inline constexpr KernelRelease tells_pasid{.major = 6, .minor = 15};

/// Functions that the kernel can reset have a file reset_method in sysfs.
/// Source: Documentation/ABI/testing/sysfs-bus-pci.
inline constexpr KernelRelease tells_reset_methods{.major = 5, .minor = 15};

}  // namespace tenon::host
