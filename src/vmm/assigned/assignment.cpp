#include "vmm/assigned/assignment.hpp"

#include <fmt/core.h>

#include <map>

namespace tenon::vmm {

Result<std::unique_ptr<Assignment>> Assignment::create(const model::MachinePlan& plan,
                                                       const OpenerFactory& make_opener,
                                                       const Outside& outside) {
    std::unique_ptr<Assignment> assignment{new Assignment{outside}};
    TENON_TRY(opened, assignment->open(plan, make_opener), "");
    mark(outside.timeline, "functions opened and attached");
    TENON_TRY_DO(assignment->map_memory(), "giving devices access to the guest's memory");
    mark(outside.timeline, "memory mapped for DMA");
    for (auto& function : opened)
        TENON_TRY_DO(assignment->seat(std::move(function)), "");
    mark(outside.timeline, "functions reset, BARs mapped");
    return assignment;
}

// Functions that ask for the same interface share an opener, and so an address space.
Result<std::vector<Assignment::Opened>> Assignment::open(const model::MachinePlan& plan,
                                                         const OpenerFactory& make_opener) {
    std::map<device::Interface, std::vector<device::DeviceFacts>> by_interface;
    for (const auto& port : plan.ports)
        for (const auto& function : port.functions)
            by_interface[function.interface].push_back(function.facts);
    std::map<device::Interface, device::DeviceOpener*> openers;
    for (const auto& [interface, facts] : by_interface) {
        TENON_TRY(opener, make_opener(interface, facts), "");
        openers[interface] = opener.get();
        openers_.push_back(std::move(opener));
    }
    mark(outside_.timeline, "VFIO container or iommufd");
    std::vector<Opened> opened;
    for (std::size_t port = 0; port < plan.ports.size(); ++port) {
        for (const auto& function : plan.ports[port].functions) {
            TENON_TRY(device, openers[function.interface]->open(function.facts),
                      fmt::format("assigning {}", function.view.host));
            opened.push_back({.port = port, .plan = &function, .device = std::move(device)});
        }
    }
    return opened;
}

Result<void> Assignment::map_memory() {
    for (const auto& opener : openers_) {
        auto& space = opener->address_space();
        for (const auto& part : outside_.memory.parts()) {
            const Iova at{part.at.value()};
            TENON_TRY_DO(space.map(at, part.bytes), "");
            undo_.add([&space, at, size = part.bytes.size(), this] {
                outside_.board.warnings.check(space.unmap(at, size), "unmapping guest memory");
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
