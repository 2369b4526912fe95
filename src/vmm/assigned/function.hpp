// One assigned function at run time: the guest's accesses in, the plan's effects carried out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "device/control.hpp"
#include "model/machine/machine_plan.hpp"
#include "model/running/config_state.hpp"
#include "vmm/assigned/bars.hpp"
#include "vmm/assigned/interrupts.hpp"
#include "vmm/assigned/option_rom.hpp"
#include "vmm/assigned/peer_memory.hpp"
#include "vmm/assigned/resets.hpp"
#include "vmm/board/warnings.hpp"

namespace tenon::vmm::assigned {

/// What a guest finds of an error of a function.
struct ErrorReport {
    bool fatal = false;  ///< Its severity, as the guest has chosen it.
    bool told = false;   ///< The guest got a message of it; else it finds it if it looks.

    bool operator==(const ErrorReport&) const = default;
};

/// Joins configuration space, BARs and interrupts of a function to its device. Thread-safe.
class AssignedFunction final : public BarAccess,
                               public std::enable_shared_from_this<AssignedFunction> {
public:
    /// Parts of the board; all must outlive the function.
    struct Board {
        kvm::Vm& vm;
        kvm::IrqRoutes& routes;
        kvm::MemorySlots& slots;
        board::Bus& memory;
        board::Bus& ports;
        board::Warnings& warnings;
        board::EventLoop& events;
        kvm::PinLevels& pins;
        Resets& resets;
        PeerMemory& peers;
    };

    /// Takes `device` over, which opening has reset, lets it send no AtomicOps until a guest says
    /// otherwise, and maps its BARs. Its plan lives as long as the function. `memory_ready`
    /// returns when the guest's memory is there for its DMA: it may master the bus then, and never
    /// if it fails. Errors: of a question, a write or a mapping, naming the function.
    static Result<std::shared_ptr<AssignedFunction>> create(
        std::shared_ptr<const model::slot::FunctionPlan> plan,
        std::unique_ptr<device::DeviceControl> device, const Board& board,
        std::function<Result<void>()> memory_ready = {});

    /// Interrupts off, BARs out of the guest. The device resets itself when it goes.
    ~AssignedFunction() override;

    /// Configuration space: 1, 2 or 4 bytes in one dword.
    std::uint32_t read_config(std::uint16_t offset, unsigned size);
    void write_config(std::uint16_t offset, unsigned size, std::uint32_t value);

    std::uint64_t read_bar(unsigned index, std::uint64_t offset, unsigned size) override;
    void write_bar(unsigned index, std::uint64_t offset, unsigned size,
                   std::uint64_t value) override;

    /// A reset in its parts, for Resets: who is reset with others goes through each part with them.
    /// Quiet: registers as after a reset, interrupts off, BARs out, no DMA.
    void begin_reset();
    /// Resets the device alone, unless it is to be reset with its bus or not at all.
    void reset_alone();
    /// Resets the bus above the device on the host; `owners` as of DeviceControl::hot_reset().
    Result<void> reset_bus(std::span<const int> owners);
    /// Takes back what the kernel has given back to the device.
    void end_reset();

    /// The machine was reset, and so is the function: it has its BARs where the plan puts them.
    void restart();

    /// How it is reset, and with whom.
    model::function::ResetPlan reset_plan() const;

    /// Whether the guest uses it: it answers, sends, or has interrupts.
    bool in_use() const;

    /// Raises status bits of an error that the guest does not mask, until it clears them, and sends
    /// a message of it, if the guest lets it. None: it has no registers for that.
    std::optional<ErrorReport> show_error();

    /// Whether the device has gone from its host: reading it fails, or reads ones where no device
    /// has them.
    bool is_gone();

    /// Who is told, by whoever just accessed it, that the device has gone: it is to note that and
    /// return. Before anybody accesses it.
    void on_gone(std::function<void()> listener) { gone_listener_ = std::move(listener); }

    /// Its slot has changed: goes by this plan of it from now on. What a slot does not change has
    /// to be as in the first.
    void follow(std::shared_ptr<const model::slot::FunctionPlan> plan);

    /// It arrives while the guest runs: its BARs are where a reset leaves them, nowhere.
    void unplace();

    /// A device does not answer under a mapping at `where`; unknown: this one under any. If that is
    /// one of its own, its accesses trap until the guest places its BARs anew. Whether it is.
    bool withdraw(std::optional<GuestAddress> where);

    /// Takes everything out of the guest now, before memory and board go: it masters the bus no
    /// more, and the event loop neither calls nor holds it afterwards.
    void shut_down();

    const std::string& name() const { return name_; }
    device::DeviceControl& device() { return *device_; }
    /// Its address on the host; none of a plan without.
    const std::string& host_address() const { return host_address_; }

private:
    AssignedFunction(std::shared_ptr<const model::slot::FunctionPlan> plan,
                     std::unique_ptr<device::DeviceControl> device, const Board& board);

    Interrupts::Outside for_interrupts();
    std::uint32_t with_msi_pending(std::uint16_t offset, unsigned size, std::uint32_t value) const;

    std::uint32_t read_registers(std::uint16_t offset, unsigned size);
    void note_if_gone();
    bool looks_gone();

    Result<void> wait_for_memory(const model::running::effect::WriteDevice& effect);
    Result<void> update_device(const model::running::effect::UpdateDevice& effect);
    Result<void> clear_requester_enable();
    void clear_command();
    void execute(const std::vector<model::running::Effect>& effects);
    void carry_out(const model::running::effect::RemoveBars& effect);
    void carry_out(const model::running::effect::WriteDevice& effect);
    void carry_out(const model::running::effect::UpdateDevice& effect);
    void carry_out(const model::running::effect::PlaceBars& effect);
    void carry_out(const model::running::effect::InterruptsChanged& effect);
    void carry_out(const model::running::effect::ResetFunction& effect);
    void carry_out(const model::running::effect::ResetSecondaryBus& effect);
    void carry_out(const model::running::effect::PasidChanged& effect);
    void carry_out(const model::running::effect::AtsChanged& effect);
    void carry_out(const model::running::effect::PageRequestsChanged& effect);
    void carry_out(const model::running::effect::AtomicsChanged& effect);

    // Where an access to a BAR falls.
    enum class Part { Device, Table, Pending, Nothing };
    struct Place {
        Part part = Part::Device;
        std::uint64_t offset = 0;  ///< From the start of the part.
    };
    Place place_of(unsigned index, std::uint64_t offset, unsigned size) const;
    std::uint64_t read_place(unsigned index, const Place& place, unsigned size);

    mutable std::mutex mutex_;
    /// Never null. A vCPU in an access may be the last who holds the function: whoever else had
    /// its plans has let go of them by then.
    std::shared_ptr<const model::slot::FunctionPlan> plan_;
    /// That it came with. BARs, ROM and interrupts go by it: a slot changes nothing of theirs.
    const std::shared_ptr<const model::slot::FunctionPlan> first_plan_;
    std::string name_;
    std::string host_address_;
    Board board_;
    std::unique_ptr<device::DeviceControl> device_;
    std::function<Result<void>()> memory_ready_;  ///< Empty once it was.
    model::running::ConfigState config_;
    std::unique_ptr<Bars> bars_;
    std::optional<OptionRom> rom_;
    std::unique_ptr<Interrupts> interrupts_;
    std::function<void()> gone_listener_;
    bool reset_wanted_ = false;  ///< By the guest, in the write that is being carried out.
};

}  // namespace tenon::vmm::assigned
