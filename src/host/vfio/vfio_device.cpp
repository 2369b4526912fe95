#include "host/vfio/vfio_device.hpp"

#include <fcntl.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>

#include "base/bytes.hpp"
#include "host/vfio/device_questions.hpp"
#include "host/vfio/vfio_abi.hpp"
#include "pci/express.hpp"

namespace tenon::host::vfio {
namespace {

// MSI-X has at most 2048 vectors. Source: PCIe Base Spec 6.0, 7.7.2.2.
constexpr std::size_t most_vectors = 2048;

constexpr std::uint64_t huge_page = std::uint64_t{2} << 20;
constexpr std::uint64_t largest_page = std::uint64_t{1} << 30;

// The request of VFIO_DEVICE_SET_IRQS with `events` behind it.
std::vector<std::byte> irq_request(device::IrqIndex index, std::uint32_t flags, std::uint32_t first,
                                   std::span<const int> events) {
    ::vfio_irq_set fixed{};
    std::vector<std::byte> request(sizeof fixed + events.size_bytes());
    fixed.argsz = static_cast<std::uint32_t>(request.size());
    fixed.flags = flags;
    fixed.index = std::to_underlying(index);
    fixed.start = first;
    fixed.count = static_cast<std::uint32_t>(events.size());
    std::memcpy(request.data(), &fixed, sizeof fixed);
    std::ranges::copy(std::as_bytes(events), request.begin() + sizeof fixed);
    return request;
}

}  // namespace

VfioDevice::VfioDevice(Kernel& kernel, Opened opened)
    : kernel_{kernel},
      name_{std::move(opened.name)},
      iommu_{std::move(opened.iommu)},
      keep_{std::move(opened.keep)},
      file_{std::move(opened.file)},
      kvm_file_{opened.kvm_file.value_or(file_.number())},
      resets_{opened.resets},
      page_tables_{std::move(opened.page_tables)},
      takes_pasids_{opened.takes_pasids},
      moves_{std::move(opened.moves)} {}

Result<std::unique_ptr<VfioDevice>> VfioDevice::create(Kernel& kernel, Opened opened) {
    // Made first, so that a question that fails gives the function back.
    std::unique_ptr<VfioDevice> device{new VfioDevice{kernel, std::move(opened)}};
    for (unsigned index = 0; index < device->regions_.size(); ++index) {
        TENON_TRY(region, ask_region(kernel, device->file_.number(), index), "");
        device->regions_.at(index) = std::move(region);
    }
    return device;
}

VfioDevice::~VfioDevice() {
    using enum device::IrqIndex;
    // An index that is off, or that the function has not, refuses; nobody could act on it here.
    for (const auto index : {Intx, Msi, Msix, Error, Request}) {
        [[maybe_unused]] const auto disabled = disable_vectors(index);
    }
    if (resets_) {
        [[maybe_unused]] const auto done = reset();
    }
    // The kernel restores all registers once nobody has the file open; somebody else may have it.
    if (found_) {
        [[maybe_unused]] const auto restored = set_requester_enable(found_->at, found_->value);
    }
    if (!page_tables_) return;
    [[maybe_unused]] const auto left = block();
}

// On a device that is attached already the kernel replaces one page table by the other.
// Source: drivers/vfio/iommufd.c of Linux 7.3, vfio_iommufd_physical_attach_ioas().
Result<void> VfioDevice::attach(device::Domain* domain) {
    const auto step = fmt::format("{}: moving its DMA", name_);
    if (moves_.attach) {
        TENON_TRY_DO(moves_.attach(domain), step);
        return {};
    }
    if (!page_tables_) return DeviceControl::attach(domain);
    return attach_by(
        abi::AttachIommufd{.argsz = sizeof(abi::AttachIommufd), .flags = 0, .pt_id = 0}, domain,
        step);
}

// `attach` is the request, without the number of a page table.
template <typename Attach>
Result<void> VfioDevice::attach_by(Attach attach, device::Domain* domain, const std::string& step) {
    TENON_TRY(choice, page_tables_(domain), step);
    int refusal = EINVAL;
    for (const auto id : choice) {
        attach.pt_id = id;
        const auto attached = ioctl(kernel_, file_.number(), abi::device_attach_iommufd, attach);
        if (attached) return {};
        refusal = attached.error();
        if (refusal != EINVAL) break;
    }
    return fail_system(refusal, step);
}

// Source: drivers/vfio/iommufd.c of Linux 7.3, vfio_iommufd_physical_pasid_attach_ioas().
Result<void> VfioDevice::attach_pasid(std::uint32_t pasid, device::Domain* domain) {
    if (!takes_pasids_) return DeviceControl::attach_pasid(pasid, domain);
    return attach_by(abi::AttachPasid{.argsz = sizeof(abi::AttachPasid),
                                      .flags = abi::attach_pasid_flag,
                                      .pt_id = 0,
                                      .pasid = pasid},
                     domain, fmt::format("{}: moving its DMA with PASID {}", name_, pasid));
}

Result<void> VfioDevice::detach_pasid(std::uint32_t pasid) {
    if (!takes_pasids_) return DeviceControl::detach_pasid(pasid);
    abi::DetachPasid detach{
        .argsz = sizeof detach, .flags = abi::attach_pasid_flag, .pasid = pasid};
    const auto left = ioctl(kernel_, file_.number(), abi::device_detach_iommufd, detach);
    if (!left)
        return fail_system(left.error(),
                           fmt::format("{}: ending its DMA with PASID {}", name_, pasid));
    return {};
}

Result<void> VfioDevice::block() {
    if (moves_.block) {
        TENON_TRY_DO(moves_.block(), fmt::format("{}: ending its DMA", name_));
        return {};
    }
    if (!page_tables_) return DeviceControl::block();
    abi::DetachIommufd detach{.argsz = sizeof detach, .flags = 0};
    const auto left = ioctl(kernel_, file_.number(), abi::device_detach_iommufd, detach);
    if (!left) return fail_system(left.error(), fmt::format("{}: ending its DMA", name_));
    return {};
}

Result<device::VfioFacts> VfioDevice::facts() {
    TENON_TRY(config, read_config(), name_);
    TENON_TRY(info, device_info(config), name_);
    device::VfioFacts facts{.config = config, .regions = {}, .irqs = {}, .info = info};
    for (unsigned index = 0; index < facts.regions.size(); ++index) {
        TENON_TRY(region, ask_region(kernel_, file_.number(), index), name_);
        facts.regions.at(index) = std::move(region);
    }
    for (std::uint32_t index = 0; index < facts.irqs.size(); ++index) {
        TENON_TRY(irq, ask_irq(kernel_, file_.number(), device::IrqIndex{index}), name_);
        facts.irqs.at(index) = irq;
    }
    return facts;
}

std::optional<VfioDevice::RequesterEnable> VfioDevice::requester_enable_of(
    const pci::ConfigImage& config) {
    const auto express = pci::find_express(config);
    if (!express || !express->has_second_registers()) return std::nullopt;
    const auto at = express->at + pci::express::device_control_2;
    const pci::DeviceControl2 control{config.read16(at)};
    return RequesterEnable{.at = at, .value = control.get<pci::AtomicOpRequesterEnable>() != 0};
}

Result<pci::ConfigImage> VfioDevice::read_config() {
    const std::uint64_t size = regions_.at(device::config_region).size;
    if (size > pci::express_size)
        return malformed("configuration space of {} bytes, not 256 or 4096", size);
    std::vector<std::byte> bytes(size);
    TENON_TRY_DO(read(device::config_region, 0, bytes), "");
    return pci::ConfigImage::from_bytes(bytes);
}

Result<device::DeviceInfo> VfioDevice::device_info(const pci::ConfigImage& before) {
    const auto enable = requester_enable_of(before);
    if (!found_) found_ = enable;
    auto info = ask_device_info(kernel_, file_.number());
    if (!enable) return info;
    // A question that failed may have set the bit as well.
    const auto restored = set_requester_enable(enable->at, enable->value);
    if (info && !restored) return std::unexpected(restored.error());
    return info;
}

Result<void> VfioDevice::set_requester_enable(std::size_t at, bool value) {
    constexpr auto enable = std::uint16_t{pci::AtomicOpRequesterEnable::mask};
    constexpr auto step = "putting back AtomicOp Requester Enable";
    std::uint16_t now = 0;
    TENON_TRY_DO(read(device::config_region, at, writable_bytes_of(now)), step);
    if (((now & enable) != 0) == value) return {};
    const auto back = static_cast<std::uint16_t>(now ^ enable);
    TENON_TRY_DO(write(device::config_region, at, bytes_of(back)), step);
    return {};
}

Result<const device::RegionFacts*> VfioDevice::region_at(unsigned region, std::uint64_t offset,
                                                         std::uint64_t size) const {
    if (region >= regions_.size()) return malformed("{}: no region {}", name_, region);
    const auto& facts = regions_.at(region);
    if (offset > facts.size || size > facts.size - offset)
        return malformed("{}: {} bytes at {:#x} are not inside {}, which has {:#x}", name_, size,
                         offset, name_of_region(region), facts.size);
    return &facts;
}

Result<void> VfioDevice::read(unsigned region, std::uint64_t offset, std::span<std::byte> out) {
    TENON_TRY(place, region_at(region, offset, out.size()), "reading");
    for (std::size_t done = 0; done < out.size();) {
        const auto got =
            kernel_.read(file_.number(), out.subspan(done), place->offset + offset + done);
        if (!got || *got == 0 || *got > out.size() - done)
            return fail_system(got ? EIO : got.error(),
                               fmt::format("{}: reading {} at {:#x}", name_, name_of_region(region),
                                           offset + done));
        done += *got;
    }
    return {};
}

Result<void> VfioDevice::write(unsigned region, std::uint64_t offset,
                               std::span<const std::byte> in) {
    TENON_TRY(place, region_at(region, offset, in.size()), "writing");
    for (std::size_t done = 0; done < in.size();) {
        const auto put =
            kernel_.write(file_.number(), in.subspan(done), place->offset + offset + done);
        if (!put || *put == 0 || *put > in.size() - done)
            return fail_system(put ? EIO : put.error(),
                               fmt::format("{}: writing {} at {:#x}", name_, name_of_region(region),
                                           offset + done));
        done += *put;
    }
    return {};
}

Result<Mapping> VfioDevice::map(unsigned region, const device::MmapArea& area) {
    TENON_TRY(place, region_at(region, area.offset, area.size), "mapping");
    // The kernel maps by large pages where the address agrees with the BAR's own, which is aligned
    // to its size. The guest's address agrees as well, so KVM can follow.
    const std::uint64_t whole = std::bit_floor(place->size);
    const auto alignment = whole < huge_page ? 0 : std::min(whole, largest_page);
    const int protection =
        (place->readable ? PROT_READ : PROT_NONE) | (place->writable ? PROT_WRITE : PROT_NONE);
    return kernel_.map(
        {.fd = file_.number(),
         .offset = place->offset + area.offset,
         .size = area.size,
         .protection = protection,
         .alignment = alignment,
         .phase = alignment == 0 ? 0 : area.offset % alignment},
        fmt::format("{}: mapping {:#x} bytes of {}", name_, area.size, name_of_region(region)));
}

device::IommuFacts VfioDevice::iommu() {
    auto facts = iommu_ ? iommu_() : device::IommuFacts{};
    facts.bar_files = ask_bar_files(kernel_, file_.number());
    return facts;
}

Result<Fd> VfioDevice::bar_file(unsigned bar, const device::MmapArea& area) {
    TENON_TRY_DO(region_at(bar, area.offset, area.size), "asking for a dma-buf");
    abi::GetDmaBuf request{.argsz = sizeof request,
                           .flags = abi::get_dma_buf,
                           .region_index = bar,
                           .open_flags = O_RDWR | O_CLOEXEC,
                           .dma_buf_flags = 0,
                           .nr_ranges = 1,
                           .offset = area.offset,
                           .length = area.size};
    const auto made = ioctl(kernel_, file_.number(), VFIO_DEVICE_FEATURE, request);
    if (made) return Fd{*made};
    auto error = system_error(
        made.error(), fmt::format("{}: asking for a dma-buf of {}", name_, name_of_region(bar)));
    if (made.error() == ENOTTY || made.error() == EOPNOTSUPP) error.kind = Error::Kind::Unsupported;
    return std::unexpected(std::move(error));
}

Result<device::Offer> VfioDevice::set_vectors(device::IrqIndex index, std::uint32_t first,
                                              std::span<const int> events) {
    const auto what = [&] {
        return fmt::format("{}: setting {} from vector {}", name_, name_of(index), first);
    };
    if (events.empty() || events.size() > most_vectors) return fail_system(EINVAL, what());
    auto request =
        irq_request(index, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, first, events);
    const auto set = kernel_.ioctl(file_.number(), VFIO_DEVICE_SET_IRQS, request);
    if (!set) return fail_system(set.error(), what());
    if (*set > 0) return device::Offer{static_cast<std::uint32_t>(*set)};
    return device::Offer{};
}

Result<void> VfioDevice::unmask_intx() {
    ::vfio_irq_set fixed{};
    fixed.argsz = sizeof fixed;
    fixed.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK;
    fixed.index = std::to_underlying(device::IrqIndex::Intx);
    fixed.count = 1;
    const auto done = kernel_.ioctl(file_.number(), VFIO_DEVICE_SET_IRQS, writable_bytes_of(fixed));
    if (!done) return fail_system(done.error(), fmt::format("{}: unmasking INTx", name_));
    return {};
}

Result<void> VfioDevice::unmask_intx_on(int event) {
    auto request =
        irq_request(device::IrqIndex::Intx, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_UNMASK,
                    0, {&event, 1});
    const auto done = kernel_.ioctl(file_.number(), VFIO_DEVICE_SET_IRQS, request);
    if (!done)
        return fail_system(done.error(), fmt::format("{}: unmasking INTx by an event", name_));
    return {};
}

Result<void> VfioDevice::disable_vectors(device::IrqIndex index) {
    auto request = irq_request(index, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 0, {});
    const auto set = kernel_.ioctl(file_.number(), VFIO_DEVICE_SET_IRQS, request);
    if (!set)
        return fail_system(set.error(), fmt::format("{}: disabling {}", name_, name_of(index)));
    return {};
}

Result<void> VfioDevice::reset() {
    const auto done = kernel_.ioctl(file_.number(), VFIO_DEVICE_RESET, 0ul);
    if (done) return {};
    if (done.error() == EINVAL || done.error() == ENOTTY)
        return fail(Error::Kind::Unsupported, "{}: it has no reset that stays inside it", name_);
    return fail_system(done.error(), fmt::format("{}: resetting", name_));
}

// The kernel takes a device for ours by its group, or by the iommufd that it is bound to.
// Source: drivers/vfio/pci/vfio_pci_core.c of Linux 7.2, vfio_pci_ioctl_pci_hot_reset().
Result<void> VfioDevice::hot_reset(std::span<const int> owners) {
    std::vector<int> groups;
    if (!page_tables_) groups.assign(owners.begin(), owners.end());
    std::ranges::sort(groups);
    const auto repeated = std::ranges::unique(groups);
    groups.erase(repeated.begin(), repeated.end());

    ::vfio_pci_hot_reset fixed{};
    std::vector<std::byte> request(sizeof fixed + std::span{groups}.size_bytes());
    fixed.argsz = static_cast<std::uint32_t>(request.size());
    fixed.count = static_cast<std::uint32_t>(groups.size());
    std::memcpy(request.data(), &fixed, sizeof fixed);
    std::ranges::copy(std::as_bytes(std::span{groups}), request.begin() + sizeof fixed);
    const auto done = kernel_.ioctl(file_.number(), VFIO_DEVICE_PCI_HOT_RESET, request);
    if (!done) return std::unexpected(cannot_hot_reset(done.error()));
    return {};
}

Error VfioDevice::cannot_hot_reset(int os_error) {
    auto error = system_error(os_error, fmt::format("{}: resetting the bus above it", name_));
    // Source: Linux drivers/pci/pci.c, pci_bridge_wait_for_secondary_bus().
    if (os_error == ENOTTY) {
        error.hint =
            "The kernel waited in vain for the link or the device to come back; its log says which";
        return error;
    }
    const auto members = ask_hot_reset(kernel_, file_.number());
    if (!members) {
        if (members.error().os_error == ENODEV) error.kind = Error::Kind::Unsupported;
        return error;
    }
    std::vector<std::string> all;
    std::vector<std::string> strange;
    for (const auto& member : *members)
        (member.strange ? strange : all).push_back(to_string(member.address));
    error.hint =
        strange.empty()
            ? fmt::format("It resets {}, which all have to be open here", fmt::join(all, ", "))
            : fmt::format("It would reset {} too, not open here", fmt::join(strange, ", "));
    return error;
}

}  // namespace tenon::host::vfio
