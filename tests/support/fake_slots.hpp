// The slots of a machine on a fake board, as the machine makes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "tests/support/assigned_nvme.hpp"
#include "vmm/slots/pci_topology.hpp"

namespace tenon::support {

/// Plan and board must outlive it.
struct FakeSlots {
    FakeSlots(const model::machine::MachinePlan& plan, FakeBoard& board)
        : chassis{plan, board.routes, board.warnings},
          resets{chassis, board.warnings},
          topology{plan, chassis, resets} {}

    /// Puts a function that the test has made into the slot of a port, as number 0.
    void seat(std::size_t port, std::shared_ptr<vmm::assigned::AssignedFunction> function) {
        auto& slot = chassis.slot(port);
        slot.seat(slot.content()->plan,
                  std::make_shared<vmm::slots::Occupant>(0, nullptr, std::move(function)));
    }

    /// A guest's write to a function, and what follows from it.
    void write(const std::shared_ptr<vmm::assigned::AssignedFunction>& function,
               std::uint16_t offset, unsigned size, std::uint32_t value) {
        if (function->write_config(offset, size, value).reset) resets.reset({function});
    }

    vmm::slots::Chassis chassis;
    vmm::slots::Resets resets;
    vmm::slots::PciTopology topology;
};

}  // namespace tenon::support
