#include "model/machine/iommu_plan.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "pci/capability.hpp"
#include "pci/pasid.hpp"

namespace tenon::model::machine {
namespace {

using chosen::PropertyOrigin;
using chosen::ViommuMode;

// Where no device tells what its IOMMU takes.
constexpr unsigned untold_aperture = 48;
constexpr unsigned untold_memory = 46;
// Of a container, where nobody says otherwise. Source: drivers/vfio/vfio_iommu_type1.c of
// Linux 7.3, dma_entry_limit.
constexpr std::uint32_t untold_mappings = 65535;

bool in_one_group(const slot::FunctionPlan& one, const slot::FunctionPlan& other) {
    return one.view.group && other.view.group && one.view.group->number == other.view.group->number;
}

// Whether the guest takes it for isolated from others of its slot.
bool isolates(const slot::FunctionPlan& function) {
    return function::sees_extended(function.view, pci::extended_id::access_control);
}

class Planner {
public:
    Planner(const IommuNeeds& needs, const std::vector<slot::PortPlan>& ports)
        : needs_{needs}, ports_{ports} {
        for (const auto& port : ports)
            for (const auto& function : port.functions)
                functions_.push_back(&function);
    }

    std::shared_ptr<const IommuPlan> run(std::vector<chosen::PropertyReport>& reports,
                                         std::vector<chosen::Reason>& problems) {
        check_words();
        check_functions();
        const auto aperture = aperture_bits();
        auto design = iommu::design_unit(
            {.aperture_bits = aperture.value_or(untold_aperture),
             .pasid_width = needs_.tables.pasid_width,
             .capability = needs_.tables.units.capability,
             .extended_capability = needs_.tables.units.extended_capability},
            {.mode = needs_.tables.mode,
             .interrupt_remapping = remaps_interrupts(),
             .address_width = needs_.request.address_width.value_or(0),
             .pasid_width = needs_.tables.pasid_width,
             .ats = std::ranges::any_of(functions_, [](auto* one) { return shows_ats(*one); }),
             .memory_bits = needs_.physical_bits.value_or(untold_memory)});
        if (!design)
            refuse(to_string(design.error()), needs_.tables.mode == iommu::TableMode::Nested
                                                  ? "mode=scalable, mode=legacy"
                                                  : "--viommu none");
        report(design ? &*design : nullptr, aperture, reports);
        std::ranges::move(problems_, std::back_inserter(problems));
        if (!design) return nullptr;
        return std::make_shared<const IommuPlan>(IommuPlan{.unit = *std::move(design)});
    }

private:
    void refuse(std::string what, std::string remedy) {
        problems_.push_back({.what = std::move(what), .remedy = std::move(remedy), .commands = {}});
    }

    void check_words() {
        if (needs_.request.pasid_width.value_or(0) != 0 && needs_.tables.pasid_width == 0)
            refuse("PASIDs are asked for, and there are none: " + needs_.tables.why,
                   "--viommu vtd,pasid=0");
    }

    bool remaps_interrupts() const { return needs_.request.interrupt_remapping.value_or(true); }

    void check_functions() {
        std::vector<const slot::FunctionPlan*> before;
        for (const auto& port : ports_) {
            Neighbours others{.beside = {}, .elsewhere = before};
            for (const auto& function : port.functions) {
                std::ranges::move(obstacles_behind_iommu(function, others),
                                  std::back_inserter(problems_));
                others.beside.push_back(&function);
                before.push_back(&function);
            }
        }
        if (needs_.interfaces.size() > 1)
            refuse(
                "functions are assigned by iommufd and by VFIO's group interface: the guest's "
                "IOMMU needs one of them for all",
                "iommu=iommufd or iommu=group for all");
    }

    bool by_groups() const {
        return std::ranges::find(needs_.interfaces, device::Interface::Group) !=
               needs_.interfaces.end();
    }

    // What domains cost where a container is one.
    std::string costs() const {
        if (!by_groups()) return "";
        const auto groups = containers_behind_iommu(ports_);
        return fmt::format(
            "; by VFIO's group interface: memory is locked {}, a group that moves to other tables "
            "is emptied and filled anew, and a guest's page table with more than {} mappings "
            "(dma_entry_limit) cuts its devices off",
            groups == 1 ? std::string{"once"} : fmt::format("once for each of {} groups", groups),
            needs_.mappings.value_or(untold_mappings));
    }

    // The least of all that tell; none: nobody does.
    std::optional<unsigned> aperture_bits() const {
        std::optional<unsigned> least;
        for (const auto* function : functions_) {
            const auto& iova = function->facts.iommu.iova;
            if (!iova || iova->empty()) continue;
            const auto last = std::ranges::max(*iova, {}, &device::IovaRange::last).last;
            const auto bits = static_cast<unsigned>(std::bit_width(last));
            least = std::min(least.value_or(bits), bits);
        }
        return least;
    }

    chosen::PropertyReport row(std::string name, std::string value, bool asked) const {
        return {.name = std::move(name),
                .value = std::move(value),
                .origin = asked ? PropertyOrigin::User : chosen::origin_of(needs_.version),
                .version = std::string{needs_.version.name}};
    }

    void report(const iommu::UnitDesign* design, std::optional<unsigned> aperture,
                std::vector<chosen::PropertyReport>& reports) const {
        const auto& request = needs_.request;
        auto whole = row("viommu", "vtd", true);
        whole.host = aperture ? fmt::format("addresses of {} bits", *aperture)
                              : "unknown: no device tells what its IOMMU translates";
        whole.effect =
            design == nullptr
                ? "there can be none"
                : "an IOMMU (Intel VT-d): a device reaches what the guest's driver maps for it" +
                      costs();
        whole.change = "--viommu none";
        reports.push_back(std::move(whole));
        auto mode =
            row("viommu-mode", std::string{name_of(request.mode.value_or(ViommuMode::Auto))},
                request.mode.has_value());
        mode.effect = effect_of(needs_.tables);
        mode.change = "mode=legacy, mode=scalable, mode=nested";
        reports.push_back(std::move(mode));
        reports.push_back(pasid_row());
        auto remapping = row("viommu-intremap", remaps_interrupts() ? "on" : "off",
                             request.interrupt_remapping.has_value());
        remapping.effect =
            remaps_interrupts()
                ? "interrupts lead where the guest's table says, with x2APIC; the IOAPIC is ours, "
                  "since KVM's takes no remapped ones: INTx costs more"
                : "interrupts are as without it: a guest's own VFIO needs "
                  "allow_unsafe_interrupts=1";
        remapping.change = "intremap=on, intremap=off";
        reports.push_back(std::move(remapping));
        if (design == nullptr) return;
        auto width = row("viommu-aw",
                         request.address_width ? fmt::format("{}", *request.address_width) : "auto",
                         request.address_width.has_value());
        const auto trait = std::ranges::find(design->traits, "address width", &iommu::Trait::name);
        if (trait != design->traits.end())
            width.effect = fmt::format("{}: {}", trait->value, trait->why);
        width.change = "aw=39, aw=48";
        reports.push_back(std::move(width));
    }

    static std::string effect_of(const TableChoice& tables) {
        switch (tables.mode) {
            case iommu::TableMode::Legacy:
                return "legacy tables, which name no PASIDs: " + tables.why_mode;
            case iommu::TableMode::Scalable:
                return "tables of PASIDs, or legacy ones, as the guest chooses: " + tables.why_mode;
            case iommu::TableMode::Nested:
                break;
        }
        return "first-stage tables of PASIDs, which the host's IOMMU walks, or legacy ones, as the "
               "guest chooses: " +
               tables.why_mode;
    }

    chosen::PropertyReport pasid_row() const {
        const auto& asked = needs_.request.pasid_width;
        auto pasids =
            row("viommu-pasid", asked ? fmt::format("{}", *asked) : "auto", asked.has_value());
        const auto width = needs_.tables.pasid_width;
        pasids.effect = fmt::format("{}: {}", width == 0 ? "none" : fmt::format("{} bits", width),
                                    needs_.tables.why);
        pasids.change = "pasid=0, pasid=WIDTH";
        return pasids;
    }

    const IommuNeeds& needs_;
    const std::vector<slot::PortPlan>& ports_;
    std::vector<const slot::FunctionPlan*> functions_;
    std::vector<chosen::Reason> problems_;
};

// Bits of PASID that the host attaches of a device; unknown, or none, with the reason.
Known<unsigned> attached_pasids(const DeviceRequest& device) {
    if (device.access.interface == device::Interface::Group)
        return Unknown{"VFIO's group interface attaches no PASID"};
    const auto& told = device.facts.iommu.pasid;
    if (!told) return Unknown{told.why()};
    return told->width;
}

// The most that any device has, and if there are none why.
std::pair<unsigned, std::string> host_pasids(std::span<const DeviceRequest> devices) {
    unsigned most = 0;
    std::string why = "no function could have any";
    for (const auto& device : devices) {
        if (device.backend) continue;
        const auto width = attached_pasids(device);
        most = std::max(most, width.value_or(0));
        why = width ? "the host's IOMMU takes none of the functions" : width.why();
    }
    return {most, std::move(why)};
}

// What is set in both registers of all units that functions are behind; nothing if one does not
// tell, or is assigned by an interface that nests none.
device::VtdFacts units_above(std::span<const DeviceRequest> devices) {
    std::optional<device::VtdFacts> all;
    for (const auto& device : devices) {
        if (device.backend) continue;
        const auto& unit = device.facts.iommu.vtd;
        if (!unit || device.access.interface == device::Interface::Group) return {};
        all = device::VtdFacts{.capability = unit->capability & (all ? all->capability : ~0ull),
                               .extended_capability = unit->extended_capability &
                                                      (all ? all->extended_capability : ~0ull)};
    }
    return all.value_or(device::VtdFacts{});
}

void choose_mode(ViommuMode asked, TableChoice& choice) {
    using iommu::TableMode;
    const iommu::HostLimits host{.capability = choice.units.capability,
                                 .extended_capability = choice.units.extended_capability};
    choice.why_mode = "as asked for";
    if (asked == ViommuMode::Nested) choice.mode = TableMode::Nested;
    if (asked == ViommuMode::Scalable) choice.mode = TableMode::Scalable;
    if (asked != ViommuMode::Auto) return;
    if (host.nests()) {
        choice.mode = TableMode::Nested;
        choice.why_mode = "the host nests tables";
    } else if (choice.pasid_width != 0) {
        choice.mode = TableMode::Scalable;
        choice.why_mode = "the host attaches PASIDs, and does not nest tables";
    } else {
        choice.why_mode = "the host attaches no PASIDs";
    }
}

}  // namespace

TableChoice choose_tables(const chosen::VtdRequest& request,
                          std::span<const DeviceRequest> devices) {
    const auto mode = request.mode.value_or(ViommuMode::Auto);
    if (mode == ViommuMode::Legacy)
        return {.why = "legacy tables name none", .why_mode = "as asked for"};
    const auto [host, why_not] = host_pasids(devices);
    const auto width = std::min(request.pasid_width.value_or(pci::pasid::most_width), host);
    TableChoice choice{.pasid_width = width, .units = units_above(devices)};
    choose_mode(mode, choice);
    if (width == 0)
        choice.why = request.pasid_width == 0u ? "as asked for" : why_not;
    else
        choice.why = width == host ? "as many as the host attaches" : "as asked for";
    return choice;
}

std::shared_ptr<const IommuPlan> plan_iommu(const IommuNeeds& needs,
                                            const std::vector<slot::PortPlan>& ports,
                                            std::vector<chosen::PropertyReport>& reports,
                                            std::vector<chosen::Reason>& problems) {
    return Planner{needs, ports}.run(reports, problems);
}

std::vector<chosen::Reason> obstacles_behind_iommu(const slot::FunctionPlan& function,
                                                   const Neighbours& others) {
    const auto& id = function.view.id;
    std::vector<chosen::Reason> obstacles;
    const auto& any = others.beside.empty() ? others.elsewhere : others.beside;
    if (!any.empty() && any.front()->access.iommufd != function.access.iommufd)
        obstacles.push_back({.what = fmt::format("{} is in another iommufd than the others: the "
                                                 "guest's IOMMU needs one for all",
                                                 id),
                             .remedy = "one iommufd for all",
                             .commands = {}});
    const auto with = [&](const slot::FunctionPlan* other) {
        return in_one_group(function, *other);
    };
    if (const auto other = std::ranges::find_if(others.elsewhere, with);
        other != others.elsewhere.end())
        obstacles.push_back(
            {.what = fmt::format("{} and {} are in one IOMMU group of the host: the guest's IOMMU "
                                 "can lead them to the same memory only, and in different slots "
                                 "the guest would lead them apart",
                                 (*other)->view.id, id),
             .remedy = "one slot for both (port=), one of them alone, or --viommu none",
             .commands = {}});
    if (const auto other = std::ranges::find_if(others.beside, with);
        other != others.beside.end() && (isolates(function) || isolates(**other)))
        obstacles.push_back(
            {.what = fmt::format("{} and {} are in one IOMMU group of the host, and show Access "
                                 "Control Services, by which the guest would lead them to "
                                 "different memory",
                                 (*other)->view.id, id),
             .remedy = "one of them alone, or --viommu none",
             .commands = {}});
    return obstacles;
}

unsigned containers_behind_iommu(const std::vector<slot::PortPlan>& ports) {
    std::set<unsigned> groups;
    unsigned untold = 0;
    for (const auto& port : ports)
        for (const auto& function : port.functions) {
            if (function.backend) continue;
            if (const auto& group = function.view.group)
                groups.insert(group->number);
            else
                ++untold;
        }
    return static_cast<unsigned>(groups.size()) + untold;
}

iommu::UnitLimits unit_limits(std::span<const DmaBudget> budgets) {
    iommu::UnitLimits limits;
    for (const auto& budget : budgets)
        if (budget.interface == device::Interface::Group)
            limits.shadow.mappings = std::min<std::size_t>(
                limits.shadow.mappings, budget.mappings_allowed.value_or(untold_mappings));
    return limits;
}

void restrict_to_memory(PeerPlan& peers) {
    if (peers.state == PeerPlan::State::None) return;
    if (peers.state == PeerPlan::State::Mapped) peers.state = PeerPlan::State::Partly;
    peers.line += "; of devices that the guest lets past its IOMMU alone";
}

bool shows_ats(const slot::FunctionPlan& function) {
    return function::sees_extended(function.view, pci::extended_id::ats);
}

function::GuestIommu guest_iommu(const std::optional<iommu::TableMode>& unit,
                                 unsigned pasid_width) {
    if (unit == iommu::TableMode::Nested) return function::GuestIommu::Nested;
    if (unit == iommu::TableMode::Scalable) return function::GuestIommu::Scalable;
    if (unit) return function::GuestIommu::Legacy;
    return pasid_width == 0 ? function::GuestIommu::None : function::GuestIommu::OfOthers;
}

}  // namespace tenon::model::machine
