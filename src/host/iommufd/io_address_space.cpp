#include "host/iommufd/io_address_space.hpp"

#include <bit>
#include <cerrno>
#include <utility>

#include "host/advice.hpp"
#include "host/iommufd/iommufd_abi.hpp"

namespace tenon::host {
namespace {

// More ranges than any host has; for a message only.
constexpr std::size_t most_windows = 64;

// 4 KiB always; bits 34 and 35 of the Capability Register add 2 MiB and 1 GiB.
// Source: Intel VT-d specification 4.1, 11.4.2.1 (SSLPS).
std::uint64_t page_sizes_of(std::uint64_t capability_register) {
    return std::uint64_t{1} << 12 | (capability_register >> 34 & 1) << 21 |
           (capability_register >> 35 & 1) << 30;
}

}  // namespace

Result<std::shared_ptr<IoAddressSpace>> IoAddressSpace::open(Kernel& kernel,
                                                             const HostPaths& paths) {
    const std::string node = paths.dev + "/iommu";
    const auto number = kernel.open(node);
    if (!number) return std::unexpected(cannot_open(number.error(), node));
    KernelFile file{kernel, *number};
    abi::IoasAlloc request{.size = sizeof request, .flags = 0, .out_ioas_id = 0};
    const auto made = ioctl(kernel, file.number(), abi::ioas_alloc, request);
    if (!made) return fail_system(made.error(), node + ": making an address space");
    return std::shared_ptr<IoAddressSpace>{
        new IoAddressSpace{kernel, std::move(file), request.out_ioas_id}};
}

Result<void> IoAddressSpace::map(Iova at, std::span<std::byte> memory) {
    TENON_TRY_DO(check_map(maps_, at, memory), "");
    abi::IoasMap request{
        .size = sizeof request,
        .flags = abi::ioas_map_fixed_iova | abi::ioas_map_writeable | abi::ioas_map_readable,
        .ioas_id = id_,
        .reserved = 0,
        .user_va = std::bit_cast<std::uintptr_t>(memory.data()),
        .length = memory.size(),
        .iova = at.value(),
    };
    // SAFETY: the memory is the caller's, who unmaps it before it goes.
    const auto mapped = ioctl(kernel_, file_.number(), abi::ioas_map, request);
    if (!mapped)
        return std::unexpected(
            cannot_map(mapped.error(), at, maps_, memory.size(), kernel_.lock_limit(), windows()));
    maps_.emplace(at, memory);
    return {};
}

Result<void> IoAddressSpace::unmap(Iova at, std::uint64_t size) {
    const auto what =
        fmt::format("unmapping {:#x} bytes of guest memory at {:#x}", size, at.value());
    const auto found = maps_.find(at);
    if (found == maps_.end() || found->second.size() != size) return fail_system(ENOENT, what);
    abi::IoasUnmap request{
        .size = sizeof request, .ioas_id = id_, .iova = at.value(), .length = size};
    const auto unmapped = ioctl(kernel_, file_.number(), abi::ioas_unmap, request);
    if (!unmapped) return fail_system(unmapped.error(), what);
    if (request.length != size)
        return fail(Error::Kind::Io, "{}: the kernel unmapped {:#x}", what, request.length);
    maps_.erase(found);
    return {};
}

std::vector<IovaWindow> IoAddressSpace::windows() const {
    std::vector<IovaWindow> windows(most_windows);
    abi::IoasIovaRanges request{
        .size = sizeof request,
        .ioas_id = id_,
        .num_iovas = most_windows,
        .reserved = 0,
        .allowed_iovas = std::bit_cast<std::uintptr_t>(windows.data()),
        .out_iova_alignment = 0,
    };
    static_assert(sizeof(IovaWindow) == sizeof(abi::IovaRange));
    // SAFETY: the kernel fills in at most num_iovas ranges, which is how many there is room for.
    const auto asked = ioctl(kernel_, file_.number(), abi::ioas_iova_ranges, request);
    if (!asked || request.num_iovas > most_windows) return {};
    windows.resize(request.num_iovas);
    return windows;
}

device::IommuFacts IoAddressSpace::facts(std::uint32_t device_id) const {
    device::IommuFacts facts;
    facts.iova = iova_facts(windows());
    // NOLINTNEXTLINE(misc-const-correctness): the kernel writes it through the address below.
    abi::HwInfoIntel intel{};
    abi::GetHwInfo request{
        .size = sizeof request,
        .dev_id = device_id,
        .data_len = sizeof intel,
        .data_uptr = std::bit_cast<std::uintptr_t>(&intel),
    };
    // SAFETY: the kernel fills in at most data_len bytes, which is what there is room for.
    const auto asked = ioctl(kernel_, file_.number(), abi::get_hw_info, request);
    if (!asked) {
        const Unknown why{system_error(asked.error(), "asking iommufd about the IOMMU").what};
        facts.pasid = why;
        facts.ats = why;
        facts.dirty_tracking = why;
        facts.kind = why;
        facts.page_sizes = why;
        return facts;
    }
    const auto has = [&](std::uint64_t bit) { return (request.out_capabilities & bit) != 0; };
    facts.pasid = device::PasidFacts{.width = request.out_max_pasid_log2,
                                     .execute = has(abi::hw_pasid_exec),
                                     .privileged = has(abi::hw_pasid_priv)};
    // Kernels before 7.1 never set the bit; then ATS may be supported.
    facts.ats = has(abi::hw_ats_not_supported)
                    ? Known<bool>{false}
                    : Unknown{"the kernel does not say that it is unsupported"};
    facts.dirty_tracking = has(abi::hw_dirty_tracking);
    facts.kind = request.out_data_type;
    facts.page_sizes = request.out_data_type == abi::hw_info_type_intel
                           ? Known<std::uint64_t>{page_sizes_of(intel.cap_reg)}
                           : Unknown{"iommufd tells them of an Intel IOMMU only"};
    return facts;
}

}  // namespace tenon::host
