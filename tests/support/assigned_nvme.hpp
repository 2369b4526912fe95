// An NVMe controller as a test assigns it: facts, plan, and the board of a machine around it.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "model/machine/machine_plan.hpp"
#include "tests/support/fake_device.hpp"
#include "tests/support/fake_vm.hpp"
#include "vmm/assigned/function.hpp"

namespace tenon::support {

inline constexpr std::uint64_t nvme_bar = 0xc0000000;
inline constexpr std::uint64_t nvme_bar_size = 0x4000;

/// Configuration space: PM at 40, PCI Express at 80, MSI-X at c0 with 8 vectors, AER at 100.
pci::ConfigImage nvme_config();

inline pci::Address nvme_address() { return {.bus = 1}; }

/// The host side, as a fake that behaves.
std::unique_ptr<FakeFunction> nvme_function();

/// The plan of a machine with these functions, each behind a port of its own.
model::machine::MachinePlan plan_of(const std::vector<FakeFunction*>& functions);

/// The plan of the first function, as its function holds it.
std::shared_ptr<const model::slot::FunctionPlan> first_of(const model::machine::MachinePlan& plan);

/// What of a machine an assigned function works on.
struct FakeBoard {
    /// `tables`: of a guest whose interrupts may be remapped; they must outlive it.
    explicit FakeBoard(const model::iommu::TableMemory* tables = nullptr);
    ~FakeBoard();
    FakeBoard(const FakeBoard&) = delete;
    FakeBoard& operator=(const FakeBoard&) = delete;

    FakeVm vm;
    vmm::kvm::IrqRoutes routes;
    vmm::kvm::MemorySlots slots{vm, 64};
    vmm::board::Bus memory;
    vmm::board::Bus ports;
    vmm::board::Warnings warnings;
    vmm::board::EventLoop events;
    vmm::kvm::PinLevels pins{vm};
    vmm::board::TranslationListener translation;
    /// Who is here for the DMA of others; nobody as long as no test says so.
    std::function<std::vector<vmm::assigned::PeerMemory::Member>()> here = [] {
        return std::vector<vmm::assigned::PeerMemory::Member>{};
    };
    vmm::assigned::PeerMemory peers{warnings, [this] { return here(); }};

    vmm::assigned::AssignedFunction::Board parts();
};

}  // namespace tenon::support
