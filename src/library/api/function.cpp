#include "tenon/function.hpp"

#include "library/api/inside.hpp"
#include "library/words.hpp"
#include "model/machine/plan_warnings.hpp"

namespace tenon::library {
namespace {

Action action_of(model::chosen::Action action) {
    switch (action) {
        case model::chosen::Action::Pass:
            return Action::Pass;
        case model::chosen::Action::Emulate:
            return Action::Emulate;
        case model::chosen::Action::Hide:
            return Action::Hide;
        case model::chosen::Action::Synthesize:
            return Action::Synthesize;
    }
    return Action::Hide;
}

BarKind kind_of(pci::BarKind kind) {
    switch (kind) {
        case pci::BarKind::Memory32:
            return BarKind::Memory32;
        case pci::BarKind::Memory64:
            return BarKind::Memory64;
        case pci::BarKind::Io:
            return BarKind::Io;
    }
    return BarKind::Memory32;
}

Capability capability_of(const model::chosen::Decision& decision) {
    return {.extended = decision.list == model::chosen::CapabilityList::Extended,
            .id = decision.id,
            .name = decision.name,
            .host_offset = decision.host_offset,
            .guest_offset = decision.guest_offset,
            .size = decision.size,
            .action = action_of(decision.action),
            .why = decision.why,
            .source = decision.source};
}

Bar bar_of(const model::function::BarPlan& plan, std::uint64_t address) {
    Bar bar{.index = plan.index,
            .kind = kind_of(plan.kind),
            .prefetchable = plan.prefetchable,
            .size = plan.size,
            .guest_address = {},
            .mapped = {},
            .why = plan.why};
    if (address != 0) bar.guest_address = address;
    for (const auto& area : plan.mapped)
        bar.mapped.push_back({.offset = area.offset, .size = area.size});
    return bar;
}

std::optional<Msi> msi_of(const std::optional<model::function::MsiPlan>& plan) {
    if (!plan) return std::nullopt;
    return Msi{.offset = plan->at,
               .vectors = plan->vectors,
               .wide_address = plan->wide,
               .maskable = plan->maskable};
}

std::optional<Msix> msix_of(const std::optional<model::function::MsixPlan>& plan) {
    if (!plan) return std::nullopt;
    return Msix{.offset = plan->at,
                .vectors = plan->vectors,
                .table_bar = plan->table_bar,
                .table_offset = plan->table_offset,
                .pba_bar = plan->pba_bar,
                .pba_offset = plan->pba_offset};
}

std::optional<IommuGroup> group_of(const std::optional<device::GroupFacts>& facts) {
    if (!facts) return std::nullopt;
    IommuGroup group{.number = facts->number, .members = {}};
    for (const auto& member : facts->members)
        group.members.push_back({.address = to_string(member.address),
                                 .driver = member.driver,
                                 .bridge = member.is_bridge});
    return group;
}

}  // namespace

std::vector<Reason> reasons_of(const std::vector<model::chosen::Reason>& reasons) {
    std::vector<Reason> list;
    list.reserve(reasons.size());
    for (const auto& reason : reasons)
        list.push_back({.what = reason.what, .remedy = reason.remedy, .commands = reason.commands});
    return list;
}

std::vector<Property> properties_of(const std::vector<model::chosen::PropertyReport>& reports) {
    const auto origin_of = [](model::chosen::PropertyOrigin origin) {
        switch (origin) {
            case model::chosen::PropertyOrigin::Version:
                return PropertyOrigin::Version;
            case model::chosen::PropertyOrigin::Compatibility:
                return PropertyOrigin::Compatibility;
            case model::chosen::PropertyOrigin::User:
                break;
        }
        return PropertyOrigin::User;
    };
    std::vector<Property> properties;
    for (const auto& report : reports)
        properties.push_back({.name = report.name,
                              .value = report.value,
                              .origin = origin_of(report.origin),
                              .host = report.host,
                              .effect = report.effect,
                              .change = report.change});
    return properties;
}

Function function_of(const model::slot::FunctionPlan& plan, const model::slot::SlotView& slot) {
    const auto& view = plan.view;
    Function function;
    function.id = view.id;
    function.host = view.host;
    function.source = plan.facts.source;
    function.guest = view.guest_view ? guest_address(plan.guest) : "";
    function.guest_function = view.function;
    function.vendor = view.vendor;
    function.device = view.device;
    function.class_code = view.class_code;
    function.revision = view.revision;
    function.assignable = view.assignable;
    function.guest_view = view.guest_view;
    function.reasons = reasons_of(view.reasons);
    function.warnings = model::machine::warnings_of_function(plan, slot);
    function.unknowns = view.unknowns;
    for (const auto& decision : view.capabilities)
        function.capabilities.push_back(capability_of(decision));
    for (const auto& bar : view.bars)
        function.bars.push_back(bar_of(bar, plan.bar_address[bar.index]));
    function.msi = msi_of(view.msi);
    function.msix = msix_of(view.msix);
    function.config_known = known_config(plan.facts);
    function.config_size = view.guest_view ? view.config_size : 0;
    function.driver = plan.facts.driver;
    function.iommu_group = group_of(view.group);
    function.opened = bool{plan.facts.vfio};
    function.properties = properties_of(view.properties);
    return function;
}

}  // namespace tenon::library
