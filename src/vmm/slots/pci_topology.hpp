// The guest's PCI buses at run time: host bridge, root ports, and the functions behind them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "base/listener.hpp"
#include "base/mutex.hpp"
#include "model/machine/machine_plan.hpp"
#include "model/running/config_state.hpp"
#include "vmm/board/ecam.hpp"
#include "vmm/slots/chassis.hpp"
#include "vmm/slots/resets.hpp"

namespace tenon::vmm::slots {

/// Finds who answers a configuration access, by the bus numbers that the guest gave the ports.
/// Whoever answers is called without a lock of this.
class PciTopology final : public board::PciHost {
public:
    /// All must outlive this.
    PciTopology(const model::machine::MachinePlan& plan, Chassis& chassis, Resets& resets);

    /// Who is told that the guest let go of a slot: it is to note that and return. Once this comes
    /// back no earlier one is called.
    void on_release(std::function<void(std::size_t port)> listener) {
        release_.set(std::move(listener));
    }

    /// All functions are behind this IOMMU of the guest, which must outlive the guest: it is told
    /// how the guest numbers buses, and of a reset of the machine. Before the guest runs.
    void translate_by(iommu::Remapper& remapper) { remapper_ = &remapper; }

    /// Who is called before the functions are reset because the machine is. While no guest runs.
    void on_restart(std::function<void()> listener) { restart_ = std::move(listener); }

    std::uint32_t read(const Place& place, unsigned size) override;
    void write(const Place& place, unsigned size, std::uint32_t value) override;
    void restart() override;

private:
    std::shared_ptr<assigned::AssignedFunction> function_at(const Place& place);
    void write_port(std::size_t port, const Place& place, unsigned size, std::uint32_t value);

    const model::machine::MachinePlan& plan_;
    Chassis& chassis_;
    Resets& resets_;
    std::function<void()> restart_;
    iommu::Remapper* remapper_ = nullptr;
    Listener<void(std::size_t port)> release_;
    Mutex mutex_;
    model::running::ConfigState host_bridge_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::vmm::slots
