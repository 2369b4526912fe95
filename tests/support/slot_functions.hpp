// Functions for the slot of a root port, each as it comes: from a plan in which it had a port of
// its own.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/machine/machine_plan.hpp"
#include "model/machine/resets.hpp"
#include "model/slot/slot.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::support {

/// Widths of AtomicOps by function: the number in the slot is the place in the array.
using SlotWidths = std::array<std::uint32_t, 4>;

/// Four functions that differ in what a slot makes of them. All have a pin and PASID; of PASID, 0
/// and 3 lack Access Control Services and 1 the prefixes as well; 2 is virtual; 3 is a GPU whose
/// guest driver asks for AtomicOps. All are on one bus, with which alone the kernel resets them.
inline model::machine::DeviceRequest slot_request(unsigned number, std::uint32_t widths) {
    // Bits 9:7 of Device Capabilities 2: it completes all itself. Bit 21: prefixes.
    const std::uint32_t capabilities_2 = 0x380 | (number == 1 ? 0u : 1u << 21);
    ConfigBuilder config;
    config.put8(0x3d, static_cast<std::uint8_t>(number + 1))
        .head(0x80)
        .express(0x80, 0)
        .second_registers(0x80, capabilities_2, 0x0440);
    if (number == 2) config.extended(0x100, 0x0d, 0);
    if (number == 3) config.put16(0x00, 0x1002).put32(0x08, 0x03000000);
    model::machine::DeviceRequest request;
    request.facts.source = "host#" + std::to_string(number);
    constexpr auto on_bus = [](unsigned n) {
        return pci::Address{.bus = 0x0b, .function = static_cast<std::uint8_t>(n)};
    };
    request.facts.address = on_bus(number);
    request.facts.reset_methods = std::vector<std::string>{};
    std::vector<device::GroupMember> others;
    for (unsigned n = 0; n < 4; ++n)
        if (n != number) others.push_back({.address = on_bus(n)});
    request.facts.bus_neighbours = std::move(others);
    request.facts.physical = config.image();
    request.facts.virtual_function = number == 2;
    request.facts.iommu.pasid = device::PasidFacts{.width = 20};
    request.facts.atomics = widths;
    request.id = "dev" + std::to_string(number);
    request.function = number;
    return request;
}

/// The port of a machine that was planned with those of the four functions that `set` names, bit n
/// for function n.
inline model::slot::PortPlan planned_port(const model::chosen::AtomicsRule& rule,
                                          const SlotWidths& widths, unsigned set) {
    model::machine::MachineRequest request;
    request.ports.push_back({.name = "other"});
    request.ports.push_back({.name = "slot"});
    request.ports.back().atomics = rule;
    // Windows do not follow who is there.
    request.ports.back().memory = 1 << 20;
    request.ports.back().prefetchable = 1 << 20;
    request.viommu_pasid_width = 20;
    for (unsigned n = 0; n < widths.size(); ++n) {
        if ((set >> n & 1) == 0) continue;
        request.devices.push_back(slot_request(n, widths.at(n)));
        request.devices.back().port = "slot";
    }
    return *model::machine::make_plan(std::move(request)).value().ports.at(1);
}

/// The port of a machine after its slot has changed: resets follow.
inline model::slot::PortPlan with_resets(model::slot::PortPlan port) {
    model::machine::settle_resets(std::span{&port, 1});
    return port;
}

/// The plan of the port without one of its functions: its state follows from who is left.
inline model::slot::PortPlan without_function(model::slot::PortPlan port, unsigned number) {
    std::erase_if(port.functions, [number](const model::slot::FunctionPlan& function) {
        return function.view.function == number;
    });
    model::slot::settle(port);
    return port;
}

/// A function as it comes from a port of its own, at another place.
inline model::slot::FunctionPlan arriving(unsigned number, std::uint32_t widths) {
    model::machine::MachineRequest request;
    request.viommu_pasid_width = 20;
    request.devices.push_back(slot_request(number, widths));
    return model::machine::make_plan(std::move(request)).value().ports.front()->functions.front();
}

/// arriving() from a store: tests of all orders ask for thousands.
inline const model::slot::FunctionPlan& stored(unsigned number, std::uint32_t widths) {
    static const auto made = [] {
        std::array<std::array<model::slot::FunctionPlan, 8>, 4> all;
        for (unsigned n = 0; n < all.size(); ++n)
            for (std::uint32_t w = 0; w < 8; ++w)
                all.at(n).at(w) = arriving(n, w);
        return all;
    }();
    return made.at(number).at(widths);
}

}  // namespace tenon::support
