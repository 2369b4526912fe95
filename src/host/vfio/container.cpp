#include "host/vfio/container.hpp"

#include <bit>
#include <cerrno>
#include <utility>

#include "base/bytes.hpp"
#include "base/undo.hpp"
#include "device/untold_iommu.hpp"
#include "host/advice.hpp"
#include "host/vfio/info_chain.hpp"
#include "host/vfio/vfio_abi.hpp"

namespace tenon::host::vfio {
namespace {

constexpr auto no_remapping =
    "The host's IOMMU may lack interrupt remapping: enable it in the firmware (x2APIC, VT-d)";

}  // namespace

Result<std::shared_ptr<Container>> Container::open(Kernel& kernel, const HostPaths& paths) {
    const std::string node = paths.dev + "/vfio/vfio";
    const auto number = kernel.open(node);
    if (!number) return std::unexpected(cannot_open(number.error(), node));
    KernelFile file{kernel, *number};

    const auto version = kernel.ioctl(file.number(), VFIO_GET_API_VERSION, 0ul);
    if (!version) return fail_system(version.error(), node + ": asking for the version");
    if (*version != VFIO_API_VERSION)
        return fail(Error::Kind::Unsupported, "{}: VFIO of version {}, not 0", node, *version);
    const auto type1 = kernel.ioctl(file.number(), VFIO_CHECK_EXTENSION,
                                    static_cast<unsigned long>(VFIO_TYPE1v2_IOMMU));
    if (!type1) return fail_system(type1.error(), node + ": asking for the type 1 IOMMU");
    if (*type1 == 0)
        return std::unexpected(Error{.kind = Error::Kind::Unsupported,
                                     .what = node + ": no type 1 IOMMU",
                                     .os_error = 0,
                                     .hint = "Load its driver: modprobe vfio_iommu_type1"});
    return std::shared_ptr<Container>{new Container{kernel, std::move(file)}};
}

Result<void> Container::join(int group) {
    int container = file_.number();
    const auto set = ioctl(kernel_, group, VFIO_GROUP_SET_CONTAINER, container);
    if (!set)
        return fail_system(set.error(), "putting the group into the container",
                           set.error() == EPERM ? no_remapping : "");
    Undo undo;
    undo.add([this, group] { leave(group); });
    {
        const MutexLock lock{mutex_};
        if (++members_ == 1) TENON_TRY_DO(start(), "");
    }
    undo.commit();
    return {};
}

void Container::leave(int group) {
    // Should it fail, closing the group's file does the same.
    [[maybe_unused]] const auto left = kernel_.ioctl(group, VFIO_GROUP_UNSET_CONTAINER, 0ul);
    const MutexLock lock{mutex_};
    --members_;
}

Result<void> Container::start() {
    const auto set = kernel_.ioctl(file_.number(), VFIO_SET_IOMMU,
                                   static_cast<unsigned long>(VFIO_TYPE1v2_IOMMU));
    if (!set)
        return fail_system(set.error(), "setting the container's IOMMU",
                           set.error() == EPERM ? no_remapping : "");
    for (const auto& [at, entry] : maps_)
        TENON_TRY_DO(map_memory(at, entry), "");
    return {};
}

Result<void> Container::map_memory(Iova at, const DmaEntry& entry) {
    const auto mapped = map_in_kernel(at, entry);
    if (mapped) return {};
    return std::unexpected(cannot_map(mapped.error(), at, maps_, entry.bytes.size(),
                                      lock_limit_of(kernel_), windows()));
}

Result<void> Container::map(Iova at, const device::DmaMemory& memory) {
    return add(at, {.bytes = memory.bytes});
}

Result<void> Container::add(Iova at, const DmaEntry& entry) {
    const MutexLock lock{mutex_};
    TENON_TRY_DO(check_map(maps_, at, entry.bytes), "");
    if (members_ != 0) TENON_TRY_DO(map_memory(at, entry), "");
    maps_.emplace(at, entry);
    return {};
}

Result<void> Container::map_bar(Iova at, const device::DmaMemory& bar) {
    const DmaEntry entry{.bytes = bar.bytes};
    const MutexLock lock{mutex_};
    TENON_TRY_DO(check_map(maps_, at, entry.bytes), "");
    if (members_ != 0)
        if (const auto mapped = map_in_kernel(at, entry); !mapped)
            return std::unexpected(
                cannot_map_bar(mapped.error(), at, entry.bytes.size(), windows()));
    maps_.emplace(at, entry);
    return {};
}

Outcome<int> Container::map_in_kernel(Iova at, const DmaEntry& entry) {
    ::vfio_iommu_type1_dma_map request{};
    request.argsz = sizeof request;
    request.flags = (entry.rights.read ? VFIO_DMA_MAP_FLAG_READ : 0u) |
                    (entry.rights.write ? VFIO_DMA_MAP_FLAG_WRITE : 0u);
    request.vaddr = std::bit_cast<std::uintptr_t>(entry.bytes.data());
    request.iova = at.value();
    request.size = entry.bytes.size();
    // SAFETY: the memory is the caller's, who unmaps it before it goes.
    return ioctl(kernel_, file_.number(), VFIO_IOMMU_MAP_DMA, request);
}

Result<void> Container::unmap(Iova at, std::uint64_t size) {
    const MutexLock lock{mutex_};
    const auto range = whole_mappings(maps_, at, size);
    if (!range)
        return fail_system(ENOENT, fmt::format("unmapping {:#x} bytes at {:#x}", size, at.value()));
    return unmap_range(*range);
}

Result<void> Container::unmap_range(const DmaRange& range) {
    const auto what = fmt::format("unmapping {:#x} bytes at {:#x}", range.size, range.at.value());
    if (members_ != 0) {
        ::vfio_iommu_type1_dma_unmap request{};
        request.argsz = sizeof request;
        request.iova = range.at.value();
        request.size = range.size;
        const auto unmapped = ioctl(kernel_, file_.number(), VFIO_IOMMU_UNMAP_DMA, request);
        if (!unmapped) return fail_system(unmapped.error(), what);
        if (request.size != range.mapped)
            return fail(Error::Kind::Io, "{}: the kernel unmapped {:#x}", what, request.size);
    }
    maps_.erase(maps_.find(range.at), maps_.lower_bound(Iova{range.at.value() + range.size}));
    return {};
}

Result<void> Container::replace(const DmaMaps& wanted) {
    const MutexLock lock{mutex_};
    auto changed = change_to(wanted);
    if (changed || wanted.empty() || maps_.empty()) return changed;
    // A part of either would be more than nothing, and not what was asked for.
    [[maybe_unused]] const auto emptied = change_to({});
    return changed;
}

Result<void> Container::change_to(const DmaMaps& wanted) {
    const auto changes = changes_between(maps_, wanted);
    for (const auto& range : changes.unmap)
        TENON_TRY_DO(unmap_range(range), "");
    for (const auto& [at, entry] : changes.map) {
        if (members_ != 0) TENON_TRY_DO(map_memory(at, entry), "");
        maps_.emplace(at, entry);
    }
    return {};
}

device::IommuFacts Container::facts() const {
    device::IommuFacts facts;
    leave_untold(facts, Unknown{"the group interface of VFIO does not tell; iommu=iommufd may"});
    facts.iova = iova_facts(windows());
    facts.bar_maps = bar_maps();
    abi::IommuInfo info{.argsz = sizeof info};
    if (!ioctl(kernel_, file_.number(), VFIO_IOMMU_GET_INFO, info)) return facts;
    if ((info.flags & VFIO_IOMMU_INFO_PGSIZES) != 0) facts.page_sizes = info.iova_page_sizes;
    return facts;
}

std::vector<IovaWindow> Container::windows() const {
    // For a message only: what cannot be read is left out of it.
    const abi::IommuInfo question{};
    const auto answer =
        ask_growing(kernel_, file_.number(), VFIO_IOMMU_GET_INFO, bytes_of(question), "IOMMU");
    if (!answer) return {};
    const auto flags = load<std::uint32_t>(*answer, 4);
    if ((flags & abi::iommu_info_caps) == 0) return {};
    const auto first = load<std::uint32_t>(*answer, offsetof(abi::IommuInfo, cap_offset));
    const auto capabilities = list_info_capabilities(*answer, first, 20);
    if (!capabilities) return {};
    std::vector<IovaWindow> found;
    for (const auto& capability : *capabilities) {
        if (capability.id != abi::iommu_info_iova_range || capability.bytes.size() < 16) continue;
        const auto list = capability.bytes.subspan(16);
        const auto count = std::min<std::size_t>(load<std::uint32_t>(capability.bytes, 8),
                                                 list.size() / sizeof(IovaWindow));
        for (std::size_t n = 0; n < count; ++n)
            found.push_back({.first = load<std::uint64_t>(list, n * 16),
                             .last = load<std::uint64_t>(list, n * 16 + 8)});
    }
    return found;
}

}  // namespace tenon::host::vfio
