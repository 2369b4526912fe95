// One assigned function at run time: the guest's accesses in, the plan's effects carried out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "device/control.hpp"
#include "model/machine/machine_plan.hpp"
#include "model/running/config_state.hpp"
#include "model/running/in_bar.hpp"
#include "vmm/assigned/bars.hpp"
#include "vmm/assigned/dma_mapping.hpp"
#include "vmm/assigned/interrupts.hpp"
#include "vmm/assigned/option_rom.hpp"
#include "vmm/assigned/peer_memory.hpp"
#include "vmm/board/lock_order.hpp"
#include "vmm/board/translation_switch.hpp"
#include "vmm/board/warnings.hpp"

namespace tenon::vmm::assigned {

/// What a guest finds of an error of a function.
struct ErrorReport {
    bool fatal = false;  ///< Its severity, as the guest has chosen it.
    bool told = false;   ///< The guest got a message of it; else it finds it if it looks.

    bool operator==(const ErrorReport&) const = default;
};

/// Joins configuration space, BARs and interrupts of a function to its device. Thread-safe.
///
///     create() ── here ──begin_reset()──▶ held ──end_reset()──▶ here ── shut_down() ──▶ left
///
/// While a reset holds it, accesses wait for the end of that, without a lock; one that has left
/// answers with ones, whoever still has it in hand.
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
        PeerMemory& peers;
        board::TranslationListener& translation;
        bool takes_pasids = false;  ///< The guest's IOMMU, and the host attaches them.
    };

    /// What a write asks of who has the functions.
    struct Wanted {
        bool reset = false;  ///< The guest resets it, which may concern others; see Resets.
    };

    /// Takes `device` over, which opening has reset, lets it send no AtomicOps until a guest says
    /// otherwise, and maps its BARs. Its plan lives as long as the function. It masters the bus
    /// only when the guest's memory is there for its DMA, as `memory` says; null: it is. Errors:
    /// of a question, a write or a mapping, naming the function.
    static Result<std::shared_ptr<AssignedFunction>> create(
        std::shared_ptr<const model::slot::FunctionPlan> plan,
        std::unique_ptr<device::DeviceControl> device, const Board& board,
        std::shared_ptr<DmaProgress> memory = {}, std::vector<Doorbell> doorbells = {});

    ~AssignedFunction() override;

    /// Configuration space: 1, 2 or 4 bytes in one dword. A write that lets it master the bus waits
    /// for the guest's memory first; others go on meanwhile.
    std::uint32_t read_config(std::uint16_t offset, unsigned size) TENON_EXCLUDES(mutex_);
    Wanted write_config(std::uint16_t offset, unsigned size, std::uint32_t value)
        TENON_EXCLUDES(mutex_);

    std::uint64_t read_bar(unsigned index, std::uint64_t offset, unsigned size) override
        TENON_EXCLUDES(mutex_);
    void write_bar(unsigned index, std::uint64_t offset, unsigned size,
                   std::uint64_t value) override TENON_EXCLUDES(mutex_);

    /// A reset in its parts, for Resets: who is reset with others goes through each part with them.
    /// Held and quiet: registers as after a reset, interrupts off, BARs out, no DMA.
    void begin_reset() TENON_EXCLUDES(mutex_);
    /// Resets the device alone, unless it is to be reset with its bus or not at all.
    void reset_alone() TENON_EXCLUDES(mutex_);
    /// Resets the bus above the device on the host; `owners` as of DeviceControl::hot_reset().
    Result<void> reset_bus(std::span<const int> owners) TENON_EXCLUDES(mutex_);
    /// Takes back what the kernel has given back to the device, and holds it no more.
    void end_reset() TENON_EXCLUDES(mutex_);

    /// Holds it as it is while its bus is reset for another one's sake; false: the guest uses it.
    [[nodiscard]] bool hold_unused() TENON_EXCLUDES(mutex_);
    void release() TENON_EXCLUDES(mutex_);

    /// The guest has numbered its bus, or it has just come: messages of its interrupts are of this
    /// requester.
    void renumber(model::iommu::SourceId source) TENON_EXCLUDES(mutex_);

    /// The machine was reset, and so is the function: it has its BARs where the plan puts them.
    void restart() TENON_EXCLUDES(mutex_);

    /// How it is reset, and with whom.
    model::function::ResetPlan reset_plan() const TENON_EXCLUDES(mutex_);

    /// Raises status bits of an error that the guest does not mask, until it clears them, and sends
    /// a message of it, if the guest lets it. None: it has no registers for that.
    std::optional<ErrorReport> show_error() TENON_EXCLUDES(mutex_);

    /// Whether the device has gone from its host: reading it fails, or reads ones where no device
    /// has them.
    bool is_gone() TENON_EXCLUDES(mutex_);

    /// Who is told, by whoever just accessed it, that the device has gone: it is to note that and
    /// return. Before anybody accesses it.
    void on_gone(std::function<void()> listener) { gone_listener_ = std::move(listener); }

    /// Its slot has changed: goes by this plan of it from now on. What a slot does not change has
    /// to be as in the first.
    void follow(std::shared_ptr<const model::slot::FunctionPlan> plan) TENON_EXCLUDES(mutex_);

    /// It arrives while the guest runs: its BARs are where a reset leaves them, nowhere.
    void unplace() TENON_EXCLUDES(mutex_);

    /// A device does not answer under a mapping at `where`; unknown: this one under any. If that is
    /// one of its own, its accesses trap until the guest places its BARs anew. Whether it is.
    bool withdraw(std::optional<GuestAddress> where) TENON_EXCLUDES(mutex_);

    /// Takes everything out of the guest now, before memory and board go: it masters the bus no
    /// more, and the event loop neither calls nor holds it afterwards. It has left.
    void shut_down() TENON_EXCLUDES(mutex_);

    /// It neither sends nor answers any more: before its bus is reset.
    void silence() TENON_EXCLUDES(mutex_);

    /// Closes the device, which the kernel resets then; after shut_down(). What is left is safe in
    /// anybody's hand.
    void close() TENON_EXCLUDES(mutex_);

    const std::string& name() const { return name_; }
    /// device::IommuFacts::bar_files of it.
    const Known<bool>& gives_bar_files() const { return first_plan_->facts.iommu.bar_files; }
    /// Its device, to hold while one works on it without the function's lock; null after close().
    std::shared_ptr<device::DeviceControl> borrow_device() const TENON_EXCLUDES(mutex_);
    /// The same for who lets it leave, and whoever that one waits for. Not after close().
    device::DeviceControl& device() TENON_NO_LOCK_ANALYSIS { return *device_; }
    /// Its address on the host; none of a plan without.
    const std::string& host_address() const { return host_address_; }

private:
    AssignedFunction(std::shared_ptr<const model::slot::FunctionPlan> plan,
                     std::unique_ptr<device::DeviceControl> device, const Board& board,
                     std::shared_ptr<DmaProgress> memory);

    // A reset has it.
    enum class Presence { Here, Held, Left };

    Result<void> bring_in(std::vector<Doorbell> doorbells) TENON_EXCLUDES(mutex_);
    Interrupts::Outside for_interrupts() TENON_REQUIRES(mutex_);
    void leave() TENON_EXCLUDES(mutex_);
    bool answers() TENON_REQUIRES(mutex_);
    bool in_use() const TENON_REQUIRES(mutex_);
    void wait_for_memory(std::uint16_t offset, unsigned size, std::uint32_t value)
        TENON_EXCLUDES(mutex_);
    std::uint32_t with_msi_pending(std::uint16_t offset, unsigned size, std::uint32_t value) const
        TENON_REQUIRES(mutex_);

    std::uint32_t read_registers(std::uint16_t offset, unsigned size) TENON_REQUIRES(mutex_);
    void note_if_gone() TENON_REQUIRES(mutex_);
    bool looks_gone() TENON_REQUIRES(mutex_);

    bool may_go_out(const model::running::effect::WriteDevice& effect) const TENON_REQUIRES(mutex_);
    Result<void> update_device(const model::running::effect::UpdateDevice& effect)
        TENON_REQUIRES(mutex_);
    Result<void> clear_requester_enable() TENON_REQUIRES(mutex_);
    void clear_command() TENON_REQUIRES(mutex_);
    void execute(const std::vector<model::running::Effect>& effects) TENON_REQUIRES(mutex_);
    void carry_out(const model::running::effect::RemoveBars& effect) TENON_REQUIRES(mutex_);
    void carry_out(const model::running::effect::WriteDevice& effect) TENON_REQUIRES(mutex_);
    void carry_out(const model::running::effect::UpdateDevice& effect) TENON_REQUIRES(mutex_);
    void carry_out(const model::running::effect::PlaceBars& effect) TENON_REQUIRES(mutex_);
    void carry_out(const model::running::effect::InterruptsChanged& effect) TENON_REQUIRES(mutex_);
    void carry_out(const model::running::effect::ResetFunction& effect) TENON_REQUIRES(mutex_);
    void carry_out(const model::running::effect::ResetSecondaryBus& effect) TENON_REQUIRES(mutex_);
    void carry_out(const model::running::effect::PasidChanged& effect) TENON_REQUIRES(mutex_);
    void carry_out(const model::running::effect::AtsChanged& effect) TENON_REQUIRES(mutex_);
    void carry_out(const model::running::effect::PageRequestsChanged& effect)
        TENON_REQUIRES(mutex_);
    void carry_out(const model::running::effect::AtomicsChanged& effect) TENON_REQUIRES(mutex_);

    void tell(bool enabled, decltype(board::TranslationSwitch::of) of) const;

    std::uint64_t read_place(unsigned index, const model::running::InBar& place, unsigned size)
        TENON_REQUIRES(mutex_);

    /// That it came with. BARs, ROM and interrupts go by it: a slot changes nothing of theirs.
    const std::shared_ptr<const model::slot::FunctionPlan> first_plan_;
    const std::string name_;
    const std::string host_address_;
    const Board board_;
    const std::shared_ptr<DmaProgress> memory_;  ///< Null: nothing to wait for.
    std::function<void()> gone_listener_;

    mutable Mutex mutex_ TENON_ACQUIRED_AFTER(board::order::function)
        TENON_ACQUIRED_BEFORE(board::order::board);
    Condition changed_;  ///< Presence has.
    Presence presence_ TENON_GUARDED_BY(mutex_) = Presence::Here;
    /// Never null. A vCPU in an access may be the last who holds the function: whoever else had
    /// its plans has let go of them by then.
    std::shared_ptr<const model::slot::FunctionPlan> plan_ TENON_GUARDED_BY(mutex_);
    /// Null after close(). Who works on it without the lock shares it.
    std::shared_ptr<device::DeviceControl> device_ TENON_GUARDED_BY(mutex_);
    model::running::ConfigState config_ TENON_GUARDED_BY(mutex_);
    std::unique_ptr<Bars> bars_ TENON_GUARDED_BY(mutex_);
    std::optional<OptionRom> rom_ TENON_GUARDED_BY(mutex_);
    std::unique_ptr<Interrupts> interrupts_ TENON_GUARDED_BY(mutex_);
    /// By the guest, in the write that is being carried out.
    bool reset_wanted_ TENON_GUARDED_BY(mutex_) = false;
};

}  // namespace tenon::vmm::assigned
