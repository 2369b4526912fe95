#include "host/iommufd/iommufd_opener.hpp"

#include <bit>
#include <cerrno>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"
#include "host/advice.hpp"
#include "host/iommufd/iommufd_abi.hpp"
#include "host/vfio/vfio_abi.hpp"
#include "host/vfio/vfio_device.hpp"

namespace tenon::host::iommufd {
namespace {

Error cannot_bind(int os_error, const device::DeviceFacts& facts, const device::Access& access) {
    constexpr auto step = "binding it to iommufd";
    // The kernel answers so if a member of the group is still the host's.
    if (os_error == EPERM) return not_viable(facts).during(step);
    if (os_error == EACCES) return token_needed(os_error, step);
    if (os_error == EBUSY)
        return system_error(os_error, step,
                            "Its group is open in another program; this shows which: fuser -v " +
                                (facts.nodes ? facts.nodes->group : std::string{}));
    if (os_error == EINVAL && access.vf_token) return token_refused(os_error, step);
    if (os_error == EINVAL && access.file)
        return system_error(EBUSY, step,
                            "A file can be bound once: who hands it over has to open the node "
                            "again for each start");
    // A device's own node may be opened often, but bound only once.
    if (os_error == EINVAL && facts.nodes)
        return system_error(
            EBUSY, step, "Another program has it; this shows which: fuser -v " + facts.nodes->cdev);
    return system_error(os_error, step);
}

Error cannot_attach(int os_error) {
    const auto* const hint =
        os_error == EPERM
            ? "The host's IOMMU may lack interrupt remapping: enable it in the firmware"
            : "";
    return system_error(os_error, "attaching it to the address space", hint);
}

// "MAJOR:MINOR" as sysfs has it.
std::optional<DeviceNumber> parse_device_number(std::string_view text) {
    const auto parts = split(text, ':');
    if (parts.size() != 2) return std::nullopt;
    const auto major = parse_number(parts[0]);
    const auto minor = parse_number(parts[1]);
    if (!major || !minor || *major > 0xffffffff || *minor > 0xffffffff) return std::nullopt;
    return DeviceNumber{.major = static_cast<unsigned>(*major),
                        .minor = static_cast<unsigned>(*minor)};
}

// Of Extended Capability. Source: Intel VT-d specification 4.1, 11.4.3 (NEST).
constexpr std::uint64_t nest_bit = 1ull << 26;

// Some kernels tell PASIDs that they do not attach: Debian's 6.12.
device::IommuFacts facts_of(const IoAddressSpace& space, const BoundDevice& device, Pasids pasids) {
    auto facts = space.facts(device.id);
    const bool told = facts.pasid && facts.pasid->width != 0;
    if (pasids == Pasids::Used && told && !device.takes_pasids)
        facts.pasid = Unknown{"the kernel tells of PASIDs, and attaches none (Linux 6.15 does)"};
    // The unit may nest where the kernel does not use that: without scalable mode.
    if (pasids == Pasids::Used && facts.vtd && !device.nests) {
        auto unit = *facts.vtd;
        unit.extended_capability &= ~nest_bit;
        facts.vtd = unit;
    }
    return facts;
}

}  // namespace

Result<std::unique_ptr<IommufdOpener>> IommufdOpener::create(Kernel& kernel, const HostPaths& paths,
                                                             Pasids pasids) {
    TENON_TRY(space, IoAddressSpace::open(kernel, paths), "opening iommufd");
    return std::unique_ptr<IommufdOpener>{
        new IommufdOpener{kernel, paths, std::move(space), pasids}};
}

Result<std::unique_ptr<IommufdOpener>> IommufdOpener::adopt(Kernel& kernel, const HostPaths& paths,
                                                            int file, Pasids pasids) {
    const auto copy = kernel.duplicate(file);
    if (!copy) return fail_system(copy.error(), fmt::format("using iommufd: file {}", file));
    TENON_TRY(space, IoAddressSpace::adopt(kernel, paths, KernelFile{kernel, *copy}),
              "using iommufd");
    return std::unique_ptr<IommufdOpener>{
        new IommufdOpener{kernel, paths, std::move(space), pasids}};
}

Result<KernelFile> IommufdOpener::open_node(const device::DeviceFacts& facts) {
    if (!facts.nodes || facts.nodes->cdev.empty())
        return std::unexpected(Error{
            .kind = Error::Kind::NotFound,
            .what = "VFIO shows no node of it in /dev/vfio/devices",
            .os_error = 0,
            .hint = "This kernel was built without VFIO_DEVICE_CDEV, or this is not the host's "
                    "own /dev: use iommu=group"});
    const auto number = kernel_.open(facts.nodes->cdev);
    if (!number) return std::unexpected(cannot_open(number.error(), facts.nodes->cdev));
    KernelFile file{kernel_, *number};
    TENON_TRY_DO(check_number(facts, file.number()), facts.nodes->cdev);
    return file;
}

Result<KernelFile> IommufdOpener::copy_of(int file) {
    const auto copy = kernel_.duplicate(file);
    if (!copy) return fail_system(copy.error(), fmt::format("file {}", file));
    return KernelFile{kernel_, *copy};
}

// A node left behind by a container's or a chroot's /dev could be another device's by now.
Result<void> IommufdOpener::check_number(const device::DeviceFacts& facts, int file) {
    const auto& cdev = facts.nodes->cdev;
    const auto name = cdev.substr(cdev.rfind('/') + 1);
    const auto path = fmt::format("{}/bus/pci/devices/{}/vfio-dev/{}/dev", paths_.sysfs,
                                  to_string(*facts.address), name);
    TENON_TRY(text, read_attribute(path), "");
    const auto expected = parse_device_number(text);
    if (!expected) return malformed("{}: \"{}\" is no device number", path, text);
    const auto actual = kernel_.device_number(file);
    if (!actual) return fail_system(actual.error(), "asking for its device number");
    if (*actual != *expected)
        return fail(Error::Kind::NotFound,
                    "it is node {}:{}, but sysfs gives {} to the function: /dev is out of date",
                    actual->major, actual->minor, text);
    return {};
}

Result<BoundDevice> IommufdOpener::attach(const device::DeviceFacts& facts,
                                          const device::Access& access, int file) {
    vfio::abi::BindIommufd bind{
        .argsz = vfio::abi::bind_size, .flags = 0, .iommufd = space_->file(), .out_devid = 0};
    if (access.vf_token) {
        bind.argsz = sizeof bind;
        bind.flags = vfio::abi::bind_flag_token;
        bind.token_uuid_ptr = std::bit_cast<std::uintptr_t>(access.vf_token->bytes.data());
    }
    // SAFETY: the kernel reads the token during the call.
    const auto bound = ioctl(kernel_, file, vfio::abi::device_bind_iommufd, bind);
    if (!bound) return std::unexpected(cannot_bind(bound.error(), facts, access));
    auto device =
        pasids_ == Pasids::Used ? space_->bound(bind.out_devid) : BoundDevice{.id = bind.out_devid};
    auto place = space_->id();
    if (device.by_tables()) {
        TENON_TRY(choice, space_->page_tables(nullptr, device), "");
        place = choice.front();
    }
    vfio::abi::AttachIommufd attach{.argsz = sizeof attach, .flags = 0, .pt_id = place};
    const auto attached = ioctl(kernel_, file, vfio::abi::device_attach_iommufd, attach);
    if (!attached) return std::unexpected(cannot_attach(attached.error()));
    return device;
}

Result<std::unique_ptr<device::DeviceControl>> IommufdOpener::open(const device::DeviceFacts& facts,
                                                                   const device::Access& access) {
    TENON_TRY_DO(check_openable(facts), "");
    const auto name = to_string(*facts.address);
    const auto step = fmt::format("opening {}", name);
    TENON_TRY(token, open_.take(*facts.address, space_), "");
    TENON_TRY(file, access.file ? copy_of(*access.file) : open_node(facts), step);
    TENON_TRY(bound, attach(facts, access, file.number()), step);
    TENON_TRY(device,
              vfio::VfioDevice::create(
                  kernel_, {.name = name,
                            .file = std::move(file),
                            .keep = std::move(token),
                            .kvm_file = std::nullopt,
                            .iommu = [space = space_, bound,
                                      pasids = pasids_] { return facts_of(*space, bound, pasids); },
                            .resets = access.resets,
                            .page_tables =
                                [space = space_, bound](device::Domain* domain) {
                                    return space->page_tables(domain, bound);
                                },
                            .takes_pasids = bound.takes_pasids}),
              step);
    return std::move(device);
}

}  // namespace tenon::host::iommufd
