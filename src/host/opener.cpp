#include "host/opener.hpp"

#include <algorithm>

#include "host/advice.hpp"
#include "host/iommufd/iommufd_opener.hpp"
#include "host/vfio/group_opener.hpp"

namespace tenon::host {
namespace {

using device::DeviceFacts;
using device::Interface;

// Opening a node without binding it changes nothing.
bool opens(Kernel& kernel, const std::string& node) {
    const auto number = kernel.open(node);
    if (!number) return false;
    kernel.close(*number);
    return true;
}

bool has_node(const DeviceFacts& facts) { return facts.nodes && !facts.nodes->cdev.empty(); }

// What is missing for iommufd to be used as asked for.
Result<void> check_iommufd(std::span<const DeviceFacts> functions, const HostPaths& paths) {
    for (const auto& facts : functions) {
        TENON_TRY_DO(check_openable(facts), "");
        if (!facts.nodes || facts.nodes->iommufd) continue;
        return std::unexpected(
            Error{.kind = Error::Kind::NotFound,
                  .what = fmt::format("{}/iommu: not there", paths.dev),
                  .os_error = 0,
                  .hint = "This kernel was built without iommufd (IOMMUFD), or its module is not "
                          "loaded (modprobe iommufd): use iommu=group"});
    }
    return {};
}

iommufd::Pasids pasids_in(Spaces spaces) {
    return spaces == Spaces::BehindIommu ? iommufd::Pasids::Used : iommufd::Pasids::Unused;
}

Result<std::unique_ptr<device::DeviceOpener>> by_iommufd(Kernel& kernel, const HostPaths& paths,
                                                         Spaces spaces) {
    TENON_TRY(opener, iommufd::IommufdOpener::create(kernel, paths, pasids_in(spaces)), "");
    return std::move(opener);
}

Result<std::unique_ptr<device::DeviceOpener>> by_groups(Kernel& kernel, const HostPaths& paths,
                                                        Spaces spaces) {
    using vfio::GroupOpener;
    TENON_TRY(opener,
              spaces == Spaces::BehindIommu ? GroupOpener::create_apart(kernel, paths)
                                            : GroupOpener::create(kernel, paths),
              "");
    return std::move(opener);
}

}  // namespace

Interface choose_interface(std::span<const DeviceFacts> functions, Kernel& kernel,
                           const HostPaths& paths) {
    const bool nodes = std::ranges::all_of(functions, [&](const DeviceFacts& facts) {
        return has_node(facts) && facts.nodes->iommufd && opens(kernel, facts.nodes->cdev);
    });
    return nodes && opens(kernel, paths.dev + "/iommu") ? Interface::Iommufd : Interface::Group;
}

Result<std::unique_ptr<device::DeviceOpener>> make_opener(Interface interface,
                                                          std::span<const DeviceFacts> functions,
                                                          std::optional<int> iommufd,
                                                          Kernel& kernel, const HostPaths& paths,
                                                          Spaces spaces) {
    if (iommufd && interface == Interface::Iommufd) {
        TENON_TRY(opener, iommufd::IommufdOpener::adopt(kernel, paths, *iommufd, pasids_in(spaces)),
                  "");
        return std::move(opener);
    }
    if (interface == Interface::Automatic)
        interface = choose_interface(functions, kernel, paths);
    else if (interface == Interface::Iommufd)
        TENON_TRY_DO(check_iommufd(functions, paths), "");
    if (interface == Interface::Iommufd) return by_iommufd(kernel, paths, spaces);
    return by_groups(kernel, paths, spaces);
}

}  // namespace tenon::host
