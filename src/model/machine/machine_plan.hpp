// The whole machine as a guest will find it: root ports, functions, addresses. `plan` prints this
// object, `run` carries it out.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "device/control.hpp"
#include "model/iommu/shape.hpp"
#include "model/machine/dma_budget.hpp"
#include "model/machine/interrupt_budget.hpp"
#include "model/machine/processors.hpp"
#include "model/machine/request.hpp"
#include "model/slot/port_plan.hpp"
#include "pci/address.hpp"

namespace tenon::model::machine {

/// Fixed places of the board.
struct AddressMap {
    std::uint64_t low_memory_end = 0xc000'0000;  ///< Memory goes on at 4 GiB.
    slot::Window memory32{0xc000'0000, 0x2000'0000};
    slot::Window ecam{0xe000'0000, 0};  ///< 1 MiB a bus.
    slot::Window
        memory64;  ///< From 64 GiB on if it fits there, above the guest's memory in any case.
    slot::Window io{0x1000, 0xf000};
    std::uint8_t last_bus = 0;

    bool operator==(const AddressMap&) const = default;
};

/// Guest memory as it will be.
struct MemoryPlan {
    std::uint64_t size = 0;
    std::uint64_t page = 0;           ///< Bytes of a huge page; 0: as the host's kernel likes.
    std::vector<slot::Window> parts;  ///< Guest physical addresses, in order.
    std::optional<unsigned> node;     ///< NUMA node of the host that it comes from.
    bool strict = false;              ///< It comes from there or the guest does not start.
    std::string node_why;             ///< Why that node, or none.
};

/// Whether functions reach each other's BARs by DMA.
struct PeerPlan {
    enum class State { Mapped, Partly, None, Unknown };
    State state = State::Unknown;
    std::string line;  ///< For a person, with the reason.

    bool operator==(const PeerPlan&) const = default;
};

/// The guest's IOMMU, behind which all functions are.
struct IommuPlan {
    /// Of its registers, a page; between ECAM and the interrupt controllers.
    static constexpr std::uint64_t registers = 0xfed9'0000;

    iommu::UnitDesign unit;
};

struct MachinePlan {
    std::string version;
    unsigned viommu_pasid_width = 0;  ///< Bits of PASID that the guest's IOMMU takes; 0: none.
    unsigned vcpus = 1;
    unsigned apic_step = 1;  ///< Processors::apic_step.
    /// Firmware numbers buses and gives out addresses anew: those of ports and functions here are
    /// what it finds at first, and the windows of `addresses` what it gives from.
    bool firmware = false;
    MemoryPlan memory;
    Known<unsigned> physical_bits;      ///< Of guest physical addresses.
    std::uint64_t memory64_needed = 0;  ///< Bytes of the 64-bit window that BARs take.
    AddressMap addresses;
    function::RegisterMap host_bridge;
    std::vector<chosen::PropertyReport>
        properties;  ///< What came of what could be chosen of the machine.
    std::vector<slot::SlotProposal> proposals;  ///< Of host slots that were named as a whole.
    std::vector<std::shared_ptr<const slot::PortPlan>> ports;  ///< None is null.
    std::vector<function::IntxRoute> intx;  ///< Where the pins of the ports lead.
    InterruptBudget interrupts;
    std::vector<DmaBudget> dma;              ///< Of each interface in use; empty: not known.
    std::shared_ptr<const IommuPlan> iommu;  ///< Null: the guest has none.
    std::optional<PeerPlan> peers;           ///< None where there is one function, or no function.
    std::vector<chosen::Reason>
        problems;  ///< Of the machine as a whole: windows too small, places taken.

    /// Whether every function can be assigned and the machine has room for all of it.
    bool assignable() const;
};

/// Makes the plan.
/// Errors: Malformed for a request that contradicts itself: an unknown version, a port twice, a
/// function number twice in one slot, more than 248 ports.
Result<MachinePlan> make_plan(MachineRequest request);

}  // namespace tenon::model::machine
