// Interrupts of one assigned function: carries out what model::InterruptState decides, and tells it
// what the host refused.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/event_fd.hpp"
#include "device/control.hpp"
#include "model/running/interrupt_state.hpp"
#include "vmm/assigned/bars.hpp"
#include "vmm/assigned/intx_line.hpp"
#include "vmm/board/event_loop.hpp"
#include "vmm/board/warnings.hpp"
#include "vmm/kvm/irq_routes.hpp"
#include "vmm/kvm/pin_levels.hpp"
#include "vmm/kvm/vm.hpp"

namespace tenon::vmm::assigned {

/// Owns the events and routes of a function's interrupts. One caller at a time.
class Interrupts {
public:
    /// What it works on; all must outlive it.
    struct Outside {
        device::DeviceControl& device;
        kvm::Vm& vm;
        kvm::IrqRoutes& routes;
        board::EventLoop& events;
        kvm::PinLevels& pins;
        Bars& bars;
        board::Warnings& warnings;
        /// Runs what it is given with the caller's lock held, unless the caller is gone. The event
        /// loop's thread comes in by it.
        std::function<void(const std::function<void(Interrupts&)>&)> enter;
    };

    /// `name` stands in warnings. `msix_noresize`: see model::InterruptState. The view must
    /// outlive this.
    Interrupts(std::string name, const model::function::FunctionView& view, bool msix_noresize,
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

    /// Pending Bits of MSI.
    std::uint32_t msi_pending() const;

    /// The guest had access to a register behind a BAR.
    void bar_accessed() {
        if (intx_) intx_->accessed();
    }

    /// The guest has numbered it so: its messages are remapped as those of this requester.
    void renumber(model::iommu::SourceId source);

    /// As after a reset of the function: off, and every vector masked.
    void reset();

private:
    /// What a vector has outside.
    struct Line {
        std::optional<EventFd> event;
        std::optional<kvm::Gsi> gsi;
        bool staged = false;  ///< Its route is not in KVM's table yet.
        bool attached = false;
        std::optional<board::EventLoop::Token> watched;  ///< While we deliver it ourselves.
        model::running::Message message;                 ///< What we deliver then.
    };

    void execute(model::running::InterruptActions actions);
    void report(const model::running::action::Report& action, const std::string& why);
    Result<device::Offer> run(const model::running::InterruptAction& action);
    Result<device::Offer> run_one(const model::running::action::EnableEmpty& action);
    Result<device::Offer> run_one(const model::running::action::ConnectVectors& action);
    Result<device::Offer> run_one(const model::running::action::EnableVectors& action);
    Result<void> run_one(const model::running::action::DisableAll& action);
    Result<void> run_one(const model::running::action::SetRoute& action);
    Result<void> run_one(const model::running::action::DropRoute& action);
    Result<void> run_one(const model::running::action::CommitRoutes& action);
    Result<void> run_one(const model::running::action::Attach& action);
    Result<void> run_one(const model::running::action::Relay& action);
    Result<void> run_one(const model::running::action::Detach& action);
    Result<void> run_one(const model::running::action::Fire& action);
    Result<void> run_one(const model::running::action::AttachIntx& action);
    Result<void> run_one(const model::running::action::DetachIntx& action);
    Result<void> run_one(const model::running::action::EnableIntx& action);
    Result<void> run_one(const model::running::action::DisableIntx& action);
    Result<void> run_one(const model::running::action::Report& action);
    kvm::SentMessage sent_by_us(const model::running::Message& message) const;
    Result<int> event_of(std::uint32_t vector);
    Result<std::vector<int>> events_of(std::uint32_t first, std::uint32_t count,
                                       const std::vector<std::uint32_t>& vectors);
    void deliver(std::uint32_t vector);
    bool is_pending(std::uint32_t vector) const;

    std::string name_;
    const model::function::FunctionView& view_;
    Outside outside_;
    model::running::InterruptState state_;
    model::iommu::SourceId source_ = 0;
    std::vector<Line> lines_;
    std::vector<std::uint32_t> staged_;
    std::optional<device::IrqIndex> enabled_;  ///< On the host.
    std::optional<IntxLine> intx_;
};

}  // namespace tenon::vmm::assigned
