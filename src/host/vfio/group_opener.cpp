#include "host/vfio/group_opener.hpp"

#include <cerrno>
#include <utility>

#include "base/bytes.hpp"
#include "host/advice.hpp"
#include "host/vfio/vfio_abi.hpp"
#include "host/vfio/vfio_device.hpp"

namespace tenon::host::vfio {
namespace {

Error cannot_get_device(int os_error, const device::DeviceFacts& facts,
                        const device::Access& access) {
    constexpr auto step = "getting the device from its group";
    if (os_error == EACCES || os_error == EPERM) return token_needed(os_error, step);
    if (os_error == EINVAL && access.vf_token) return token_refused(os_error, step);
    auto error = system_error(os_error, step);
    if (os_error == ENODEV) error.hint = how_to_bind(facts);
    if (os_error == EBUSY || os_error == EAGAIN)
        error.hint = "Another program or a reset has it at the moment: try again";
    return error;
}

}  // namespace

Result<std::shared_ptr<Group>> Group::open(Kernel& kernel, std::shared_ptr<Container> container,
                                           const device::DeviceFacts& facts) {
    const auto& node = facts.nodes->group;
    const auto number = kernel.open(node);
    if (!number) return std::unexpected(cannot_open(number.error(), node));
    KernelFile file{kernel, *number};

    ::vfio_group_status status{};
    status.argsz = sizeof status;
    const auto asked = ioctl(kernel, file.number(), VFIO_GROUP_GET_STATUS, status);
    if (!asked) return fail_system(asked.error(), node + ": asking for its status");
    if ((status.flags & VFIO_GROUP_FLAGS_VIABLE) == 0) return std::unexpected(not_viable(facts));
    TENON_TRY_DO(container->join(file.number()), node);
    return std::shared_ptr<Group>{new Group{std::move(container), std::move(file)}};
}

Group::~Group() { container_->leave(file_.number()); }

Result<std::unique_ptr<GroupOpener>> GroupOpener::create(Kernel& kernel, const HostPaths& paths) {
    TENON_TRY(container, Container::open(kernel, paths), "opening the VFIO container");
    return std::unique_ptr<GroupOpener>{new GroupOpener{kernel, std::move(container), nullptr}};
}

Result<std::unique_ptr<GroupOpener>> GroupOpener::create_apart(Kernel& kernel,
                                                               const HostPaths& paths) {
    TENON_TRY(spaces, GroupSpaces::create(kernel, paths), "opening a VFIO container");
    return std::unique_ptr<GroupOpener>{new GroupOpener{kernel, nullptr, std::move(spaces)}};
}

device::AddressSpace& GroupOpener::address_space() {
    if (spaces_) return *spaces_;
    return *container_;
}

Result<std::shared_ptr<Group>> GroupOpener::group_of(const device::DeviceFacts& facts) {
    if (!facts.nodes || facts.nodes->group.empty())
        return std::unexpected(
            Error{.kind = Error::Kind::NotFound,
                  .what = "VFIO shows no group of it in /dev/vfio",
                  .os_error = 0,
                  .hint = facts.driver
                              ? "Is this the host's own /dev? A container has to be given the node"
                              : how_to_bind(facts)});
    auto& known = groups_[facts.nodes->group];
    if (auto group = known.lock()) return group;
    auto container = container_;
    if (spaces_) {
        TENON_TRY(own, spaces_->make_container(), "opening a VFIO container for its IOMMU group");
        container = std::move(own);
    }
    TENON_TRY(group, Group::open(kernel_, std::move(container), facts), "opening its IOMMU group");
    known = group;
    return group;
}

Result<std::unique_ptr<device::DeviceControl>> GroupOpener::open(const device::DeviceFacts& facts,
                                                                 const device::Access& access) {
    TENON_TRY_DO(check_openable(facts), "");
    const auto name = to_string(*facts.address);
    const auto step = fmt::format("opening {}", name);
    TENON_TRY(group, group_of(facts), step);
    TENON_TRY(token, open_.take(*facts.address, group), "");

    // With the zero byte behind it. Source: drivers/vfio/pci/vfio_pci_core.c,
    // vfio_pci_core_match().
    std::string text = name;
    if (access.vf_token) text += " vf_token=" + to_string(*access.vf_token);
    const auto bytes = std::as_writable_bytes(std::span{text.data(), text.size() + 1});
    const auto number = kernel_.ioctl(group->file(), VFIO_GROUP_GET_DEVICE_FD, bytes);
    if (!number)
        return std::unexpected(cannot_get_device(number.error(), facts, access).during(step));
    GroupMoves moves;
    if (spaces_)
        moves = {
            .attach = [spaces = spaces_, container = group->container()](
                          device::Domain* domain) { return spaces->attach(*container, domain); },
            .block = [spaces = spaces_,
                      container = group->container()] { return spaces->block(*container); }};
    TENON_TRY(
        device,
        VfioDevice::create(
            kernel_, {.name = name,
                      .file = KernelFile{kernel_, *number},
                      .keep = std::move(token),
                      .kvm_file = group->file(),
                      .iommu = [container = group->container()] { return container->facts(); },
                      .resets = access.resets,
                      .page_tables = {},
                      .moves = std::move(moves)}),
        step);
    return std::move(device);
}

}  // namespace tenon::host::vfio
