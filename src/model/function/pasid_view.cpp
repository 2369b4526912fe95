#include "model/function/pasid_view.hpp"

#include <algorithm>

#include "model/function/pasid.hpp"
#include "pci/pasid.hpp"

namespace tenon::model::function {
namespace {

using pci::OwnerKind;

std::vector<pci::Capability> capabilities_of(const std::vector<HostEntry>& entries) {
    std::vector<pci::Capability> list;
    list.reserve(entries.size());
    for (const auto& entry : entries)
        list.push_back(entry.capability);
    return list;
}

bool is_visible(const chosen::Decision& decision) { return decision.guest_offset.has_value(); }

chosen::Decision decision_of(const PasidPlan& plan) {
    const auto& kind = pci::kind_of(chosen::CapabilityList::Extended, pci::extended_id::pasid);
    return {.list = chosen::CapabilityList::Extended,
            .id = pci::extended_id::pasid,
            .name = std::string{kind.name},
            .guest_offset = plan.at,
            .size = pci::pasid::size,
            .action = chosen::Action::Synthesize,
            .why = "made for the guest: its registers are ours, and no write reaches the device; " +
                   plan.why,
            .source = std::string{kind.source}};
}

// The device's own capability keeps its place in the chain as in the space.
void add(chosen::Decision decision, std::vector<chosen::Decision>& decisions) {
    const auto own = std::ranges::find_if(decisions, [&](const chosen::Decision& other) {
        return other.id == decision.id && other.host_offset == decision.guest_offset;
    });
    if (own == decisions.end()) return decisions.push_back(std::move(decision));
    decision.host_offset = own->host_offset;
    *own = std::move(decision);
}

template <typename T>
void append(std::vector<T>& list, const std::vector<T>& more) {
    list.insert(list.end(), more.begin(), more.end());
}

void note(const PasidOutcome& outcome, FunctionView& view) {
    append(view.warnings, outcome.warnings);
    append(view.unknowns, outcome.unknowns);
    append(view.reasons, outcome.refusals);
    append(view.properties, outcome.reports);
}

}  // namespace

pci::Ownership owners_of(const device::DeviceFacts& facts, const pci::ConfigImage& config,
                         const HostChain& chain) {
    const bool physical = facts.physical && facts.physical->known() > pci::conventional_size;
    auto owners = pci::find_owners(
        physical ? *facts.physical : config,
        {.standard = capabilities_of(chain.standard), .extended = capabilities_of(chain.extended)});
    for (std::size_t at = 0; at < config.known(); ++at)
        if (owners.bytes[at].kind == OwnerKind::Zero && config.read8(at) != 0)
            owners.bytes[at].kind = OwnerKind::NonZero;
    return owners;
}

void view_pasid(const device::DeviceFacts& facts, const pci::ConfigImage& config,
                const HostChain& chain, const chosen::FunctionProperties& properties,
                FunctionView& view, std::vector<chosen::Decision>& decisions) {
    auto owners = owners_of(facts, config, chain);
    const bool list_begins = std::ranges::any_of(decisions, is_visible);
    // The first header stands at 0x100, ours if the device's is hidden.
    for (std::size_t at = pci::first_extended; list_begins && at < pci::first_extended + 4; ++at)
        if (owners.bytes[at].kind == OwnerKind::Zero) owners.bytes[at].kind = OwnerKind::NonZero;
    const bool read = config.known() > pci::conventional_size;
    const auto is_shown = [](const HostEntry& entry) {
        return entry.shown && entry.capability.id == pci::extended_id::pasid;
    };
    PasidFacts question{.host = facts.iommu.pasid,
                        .opened = bool{facts.vfio},
                        .shown_by_kernel = std::ranges::any_of(chain.extended, is_shown),
                        .extended_list = view.express_at != 0,
                        .space = std::nullopt};
    if (read) question.space.emplace(owners, list_begins);

    const auto outcome = decide_pasid(properties, question);

    note(outcome, view);
    if (!outcome.plan) return;
    view.pasid = outcome.plan;
    emulate_pasid(view.map, *outcome.plan);
    add(decision_of(*outcome.plan), decisions);
}

void view_unread_pasid(const device::DeviceFacts& facts,
                       const chosen::FunctionProperties& properties, FunctionView& view) {
    const PasidFacts question{.host = facts.iommu.pasid,
                              .opened = bool{facts.vfio},
                              .extended_list = true,
                              .space = std::nullopt};
    note(decide_pasid(properties, question), view);
}

}  // namespace tenon::model::function
