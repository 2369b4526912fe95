#include "tests/support/assigned_nvme.hpp"

#include <string>
#include <utility>

#include "tests/support/config_builder.hpp"

namespace tenon::support {

pci::ConfigImage nvme_config() {
    return ConfigBuilder{}
        .put32(0x10, 0xfe800004)
        .head(0x40)
        .standard(0x40, 0x01, 0x80)
        .express(0x80, 0xc0)
        .msix(0xc0, 0)
        .extended(0x100, 0x01, 0)
        .image();
}

std::unique_ptr<FakeFunction> nvme_function() {
    auto function = std::make_unique<FakeFunction>(nvme_config());
    function->add_bar(0, nvme_bar_size);
    function->irq(device::IrqIndex::Msix) = {.count = 8, .eventfd = true};
    function->irq(device::IrqIndex::Error) = {.count = 1, .eventfd = true};
    return function;
}

model::machine::MachinePlan plan_of(const std::vector<FakeFunction*>& functions) {
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

std::shared_ptr<const model::slot::FunctionPlan> first_of(const model::machine::MachinePlan& plan) {
    return std::make_shared<const model::slot::FunctionPlan>(plan.ports[0]->functions[0]);
}

FakeBoard::FakeBoard(const model::iommu::TableMemory* tables) : routes{vm, tables} {}
FakeBoard::~FakeBoard() = default;

vmm::assigned::AssignedFunction::Board FakeBoard::parts() {
    return {.vm = vm,
            .routes = routes,
            .slots = slots,
            .memory = memory,
            .ports = ports,
            .warnings = warnings,
            .events = events,
            .pins = pins,
            .peers = peers,
            .translation = translation};
}

}  // namespace tenon::support
