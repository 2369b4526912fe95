// Assignment through the legacy interface: /dev/vfio/GROUP in one container for all, or in one for
// each group.
#pragma once

#include <map>
#include <memory>

#include "device/control.hpp"
#include "host/kernel.hpp"
#include "host/open_functions.hpp"
#include "host/paths.hpp"
#include "host/vfio/container.hpp"
#include "host/vfio/group_spaces.hpp"

namespace tenon::host::vfio {

/// An IOMMU group that joined a container. Its functions share it; the last one closes it.
class Group {
public:
    /// Opens the group of the function that `facts` describe and lets it join.
    /// Errors: name the node, or the members that the host still uses, and what to do.
    static Result<std::shared_ptr<Group>> open(Kernel& kernel, std::shared_ptr<Container> container,
                                               const device::DeviceFacts& facts);
    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;
    ~Group();

    int file() const { return file_.number(); }
    const std::shared_ptr<Container>& container() const { return container_; }

private:
    Group(std::shared_ptr<Container> container, KernelFile file)
        : container_{std::move(container)}, file_{std::move(file)} {}

    std::shared_ptr<Container> container_;
    KernelFile file_;
};

/// Opens functions through their groups.
class GroupOpener final : public device::DeviceOpener {
public:
    /// Opens the container of all groups.
    /// Errors: as Container::open().
    static Result<std::unique_ptr<GroupOpener>> create(Kernel& kernel, const HostPaths& paths);
    /// One whose groups have a container each, so that their devices can be in domains.
    /// Errors: the same.
    static Result<std::unique_ptr<GroupOpener>> create_apart(Kernel& kernel,
                                                             const HostPaths& paths);

    Result<std::unique_ptr<device::DeviceControl>> open(const device::DeviceFacts& facts,
                                                        const device::Access& access) override;
    device::Interface interface() const override { return device::Interface::Group; }
    device::AddressSpace& address_space() override;

private:
    GroupOpener(Kernel& kernel, std::shared_ptr<Container> container,
                std::shared_ptr<GroupSpaces> spaces)
        : kernel_{kernel}, container_{std::move(container)}, spaces_{std::move(spaces)} {}

    Result<std::shared_ptr<Group>> group_of(const device::DeviceFacts& facts);

    Kernel& kernel_;
    // Either is null.
    std::shared_ptr<Container> container_;                ///< Of all groups.
    std::shared_ptr<GroupSpaces> spaces_;                 ///< Of each group.
    std::map<std::string, std::weak_ptr<Group>> groups_;  ///< By node.
    OpenFunctions open_;
};

}  // namespace tenon::host::vfio
