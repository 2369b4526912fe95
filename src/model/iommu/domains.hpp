// Domains of the host that stand for page tables of the guest: who is attached to each, what it has
// mapped, and which of that is to be compared with the tables again.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "model/iommu/descriptor.hpp"
#include "model/iommu/effect.hpp"
#include "model/iommu/mapped_areas.hpp"

namespace tenon::model::iommu {

/// What the shadow of the guest's tables may cost.
struct ShadowLimits {
    WalkLimits walk;                  ///< For one page table.
    std::size_t mappings = 1u << 18;  ///< Of one domain.
    std::size_t pasids = 1024;        ///< Attached PASIDs of one device.
    AreaSize areas = AreaSize::Pages;
};

/// What a domain stands for: tables that are compared with what is mapped, or those that the host
/// walks.
using DomainTable = std::variant<PageTable, FirstStage>;

/// All domains of a unit. One stands for one table, whatever the domain numbers are by which
/// software invalidates it. Not thread-safe.
class Domains {
public:
    /// Works on `memory`, which must outlive it.
    Domains(const TableMemory& memory, const ShadowLimits& limits)
        : memory_{memory}, limits_{limits} {}

    /// Tables are read by these rules from now on.
    void set_rules(const TableRules& rules) { rules_ = rules; }

    /// Memory that DMA reaches is other memory: everything is to be compared.
    void set_regions(DmaRegions regions);

    /// A moment of its own: what is compared in it need not be compared again before the next.
    void begin() { ++moment_; }

    /// Somebody who invalidates by `number` joins the domain of `table`, which is made if there is
    /// none. It has mapped what second-stage tables say now. None if that is more than the limits
    /// allow: the domain is then to be given up, if others are in it, see overfull().
    std::optional<DomainId> join(const DomainTable& table, std::uint16_t number);

    /// Somebody stays in `domain` with another number.
    void renumber(DomainId domain, std::uint16_t from, std::uint16_t to);

    /// Somebody leaves; the last one ends the domain.
    void leave(DomainId domain, std::uint16_t number);

    /// The table of a domain; none if there is no such domain.
    const DomainTable* table(DomainId domain) const;

    void invalidate(const descriptor::Iotlb& what);
    void invalidate_all();

    /// Compares what was invalidated with the tables.
    void settle();

    /// Domains that have become more than the limits allow; all who are in them have to leave.
    std::vector<DomainId> take_overfull() { return std::exchange(overfull_, {}); }

    /// Wrong entries that were found, by domain.
    std::vector<std::pair<DomainId, FaultReason>> take_troubles() {
        return std::exchange(troubles_, {});
    }

    Effects take_effects() { return std::exchange(effects_, {}); }

    /// Pages of tables that were looked at so far.
    std::uint64_t cost() const { return cost_; }

private:
    struct Domain {
        DomainTable table;
        MappedAreas areas;
        std::map<std::uint16_t, unsigned> numbers;  ///< How many are here by each number.
        std::vector<IovaRange> stale;               ///< To be compared.
        bool all_stale = false;
        std::uint64_t compared = 0;  ///< The moment of the last whole comparison.
        std::optional<FaultReason> trouble;
    };

    bool compare(DomainId id, Domain& domain, const IovaRange& range);
    bool compare_stale(DomainId id, Domain& domain);
    bool compare_all(DomainId id, Domain& domain);

    const TableMemory& memory_;
    ShadowLimits limits_;
    TableRules rules_;
    DmaRegions regions_;
    std::map<DomainId, Domain> domains_;
    std::map<DomainTable, DomainId> by_table_;
    std::uint64_t last_id_ = 0;
    std::uint64_t moment_ = 1;
    std::uint64_t cost_ = 0;
    std::vector<DomainId> overfull_;
    std::vector<std::pair<DomainId, FaultReason>> troubles_;
    Effects effects_;
};

}  // namespace tenon::model::iommu
