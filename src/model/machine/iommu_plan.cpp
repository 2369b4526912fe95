#include "model/machine/iommu_plan.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <iterator>
#include <optional>

#include "pci/capability.hpp"

namespace tenon::model::machine {
namespace {

using chosen::PropertyOrigin;
using chosen::ViommuMode;

// Where no device tells what its IOMMU takes.
constexpr unsigned untold_aperture = 48;
constexpr unsigned untold_memory = 46;

class Planner {
public:
    Planner(const IommuNeeds& needs, const std::vector<slot::PortPlan>& ports) : needs_{needs} {
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
            {.aperture_bits = aperture.value_or(untold_aperture)},
            {.mode = tables_of(needs_.request),
             .interrupt_remapping = remaps_interrupts(),
             .address_width = needs_.request.address_width.value_or(0),
             .ats = std::ranges::any_of(functions_, [](auto* one) { return shows_ats(*one); }),
             .memory_bits = needs_.physical_bits.value_or(untold_memory)});
        if (!design) refuse(to_string(design.error()), "--viommu none");
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
        const auto mode = needs_.request.mode.value_or(ViommuMode::Auto);
        if (mode == ViommuMode::Nested)
            refuse("an IOMMU of the guest with nested tables is not carried out yet",
                   "mode=legacy, mode=scalable");
    }

    bool remaps_interrupts() const { return needs_.request.interrupt_remapping.value_or(true); }

    void check_functions() {
        for (std::size_t n = 0; n < functions_.size(); ++n)
            std::ranges::move(
                obstacles_behind_iommu(*functions_[n], std::span{functions_}.first(n)),
                std::back_inserter(problems_));
        if (std::ranges::find(needs_.interfaces, device::Interface::Group) !=
            needs_.interfaces.end())
            refuse(
                "this host assigns by VFIO's group interface, which has no domains for the "
                "guest's IOMMU",
                "a kernel with iommufd and VFIO_DEVICE_CDEV, Linux 6.6 or newer");
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
                : "an IOMMU (Intel VT-d): a device reaches what the guest's driver maps for it";
        whole.change = "--viommu none";
        reports.push_back(std::move(whole));
        auto mode =
            row("viommu-mode", std::string{name_of(request.mode.value_or(ViommuMode::Auto))},
                request.mode.has_value());
        mode.effect = tables_of(request) == iommu::TableMode::Scalable
                          ? "tables of PASIDs: requests without one are translated, the guest's "
                            "PASIDs are not attached in the host yet"
                          : "legacy tables: a guest's PASIDs are not attached yet, and without "
                            "them scalable tables bring nothing";
        mode.change = "mode=legacy, mode=scalable";
        reports.push_back(std::move(mode));
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

    const IommuNeeds& needs_;
    std::vector<const slot::FunctionPlan*> functions_;
    std::vector<chosen::Reason> problems_;
};

}  // namespace

std::shared_ptr<const IommuPlan> plan_iommu(const IommuNeeds& needs,
                                            const std::vector<slot::PortPlan>& ports,
                                            std::vector<chosen::PropertyReport>& reports,
                                            std::vector<chosen::Reason>& problems) {
    return Planner{needs, ports}.run(reports, problems);
}

std::vector<chosen::Reason> obstacles_behind_iommu(
    const slot::FunctionPlan& function, std::span<const slot::FunctionPlan* const> others) {
    const auto& id = function.view.id;
    std::vector<chosen::Reason> obstacles;
    if (function.access.interface == device::Interface::Group)
        obstacles.push_back({.what = fmt::format("{} is assigned by VFIO's group interface, which "
                                                 "has no domains for the guest's IOMMU",
                                                 id),
                             .remedy = "iommu=iommufd",
                             .commands = {}});
    if (!others.empty() && others.front()->access.iommufd != function.access.iommufd)
        obstacles.push_back({.what = fmt::format("{} is in another iommufd than the others: the "
                                                 "guest's IOMMU needs one for all",
                                                 id),
                             .remedy = "one iommufd for all",
                             .commands = {}});
    const auto& group = function.view.group;
    const auto with = std::ranges::find_if(others, [&](const slot::FunctionPlan* other) {
        return group && other->view.group && other->view.group->number == group->number;
    });
    if (with != others.end())
        obstacles.push_back(
            {.what = fmt::format("{} and {} are in one IOMMU group of the host: the "
                                 "guest's IOMMU cannot lead them to different "
                                 "memory",
                                 (*with)->view.id, id),
             .remedy = "assign one of them, or --viommu none",
             .commands = {}});
    return obstacles;
}

void restrict_to_memory(PeerPlan& peers) {
    if (peers.state == PeerPlan::State::None) return;
    if (peers.state == PeerPlan::State::Mapped) peers.state = PeerPlan::State::Partly;
    peers.line += "; of devices that the guest lets past its IOMMU alone";
}

bool shows_ats(const slot::FunctionPlan& function) {
    return function::sees_extended(function.view, pci::extended_id::ats);
}

iommu::TableMode tables_of(const chosen::VtdRequest& request) {
    return request.mode == ViommuMode::Scalable ? iommu::TableMode::Scalable
                                                : iommu::TableMode::Legacy;
}

function::GuestIommu guest_iommu(const std::optional<iommu::TableMode>& unit,
                                 unsigned pasid_width) {
    if (unit == iommu::TableMode::Scalable) return function::GuestIommu::Scalable;
    if (unit) return function::GuestIommu::Legacy;
    return pasid_width == 0 ? function::GuestIommu::None : function::GuestIommu::OfOthers;
}

}  // namespace tenon::model::machine
