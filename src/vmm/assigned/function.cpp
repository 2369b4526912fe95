#include "vmm/assigned/function.hpp"

#include <fmt/core.h>

#include <array>
#include <utility>

#include "base/bytes.hpp"
#include "model/function/device_error.hpp"
#include "model/running/msi_registers.hpp"
#include "pci/error_reporting.hpp"
#include "pci/express.hpp"
#include "pci/header.hpp"
#include "pci/msi.hpp"
#include "pci/msix.hpp"

namespace tenon::vmm::assigned {

using model::running::BarPart;

AssignedFunction::AssignedFunction(std::shared_ptr<const model::slot::FunctionPlan> shared_plan,
                                   std::unique_ptr<device::DeviceControl> device,
                                   const Board& board, std::shared_ptr<DmaProgress> memory)
    : first_plan_{std::move(shared_plan)},
      name_{fmt::format("{} ({})", first_plan_->view.id, first_plan_->view.host)},
      host_address_{first_plan_->facts.address ? to_string(*first_plan_->facts.address)
                                               : std::string{}},
      board_{board},
      memory_{std::move(memory)},
      plan_{first_plan_},
      device_{std::move(device)},
      config_{first_plan_->view, first_plan_->start()} {}

Result<std::shared_ptr<AssignedFunction>> AssignedFunction::create(
    std::shared_ptr<const model::slot::FunctionPlan> plan,
    std::unique_ptr<device::DeviceControl> device, const Board& board,
    std::shared_ptr<DmaProgress> memory, std::vector<Doorbell> doorbells) {
    std::shared_ptr<AssignedFunction> function{
        new AssignedFunction{std::move(plan), std::move(device), board, std::move(memory)}};
    TENON_TRY_DO(function->bring_in(std::move(doorbells)), "");
    return function;
}

Result<void> AssignedFunction::bring_in(std::vector<Doorbell> doorbells) {
    const MutexLock lock{mutex_};
    const auto& plan = *first_plan_;
    // What the plan was made from, where the function stayed open since.
    auto facts = plan.facts.vfio;
    if (!facts) {
        TENON_TRY(asked, device_->facts(), name_);
        facts = std::move(asked);
    }
    // Asking has set it, where AtomicOps complete.
    TENON_TRY_DO(clear_requester_enable(),
                 fmt::format("{}: clearing AtomicOp Requester Enable", name_));
    TENON_TRY(bars,
              Bars::create(name_, plan.view, *device_,
                           {.slots = board_.slots,
                            .memory = board_.memory,
                            .ports = board_.ports,
                            .warnings = board_.warnings,
                            .peers = board_.peers,
                            .vm = board_.vm,
                            .doorbells = std::move(doorbells)}),
              "");
    bars_ = std::move(bars);
    for (const auto& bar : plan.view.bars)
        if (bar.index == device::rom_region && bar.size)
            rom_.emplace(name_, plan.rom, *bar.size, *device_, board_.warnings);
    const auto& msix = facts->irqs[static_cast<std::size_t>(device::IrqIndex::Msix)];
    interrupts_ = std::make_unique<Interrupts>(name_, plan.view, msix.noresize, for_interrupts());
    return {};
}

Interrupts::Outside AssignedFunction::for_interrupts() {
    return {.device = *device_,
            .vm = board_.vm,
            .routes = board_.routes,
            .events = board_.events,
            .pins = board_.pins,
            .bars = *bars_,
            .warnings = board_.warnings,
            .enter = [weak = weak_from_this()](const std::function<void(Interrupts&)>& action) {
                const auto function = weak.lock();
                if (!function) return;
                const MutexLock lock{function->mutex_};
                if (function->interrupts_) action(*function->interrupts_);
            }};
}

AssignedFunction::~AssignedFunction() { close(); }

void AssignedFunction::shut_down() {
    leave();
    // Without the lock, which callbacks take. One that runs holds the function, and would be the
    // last to let go of it when the board has gone.
    board_.events.settle();
}

void AssignedFunction::leave() {
    const MutexLock lock{mutex_};
    if (!answers()) return;
    presence_ = Presence::Left;
    interrupts_->reset();
    execute(config_.reset());
    // One that is gone has no use for it; what else it was found with is the kernel's to give back.
    if (!looks_gone())
        carry_out(model::running::effect::UpdateDevice{
            .offset = static_cast<std::uint16_t>(pci::header::command),
            .mask = pci::BusMasterEnable::mask,
            .value = 0});
}

void AssignedFunction::silence() {
    const MutexLock lock{mutex_};
    clear_command();
}

// Ended without the lock: the kernel resets what is closed, which takes its time.
void AssignedFunction::close() {
    std::shared_ptr<device::DeviceControl> device;
    std::unique_ptr<Bars> bars;
    std::unique_ptr<Interrupts> interrupts;
    const MutexLock lock{mutex_};
    presence_ = Presence::Left;
    device.swap(device_);
    rom_.reset();
    bars.swap(bars_);
    interrupts.swap(interrupts_);
}

// Whether it is there for an access, when no reset holds it any more.
bool AssignedFunction::answers() {
    while (presence_ == Presence::Held)
        changed_.wait(mutex_);
    return presence_ == Presence::Here;
}

std::uint32_t AssignedFunction::read_config(std::uint16_t offset, unsigned size) {
    const MutexLock lock{mutex_};
    if (!answers()) return static_cast<std::uint32_t>(board::all_ones(size));
    return read_registers(offset, size);
}

std::uint32_t AssignedFunction::read_registers(std::uint16_t offset, unsigned size) {
    const auto narrow = static_cast<std::uint8_t>(size);
    std::uint32_t from_device = 0;
    const auto pieces = config_.device_pieces(offset, narrow);
    for (const auto& piece : pieces.list()) {
        std::array<std::byte, 4> bytes{};
        const auto read =
            device_->read(device::config_region, piece.offset, std::span{bytes}.first(piece.size));
        // A device that is gone reads as ones, of whatever width.
        const auto ones = static_cast<std::uint32_t>(board::all_ones(piece.size));
        const auto value = read ? load<std::uint32_t>(bytes, 0) : ones;
        if (value == ones) note_if_gone();
        from_device |= value << 8 * (piece.offset - offset);
    }
    return with_msi_pending(offset, size, config_.read(offset, narrow, from_device));
}

std::optional<ErrorReport> AssignedFunction::show_error() {
    namespace at = pci::error_reporting;
    const MutexLock lock{mutex_};
    if (!answers()) return std::nullopt;
    const auto& view = plan_->view;
    const auto errors = static_cast<std::uint16_t>(view.error_reporting_at);
    const auto express = static_cast<std::uint16_t>(view.express_at);
    if (errors == 0 || express == 0) return std::nullopt;
    const auto read = [this](std::size_t offset, unsigned size) {
        mutex_.assume_held();
        return read_registers(static_cast<std::uint16_t>(offset), size);
    };
    // Of a virtual function masks and severities are the physical one's, and so is the choice
    // whether it sends messages. Source: PCIe Base Spec 6.0, 9.4.
    const bool physical = !view.virtual_function;
    const auto error = model::function::choose_error(
        physical ? read(errors + at::mask, 4) : model::function::error_mask_after_reset,
        physical ? read(errors + at::severity, 4) : model::function::error_severity_after_reset);
    config_.latch(errors + at::status, error.status);
    config_.latch(express + pci::express::device_status, model::function::device_status_of(error));
    const auto command = static_cast<std::uint16_t>(read(pci::header::command, 2));
    const auto control =
        static_cast<std::uint16_t>(read(express + pci::express::device_control, 2));
    return ErrorReport{.fatal = error.fatal,
                       .told = !physical || may_send(error, command, control)};
}

bool AssignedFunction::is_gone() {
    const MutexLock lock{mutex_};
    return answers() && looks_gone();
}

// The kernel answers for the first registers itself; Class Code and Revision ID are the device's,
// and no device has ones there. Source: Linux drivers/vfio/pci/vfio_pci_config.c,
// init_pci_cap_basic_perm().
bool AssignedFunction::looks_gone() {
    std::array<std::byte, 4> bytes{};
    return !device_->read(device::config_region, pci::header::revision_id, bytes) ||
           load<std::uint32_t>(bytes, 0) == ~0u;
}

void AssignedFunction::note_if_gone() {
    if (gone_listener_ && looks_gone()) gone_listener_();
}

// The pending bits of MSI are where the events are: with the interrupts.
std::uint32_t AssignedFunction::with_msi_pending(std::uint16_t offset, unsigned size,
                                                 std::uint32_t value) const {
    const auto& msi = plan_->view.msi;
    if (!msi || !msi->maskable) return value;
    const auto at = model::running::msi_pending_at(*msi);
    if (offset + size <= at || offset >= at + 4) return value;
    const auto mask = static_cast<std::uint32_t>(board::all_ones(size));
    return (value & ~mask) | (interrupts_->msi_pending() >> 8 * (offset - at) & mask);
}

AssignedFunction::Wanted AssignedFunction::write_config(std::uint16_t offset, unsigned size,
                                                        std::uint32_t value) {
    wait_for_memory(offset, size, value);
    const MutexLock lock{mutex_};
    if (!answers()) return {};
    execute(config_.write(offset, static_cast<std::uint8_t>(size), value));
    return {.reset = std::exchange(reset_wanted_, false)};
}

// A function that masters the bus may reach all memory at once: it must be there. Without the lock,
// or whoever wants to know anything of the function waits with this one.
void AssignedFunction::wait_for_memory(std::uint16_t offset, unsigned size, std::uint32_t value) {
    constexpr std::size_t low_byte = pci::header::command;
    if (!memory_ || offset > low_byte || low_byte >= offset + size) return;
    const pci::Command command{static_cast<std::uint16_t>(value >> 8 * (low_byte - offset))};
    if (command.get<pci::BusMasterEnable>() == 0) return;
    // Where it will not be there, the guest ends, and who sees to that has been told.
    [[maybe_unused]] const auto mapped = memory_->wait();
}

void AssignedFunction::begin_reset() {
    const MutexLock lock{mutex_};
    if (presence_ != Presence::Here) return;
    presence_ = Presence::Held;
    execute(config_.reset());
    interrupts_->reset();
    clear_command();
}

std::shared_ptr<device::DeviceControl> AssignedFunction::borrow_device() const {
    const MutexLock lock{mutex_};
    return device_;
}

void AssignedFunction::reset_alone() {
    const auto device = borrow_device();
    const auto plan = reset_plan();
    if (device == nullptr || with_bus(plan)) return;
    if (plan.choice != model::chosen::ResetChoice::None)
        board_.warnings.check(device->reset(), fmt::format("{}: reset", name_));
    else
        board_.warnings.once(fmt::format("{}: a reset is not passed on: reset=none", name_));
}

Result<void> AssignedFunction::reset_bus(const std::span<const int> owners) {
    const auto device = borrow_device();
    if (device == nullptr) return {};
    return device->hot_reset(owners);
}

// The kernel gives the device back the registers that it had.
void AssignedFunction::end_reset() {
    const MutexLock lock{mutex_};
    if (presence_ != Presence::Held) return;
    clear_command();
    board_.warnings.check(clear_requester_enable(),
                          fmt::format("{}: AtomicOp Requester Enable after a reset", name_));
    presence_ = Presence::Here;
    changed_.wake();
}

bool AssignedFunction::hold_unused() {
    const MutexLock lock{mutex_};
    if (answers()) {
        if (in_use()) return false;
        presence_ = Presence::Held;
    }
    return true;
}

void AssignedFunction::release() {
    const MutexLock lock{mutex_};
    if (presence_ != Presence::Held) return;
    presence_ = Presence::Here;
    changed_.wake();
}

void AssignedFunction::clear_command() {
    carry_out(model::running::effect::WriteDevice{
        .offset = static_cast<std::uint16_t>(pci::header::command), .size = 2, .value = 0});
}

model::function::ResetPlan AssignedFunction::reset_plan() const {
    const MutexLock lock{mutex_};
    return plan_->reset;
}

// It answers, sends, or has interrupts.
bool AssignedFunction::in_use() const {
    constexpr auto uses =
        pci::IoEnable::mask | pci::MemoryEnable::mask | pci::BusMasterEnable::mask;
    const auto& bytes = config_.bytes();
    const auto& view = plan_->view;
    return (bytes.read16(pci::header::command) & uses) != 0 ||
           (view.msi &&
            (bytes.read16(view.msi->at + pci::msi::control) & pci::MsiEnable::mask) != 0) ||
           (view.msix &&
            (bytes.read16(view.msix->at + pci::msix::control) & pci::MsixEnable::mask) != 0);
}

void AssignedFunction::renumber(model::iommu::SourceId source) {
    const MutexLock lock{mutex_};
    if (interrupts_) interrupts_->renumber(source);
}

void AssignedFunction::restart() {
    const MutexLock lock{mutex_};
    config_ = model::running::ConfigState{plan_->view, plan_->start()};
}

void AssignedFunction::follow(std::shared_ptr<const model::slot::FunctionPlan> plan) {
    const MutexLock lock{mutex_};
    if (!answers()) return;
    // The registers go by the one before until they follow.
    const auto before = std::exchange(plan_, std::move(plan));
    execute(config_.follow(plan_->view));
}

void AssignedFunction::unplace() {
    const MutexLock lock{mutex_};
    execute(config_.reset());
}

bool AssignedFunction::withdraw(std::optional<GuestAddress> where) {
    const MutexLock lock{mutex_};
    if (!answers() || !bars_->withdraw(where)) return false;
    note_if_gone();
    return true;
}

std::uint64_t AssignedFunction::read_bar(unsigned index, std::uint64_t offset, unsigned size) {
    const MutexLock lock{mutex_};
    if (!answers()) return board::all_ones(size);
    if (index == device::rom_region) return rom_ ? rom_->read(offset, size) : board::all_ones(size);
    const auto place = model::running::find_in_bar(plan_->view, index, offset, size);
    const auto value = read_place(index, place, size);
    interrupts_->bar_accessed();
    return value;
}

std::uint64_t AssignedFunction::read_place(unsigned index, const model::running::InBar& place,
                                           unsigned size) {
    switch (place.part) {
        case BarPart::Table:
            return interrupts_->read_table(place.offset, size);
        case BarPart::Pending:
            return interrupts_->read_pending(place.offset, size);
        case BarPart::Nothing:
            return board::all_ones(size);
        case BarPart::Device:
            break;
    }
    std::array<std::byte, 8> bytes{};
    // Read through the kernel, not through a mapping: a device that is gone is an error there.
    const auto read = device_->read(index, place.offset, std::span{bytes}.first(size));
    const auto value = read ? load<std::uint64_t>(bytes, 0) : board::all_ones(size);
    if (!read || (size >= 4 && value == board::all_ones(size))) note_if_gone();
    return value;
}

void AssignedFunction::write_bar(unsigned index, std::uint64_t offset, unsigned size,
                                 std::uint64_t value) {
    const MutexLock lock{mutex_};
    if (!answers()) return;
    const auto place = model::running::find_in_bar(plan_->view, index, offset, size);
    if (place.part == BarPart::Table) return interrupts_->write_table(place.offset, size, value);
    if (place.part != BarPart::Device || index == device::rom_region) return;
    board_.warnings.check(device_->write(index, offset, bytes_of(value).first(size)),
                          {name_, "writing to BARs"}, fmt::format("{}: BAR {}", name_, index));
    interrupts_->bar_accessed();
}

}  // namespace tenon::vmm::assigned
