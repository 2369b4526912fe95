#include "model/machine/dma_budget.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "base/bytes.hpp"
#include "base/text.hpp"

namespace tenon::model::machine {
namespace {

constexpr std::uint64_t kib = 1024;

bool fits_lock_limit(const DmaBudget& budget) {
    if (!budget.applies || !budget.allowed) return true;
    return budget.locked <= *budget.allowed && budget.needed <= *budget.allowed - budget.locked;
}

bool fits_mappings(const DmaBudget& budget) {
    return !budget.mappings_allowed || budget.mappings_needed <= *budget.mappings_allowed;
}

}  // namespace

bool DmaBudget::sufficient() const { return fits_lock_limit(*this) && fits_mappings(*this); }

std::vector<DmaBudget> make_dma_budgets(const device::DmaLimits& limits,
                                        std::span<const device::Interface> interfaces,
                                        std::uint64_t memory, std::uint32_t parts,
                                        unsigned containers) {
    std::vector<DmaBudget> budgets;
    for (const auto interface : interfaces) {
        const bool group = interface == device::Interface::Group;
        const unsigned copies = group ? std::max(containers, 1u) : 1;
        DmaBudget budget{.interface = interface,
                         .needed = memory * copies,
                         // What other programs of the user have locked is nowhere to be read.
                         .locked = group ? limits.locked : 0,
                         .applies = limits.lock_limit_applies,
                         .copies = copies,
                         .mappings_needed = memory == 0 ? 0 : parts};
        if (limits.lock_limit != ~0ull) budget.allowed = limits.lock_limit;
        if (group && limits.entries) budget.mappings_allowed = *limits.entries;
        budgets.push_back(budget);
    }
    return budgets;
}

std::vector<chosen::Reason> problems_of(const DmaBudget& budget) {
    std::vector<chosen::Reason> problems;
    if (!fits_lock_limit(budget)) {
        const bool group = budget.interface == device::Interface::Group;
        const auto wanted = align_up(budget.needed + budget.locked, kib) / kib;
        problems.push_back(
            {.what =
                 fmt::format("guest memory of {} has to stay locked while a device can reach "
                             "it{}, and this {} may lock {}",
                             format_size(budget.needed / budget.copies),
                             budget.copies == 1
                                 ? ""
                                 : fmt::format(", once for each of {} IOMMU groups", budget.copies),
                             group ? "process" : "user", format_size(*budget.allowed)),
             .remedy = fmt::format("raise the limit (ulimit -l {0} in the shell that starts it, "
                                   "memlock in /etc/security/limits.conf, LimitMEMLOCK={0}K of a "
                                   "service), or give the guest less memory",
                                   wanted),
             .commands = {}});
    }
    if (!fits_mappings(budget))
        problems.push_back(
            {.what = fmt::format("guest memory takes {} mappings, and the kernel allows {}",
                                 budget.mappings_needed, *budget.mappings_allowed),
             .remedy = "",
             .commands = {
                 fmt::format("echo {} > /sys/module/vfio_iommu_type1/parameters/dma_entry_limit",
                             budget.mappings_needed)}});
    return problems;
}

}  // namespace tenon::model::machine
