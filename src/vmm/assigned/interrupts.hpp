// Message interrupts of one assigned function: carries out what model::InterruptState decides.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/event_fd.hpp"
#include "device/control.hpp"
#include "model/interrupt_state.hpp"
#include "vmm/assigned/warnings.hpp"
#include "vmm/irq_routes.hpp"
#include "vmm/vm.hpp"

namespace tenon::vmm {

/// Owns the events and routes of a function's vectors. One caller at a time.
class Interrupts {
public:
    /// What it works on; all must outlive it.
    struct Outside {
        device::DeviceControl& device;
        Vm& vm;
        IrqRoutes& routes;
        Warnings& warnings;
    };

    /// `name` stands in warnings. `msix_noresize`: see model::InterruptState.
    Interrupts(std::string name, const model::FunctionView& view, bool msix_noresize,
               Outside outside);
    Interrupts(const Interrupts&) = delete;
    Interrupts& operator=(const Interrupts&) = delete;
    /// Switches everything off, on the host too.
    ~Interrupts() { reset(); }

    /// The guest's configuration space may have changed; `config` holds our bytes of it.
    void config_changed(const pci::ConfigImage& config);

    /// Accesses to the MSI-X table and the pending bit array; offsets from their start.
    std::uint64_t read_table(std::uint64_t offset, unsigned size) const;
    void write_table(std::uint64_t offset, unsigned size, std::uint64_t value);
    std::uint64_t read_pending(std::uint64_t offset, unsigned size) const;

    /// As after a reset of the function: off, and every vector masked.
    void reset();

private:
    /// What a vector has outside.
    struct Line {
        std::optional<EventFd> event;
        std::optional<Gsi> gsi;
        bool attached = false;
    };

    void execute(const std::vector<model::InterruptAction>& actions);
    Result<void> run(const model::InterruptAction& action);
    Result<void> run_one(const model::action::EnableEmpty& action);
    Result<void> run_one(const model::action::ConnectVector& action);
    Result<void> run_one(const model::action::EnableVectors& action);
    Result<void> run_one(const model::action::DisableAll& action);
    Result<void> run_one(const model::action::SetRoute& action);
    Result<void> run_one(const model::action::CommitRoutes& action);
    Result<void> run_one(const model::action::Attach& action);
    Result<void> run_one(const model::action::Detach& action);
    Result<void> run_one(const model::action::Fire& action);
    Result<void> run_one(const model::action::Report& action);
    Result<int> event_of(std::uint32_t vector);

    std::string name_;
    Outside outside_;
    model::InterruptState state_;
    std::vector<Line> lines_;
    std::optional<device::IrqIndex> enabled_;  ///< On the host.
};

}  // namespace tenon::vmm
