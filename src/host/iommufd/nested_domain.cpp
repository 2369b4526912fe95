#include "host/iommufd/nested_domain.hpp"

#include <bit>
#include <cerrno>

#include "host/iommufd/iommufd_abi.hpp"

namespace tenon::host::iommufd {
namespace {

constexpr std::uint64_t page = 4096;

abi::HwptVtdS1 first_stage_of(const device::FirstStageTables& tables) {
    return {.flags = (tables.supervisor ? abi::vtd_s1_supervisor : 0u) |
                     (tables.extended_accessed_flag ? abi::vtd_s1_extended_accessed_flag : 0u) |
                     (tables.write_protection ? abi::vtd_s1_write_protection : 0u),
            .pgtbl_addr = tables.root.value(),
            .addr_width = tables.levels == 5 ? 57u : 48u,
            .reserved = 0};
}

abi::HwptVtdS1Invalidate pages_between(Iova first, Iova last) {
    if (first.value() == 0 && last.value() == ~0ull)
        return {.addr = 0, .npages = ~0ull, .flags = 0, .reserved = 0};
    return {.addr = first.value(),
            .npages = (last.value() - first.value()) / page + 1,
            .flags = 0,
            .reserved = 0};
}

Error maps_nothing() {
    return {.kind = Error::Kind::Unsupported,
            .what = "a domain that follows the guest's tables maps nothing of its own",
            .os_error = 0,
            .hint = ""};
}

}  // namespace

NestedDomain::~NestedDomain() {
    const MutexLock lock{mutex_};
    for (const auto& [kind, table] : tables_) {
        abi::Destroy request{.size = sizeof request, .id = table};
        // Closing the iommufd does the same.
        [[maybe_unused]] const auto gone = ioctl(kernel_, file_, abi::destroy, request);
    }
}

Result<void> NestedDomain::map(Iova /*at*/, Iova /*from*/, std::uint64_t /*size*/,
                               device::DmaRights /*rights*/) {
    return std::unexpected(maps_nothing());
}

Result<void> NestedDomain::unmap(Iova /*at*/, std::uint64_t /*size*/) {
    return std::unexpected(maps_nothing());
}

Result<void> NestedDomain::invalidate(Iova first, Iova last) {
    auto entry = pages_between(first, last);
    const MutexLock lock{mutex_};
    for (const auto& [kind, table] : tables_) {
        abi::HwptInvalidate request{.size = sizeof request,
                                    .hwpt_id = table,
                                    .data_uptr = std::bit_cast<std::uintptr_t>(&entry),
                                    .data_type = 0,
                                    .entry_len = sizeof entry,
                                    .entry_num = 1,
                                    .reserved = 0};
        // SAFETY: the kernel reads one entry during the call.
        const auto done = ioctl(kernel_, file_, abi::hwpt_invalidate, request);
        if (!done) return fail_system(done.error(), "invalidating the guest's tables");
        if (request.entry_num != 1)
            return fail(Error::Kind::Io, "invalidating the guest's tables: the kernel did nothing");
    }
    return {};
}

Result<std::uint32_t> NestedDomain::of(const BoundDevice& device) {
    if (!device.nests)
        return fail(Error::Kind::Unsupported, "its IOMMU walks no tables of a guest");
    const MutexLock lock{mutex_};
    if (const auto found = tables_.find(device.kind); found != tables_.end()) return found->second;
    TENON_TRY(memory, memory_.of(device), "");
    auto first_stage = first_stage_of(follows_);
    abi::HwptAllocNested request{.plain = {.size = sizeof request,
                                           .flags = table_flags(device, PageTables::Of::Domain),
                                           .dev_id = device.id,
                                           .pt_id = memory,
                                           .out_hwpt_id = 0,
                                           .reserved = 0},
                                 .data_type = abi::hwpt_data_vtd_s1,
                                 .data_len = sizeof first_stage,
                                 .data_uptr = std::bit_cast<std::uintptr_t>(&first_stage),
                                 .fault_id = 0,
                                 .reserved2 = 0};
    // SAFETY: the kernel reads the data during the call.
    const auto made = ioctl(kernel_, file_, abi::hwpt_alloc, request);
    if (!made) return fail_system(made.error(), "nesting the guest's tables in the host's");
    tables_.emplace(device.kind, request.plain.out_hwpt_id);
    return request.plain.out_hwpt_id;
}

}  // namespace tenon::host::iommufd
