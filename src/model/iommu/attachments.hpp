// The devices behind a remapping unit: where each is attached, and how that follows the guest's
// root, context and PASID tables.
//
//     translation off:   every device ─▶ identity
//     translation on:    its entries  ─▶ nothing, identity, or the domain of a page table
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "model/iommu/domains.hpp"

namespace tenon::model::iommu {

/// All devices of a unit, and their domains. Not thread-safe.
///
/// A change of entries counts from the invalidation that tells of it. A device that joins a domain
/// does so when all is mapped there; what a device leaves is dropped when it has left.
class Attachments {
public:
    /// Works on `memory` and `shape`, which must outlive it.
    Attachments(const TableMemory& memory, const UnitShape& shape, const ShadowLimits& limits)
        : memory_{memory}, shape_{shape}, limits_{limits}, domains_{memory, limits} {}

    /// Translation is on, with these tables, or off (none). Nothing is kept of what was cached.
    void translate(std::optional<RootPointer> root);

    /// A device has come, attached nowhere yet.
    void add(DeviceId device, SourceId source);
    /// The guest has given it another bus.
    void renumber(DeviceId device, SourceId source);
    /// It goes: nothing is attached for it any more but, at most, what is not translated.
    void remove(DeviceId device);

    /// DMA reaches other memory than before.
    void set_regions(DmaRegions regions);

    void invalidate(const descriptor::Context& what);
    void invalidate(const descriptor::PasidCache& what);
    void invalidate(const descriptor::Iotlb& what) { domains_.invalidate(what); }
    void invalidate(const descriptor::PasidIotlb& what);

    /// Does what invalidations have left to do.
    void settle();

    /// The host cannot do what a domain needs: whoever is attached reaches nothing.
    void refused(DomainId domain);
    /// The host did not attach it: it shall reach nothing.
    void refused(DeviceId device);
    void refused(DeviceId device, std::uint32_t pasid);

    /// Where requests of a device go; none: no such device.
    std::optional<Target> target(DeviceId device) const;

    Effects take_effects();
    std::vector<Fault> take_faults() { return std::exchange(faults_, {}); }
    std::uint64_t cost() const { return cost_ + domains_.cost(); }

private:
    struct Attachment {
        std::optional<Target> target;  ///< None: not yet attached, by no effect so far.
        std::uint16_t number = 0;      ///< By which software invalidates, if it is a domain.
        bool silent = false;
    };
    struct Device {
        SourceId source = 0;
        Attachment requests;
        std::map<std::uint32_t, Attachment> pasids;
        std::optional<PasidDirectory> directory;
        std::uint32_t own_pasid = 0;
        std::optional<FaultReason> told;                      ///< Of requests, last time.
        std::map<std::uint32_t, FaultReason> told_of_pasids;  ///< The same.
    };

    void evaluate(DeviceId id, Device& device);
    void evaluate_pasids(DeviceId id, Device& device);
    void evaluate_pasid(DeviceId id, Device& device, std::uint32_t pasid);
    void attach(DeviceId id, Attachment& place, std::optional<std::uint32_t> pasid,
                const Binding& binding);
    void put(DeviceId id, Attachment& place, std::optional<std::uint32_t> pasid, Target target);
    void detach_pasids(DeviceId id, Device& device);
    void leave(const Attachment& place);
    void evict_overfull();
    void evict(DomainId domain);
    void tell(std::optional<FaultReason>& told, const Binding& binding, const Fault& fault);
    void tell_troubles();
    void take_domain_effects();

    const TableMemory& memory_;
    const UnitShape& shape_;
    ShadowLimits limits_;
    Domains domains_;
    std::optional<RootPointer> root_;
    std::map<DeviceId, Device> devices_;
    std::uint64_t cost_ = 0;
    std::vector<Fault> faults_;
    Effects effects_;
};

}  // namespace tenon::model::iommu
