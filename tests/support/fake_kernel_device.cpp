// The side of the fake kernel that answers about one device, and the answers with capabilities.
#include <linux/vfio.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#include "base/bytes.hpp"
#include "tests/support/fake_kernel.hpp"

namespace tenon::support {
namespace {

using host::Outcome;

// Requests that linux/vfio.h of Linux 6.1 does not have.
constexpr unsigned long bind_iommufd = 0x3b76;
constexpr unsigned long attach_iommufd = 0x3b77;
constexpr unsigned long detach_iommufd = 0x3b78;

// Region in the upper bits of a file offset, as the real kernel has it.
constexpr unsigned region_shift = 40;
unsigned region_of(std::uint64_t offset) { return static_cast<unsigned>(offset >> region_shift); }
std::uint64_t within(std::uint64_t offset) { return offset & ((1ull << region_shift) - 1); }

// An answer with capabilities: cut to the room that the question gave, as the kernel does it.
Outcome<int> answer_with(std::span<std::byte> argument, std::vector<std::byte> fixed,
                         std::size_t flags_at, std::uint32_t caps_flag, std::size_t cap_offset_at,
                         const std::vector<std::byte>& capabilities) {
    const std::size_t room =
        std::min<std::size_t>(load<std::uint32_t>(argument, 0), argument.size());
    const std::size_t whole = fixed.size() + capabilities.size();
    if (!capabilities.empty()) {
        store<std::uint32_t>(fixed, flags_at, load<std::uint32_t>(fixed, flags_at) | caps_flag);
        const bool fits = room >= whole;
        if (fits)
            store<std::uint32_t>(fixed, cap_offset_at, static_cast<std::uint32_t>(fixed.size()));
        store<std::uint32_t>(fixed, 0, static_cast<std::uint32_t>(fits ? room : whole));
        if (fits) fixed.insert(fixed.end(), capabilities.begin(), capabilities.end());
    } else {
        store<std::uint32_t>(fixed, 0, static_cast<std::uint32_t>(room));
    }
    std::copy_n(fixed.begin(), std::min(room, fixed.size()), argument.begin());
    return 0;
}

// A header of a capability, `next` from the start of the answer.
void append_header(std::vector<std::byte>& bytes, std::uint16_t id, std::uint32_t next) {
    const std::size_t at = bytes.size();
    bytes.resize(at + 8);
    store<std::uint16_t>(bytes, at, id);
    store<std::uint16_t>(bytes, at + 2, 1);
    store<std::uint32_t>(bytes, at + 4, next);
}

template <typename Word>
void append(std::vector<std::byte>& bytes, Word word) {
    bytes.resize(bytes.size() + sizeof word);
    store<Word>(bytes, bytes.size() - sizeof word, word);
}

// The token that a question to bind points to.
std::string token_at(std::span<const std::byte> argument) {
    device::VfToken token;
    // SAFETY: the question says that 16 bytes are at this address.
    std::memcpy(token.bytes.data(), std::bit_cast<void*>(load<std::uint64_t>(argument, 16)),
                token.bytes.size());
    return to_string(token);
}

}  // namespace

Outcome<int> FakeKernel::iommu_info(Bytes argument) const {
    std::vector<std::byte> capability;
    append_header(capability, 1, 0);
    append<std::uint32_t>(capability, 1);
    append<std::uint32_t>(capability, 0);
    append<std::uint64_t>(capability, traits_.first_iova);
    append<std::uint64_t>(capability, traits_.last_iova);
    return answer_with(argument, std::vector<std::byte>(24), 4, 2, 16, capability);
}

Outcome<int> FakeKernel::device_ioctl(DeviceFile& file, unsigned long request, Bytes argument) {
    if (request == bind_iommufd) return bind(file, argument);
    if (!file.opened) return refuse(EINVAL);
    switch (request) {
        case attach_iommufd:
            return attach(file, argument);
        case detach_iommufd:
            return detach(file, argument);
        case VFIO_DEVICE_GET_INFO:
            return device_info(file, argument);
        case VFIO_DEVICE_GET_REGION_INFO:
            return region_info(file, argument);
        case VFIO_DEVICE_GET_IRQ_INFO:
            return irq_info(file, argument);
        case VFIO_DEVICE_SET_IRQS:
            return set_irqs(file, argument);
        case VFIO_DEVICE_GET_PCI_HOT_RESET_INFO:
            return hot_reset_info(file, argument);
        case VFIO_DEVICE_PCI_HOT_RESET:
            return hot_reset(file, argument);
        case VFIO_DEVICE_FEATURE:
            return feature(file, argument);
        default:
            return refuse(ENOTTY);
    }
}

Outcome<int> FakeKernel::bind(DeviceFile& file, Bytes argument) {
    const auto target = static_cast<int>(load<std::uint32_t>(argument, 8));
    const auto flags = load<std::uint32_t>(argument, 4);
    if (flags > 1 || file.opened) return refuse(EINVAL);
    if (find<IommufdFile>(target) == nullptr) return refuse(EBADF);
    if (group_is_open(file.function->group)) return refuse(EBUSY);
    if (traits_.unviable.contains(file.function->group)) return refuse(EPERM);
    if (!traits_.vf_token.empty() && (flags != 1 || token_at(argument) != traits_.vf_token))
        return refuse(EACCES);
    if (traits_.vf_token.empty() && flags != 0) return refuse(EINVAL);
    if (file.function->function->opened() != 0) return refuse(EINVAL);
    file.owner = original(target);
    file.opened = std::make_unique<FakeDevice>(*file.function->function);
    store<std::uint32_t>(argument, 12, 1);
    return 0;
}

Outcome<int> FakeKernel::attach(DeviceFile& file, Bytes argument) {
    const auto* const iommufd = find<IommufdFile>(file.owner);
    if (iommufd == nullptr || !iommufd->address_space) return refuse(ENOENT);
    const auto place = load<std::uint32_t>(argument, 8);
    const bool known = place == address_space_id || iommufd->domains.contains(place) ||
                       (place == page_table_id && iommufd->page_table) ||
                       iommufd->named_tables.contains(place);
    if (!known) return refuse(ENOENT);
    // PASIDs only to what was made for them, as long as the device itself is in such a table too.
    const bool compatible = iommufd->named_tables.contains(place);
    if (load<std::uint32_t>(argument, 4) == 1) {
        if (!compatible || (file.attached && !iommufd->named_tables.contains(file.place)))
            return refuse(EINVAL);
        file.pasids[load<std::uint32_t>(argument, 12)] = place;
        return 0;
    }
    if (!compatible && !file.pasids.empty()) return refuse(EINVAL);
    file.attached = true;
    file.place = place;
    return 0;
}

Outcome<int> FakeKernel::detach(DeviceFile& file, Bytes argument) {
    if (load<std::uint32_t>(argument, 4) != 1) {
        file.attached = false;
        return 0;
    }
    return file.pasids.erase(load<std::uint32_t>(argument, 8)) != 0 ? Outcome<int>{0}
                                                                    : refuse(ENOENT);
}

Outcome<int> FakeKernel::device_info(DeviceFile& file, Bytes argument) const {
    if (!traits_.device_info.empty()) {
        std::copy_n(traits_.device_info.begin(),
                    std::min(argument.size(), traits_.device_info.size()), argument.begin());
        return 0;
    }
    auto& function = *file.function->function;
    const auto& info = function.info();
    std::vector<std::byte> fixed(24);
    store<std::uint32_t>(fixed, 4, VFIO_DEVICE_FLAGS_PCI | (info.can_reset ? 1u : 0u));
    store<std::uint32_t>(fixed, 8, 9);
    store<std::uint32_t>(fixed, 12, 5);
    std::vector<std::byte> capabilities;
    if (info.atomic_completer) {
        // An id from the future comes first, as a newer kernel may have it.
        append_header(capabilities, 0x7777, 24 + 8);
        append_header(capabilities, 5, 0);
        append<std::uint32_t>(capabilities, *info.atomic_completer);
        append<std::uint32_t>(capabilities, 0);
        const auto at = file.function->device_control_2;
        if (at != 0)
            function.config().write<std::uint16_t>(
                at, static_cast<std::uint16_t>(function.config().read16(at) | 0x40));
    }
    return answer_with(argument, std::move(fixed), 4, VFIO_DEVICE_FLAGS_CAPS, 16, capabilities);
}

Outcome<int> FakeKernel::region_info(DeviceFile& file, Bytes argument) const {
    const auto index = load<std::uint32_t>(argument, 8);
    if (index > device::config_region) return refuse(EINVAL);
    const auto& region = file.function->function->region(index);
    std::vector<std::byte> fixed(32);
    store<std::uint32_t>(
        fixed, 4,
        (region.readable ? 1u : 0u) | (region.writable ? 2u : 0u) | (region.mappable ? 4u : 0u));
    store<std::uint32_t>(fixed, 8, index);
    store<std::uint64_t>(fixed, 16, region.size);
    store<std::uint64_t>(fixed, 24, region.offset);
    std::vector<std::byte> capabilities;
    if (!region.areas.empty()) {
        const auto claimed = traits_.region_areas_claimed;
        const std::size_t size = 16 + region.areas.size() * 16;
        append_header(capabilities, VFIO_REGION_INFO_CAP_SPARSE_MMAP,
                      region.msix_table_mappable ? static_cast<std::uint32_t>(32 + size) : 0);
        append<std::uint32_t>(
            capabilities, claimed != 0 ? claimed : static_cast<std::uint32_t>(region.areas.size()));
        append<std::uint32_t>(capabilities, 0);
        for (const auto& area : region.areas) {
            append<std::uint64_t>(capabilities, area.offset);
            append<std::uint64_t>(capabilities, area.size);
        }
    }
    if (region.msix_table_mappable)
        append_header(capabilities, VFIO_REGION_INFO_CAP_MSIX_MAPPABLE, 0);
    return answer_with(argument, std::move(fixed), 4, VFIO_REGION_INFO_FLAG_CAPS, 12, capabilities);
}

Outcome<int> FakeKernel::irq_info(DeviceFile& file, Bytes argument) {
    const auto index = load<std::uint32_t>(argument, 8);
    if (index >= device::irq_index_count) return refuse(EINVAL);
    const auto& irq = file.function->function->irq(device::IrqIndex{index});
    // The real kernel refuses the error interrupt of a conventional PCI function.
    if (device::IrqIndex{index} == device::IrqIndex::Error && irq.count == 0) return refuse(EINVAL);
    store<std::uint32_t>(argument, 4,
                         (irq.eventfd ? 1u : 0u) | (irq.maskable ? 2u : 0u) |
                             (irq.automasked ? 4u : 0u) | (irq.noresize ? 8u : 0u));
    store<std::uint32_t>(argument, 12, irq.count);
    return 0;
}

Outcome<int> FakeKernel::set_irqs(DeviceFile& file, Bytes argument) {
    const auto flags = load<std::uint32_t>(argument, 4);
    const auto index = device::IrqIndex{load<std::uint32_t>(argument, 8)};
    const auto first = load<std::uint32_t>(argument, 12);
    const auto count = load<std::uint32_t>(argument, 16);
    if (flags == (VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER) && count == 0) {
        if (file.function->function->vectors(index).empty()) return refuse(EINVAL);
        return file.opened->disable_vectors(index) ? Outcome<int>{0} : refuse(EIO);
    }
    const auto answer = [](const Result<void>& done) {
        return done ? Outcome<int>{0} : refuse(done.error().os_error);
    };
    if (index == device::IrqIndex::Intx && first == 0 && count == 1) {
        if (flags == (VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK))
            return answer(file.opened->unmask_intx());
        if (flags == (VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_UNMASK))
            return answer(file.opened->unmask_intx_on(
                static_cast<std::int32_t>(load<std::uint32_t>(argument, 20))));
    }
    if (flags != (VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER) ||
        argument.size() != 20 + std::size_t{count} * 4)
        return refuse(EINVAL);
    std::vector<int> events(count);
    std::memcpy(events.data(), argument.subspan(20).data(), std::size_t{count} * 4);
    const auto set = file.opened->set_vectors(index, first, events);
    if (!set) return refuse(set.error().os_error);
    // A short allocation is told by how many there are.
    return static_cast<int>(set->value_or(0));
}

std::vector<const FakeKernel::Function*> FakeKernel::on_bus_with(const Function& function) const {
    std::vector<const Function*> all;
    for (const auto& other : functions_)
        if (&other == &function ||
            std::ranges::count(function.function->others_on_bus(), other.function) != 0)
            all.push_back(&other);
    return all;
}

// By iommufd: open in the same one, or not open and of a group of which a member is.
bool FakeKernel::owned_with(const DeviceFile& file, const Function& other) const {
    bool group_is_ours = false;
    for (const auto& [number, entry] : files_) {
        const auto* const device = std::get_if<DeviceFile>(&entry);
        if (device == nullptr || device->owner < 0) continue;
        if (device->function == &other) return device->owner == file.owner;
        group_is_ours |= device->owner == file.owner && device->function->group == other.group;
    }
    return group_is_ours;
}

Outcome<int> FakeKernel::hot_reset_info(const DeviceFile& file, Bytes argument) {
    constexpr std::size_t head = 12;
    constexpr std::size_t entry = 8;
    const auto all = on_bus_with(*file.function);
    const bool by_iommufd = find<IommufdFile>(file.owner) != nullptr;
    store<std::uint32_t>(argument, 4, by_iommufd ? 1u : 0u);
    store<std::uint32_t>(argument, 8, static_cast<std::uint32_t>(all.size()));
    if (argument.size() < head + all.size() * entry) return refuse(ENOSPC);
    for (std::size_t n = 0; n < all.size(); ++n) {
        const auto address = pci::Address::parse(all[n]->address).value();
        const auto at = head + n * entry;
        const auto id = by_iommufd ? (owned_with(file, *all[n]) ? 1u : 0xffffffffu)
                                   : static_cast<std::uint32_t>(std::stoul(all[n]->group));
        store<std::uint32_t>(argument, at, id);
        store<std::uint16_t>(argument, at + 4, static_cast<std::uint16_t>(address.domain));
        store<std::uint8_t>(argument, at + 6, address.bus);
        store<std::uint8_t>(argument, at + 7,
                            static_cast<std::uint8_t>(address.device << 3 | address.function));
    }
    return 0;
}

Outcome<int> FakeKernel::feature(DeviceFile& file, Bytes argument) {
    constexpr std::uint32_t dma_buf = 11;
    constexpr std::uint32_t probe = 1u << 18;
    const auto flags = load<std::uint32_t>(argument, 4);
    if (load<std::uint32_t>(argument, 0) != argument.size()) return refuse(EINVAL);
    if ((flags & 0xffff) != dma_buf || !traits_.bar_files) return refuse(ENOTTY);
    if ((flags & ~probe) != (VFIO_DEVICE_FEATURE_GET | dma_buf)) return refuse(EINVAL);
    if ((flags & probe) != 0) return 0;
    if (argument.size() != 40 || load<std::uint32_t>(argument, 16) != 0 ||
        load<std::uint32_t>(argument, 20) != 1)
        return refuse(EINVAL);
    const device::MmapArea area{.offset = load<std::uint64_t>(argument, 24),
                                .size = load<std::uint64_t>(argument, 32)};
    const auto bar = load<std::uint32_t>(argument, 8);
    auto& function = *file.function->function;
    if (bar >= device::bar_count || function.region(bar).size == 0) return refuse(ENODEV);
    const auto whole = function.region(bar).size;
    if (area.size == 0 || area.offset % 4096 != 0 || area.size % 4096 != 0 || area.offset > whole ||
        area.size > whole - area.offset)
        return refuse(EINVAL);
    const int number = ::memfd_create("fake dma-buf", MFD_CLOEXEC);
    dma_bufs_[number] = {.function = &function, .size = area.size};
    return number;
}

Outcome<int> FakeKernel::hot_reset(const DeviceFile& file, Bytes argument) {
    const auto count = load<std::uint32_t>(argument, 8);
    const bool by_iommufd = find<IommufdFile>(file.owner) != nullptr;
    if (by_iommufd != (count == 0) || argument.size() != 12 + std::size_t{count} * 4)
        return refuse(EINVAL);
    std::set<std::string> groups;
    for (std::size_t n = 0; n < count; ++n) {
        const auto* const group =
            find<GroupFile>(static_cast<std::int32_t>(load<std::uint32_t>(argument, 12 + n * 4)));
        if (group == nullptr || !groups.insert(group->group).second) return refuse(EINVAL);
    }
    for (const auto* const one : on_bus_with(*file.function)) {
        const bool ours = by_iommufd ? owned_with(file, *one) : groups.contains(one->group);
        if (!ours) return refuse(EINVAL);
    }
    file.function->function->reset_bus();
    return 0;
}

Outcome<std::size_t> FakeKernel::read(int file, std::span<std::byte> out, std::uint64_t offset) {
    if (const auto error = faults_.next()) return refuse(*error);
    auto* const device = find<DeviceFile>(file);
    if (device == nullptr || !device->opened) return refuse(EINVAL);
    const auto part = out.first(std::min(out.size(), traits_.most_at_once));
    if (part.empty()) return 0;
    const auto done = device->opened->read(region_of(offset), within(offset), part);
    if (!done) return refuse(done.error().os_error);
    return part.size();
}

Outcome<std::size_t> FakeKernel::write(int file, std::span<const std::byte> in,
                                       std::uint64_t offset) {
    if (const auto error = faults_.next()) return refuse(*error);
    auto* const device = find<DeviceFile>(file);
    if (device == nullptr || !device->opened) return refuse(EINVAL);
    const auto part = in.first(std::min(in.size(), traits_.most_at_once));
    if (part.empty()) return 0;
    const auto done = device->opened->write(region_of(offset), within(offset), part);
    if (!done) return refuse(done.error().os_error);
    return part.size();
}

Result<Mapping> FakeKernel::map(const Mapping::Request& request, std::string_view what) {
    if (const auto error = faults_.next()) return fail_system(*error, what);
    auto* const device = find<DeviceFile>(request.fd);
    if (device == nullptr || !device->opened) return fail_system(EBADF, what);
    auto mapped = device->opened->map(region_of(request.offset),
                                      {.offset = within(request.offset), .size = request.size});
    if (mapped)
        bar_mappings_[std::bit_cast<std::uintptr_t>(mapped->bytes().data())] =
            device->function->function;
    return mapped;
}

Outcome<host::DeviceNumber> FakeKernel::device_number(int file) {
    if (const auto error = faults_.next()) return refuse(*error);
    const auto* const device = find<DeviceFile>(file);
    if (!files_.contains(original(file))) return refuse(EBADF);
    if (find<IommufdFile>(file) != nullptr) return host::DeviceNumber{.major = 10, .minor = 123};
    if (device == nullptr) return host::DeviceNumber{.major = 10, .minor = 196};
    return device->function->number;
}

}  // namespace tenon::support
