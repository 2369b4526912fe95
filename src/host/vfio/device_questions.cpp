#include "host/vfio/device_questions.hpp"

#include <array>
#include <cerrno>
#include <utility>

#include "base/bytes.hpp"
#include "host/vfio/info_chain.hpp"
#include "host/vfio/vfio_abi.hpp"

namespace tenon::host::vfio {
namespace {

using device::RegionFacts;

// 32 devices of 8 functions on each bus; a bridge below is rare, and no more than that many.
constexpr std::uint32_t most_on_bus = 4096;

template <typename T>
T fixed_part(std::span<const std::byte> answer) {
    T fixed{};
    std::memcpy(&fixed, answer.data(), sizeof fixed);
    return fixed;
}

Result<std::vector<device::MmapArea>> sparse_areas(std::span<const std::byte> capability,
                                                   std::uint64_t region_size) {
    if (capability.size() < abi::sparse_areas) return malformed("its list of areas is cut off");
    const std::size_t count = load<std::uint32_t>(capability, abi::sparse_areas_count);
    const auto list = capability.subspan(abi::sparse_areas);
    if (count > list.size() / sizeof(::vfio_region_sparse_mmap_area))
        return malformed("its list of {} areas is cut off", count);
    std::vector<device::MmapArea> areas;
    for (std::size_t n = 0; n < count; ++n) {
        const auto entry = list.subspan(n * sizeof(::vfio_region_sparse_mmap_area));
        const device::MmapArea area{.offset = load<std::uint64_t>(entry, 0),
                                    .size = load<std::uint64_t>(entry, 8)};
        if (area.offset > region_size || area.size > region_size - area.offset)
            return malformed("area {:#x}+{:#x} is not inside its {:#x} bytes", area.offset,
                             area.size, region_size);
        if (area.size != 0) areas.push_back(area);
    }
    return areas;
}

// Reads what the capabilities of a region's answer say into `region`.
Result<RegionFacts> with_capabilities(RegionFacts region, std::span<const std::byte> answer,
                                      std::uint32_t first) {
    TENON_TRY(capabilities, list_info_capabilities(answer, first, sizeof(::vfio_region_info)), "");
    for (const auto& capability : capabilities) {
        if (capability.id == VFIO_REGION_INFO_CAP_MSIX_MAPPABLE) region.msix_table_mappable = true;
        if (capability.id != VFIO_REGION_INFO_CAP_SPARSE_MMAP) continue;
        TENON_TRY(areas, sparse_areas(capability.bytes, region.size), "");
        // A list without an area that can be mapped must not read as "all of it".
        if (areas.empty()) region.mappable = false;
        region.areas = std::move(areas);
    }
    return region;
}

}  // namespace

Result<device::DeviceInfo> ask_device_info(Kernel& kernel, int file) {
    const abi::DeviceInfo question{};
    TENON_TRY(
        answer,
        ask_growing(kernel, file, VFIO_DEVICE_GET_INFO, bytes_of(question), "VFIO_DEVICE_GET_INFO"),
        "");
    const auto fixed = fixed_part<abi::DeviceInfo>(answer);
    if ((fixed.flags & VFIO_DEVICE_FLAGS_PCI) == 0 || fixed.num_regions <= device::config_region)
        return fail(Error::Kind::Unsupported, "VFIO says that it is not a PCI function");

    device::DeviceInfo info{.can_reset = (fixed.flags & VFIO_DEVICE_FLAGS_RESET) != 0,
                            .atomic_completer = std::nullopt};
    if ((fixed.flags & VFIO_DEVICE_FLAGS_CAPS) == 0) return info;
    TENON_TRY(capabilities, list_info_capabilities(answer, fixed.cap_offset, sizeof fixed),
              "VFIO_DEVICE_GET_INFO");
    for (const auto& capability : capabilities) {
        if (capability.id != abi::device_info_atomic_completer) continue;
        if (capability.bytes.size() < sizeof(abi::AtomicCompleter))
            return malformed("VFIO_DEVICE_GET_INFO: the AtomicOps capability is cut off");
        info.atomic_completer = fixed_part<abi::AtomicCompleter>(capability.bytes).flags;
    }
    return info;
}

Result<RegionFacts> ask_region(Kernel& kernel, int file, unsigned index) {
    const auto name = name_of_region(index);
    ::vfio_region_info question{};
    question.index = index;
    TENON_TRY(answer,
              ask_growing(kernel, file, VFIO_DEVICE_GET_REGION_INFO, bytes_of(question), name), "");
    const auto fixed = fixed_part<::vfio_region_info>(answer);
    RegionFacts region{
        .size = fixed.size,
        .offset = fixed.offset,
        .readable = (fixed.flags & VFIO_REGION_INFO_FLAG_READ) != 0,
        .writable = (fixed.flags & VFIO_REGION_INFO_FLAG_WRITE) != 0,
        .mappable = (fixed.flags & VFIO_REGION_INFO_FLAG_MMAP) != 0,
        .areas = {},
    };
    if (fixed.offset > ~fixed.size) return malformed("{}: its offset and size wrap", name);
    if ((fixed.flags & VFIO_REGION_INFO_FLAG_CAPS) == 0) return region;
    TENON_TRY(complete, with_capabilities(std::move(region), answer, fixed.cap_offset), name);
    return complete;
}

Result<device::IrqFacts> ask_irq(Kernel& kernel, int file, device::IrqIndex index) {
    ::vfio_irq_info info{};
    info.argsz = sizeof info;
    info.index = std::to_underlying(index);
    const auto asked = ioctl(kernel, file, VFIO_DEVICE_GET_IRQ_INFO, info);
    // The kernel refuses the error interrupt of a function that is not PCI Express.
    if (!asked && asked.error() == EINVAL) return device::IrqFacts{};
    if (!asked) return fail_system(asked.error(), name_of(index));
    return device::IrqFacts{
        .count = info.count,
        .eventfd = (info.flags & VFIO_IRQ_INFO_EVENTFD) != 0,
        .maskable = (info.flags & VFIO_IRQ_INFO_MASKABLE) != 0,
        .automasked = (info.flags & VFIO_IRQ_INFO_AUTOMASKED) != 0,
        .noresize = (info.flags & VFIO_IRQ_INFO_NORESIZE) != 0,
    };
}

Known<bool> ask_bar_files(Kernel& kernel, int file) {
    abi::FeatureProbe question{.argsz = sizeof question,
                               .flags = VFIO_DEVICE_FEATURE_PROBE | abi::get_dma_buf};
    const auto asked = ioctl(kernel, file, VFIO_DEVICE_FEATURE, question);
    if (asked) return true;
    // The first by a kernel, the second by a driver that does not know it.
    if (asked.error() == ENOTTY || asked.error() == EOPNOTSUPP) return false;
    return Unknown{system_error(asked.error(), "asking VFIO for dma-bufs of BARs").what};
}

Result<std::vector<HotResetMember>> ask_hot_reset(Kernel& kernel, int file) {
    constexpr auto what = "VFIO_DEVICE_GET_PCI_HOT_RESET_INFO";
    using Entry = ::vfio_pci_dependent_device;
    ::vfio_pci_hot_reset_info head{};
    std::size_t room = 0;
    for (;;) {
        std::vector<std::byte> answer(sizeof head + room * sizeof(Entry));
        head = {};
        head.argsz = static_cast<std::uint32_t>(answer.size());
        std::memcpy(answer.data(), &head, sizeof head);
        const auto asked = kernel.ioctl(file, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, answer);
        head = fixed_part<::vfio_pci_hot_reset_info>(answer);
        if (!asked && (asked.error() != ENOSPC || head.count <= room || head.count > most_on_bus))
            return fail_system(asked.error(), what);
        if (!asked) {
            room = head.count;
            continue;
        }
        if (head.count > room)
            return malformed("{}: {} functions in the room of {}", what, head.count, room);
        std::vector<HotResetMember> members;
        for (std::size_t n = 0; n < head.count; ++n) {
            const auto entry =
                fixed_part<Entry>(std::span{answer}.subspan(sizeof head + n * sizeof(Entry)));
            members.push_back({.address = {.domain = entry.segment,
                                           .bus = entry.bus,
                                           .device = static_cast<std::uint8_t>(entry.devfn >> 3),
                                           .function = static_cast<std::uint8_t>(entry.devfn & 7)},
                               .strange = (head.flags & abi::hot_reset_device_ids) != 0 &&
                                          entry.group_id == abi::hot_reset_not_owned});
        }
        return members;
    }
}

std::string name_of_region(unsigned index) {
    if (index < device::bar_count) return fmt::format("BAR {}", index);
    if (index == device::rom_region) return "ROM";
    if (index == device::config_region) return "configuration space";
    return fmt::format("region {}", index);
}

std::string name_of(device::IrqIndex index) {
    static constexpr std::array<const char*, device::irq_index_count> names{
        "INTx", "MSI", "MSI-X", "error interrupt", "request interrupt"};
    return names.at(std::to_underlying(index));
}

}  // namespace tenon::host::vfio
