#include "host/iommufd/io_address_space.hpp"

#include <bit>
#include <cerrno>
#include <utility>

#include "base/file.hpp"
#include "host/advice.hpp"
#include "host/iommufd/io_domain.hpp"
#include "host/iommufd/iommufd_abi.hpp"
#include "host/iommufd/nested_domain.hpp"
#include "host/kernel_release.hpp"

namespace tenon::host::iommufd {
namespace {

// More ranges than any host has; for a message only.
constexpr std::size_t most_windows = 64;

// 4 KiB always; bits 34 and 35 of the Capability Register add 2 MiB and 1 GiB.
// Source: Intel VT-d specification 4.1, 11.4.2.1 (SSLPS).
std::uint64_t page_sizes_of(std::uint64_t capability_register) {
    return std::uint64_t{1} << 12 | (capability_register >> 34 & 1) << 21 |
           (capability_register >> 35 & 1) << 30;
}

// Of Extended Capability: nesting, scalable mode, first-stage tables.
// Source: Intel VT-d specification 4.1, 11.4.3 (NEST, SMTS, FSTS).
constexpr std::uint64_t nesting = 1ull << 26 | 1ull << 43 | 1ull << 47;

constexpr auto map_flags =
    abi::ioas_map_fixed_iova | abi::ioas_map_writeable | abi::ioas_map_readable;

bool has(const abi::GetHwInfo& told, std::uint64_t bit) {
    return (told.out_capabilities & bit) != 0;
}

// Why a kernel of this release leaves a question open; none if it answers it.
std::optional<Unknown> left_open(const std::string& release, const KernelRelease& tells,
                                 std::string_view what) {
    const auto parsed = KernelRelease::parse(release);
    if (!parsed)
        return Unknown{
            fmt::format("the release of the kernel is not known, and kernels before "
                        "{}.{} do not tell {}",
                        tells.major, tells.minor, what)};
    if (*parsed >= tells) return std::nullopt;
    return Unknown{fmt::format("Linux {} does not tell {}: kernels before {}.{} do not", release,
                               what, tells.major, tells.minor)};
}

Known<bool> ats_of(const abi::GetHwInfo& told, const std::string& release) {
    // Some older kernels have the bit from a newer one; that it is set counts in any.
    if (has(told, abi::hw_ats_not_supported)) return false;
    if (auto open = left_open(release, tells_ats, "whether ATS is supported")) return *open;
    return true;
}

Known<device::PasidFacts> pasid_of(const abi::GetHwInfo& told, const std::string& release) {
    if (told.out_max_pasid_log2 == 0)
        if (auto open = left_open(release, tells_pasid, "what PASIDs are taken")) return *open;
    return device::PasidFacts{.width = told.out_max_pasid_log2,
                              .execute = has(told, abi::hw_pasid_exec),
                              .privileged = has(told, abi::hw_pasid_priv)};
}

}  // namespace

Result<std::shared_ptr<IoAddressSpace>> IoAddressSpace::open(Kernel& kernel,
                                                             const HostPaths& paths) {
    const std::string node = paths.dev + "/iommu";
    const auto number = kernel.open(node);
    if (!number) return std::unexpected(cannot_open(number.error(), node));
    return make_in(kernel, paths, KernelFile{kernel, *number}, node);
}

Result<std::shared_ptr<IoAddressSpace>> IoAddressSpace::adopt(Kernel& kernel,
                                                              const HostPaths& paths,
                                                              KernelFile file) {
    const auto what = fmt::format("file {}", file.number());
    return make_in(kernel, paths, std::move(file), what);
}

Result<std::shared_ptr<IoAddressSpace>> IoAddressSpace::make_in(Kernel& kernel,
                                                                const HostPaths& paths,
                                                                KernelFile file,
                                                                std::string_view what) {
    abi::IoasAlloc request{.size = sizeof request, .flags = 0, .out_ioas_id = 0};
    const auto made = ioctl(kernel, file.number(), abi::ioas_alloc, request);
    if (!made) return fail_system(made.error(), fmt::format("{}: making an address space", what));
    auto release = read_attribute(paths.proc + "/sys/kernel/osrelease");
    return std::shared_ptr<IoAddressSpace>{new IoAddressSpace{
        kernel, std::move(file), request.out_ioas_id, std::move(release).value_or("")}};
}

IoAddressSpace::~IoAddressSpace() {
    // Closing does the same, unless somebody else has the file open as well.
    tables_.clear();
    if (const MutexLock lock{mutex_}; page_table_) {
        abi::Destroy kept{.size = sizeof kept, .id = *page_table_};
        [[maybe_unused]] const auto done = ioctl(kernel_, file_.number(), abi::destroy, kept);
    }
    abi::Destroy request{.size = sizeof request, .id = id_};
    [[maybe_unused]] const auto gone = ioctl(kernel_, file_.number(), abi::destroy, request);
}

Result<void> IoAddressSpace::map(Iova at, const device::DmaMemory& memory) {
    const MutexLock lock{mutex_};
    TENON_TRY_DO(check_map(maps_, at, memory.bytes), "");
    const auto mapped = map_in_kernel(at, memory);
    if (!mapped)
        return std::unexpected(cannot_map(mapped.error(), at, maps_, memory.bytes.size(),
                                          lock_limit_of(kernel_), windows()));
    maps_.emplace(at, DmaEntry{memory.bytes});
    return {};
}

Result<void> IoAddressSpace::map_bar(Iova at, const device::DmaMemory& bar) {
    const MutexLock lock{mutex_};
    TENON_TRY_DO(check_map(maps_, at, bar.bytes), "");
    if (const auto mapped = map_file(at, bar); !mapped)
        return std::unexpected(cannot_map_bar(mapped.error(), at, bar.bytes.size(), windows()));
    maps_.emplace(at, DmaEntry{bar.bytes});
    return {};
}

Outcome<int> IoAddressSpace::map_in_kernel(Iova at, const device::DmaMemory& memory) {
    if (memory.file != device::DmaMemory::no_file && maps_files_) {
        auto mapped = map_file(at, memory);
        if (mapped || mapped.error() != ENOTTY) return mapped;
        maps_files_ = false;
    }
    abi::IoasMap request{.size = sizeof request,
                         .flags = map_flags,
                         .ioas_id = id_,
                         .reserved = 0,
                         .user_va = std::bit_cast<std::uintptr_t>(memory.bytes.data()),
                         .length = memory.bytes.size(),
                         .iova = at.value()};
    // SAFETY: the memory is the caller's, who unmaps it before it goes.
    return ioctl(kernel_, file_.number(), abi::ioas_map, request);
}

Outcome<int> IoAddressSpace::map_file(Iova at, const device::DmaMemory& memory) {
    abi::IoasMapFile request{.size = sizeof request,
                             .flags = map_flags,
                             .ioas_id = id_,
                             .fd = memory.file,
                             .start = memory.offset,
                             .length = memory.bytes.size(),
                             .iova = at.value()};
    return ioctl(kernel_, file_.number(), abi::ioas_map_file, request);
}

Result<void> IoAddressSpace::unmap(Iova at, std::uint64_t size) {
    const auto what = fmt::format("unmapping {:#x} bytes at {:#x}", size, at.value());
    const MutexLock lock{mutex_};
    const auto found = maps_.find(at);
    if (found == maps_.end() || found->second.bytes.size() != size)
        return fail_system(ENOENT, what);
    abi::IoasUnmap request{
        .size = sizeof request, .ioas_id = id_, .iova = at.value(), .length = size};
    const auto unmapped = ioctl(kernel_, file_.number(), abi::ioas_unmap, request);
    if (!unmapped) return fail_system(unmapped.error(), what);
    if (request.length != size)
        return fail(Error::Kind::Io, "{}: the kernel unmapped {:#x}", what, request.length);
    maps_.erase(found);
    return {};
}

Result<std::unique_ptr<device::Domain>> IoAddressSpace::make_domain() {
    TENON_TRY(domain, IoDomain::create(kernel_, file_.number(), id_), "");
    return std::move(domain);
}

Result<std::unique_ptr<device::Domain>> IoAddressSpace::make_nested(
    const device::FirstStageTables& tables) {
    return std::make_unique<NestedDomain>(kernel_, file_.number(), tables_, tables);
}

// The kernel empties an address space from the IOMMU, and unpins its memory, when the last device
// leaves. Source: drivers/iommu/iommufd/pages.c of Linux 7.3, iopt_area_fill_domains().
Result<void> IoAddressSpace::keep_page_table(std::uint32_t device_id) {
    const MutexLock lock{mutex_};
    if (page_table_) return {};
    abi::HwptAlloc request{.size = sizeof request,
                           .flags = 0,
                           .dev_id = device_id,
                           .pt_id = id_,
                           .out_hwpt_id = 0,
                           .reserved = 0};
    const auto made = ioctl(kernel_, file_.number(), abi::hwpt_alloc, request);
    if (!made) return fail_system(made.error(), "keeping guest memory in the host's IOMMU");
    page_table_ = request.out_hwpt_id;
    return {};
}

BoundDevice IoAddressSpace::bound(std::uint32_t device_id) {
    BoundDevice device{.id = device_id};
    abi::HwInfoIntel intel{};
    const auto told = hardware_info(device_id, intel);
    if (!told) return device;
    device.kind = {.type = told->out_data_type,
                   .capability = intel.cap_reg,
                   .extended_capability = intel.ecap_reg};
    const bool pasids = told->out_max_pasid_log2 != 0;
    const bool nests =
        told->out_data_type == abi::hw_info_type_intel && (intel.ecap_reg & nesting) == nesting;
    // The best that the kernel makes a table for.
    for (const auto& [with_pasids, with_nesting] :
         {std::pair{true, true}, std::pair{true, false}, std::pair{false, true}}) {
        if ((with_pasids && !pasids) || (with_nesting && !nests)) continue;
        device.takes_pasids = with_pasids;
        device.nests = with_nesting;
        if (tables_.of(device)) return device;
    }
    device.takes_pasids = device.nests = false;
    return device;
}

Result<std::vector<std::uint32_t>> IoAddressSpace::tables_of(device::Domain& domain,
                                                             const BoundDevice& device) {
    const auto elsewhere = [this](int file) { return file != file_.number(); };
    if (auto* const nested = dynamic_cast<NestedDomain*>(&domain);
        nested != nullptr && !elsewhere(nested->file())) {
        TENON_TRY(table, nested->of(device), "");
        return std::vector{table};
    }
    auto* const here = dynamic_cast<IoDomain*>(&domain);
    if (here == nullptr || elsewhere(here->file()))
        return malformed("a domain of another address space");
    if (device.by_tables()) {
        TENON_TRY(table, here->tables().of(device), "");
        return std::vector{table};
    }
    TENON_TRY_DO(keep_page_table(device.id), "");
    return std::vector{here->id()};
}

Result<std::vector<std::uint32_t>> IoAddressSpace::page_tables(device::Domain* domain,
                                                               const BoundDevice& device) {
    if (domain != nullptr) return tables_of(*domain, device);
    if (device.by_tables()) {
        TENON_TRY(table, tables_.of(device), "");
        return std::vector{table};
    }
    const MutexLock lock{mutex_};
    std::vector<std::uint32_t> choice;
    // A page table that was made for another device's IOMMU may not fit this one's.
    if (page_table_) choice.push_back(*page_table_);
    choice.push_back(id_);
    return choice;
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

Outcome<abi::GetHwInfo> IoAddressSpace::hardware_info(std::uint32_t device_id,
                                                      abi::HwInfoIntel& intel) const {
    abi::GetHwInfo request{
        .size = sizeof request,
        .dev_id = device_id,
        .data_len = sizeof intel,
        .data_uptr = std::bit_cast<std::uintptr_t>(&intel),
    };
    // SAFETY: the kernel fills in at most data_len bytes, which is what there is room for.
    const auto asked = ioctl(kernel_, file_.number(), abi::get_hw_info, request);
    if (!asked) return std::unexpected(asked.error());
    return request;
}

device::IommuFacts IoAddressSpace::facts(std::uint32_t device_id) const {
    device::IommuFacts facts;
    facts.iova = iova_facts(windows());
    facts.bar_maps = bar_maps();
    abi::HwInfoIntel intel{};
    const auto asked = hardware_info(device_id, intel);
    if (!asked) {
        const Unknown why{system_error(asked.error(), "asking iommufd about the IOMMU").what};
        facts.pasid = why;
        facts.ats = why;
        facts.dirty_tracking = why;
        facts.kind = why;
        facts.page_sizes = why;
        facts.vtd = why;
        return facts;
    }
    facts.pasid = pasid_of(*asked, release_);
    facts.ats = ats_of(*asked, release_);
    facts.dirty_tracking = has(*asked, abi::hw_dirty_tracking);
    facts.kind = asked->out_data_type;
    if (asked->out_data_type == abi::hw_info_type_intel) {
        facts.page_sizes = page_sizes_of(intel.cap_reg);
        facts.vtd =
            device::VtdFacts{.capability = intel.cap_reg, .extended_capability = intel.ecap_reg};
    } else {
        facts.page_sizes = Unknown{"iommufd tells them of an Intel IOMMU only"};
        facts.vtd = Unknown{"the host's IOMMU is none of Intel's"};
    }
    return facts;
}

}  // namespace tenon::host::iommufd
