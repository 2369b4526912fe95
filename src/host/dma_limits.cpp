#include "host/dma_limits.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <iterator>

#include "base/file.hpp"
#include "base/text.hpp"

namespace tenon::host {
namespace {

constexpr std::uint64_t page = 4096;

bool inside(const std::vector<IovaWindow>& windows, std::uint64_t first, std::uint64_t last) {
    return std::ranges::any_of(windows, [&](const IovaWindow& window) {
        return window.first <= first && last <= window.last;
    });
}

std::string list(const std::vector<IovaWindow>& windows) {
    std::string text;
    for (const auto& window : windows)
        text += fmt::format("{}{:#x}-{:#x}", text.empty() ? "" : ", ", window.first, window.last);
    return text;
}

// "VmLck:    64 kB" of /proc/self/status.
std::uint64_t locked_now(const HostPaths& paths) {
    const auto status = read_file(paths.proc + "/self/status", std::size_t{64} * 1024);
    if (!status) return 0;
    for (const auto line : split(*status, '\n')) {
        constexpr std::string_view key = "VmLck:";
        if (!line.starts_with(key)) continue;
        const auto words = split(trimmed(line.substr(key.size())), ' ');
        return parse_number(words.front()).value_or(0) * 1024;
    }
    return 0;
}

Known<std::uint32_t> entry_limit(const HostPaths& paths) {
    const auto text =
        read_attribute(paths.sysfs + "/module/vfio_iommu_type1/parameters/dma_entry_limit");
    if (!text) return Unknown{text.error().what};
    const auto number = parse_number(*text);
    if (!number || *number > 0xffffffff) return Unknown{fmt::format("\"{}\" is no count", *text)};
    return static_cast<std::uint32_t>(*number);
}

}  // namespace

device::DmaLimits read_dma_limits(Kernel& kernel, const HostPaths& paths) {
    return {.lock_limit = kernel.lock_limit(),
            .lock_limit_applies = kernel.lock_limit_applies(),
            .locked = locked_now(paths),
            .entries = entry_limit(paths)};
}

std::uint64_t lock_limit_of(Kernel& kernel) {
    return kernel.lock_limit_applies() ? kernel.lock_limit() : ~0ull;
}

Known<std::vector<device::IovaRange>> iova_facts(const std::vector<IovaWindow>& windows) {
    if (windows.empty()) return Unknown{"the kernel does not tell"};
    std::vector<device::IovaRange> ranges;
    ranges.reserve(windows.size());
    for (const auto& window : windows)
        ranges.push_back({.first = window.first, .last = window.last});
    return ranges;
}

Result<void> check_map(const DmaMaps& maps, Iova at, std::span<std::byte> memory) {
    const auto start = std::bit_cast<std::uintptr_t>(memory.data());
    const std::uint64_t size = memory.size();
    if (size == 0 || size % page != 0 || at.value() % page != 0 || start % page != 0 ||
        size - 1 > ~at.value())
        return malformed("memory of {:#x} bytes at {:#x} is not in whole pages", size, at.value());
    const auto next = maps.lower_bound(at);
    const bool hits_next = next != maps.end() && next->first.value() - at.value() < size;
    const bool hits_previous = next != maps.begin() && at.value() - std::prev(next)->first.value() <
                                                           std::prev(next)->second.bytes.size();
    if (hits_next || hits_previous)
        return malformed("memory of {:#x} bytes at {:#x} overlaps what is mapped", size,
                         at.value());
    return {};
}

Error cannot_map_bar(int os_error, Iova at, std::uint64_t size,
                     const std::vector<IovaWindow>& windows) {
    auto error = system_error(
        os_error, fmt::format("mapping {} of it at {:#x} for DMA", format_size(size), at.value()));
    // Nothing answers there for the kernel to take: by address, and by file.
    if (os_error == EFAULT || os_error == ENODEV)
        error.hint = "The kernel maps no BAR of a device that does not decode memory";
    if (os_error == EFAULT)
        error.hint += ", and none in a container that iommufd makes (IOMMUFD_VFIO_CONTAINER)";
    if (!windows.empty() && !inside(windows, at.value(), at.value() + size - 1))
        error.hint = fmt::format("The host's IOMMU translates only {}", list(windows));
    return error;
}

Error cannot_map(int os_error, Iova at, const DmaMaps& maps, std::uint64_t size,
                 std::uint64_t lock_limit, const std::vector<IovaWindow>& windows) {
    auto error = system_error(os_error, fmt::format("mapping {} of guest memory at {:#x} for DMA",
                                                    format_size(size), at.value()));
    std::uint64_t needed = size;
    for (const auto& [start, entry] : maps)
        needed += entry.bytes.size();
    const std::uint64_t last = at.value() + size - 1;
    if (os_error == ENOMEM && lock_limit < needed)
        error.hint = fmt::format(
            "All guest memory is locked: {} are needed, the limit is {}. Raise it (ulimit -l {}, "
            "or LimitMEMLOCK= of the service), or give the guest less memory",
            format_size(needed), format_size(lock_limit), needed / 1024);
    else if (os_error == ENOMEM)
        error.hint = "The host has not enough free memory to lock all guest memory";
    else if (os_error == ENOSPC)
        error.hint =
            "The kernel's limit of mappings is reached: raise "
            "/sys/module/vfio_iommu_type1/parameters/dma_entry_limit";
    else if (!windows.empty() && !inside(windows, at.value(), last))
        error.hint = fmt::format("The host's IOMMU translates only {}", list(windows));
    return error;
}

}  // namespace tenon::host
