#include "vmm/slots/chassis.hpp"

#include <iterator>
#include <ranges>

namespace tenon::vmm::slots {

Chassis::Chassis(const model::machine::MachinePlan& plan, kvm::IrqRoutes& routes,
                 board::Warnings& warnings) {
    for (const auto& port : plan.ports)
        slots_.emplace_back(port, routes, warnings);
}

Functions Chassis::functions() const {
    Functions all;
    for (const auto& slot : slots_)
        std::ranges::move(slot.content()->functions(), std::back_inserter(all));
    return all;
}

std::vector<std::shared_ptr<const model::slot::PortPlan>> Chassis::plans() const {
    std::vector<std::shared_ptr<const model::slot::PortPlan>> all;
    for (const auto& slot : slots_)
        all.push_back(slot.content()->plan);
    return all;
}

std::vector<std::shared_ptr<const model::slot::PortPlan>> Chassis::seen_plans() const {
    std::vector<std::shared_ptr<const model::slot::PortPlan>> all;
    for (const auto& slot : slots_)
        all.push_back(slot.seen_plan());
    return all;
}

void Chassis::renumber(std::size_t port, iommu::Remapper& remapper) const {
    const auto& slot = slots_[port];
    const auto bus = static_cast<unsigned>(slot.secondary_bus()) << 8;
    for (const auto& occupant : slot.content()->occupants) {
        const auto& device = occupant->behind();
        if (!device) continue;
        const auto source = static_cast<model::iommu::SourceId>(bus | occupant->devfn());
        remapper.renumber(*device, source);
        occupant->function()->renumber(source);
    }
}

std::vector<assigned::PeerMemory::Member> Chassis::peers() const {
    std::vector<assigned::PeerMemory::Member> all;
    for (const auto& slot : slots_)
        for (const auto& occupant : slot.content()->occupants)
            if (occupant->has_dma()) all.push_back(occupant->as_peer());
    return all;
}

std::optional<Chassis::Found> Chassis::find(const std::string& id) const {
    for (std::size_t port = 0; port < slots_.size(); ++port) {
        const auto content = slots_[port].content();
        for (const auto& planned : content->plan->functions)
            for (const auto& occupant : content->occupants)
                if (planned.view.id == id && planned.guest.devfn() == occupant->devfn())
                    return Found{
                        .port = port, .occupant = occupant, .plan = {content->plan, &planned}};
    }
    return std::nullopt;
}

}  // namespace tenon::vmm::slots
