#include "model/iommu/shape.hpp"

#include <algorithm>

#include "model/iommu/registers.hpp"

namespace tenon::model::iommu {
namespace {

constexpr unsigned narrow = 39;
constexpr unsigned wide = 48;
constexpr unsigned page_bits = 12;
constexpr unsigned most_pasid_bits = 20;
constexpr unsigned least_memory_bits = 32;
constexpr unsigned most_memory_bits = 52;

Result<unsigned> choose_width(const HostLimits& host, const UnitRequest& request) {
    if (request.address_width != 0 && request.address_width != narrow &&
        request.address_width != wide)
        return malformed("an IOMMU of {} bits: known are {} and {}", request.address_width, narrow,
                         wide);
    if (host.aperture_bits < narrow)
        return fail(Error::Kind::Unsupported,
                    "the host's domains take addresses of {} bits: an IOMMU of the guest needs {}",
                    host.aperture_bits, narrow);
    // The host's first-stage tables take the lower half of 48 bits; that is wide, with a limit.
    if (request.address_width == wide && host.aperture_bits < wide - 1)
        return fail(Error::Kind::Unsupported,
                    "the host's domains take addresses of {} bits: an IOMMU of {} bits does not "
                    "fit; {} do",
                    host.aperture_bits, wide, narrow);
    const auto wanted = request.address_width == 0 ? wide : request.address_width;
    return std::min(wanted, host.aperture_bits);
}

Result<void> check_nesting(const HostLimits& host, const UnitRequest& request) {
    if (request.mode != TableMode::Nested || host.nests()) return {};
    return fail(Error::Kind::Unsupported,
                "the host's IOMMU walks no first-stage tables of a guest (no nesting)");
}

Result<unsigned> choose_pasids(const HostLimits& host, const UnitRequest& request) {
    if (request.pasid_width == 0) return 0u;
    if (request.pasid_width > most_pasid_bits)
        return malformed("PASIDs of {} bits: 1 to {} are possible", request.pasid_width,
                         most_pasid_bits);
    if (request.mode == TableMode::Legacy)
        return fail(Error::Kind::Unsupported, "PASIDs need the IOMMU's scalable mode");
    if (host.pasid_width == 0)
        return fail(Error::Kind::Unsupported, "the host cannot attach PASIDs");
    return std::min(request.pasid_width, host.pasid_width);
}

std::uint64_t capability_of(const HostLimits& host, const UnitRequest& request, unsigned width) {
    // Widths 39 and, where tables of four levels are of use, 48.
    const std::uint64_t widths = width > narrow ? 0b110 : 0b010;
    // What the host walks is as the host's is.
    const Capability walked{request.mode == TableMode::Nested ? host.capability : 0};
    return Capability{0}
        .with<DomainIds>(6)
        .with<CachingMode>(1)
        .with<AddressWidths>(widths)
        .with<MaximumAddressWidth>(width - 1)
        .with<ZeroLengthRead>(1)
        .with<FaultRecordOffset>(at::fault_records / 16)
        .with<LargePages>(0b11)
        .with<PageSelective>(1)
        .with<FaultRecords>(fault_record_count - 1)
        .with<MaximumAddressMask>(width > narrow ? wide - page_bits : narrow - page_bits)
        .with<WriteDraining>(1)
        .with<ReadDraining>(1)
        .with<FirstStageHugePages>(walked.get<FirstStageHugePages>())
        .with<FirstStageFiveLevels>(walked.get<FirstStageFiveLevels>())
        .with<EnhancedInterruptTablePointer>(1)
        .with<EnhancedRootTablePointer>(1)
        .raw();
}

std::uint64_t extended_capability_of(const HostLimits& host, const UnitRequest& request,
                                     unsigned pasids) {
    const auto flag = [](bool on) { return on ? 1ull : 0ull; };
    const auto scalable = flag(request.mode != TableMode::Legacy);
    const auto nested = flag(request.mode == TableMode::Nested);
    const ExtendedCapability walked{nested == 0 ? 0 : host.extended_capability};
    return ExtendedCapability{0}
        .with<PageWalkCoherency>(1)
        .with<QueuedInvalidation>(1)
        .with<DeviceTlb>(flag(request.ats))
        .with<InterruptRemapping>(flag(request.interrupt_remapping))
        .with<ExtendedInterruptMode>(flag(request.interrupt_remapping))
        .with<PassThroughSupport>(1)
        .with<SnoopControl>(flag(host.snoop_control))
        .with<IotlbOffset>(at::invalidate_address / 16)
        .with<MaximumHandleMask>(request.interrupt_remapping ? 15 : 0)
        .with<PasidWidth>(pasids == 0 ? 0 : pasids - 1)
        .with<PasidSupport>(flag(pasids != 0))
        .with<ScalableMode>(scalable)
        .with<SupervisorRequests>(walked.get<SupervisorRequests>())
        .with<NoWriteFlag>(walked.get<NoWriteFlag>())
        .with<ExtendedAccessedFlag>(walked.get<ExtendedAccessedFlag>())
        .with<SecondStage>(scalable & ~nested)
        .with<FirstStageSupport>(nested)
        .with<ScalableWalkCoherency>(nested == 0 ? scalable : walked.get<ScalableWalkCoherency>())
        .raw();
}

std::vector<Trait> explain(const HostLimits& host, const UnitRequest& request, unsigned width,
                           unsigned pasids) {
    const auto yes = [](bool on) { return std::string{on ? "yes" : "no"}; };
    const bool by_host = host.aperture_bits == width;
    return {
        {.name = "tables",
         .value = std::string{name_of(request.mode)},
         .why = request.mode == TableMode::Nested
                    ? "first-stage tables of PASIDs are walked by the host's IOMMU"
                    : "second-stage tables alone: a guest does not tell of new first-stage entries",
         .source = "VT-d 4.1, 6.1"},
        {.name = "address width",
         .value = fmt::format("{} bits", width),
         .why = by_host ? "wider addresses do not fit into the host's domains"
                        : "the widest tables that were asked for",
         .source = "VT-d 4.1, 11.4.2 (MGAW, SAGAW)"},
        {.name = "caching mode",
         .value = "yes",
         .why = "the host's domains follow the guest's invalidations",
         .source = "VT-d 4.1, 6.1"},
        {.name = "coherent walks",
         .value = "yes",
         .why = "tables are read as the processor sees memory",
         .source = "VT-d 4.1, 11.4.3 (C, SMPWC)"},
        {.name = "snoop control",
         .value = yes(host.snoop_control),
         .why = host.snoop_control ? "every unit of the host has it"
                                   : "not every unit of the host has it",
         .source = "VT-d 4.1, 11.4.3 (SC)"},
        {.name = "device TLB",
         .value = yes(request.ats),
         .why = request.ats ? "a function shows ATS" : "no function shows ATS",
         .source = "VT-d 4.1, 11.4.3 (DT)"},
        {.name = "interrupt remapping",
         .value = yes(request.interrupt_remapping),
         .why = request.interrupt_remapping ? "with extended interrupt mode, for x2APIC"
                                            : "switched off",
         .source = "VT-d 4.1, 11.4.3 (IR, EIM)"},
        {.name = "PASID",
         .value = pasids == 0 ? "no" : fmt::format("{} bits", pasids),
         .why = pasids == 0                    ? "not asked for"
                : pasids < request.pasid_width ? "more cannot be attached in the host"
                                               : "as asked for",
         .source = "VT-d 4.1, 11.4.3 (PASID, PSS)"},
    };
}

}  // namespace

bool HostLimits::nests() const {
    const ExtendedCapability units{extended_capability};
    return units.get<Nesting>() != 0 && units.get<ScalableMode>() != 0 &&
           units.get<FirstStageSupport>() != 0;
}

std::string_view name_of(TableMode mode) {
    switch (mode) {
        case TableMode::Legacy:
            return "legacy";
        case TableMode::Scalable:
            return "scalable";
        case TableMode::Nested:
            break;
    }
    return "nested";
}

unsigned UnitShape::address_bits() const {
    return static_cast<unsigned>(Capability{capability}.get<MaximumAddressWidth>()) + 1;
}

bool UnitShape::takes_levels(unsigned levels) const {
    return levels >= 3 && levels <= 5 &&
           (Capability{capability}.get<AddressWidths>() >> (levels - 2) & 1) != 0;
}

bool UnitShape::scalable() const {
    return ExtendedCapability{extended_capability}.get<ScalableMode>() != 0;
}

TableMode UnitShape::mode() const {
    if (first_stage()) return TableMode::Nested;
    return scalable() ? TableMode::Scalable : TableMode::Legacy;
}

bool UnitShape::second_stage() const {
    return ExtendedCapability{extended_capability}.get<SecondStage>() != 0;
}

bool UnitShape::first_stage() const {
    return ExtendedCapability{extended_capability}.get<FirstStageSupport>() != 0;
}

bool UnitShape::five_levels() const {
    return Capability{capability}.get<FirstStageFiveLevels>() != 0;
}

bool UnitShape::supervisor_requests() const {
    return ExtendedCapability{extended_capability}.get<SupervisorRequests>() != 0;
}

bool UnitShape::extended_accessed_flag() const {
    return ExtendedCapability{extended_capability}.get<ExtendedAccessedFlag>() != 0;
}

bool UnitShape::device_tlb() const {
    return ExtendedCapability{extended_capability}.get<DeviceTlb>() != 0;
}

bool UnitShape::snoop_control() const {
    return ExtendedCapability{extended_capability}.get<SnoopControl>() != 0;
}

bool UnitShape::interrupt_remapping() const {
    return ExtendedCapability{extended_capability}.get<InterruptRemapping>() != 0;
}

unsigned UnitShape::pasid_width() const {
    const ExtendedCapability extended{extended_capability};
    if (extended.get<PasidSupport>() == 0) return 0;
    return static_cast<unsigned>(extended.get<PasidWidth>()) + 1;
}

unsigned UnitShape::address_mask() const {
    return static_cast<unsigned>(Capability{capability}.get<MaximumAddressMask>());
}

Result<UnitDesign> design_unit(const HostLimits& host, const UnitRequest& request) {
    if (request.memory_bits < least_memory_bits || request.memory_bits > most_memory_bits)
        return malformed("guest physical addresses of {} bits: {} to {} are possible",
                         request.memory_bits, least_memory_bits, most_memory_bits);
    TENON_TRY(width, choose_width(host, request), "");
    TENON_TRY(pasids, choose_pasids(host, request), "");
    TENON_TRY_DO(check_nesting(host, request), "");
    return UnitDesign{
        .shape = {.capability = capability_of(host, request, width),
                  .extended_capability = extended_capability_of(host, request, pasids),
                  .memory_bits = request.memory_bits},
        .traits = explain(host, request, width, pasids)};
}

}  // namespace tenon::model::iommu
