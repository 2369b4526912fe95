// An NVMe controller as a test assigns it: facts, plan, and the board of a machine around it.
#pragma once

#include <memory>
#include <utility>

#include "model/machine/machine_plan.hpp"
#include "tests/support/config_builder.hpp"
#include "tests/support/fake_device.hpp"
#include "tests/support/fake_vm.hpp"
#include "vmm/assigned/function.hpp"

namespace tenon::support {

inline constexpr std::uint64_t nvme_bar = 0xc0000000;
inline constexpr std::uint64_t nvme_bar_size = 0x4000;

/// Configuration space: PM at 40, PCI Express at 80, MSI-X at c0 with 8 vectors, AER at 100.
inline pci::ConfigImage nvme_config() {
    return ConfigBuilder{}
        .put32(0x10, 0xfe800004)
        .head(0x40)
        .standard(0x40, 0x01, 0x80)
        .express(0x80, 0xc0)
        .msix(0xc0, 0)
        .extended(0x100, 0x01, 0)
        .image();
}

inline pci::Address nvme_address() { return {.bus = 1}; }

/// The host side, as a fake that behaves.
inline std::unique_ptr<FakeFunction> nvme_function() {
    auto function = std::make_unique<FakeFunction>(nvme_config());
    function->add_bar(0, nvme_bar_size);
    function->irq(device::IrqIndex::Msix) = {.count = 8, .eventfd = true};
    function->irq(device::IrqIndex::Error) = {.count = 1, .eventfd = true};
    return function;
}

/// The plan of a machine with these functions, each behind a port of its own.
inline model::machine::MachinePlan plan_of(std::vector<FakeFunction*> functions) {
    model::machine::MachineRequest request;
    std::uint8_t bus = 1;
    for (auto* const function : functions) {
        model::machine::DeviceRequest device;
        device.facts.origin = device::Origin::Live;
        device.facts.address = pci::Address{.bus = bus++};
        device.facts.driver = std::string{"vfio-pci"};
        device.facts.group = device::GroupFacts{.number = 1};
        device.facts.vfio = FakeDevice{*function}.facts().value();
        request.devices.push_back(std::move(device));
    }
    return model::machine::make_plan(std::move(request)).value();
}

/// The plan of the first function, as its function holds it.
inline std::shared_ptr<const model::slot::FunctionPlan> first_of(
    const model::machine::MachinePlan& plan) {
    return std::make_shared<const model::slot::FunctionPlan>(plan.ports[0]->functions[0]);
}

/// What of a machine an assigned function works on.
struct FakeBoard {
    FakeVm vm;
    vmm::kvm::IrqRoutes routes{vm};
    vmm::kvm::MemorySlots slots{vm, 64};
    vmm::board::Bus memory;
    vmm::board::Bus ports;
    vmm::board::Warnings warnings;
    vmm::board::EventLoop events;
    vmm::kvm::PinLevels pins{vm};
    vmm::assigned::Resets resets{warnings};
    vmm::assigned::PeerMemory peers{warnings};

    vmm::assigned::AssignedFunction::Board parts() {
        return {.vm = vm,
                .routes = routes,
                .slots = slots,
                .memory = memory,
                .ports = ports,
                .warnings = warnings,
                .events = events,
                .pins = pins,
                .resets = resets,
                .peers = peers};
    }
};

}  // namespace tenon::support
