#include "tests/support/fake_kernel.hpp"

#include <fmt/format.h>
#include <linux/vfio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/bytes.hpp"

namespace tenon::support {
namespace {

using host::Outcome;

// Requests of iommufd.
constexpr unsigned long destroy = 0x3b80;
constexpr unsigned long ioas_alloc = 0x3b81;
constexpr unsigned long ioas_copy = 0x3b83;
constexpr unsigned long ioas_iova_ranges = 0x3b84;
constexpr unsigned long ioas_map = 0x3b85;
constexpr unsigned long ioas_unmap = 0x3b86;
constexpr unsigned long hwpt_alloc = 0x3b89;
constexpr unsigned long hwpt_invalidate = 0x3b8d;
constexpr unsigned long get_hw_info = 0x3b8a;
constexpr unsigned long ioas_map_file = 0x3b8f;

bool decodes_memory(FakeFunction& function) {
    return (function.config().read16(0x04) & 0x0002) != 0;
}

}  // namespace

int FakeKernel::number(File file) {
    files_.emplace(next_number_, std::move(file));
    return next_number_++;
}

const std::map<std::uint64_t, std::uint64_t>& FakeKernel::mapped() const {
    static const Maps nothing;
    for (const auto& [number, file] : files_) {
        if (const auto* container = std::get_if<ContainerFile>(&file)) return container->maps;
        if (const auto* iommufd = std::get_if<IommufdFile>(&file)) return iommufd->maps;
    }
    return nothing;
}

std::map<std::uint64_t, FakeKernel::DmaMapped> FakeKernel::reached_by(
    const std::string& group) const {
    for (const auto& [number, file] : files_) {
        const auto* const opened = std::get_if<GroupFile>(&file);
        if (opened == nullptr || opened->group != group) continue;
        const auto container = files_.find(opened->container);
        if (container != files_.end()) return std::get<ContainerFile>(container->second).details;
    }
    return {};
}

bool FakeKernel::group_is_open(const std::string& group) const {
    return std::ranges::any_of(files_, [&](const auto& entry) {
        const auto* const file = std::get_if<GroupFile>(&entry.second);
        return file != nullptr && file->group == group;
    });
}

bool FakeKernel::group_has_bound(const std::string& group) const {
    return std::ranges::any_of(files_, [&](const auto& entry) {
        const auto* const file = std::get_if<DeviceFile>(&entry.second);
        return file != nullptr && file->owner >= 0 && file->function->group == group;
    });
}

unsigned FakeKernel::address_spaces() const {
    return static_cast<unsigned>(std::ranges::count_if(files_, [](const auto& entry) {
        const auto* const file = std::get_if<IommufdFile>(&entry.second);
        return file != nullptr && file->address_space;
    }));
}

unsigned FakeKernel::attached() const {
    return static_cast<unsigned>(std::ranges::count_if(files_, [](const auto& entry) {
        const auto* const file = std::get_if<DeviceFile>(&entry.second);
        return file != nullptr && file->attached;
    }));
}

unsigned FakeKernel::devices_of(int owner) const {
    return static_cast<unsigned>(std::ranges::count_if(files_, [&](const auto& entry) {
        const auto* const file = std::get_if<DeviceFile>(&entry.second);
        return file != nullptr && file->owner == owner;
    }));
}

Outcome<int> FakeKernel::open(const std::string& path) {
    if (const auto error = faults_.next()) return refuse(*error);
    if (path == dev_ + "/vfio/vfio" && traits_.container) return number(ContainerFile{});
    if (path == dev_ + "/iommu" && traits_.iommufd) return number(IommufdFile{});
    for (const auto& function : functions_) {
        if (path == dev_ + "/vfio/devices/" + function.cdev)
            return number(DeviceFile{.function = &function});
        if (path != dev_ + "/vfio/" + function.group) continue;
        if (group_is_open(function.group) || group_has_bound(function.group)) return refuse(EBUSY);
        return number(GroupFile{.group = function.group});
    }
    return refuse(ENOENT);
}

int FakeKernel::original(int file) const {
    const auto copy = copies_.find(file);
    return copy == copies_.end() ? file : copy->second;
}

Outcome<int> FakeKernel::duplicate(int file) {
    if (const auto error = faults_.next()) return refuse(*error);
    if (!files_.contains(original(file))) return refuse(EBADF);
    copies_.emplace(next_number_, original(file));
    return next_number_++;
}

void FakeKernel::close(int file) {
    if (copies_.erase(file) != 0) return;
    if (!files_.contains(file)) {
        mistakes_.push_back(fmt::format("{} closed, which is not open", file));
        return;
    }
    if (devices_of(file) != 0) mistakes_.emplace_back("closed before its devices");
    if (const auto* container = find<ContainerFile>(file); container && !container->groups.empty())
        mistakes_.emplace_back("container closed before its groups");
    if (find<GroupFile>(file) != nullptr) leave(file);
    files_.erase(file);
}

void FakeKernel::leave(int group) {
    auto* const container = find<ContainerFile>(find<GroupFile>(group)->container);
    if (container == nullptr) return;
    container->groups.erase(group);
    if (!container->groups.empty()) return;
    container->started = false;
    container->maps.clear();
    container->details.clear();
}

Outcome<int> FakeKernel::ioctl(int file, unsigned long request, std::span<std::byte> argument) {
    if (on_request_) on_request_(request);
    if (const auto error = faults_.next()) return refuse(*error);
    if (auto* const container = find<ContainerFile>(file))
        return container_ioctl(*container, request, argument);
    if (auto* const group = find<GroupFile>(file))
        return group_ioctl(file, *group, request, argument);
    if (auto* const iommufd = find<IommufdFile>(file))
        return iommufd_ioctl(*iommufd, request, argument);
    if (auto* const device = find<DeviceFile>(file))
        return device_ioctl(*device, request, argument);
    return refuse(EBADF);
}

Outcome<int> FakeKernel::ioctl(int file, unsigned long request, unsigned long argument) {
    if (on_request_) on_request_(request);
    if (const auto error = faults_.next()) return refuse(*error);
    auto* const container = find<ContainerFile>(file);
    auto* const device = find<DeviceFile>(file);
    if (container != nullptr && request == VFIO_GET_API_VERSION) return 0;
    if (container != nullptr && request == VFIO_CHECK_EXTENSION)
        return argument == VFIO_TYPE1v2_IOMMU && traits_.type1 ? 1 : 0;
    if (container != nullptr && request == VFIO_SET_IOMMU) {
        if (container->groups.empty() || container->started) return refuse(EINVAL);
        container->started = true;
        return 0;
    }
    if (find<GroupFile>(file) != nullptr && request == VFIO_GROUP_UNSET_CONTAINER) {
        if (devices_of(file) != 0) return refuse(EBUSY);
        leave(file);
        find<GroupFile>(file)->container = -1;
        return 0;
    }
    if (device != nullptr && device->opened && request == VFIO_DEVICE_RESET)
        return device->opened->reset() ? Outcome<int>{0} : refuse(EINVAL);
    return refuse(ENOTTY);
}

Outcome<int> FakeKernel::map_memory(Maps& maps, std::uint64_t at, std::uint64_t size) const {
    if (size == 0 || at % 4096 != 0 || size % 4096 != 0) return refuse(EINVAL);
    if (at < traits_.first_iova || at + size - 1 > traits_.last_iova) return refuse(EINVAL);
    std::uint64_t locked = size;
    for (const auto& [start, length] : maps) {
        locked += length;
        if (at < start + length && start < at + size) return refuse(EEXIST);
    }
    if (locked > traits_.lock_limit) return refuse(ENOMEM);
    maps.emplace(at, size);
    return 0;
}

FakeFunction* FakeKernel::bar_at(std::uint64_t address) const {
    const auto found = bar_mappings_.find(address);
    return found == bar_mappings_.end() ? nullptr : found->second;
}

// A descriptor is one of a dma-buf, or of a memfd.
Outcome<int> FakeKernel::map_file(Maps& maps, Bytes argument) {
    const auto at = load<std::uint64_t>(argument, 32);
    const auto start = load<std::uint64_t>(argument, 16);
    const auto length = load<std::uint64_t>(argument, 24);
    const auto number = static_cast<std::int32_t>(load<std::uint32_t>(argument, 12));
    if (number < 0) return refuse(EBADF);
    if (const auto file = dma_bufs_.find(number); file != dma_bufs_.end()) {
        if (start > file->second.size || length > file->second.size - start) return refuse(EINVAL);
        if (!decodes_memory(*file->second.function)) return refuse(ENODEV);
    }
    mapped_files_[at] = start;
    return map_memory(maps, at, length);
}

Outcome<int> FakeKernel::container_ioctl(ContainerFile& file, unsigned long request,
                                         Bytes argument) {
    if (!file.started) return refuse(ENOTTY);
    if (request == VFIO_IOMMU_GET_INFO) return iommu_info(argument);
    if (request == VFIO_IOMMU_MAP_DMA) return map_dma(file, argument);
    if (request == VFIO_IOMMU_UNMAP_DMA) return unmap_dma(file, argument);
    return refuse(ENOTTY);
}

Outcome<int> FakeKernel::map_dma(ContainerFile& file, Bytes argument) const {
    const auto flags = load<std::uint32_t>(argument, 4);
    const auto memory = load<std::uint64_t>(argument, 8);
    const auto at = load<std::uint64_t>(argument, 16);
    const auto size = load<std::uint64_t>(argument, 24);
    if ((flags & 3) == 0) return refuse(EINVAL);
    auto* const function = bar_at(memory);
    if (function != nullptr && !decodes_memory(*function)) return refuse(EFAULT);
    if (file.maps.size() >= traits_.dma_entries) return refuse(ENOSPC);
    auto mapped = map_memory(file.maps, at, size);
    if (mapped)
        file.details[at] = {
            .size = size, .memory = memory, .read = (flags & 1) != 0, .write = (flags & 2) != 0};
    return mapped;
}

// All that is in the range goes; a mapping that it cuts is an error.
Outcome<int> FakeKernel::unmap_dma(ContainerFile& file, Bytes argument) {
    const auto at = load<std::uint64_t>(argument, 8);
    const auto end = at + load<std::uint64_t>(argument, 16);
    const auto cuts = [&](const auto& one) {
        const auto last = one.first + one.second;
        return one.first < end && last > at && (one.first < at || last > end);
    };
    if (std::ranges::any_of(file.maps, cuts)) return refuse(EINVAL);
    std::uint64_t unmapped = 0;
    for (auto next = file.maps.lower_bound(at); next != file.maps.end() && next->first < end;) {
        unmapped += next->second;
        file.details.erase(next->first);
        next = file.maps.erase(next);
    }
    store<std::uint64_t>(argument, 16, unmapped);
    return 0;
}

Outcome<int> FakeKernel::group_ioctl(int number, GroupFile& file, unsigned long request,
                                     Bytes argument) {
    if (request == VFIO_GROUP_GET_STATUS) {
        const bool viable = !traits_.unviable.contains(file.group);
        store<std::uint32_t>(argument, 4, (viable ? 1u : 0u) | (file.container < 0 ? 0u : 2u));
        return 0;
    }
    if (request == VFIO_GROUP_SET_CONTAINER) return set_container(number, file, argument);
    if (request == VFIO_GROUP_GET_DEVICE_FD) return get_device(number, file, argument);
    return refuse(ENOTTY);
}

Outcome<int> FakeKernel::set_container(int number, GroupFile& file, Bytes argument) {
    const auto target = static_cast<int>(load<std::uint32_t>(argument, 0));
    auto* const container = find<ContainerFile>(target);
    if (container == nullptr) return refuse(EBADF);
    if (file.container >= 0) return refuse(EINVAL);
    if (traits_.unviable.contains(file.group)) return refuse(EPERM);
    file.container = target;
    container->groups.insert(number);
    return 0;
}

Outcome<int> FakeKernel::get_device(int number, const GroupFile& file, Bytes argument) {
    const auto* const container = find<ContainerFile>(file.container);
    if (container == nullptr || !container->started) return refuse(EINVAL);
    std::string name;
    for (const auto byte : argument) {
        if (byte == std::byte{0}) break;
        name += static_cast<char>(byte);
    }
    if (!traits_.vf_token.empty()) {
        const auto suffix = " vf_token=" + traits_.vf_token;
        if (!name.ends_with(suffix)) return refuse(EACCES);
        name.resize(name.size() - suffix.size());
    }
    if (name.contains(' ')) return refuse(EINVAL);
    for (const auto& function : functions_) {
        if (function.address != name || function.group != file.group) continue;
        return this->number(DeviceFile{.function = &function,
                                       .owner = number,
                                       .opened = std::make_unique<FakeDevice>(*function.function)});
    }
    return refuse(ENODEV);
}

Outcome<int> FakeKernel::hardware_info(Bytes argument) const {
    if (!traits_.hardware) return refuse(EOPNOTSUPP);
    const auto& hardware = *traits_.hardware;
    std::array<std::uint64_t, 3> data{0, hardware.cap_reg, hardware.ecap_reg};
    const auto room = std::min<std::size_t>(load<std::uint32_t>(argument, 12), sizeof data);
    // SAFETY: the question says that so many bytes have room at this address.
    std::memcpy(std::bit_cast<void*>(load<std::uint64_t>(argument, 16)), data.data(), room);
    store<std::uint32_t>(argument, 12, sizeof data);
    store<std::uint32_t>(argument, 24, hardware.type);
    store<std::uint8_t>(argument, 28, hardware.pasid_width);
    store<std::uint64_t>(argument, 32, hardware.capabilities);
    return 0;
}

// All of the source has to be mapped, by however many calls; the kernel takes parts of mappings.
Outcome<int> FakeKernel::copy(IommufdFile& file, Bytes argument) const {
    const auto domain = file.domains.find(load<std::uint32_t>(argument, 8));
    if (domain == file.domains.end()) return refuse(ENOENT);
    if (load<std::uint32_t>(argument, 12) != address_space_id) return refuse(ENOENT);
    if ((load<std::uint32_t>(argument, 4) & 6) == 0) return refuse(EINVAL);
    const auto length = load<std::uint64_t>(argument, 16);
    const auto from = load<std::uint64_t>(argument, 32);
    for (auto at = from; at < from + length;) {
        auto source = file.maps.upper_bound(at);
        if (source == file.maps.begin()) return refuse(ENOENT);
        --source;
        if (source->first + source->second <= at) return refuse(ENOENT);
        at = source->first + source->second;
    }
    return map_memory(domain->second, load<std::uint64_t>(argument, 24), length);
}

// Mappings that the range cuts are not unmapped; an empty one is an error.
Outcome<int> FakeKernel::unmap_in(IommufdFile& file, Bytes argument) {
    const auto domain = file.domains.find(load<std::uint32_t>(argument, 4));
    if (domain == file.domains.end()) return refuse(ENOENT);
    const auto first = load<std::uint64_t>(argument, 8);
    const auto size = load<std::uint64_t>(argument, 16);
    auto& maps = domain->second;
    std::uint64_t gone = 0;
    for (auto map = maps.begin(); map != maps.end();) {
        if (map->first >= first + size || map->first + map->second <= first) {
            ++map;
            continue;
        }
        if (map->first < first || map->first + map->second > first + size) return refuse(ENOENT);
        gone += map->second;
        map = maps.erase(map);
    }
    if (gone == 0) return refuse(ENOENT);
    store<std::uint64_t>(argument, 16, gone);
    return 0;
}

bool FakeKernel::in_use(std::uint32_t id) const {
    return std::ranges::any_of(files_, [&](const auto& entry) {
        const auto* const file = std::get_if<DeviceFile>(&entry.second);
        return file != nullptr &&
               ((file->attached && file->place == id) ||
                std::ranges::any_of(file->pasids, [id](auto& one) { return one.second == id; }));
    });
}

// Source: drivers/iommu/iommufd/hw_pagetable.c of Linux 7.3.
Outcome<int> FakeKernel::make_table(IommufdFile& file, Bytes argument) const {
    const auto flags = load<std::uint32_t>(argument, 4);
    const auto space = load<std::uint32_t>(argument, 12);
    if (file.named_tables.contains(space)) return nest_table(file, argument);
    if (space != address_space_id && !file.domains.contains(space)) return refuse(ENOENT);
    if (flags == 0) {
        if (space != address_space_id) return refuse(EINVAL);  // Nobody of ours keeps one.
        file.page_table = true;
        store<std::uint32_t>(argument, 16, page_table_id);
        return 0;
    }
    const auto hardware = traits_.hardware.value_or(Hardware{});
    const bool pasids = (flags & 8) == 0 || (hardware.attaches_pasids && hardware.pasid_width != 0);
    const bool nests = (flags & 1) == 0 || (hardware.nests && (hardware.ecap_reg >> 26 & 1) != 0);
    if ((flags & ~9u) != 0 || !traits_.hardware || !pasids || !nests) return refuse(EOPNOTSUPP);
    file.named_tables[file.next_domain] = {.space = space, .nest_parent = (flags & 1) != 0};
    store<std::uint32_t>(argument, 16, file.next_domain++);
    return 0;
}

// Source: iommufd_hwpt_nested_alloc() there; drivers/iommu/intel/nested.c,
// intel_iommu_domain_alloc_nested().
Outcome<int> FakeKernel::nest_table(IommufdFile& file, Bytes argument) {
    const auto parent = load<std::uint32_t>(argument, 12);
    if (!file.named_tables.at(parent).nest_parent) return refuse(EINVAL);
    if ((load<std::uint32_t>(argument, 4) & ~8u) != 0) return refuse(EOPNOTSUPP);
    if (argument.size() < 40 || load<std::uint32_t>(argument, 24) != 1) return refuse(EOPNOTSUPP);
    if (load<std::uint32_t>(argument, 28) != 24) return refuse(EINVAL);
    std::array<std::byte, 24> data{};
    // SAFETY: the question says that so many bytes are at this address.
    std::memcpy(data.data(), std::bit_cast<void*>(load<std::uint64_t>(argument, 32)), data.size());
    const NamedTable table{.space = file.named_tables.at(parent).space,
                           .parent = parent,
                           .root = load<std::uint64_t>(data, 8),
                           .address_width = load<std::uint32_t>(data, 16),
                           .flags = load<std::uint64_t>(data, 0)};
    if (table.flags > 7 || load<std::uint32_t>(data, 20) != 0) return refuse(EOPNOTSUPP);
    if (table.address_width != 48 && table.address_width != 57) return refuse(EINVAL);
    file.named_tables[file.next_domain] = table;
    store<std::uint32_t>(argument, 16, file.next_domain++);
    return 0;
}

Outcome<int> FakeKernel::forget(IommufdFile& file, Bytes argument) {
    const auto found = file.named_tables.find(load<std::uint32_t>(argument, 4));
    if (found == file.named_tables.end()) return refuse(ENOENT);
    if (!found->second.parent || load<std::uint32_t>(argument, 16) != 0) return refuse(EINVAL);
    if (load<std::uint32_t>(argument, 20) != 24 || load<std::uint32_t>(argument, 24) != 1)
        return refuse(EINVAL);
    std::array<std::byte, 24> entry{};
    // SAFETY: the question says that one entry of this size is at this address.
    std::memcpy(entry.data(), std::bit_cast<void*>(load<std::uint64_t>(argument, 8)), entry.size());
    const auto at = load<std::uint64_t>(entry, 0);
    const auto pages = load<std::uint64_t>(entry, 8);
    // All of them are told of by their number alone.
    if (at % 4096 != 0 || (pages == ~0ull && at != 0)) return refuse(EINVAL);
    found->second.forgotten.emplace_back(at, pages);
    return 0;
}

Outcome<int> FakeKernel::take_out(IommufdFile& file, std::uint32_t id) const {
    if (in_use(id)) return refuse(EBUSY);
    if (id == page_table_id && file.page_table) {
        file.page_table = false;
        return 0;
    }
    if (std::ranges::any_of(file.named_tables, [id](auto& one) { return one.second.parent == id; }))
        return refuse(EBUSY);
    if (file.named_tables.erase(id) != 0) return 0;
    if (std::ranges::any_of(file.named_tables, [id](auto& one) { return one.second.space == id; }))
        return refuse(EBUSY);
    if (id == address_space_id) {
        if (file.page_table) return refuse(EBUSY);
        file.address_space = false;
        file.maps.clear();
        return 0;
    }
    return file.domains.erase(id) != 0 ? Outcome<int>{0} : refuse(ENOENT);
}

std::map<std::uint32_t, std::map<std::uint64_t, std::uint64_t>> FakeKernel::domains() const {
    for (const auto& [number, file] : files_)
        if (const auto* iommufd = std::get_if<IommufdFile>(&file)) return iommufd->domains;
    return {};
}

std::optional<std::uint32_t> FakeKernel::place_of(const std::string& address) const {
    for (const auto& [number, file] : files_)
        if (const auto* device = std::get_if<DeviceFile>(&file);
            device != nullptr && device->attached && device->function->address == address)
            return device->place;
    return std::nullopt;
}

std::map<std::uint32_t, std::uint32_t> FakeKernel::pasids_of(const std::string& address) const {
    for (const auto& [number, file] : files_)
        if (const auto* device = std::get_if<DeviceFile>(&file);
            device != nullptr && device->function->address == address)
            return device->pasids;
    return {};
}

std::optional<FakeKernel::NamedTable> FakeKernel::named_table(std::uint32_t table) const {
    for (const auto& [number, file] : files_)
        if (const auto* iommufd = std::get_if<IommufdFile>(&file))
            if (const auto found = iommufd->named_tables.find(table);
                found != iommufd->named_tables.end())
                return found->second;
    return std::nullopt;
}

std::optional<std::uint32_t> FakeKernel::space_of(std::uint32_t table) const {
    const auto found = named_table(table);
    return found ? std::optional{found->space} : std::nullopt;
}

Outcome<int> FakeKernel::iommufd_ioctl(IommufdFile& file, unsigned long request, Bytes argument) {
    if (request == ioas_alloc && file.address_space) {
        store<std::uint32_t>(argument, 8, file.next_domain);
        file.domains[file.next_domain++];
        return 0;
    }
    if (request == ioas_alloc) {
        file.address_space = true;
        store<std::uint32_t>(argument, 8, address_space_id);
        return 0;
    }
    if (request == get_hw_info) return hardware_info(argument);
    if (!file.address_space) return refuse(ENOENT);
    if (request == ioas_iova_ranges) {
        if (load<std::uint32_t>(argument, 8) < 1) return refuse(EMSGSIZE);
        store<std::uint32_t>(argument, 8, 1);
        const std::array<std::uint64_t, 2> range{traits_.first_iova, traits_.last_iova};
        // SAFETY: the question says that at least one range has room at this address.
        std::memcpy(std::bit_cast<void*>(load<std::uint64_t>(argument, 16)), range.data(),
                    sizeof range);
        return 0;
    }
    if (request == ioas_map && bar_at(load<std::uint64_t>(argument, 16)) != nullptr)
        return refuse(EFAULT);
    if (request == ioas_map)
        return map_memory(file.maps, load<std::uint64_t>(argument, 32),
                          load<std::uint64_t>(argument, 24));
    if (request == destroy) return take_out(file, load<std::uint32_t>(argument, 4));
    if (request == ioas_copy) return copy(file, argument);
    if (request == hwpt_alloc) return make_table(file, argument);
    if (request == hwpt_invalidate) return forget(file, argument);
    if (request == ioas_map_file && traits_.maps_files) return map_file(file.maps, argument);
    if (request != ioas_unmap) return refuse(ENOTTY);
    if (load<std::uint32_t>(argument, 4) != address_space_id) return unmap_in(file, argument);
    const auto found = file.maps.find(load<std::uint64_t>(argument, 8));
    if (found == file.maps.end()) return refuse(ENOENT);
    if (found->second != load<std::uint64_t>(argument, 16)) return refuse(EINVAL);
    file.maps.erase(found);
    return 0;
}

}  // namespace tenon::support
