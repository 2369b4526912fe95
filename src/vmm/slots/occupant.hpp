// A function in a slot of the machine, with what it needs while it is there.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/undo.hpp"
#include "model/iommu/effect.hpp"
#include "vmm/assigned/dma_mapping.hpp"
#include "vmm/assigned/function.hpp"
#include "vmm/slots/device_notifier.hpp"

namespace tenon::vmm::slots {

/// Owns what a function has outside of itself. Who seats it is who asks it to leave; whoever else
/// has it in hand then holds something that answers no more.
class Occupant {
public:
    /// `devfn` is its number in the slot. Guest memory stays reachable by its DMA while it is here;
    /// null: it has none.
    Occupant(std::uint8_t devfn, std::shared_ptr<assigned::DmaMapping> memory,
             std::shared_ptr<assigned::AssignedFunction> function)
        : devfn_{devfn}, memory_{std::move(memory)}, function_{std::move(function)} {}
    Occupant(const Occupant&) = delete;
    Occupant& operator=(const Occupant&) = delete;
    ~Occupant() { leave(); }

    std::uint8_t devfn() const { return devfn_; }
    const std::shared_ptr<assigned::AssignedFunction>& function() const { return function_; }

    /// Whether it reaches memory by DMA of the host. Not so a process, which maps the memory, nor
    /// one that has left.
    bool has_dma() const { return memory_ != nullptr; }

    /// What it is to others that reach it by DMA, until it leaves. Of one with DMA.
    assigned::PeerMemory::Member as_peer() const {
        return {.name = function_->name(),
                .device = &function_->device(),
                .space = &memory_->space(),
                .memory_mapped = memory_->progress()->mapped(),
                .gives_files = function_->gives_bar_files()};
    }

    /// What it is to the guest's IOMMU; none: the guest has none, or it was not behind it yet.
    const std::optional<model::iommu::DeviceId>& behind() const { return behind_; }
    void put_behind(model::iommu::DeviceId device) { behind_ = device; }

    /// What is to be taken back when it leaves, the last one first.
    void on_leave(std::move_only_function<void()> action) { leave_.add(std::move(action)); }

    /// It is told by this what its host says of it, until it leaves.
    void keep(std::unique_ptr<DeviceNotifier> notifier) {
        notifiers_.push_back(std::move(notifier));
    }

    /// Its way out, which is its way in: afterwards its device is closed. A second time nothing
    /// happens.
    void leave() {
        leave_.run();
        notifiers_.clear();
        function_->close();
        memory_.reset();
    }

private:
    std::uint8_t devfn_;
    std::shared_ptr<assigned::DmaMapping> memory_;
    std::shared_ptr<assigned::AssignedFunction> function_;
    std::optional<model::iommu::DeviceId> behind_;
    std::vector<std::unique_ptr<DeviceNotifier>> notifiers_;
    Undo leave_;
};

}  // namespace tenon::vmm::slots
