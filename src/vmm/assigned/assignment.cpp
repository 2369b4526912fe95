#include "vmm/assigned/assignment.hpp"

#include <fmt/core.h>

#include <map>

namespace tenon::vmm {

Result<std::unique_ptr<Assignment>> Assignment::create(const model::MachinePlan& plan,
                                                       device::OpenedFunctions& opened,
                                                       const Outside& outside) {
    std::unique_ptr<Assignment> assignment{new Assignment{outside}};
    TENON_TRY(functions, take(plan, opened), "");
    TENON_TRY_DO(assignment->map_memory(opened), "giving devices access to the guest's memory");
    mark(outside.timeline, "memory mapped for DMA");
    for (auto& function : functions)
        TENON_TRY_DO(assignment->seat(std::move(function)), "");
    mark(outside.timeline, "functions reset, BARs mapped");
    return assignment;
}

Result<std::vector<Assignment::Opened>> Assignment::take(const model::MachinePlan& plan,
                                                         device::OpenedFunctions& opened) {
    std::map<device::Interface, std::vector<device::DeviceFacts>> by_interface;
    for (const auto& port : plan.ports)
        for (const auto& function : port.functions)
            by_interface[function.access.interface].push_back(function.facts);
    for (const auto& [interface, facts] : by_interface)
        TENON_TRY_DO(opened.prepare(interface, facts), "");
    std::vector<Opened> taken;
    for (std::size_t port = 0; port < plan.ports.size(); ++port) {
        for (const auto& function : plan.ports[port].functions) {
            const auto address = function.facts.address.value_or({});
            auto device = opened.take(address);
            if (!device) {
                // Asking for the plan failed; the reason may be gone, or comes out now.
                TENON_TRY_DO(opened.open(function.facts, function.access),
                             fmt::format("assigning {}", function.view.host));
                device = opened.take(address);
            }
            taken.push_back({.port = port, .plan = &function, .device = std::move(device)});
        }
    }
    return taken;
}

Result<void> Assignment::map_memory(const device::OpenedFunctions& opened) {
    for (auto* const space : opened.address_spaces()) {
        for (const auto& part : outside_.memory.parts()) {
            const Iova at{part.at.value()};
            TENON_TRY_DO(space->map(at, {part.bytes, part.file, part.offset}), "");
            undo_.add([space, at, size = part.bytes.size(), this] {
                outside_.board.warnings.check(space->unmap(at, size), "unmapping guest memory");
            });
        }
    }
    return {};
}

Result<void> Assignment::seat(Opened opened) {
    const int file = opened.device->kvm_file();
    TENON_TRY(function,
              AssignedFunction::create(*opened.plan, std::move(opened.device), outside_.board),
              fmt::format("assigning {}", opened.plan->view.host));
    outside_.topology.add(opened.port, *opened.plan, function);
    // KVM holds a reference to the file: it has to let go before the device can be closed.
    undo_.add([this, function, file] {
        function->shut_down();
        if (outside_.files != nullptr)
            outside_.board.warnings.check(outside_.files->remove(file), "taking a file from KVM");
        outside_.topology.remove(*function);
    });
    if (outside_.files != nullptr)
        TENON_TRY_DO(outside_.files->add(file), fmt::format("telling KVM of {}", function->name()));
    return {};
}

bool Assignment::withdraw() {
    bool any = false;
    for (const auto& function : outside_.topology.functions())
        any |= function->withdraw();
    return any;
}

}  // namespace tenon::vmm
