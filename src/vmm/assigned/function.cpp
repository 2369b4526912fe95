#include "vmm/assigned/function.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "base/bytes.hpp"
#include "model/function/device_error.hpp"
#include "model/running/msi_registers.hpp"
#include "pci/error_reporting.hpp"
#include "pci/express.hpp"
#include "pci/header.hpp"
#include "pci/msi.hpp"
#include "pci/msix.hpp"

namespace tenon::vmm::assigned {

AssignedFunction::AssignedFunction(std::shared_ptr<const model::slot::FunctionPlan> shared_plan,
                                   std::unique_ptr<device::DeviceControl> device,
                                   const Board& board)
    : plan_{std::move(shared_plan)},
      first_plan_{plan_},
      name_{fmt::format("{} ({})", plan_->view.id, plan_->view.host)},
      host_address_{plan_->facts.address ? to_string(*plan_->facts.address) : std::string{}},
      board_{board},
      device_{std::move(device)},
      config_{plan_->view, plan_->start()} {}

Result<std::shared_ptr<AssignedFunction>> AssignedFunction::create(
    std::shared_ptr<const model::slot::FunctionPlan> shared_plan,
    std::unique_ptr<device::DeviceControl> device, const Board& board,
    std::function<Result<void>()> memory_ready) {
    std::shared_ptr<AssignedFunction> function{
        new AssignedFunction{std::move(shared_plan), std::move(device), board}};
    const auto& plan = *function->first_plan_;
    function->memory_ready_ = std::move(memory_ready);
    // What the plan was made from, where the function stayed open since.
    auto facts = plan.facts.vfio;
    if (!facts) {
        TENON_TRY(asked, function->device_->facts(), function->name_);
        facts = std::move(asked);
    }
    if (const auto note = model::function::note_physical_function(plan.facts))
        board.warnings.once(fmt::format("{}: {}", function->name_, *note));
    // Asking has set it, where AtomicOps complete.
    TENON_TRY_DO(function->clear_requester_enable(),
                 fmt::format("{}: clearing AtomicOp Requester Enable", function->name_));
    TENON_TRY(bars,
              Bars::create(function->name_, plan.view, *function->device_,
                           {.slots = board.slots,
                            .memory = board.memory,
                            .ports = board.ports,
                            .warnings = board.warnings,
                            .peers = board.peers}),
              "");
    function->bars_ = std::move(bars);
    for (const auto& bar : plan.view.bars)
        if (bar.index == device::rom_region && bar.size)
            function->rom_.emplace(function->name_, plan.rom, *bar.size, *function->device_,
                                   board.warnings);
    const auto& msix = facts->irqs[static_cast<std::size_t>(device::IrqIndex::Msix)];
    function->interrupts_ = std::make_unique<Interrupts>(function->name_, plan.view, msix.noresize,
                                                         function->for_interrupts());
    board.resets.add(*function);
    return function;
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
                const std::lock_guard lock{function->mutex_};
                if (function->interrupts_) action(*function->interrupts_);
            }};
}

AssignedFunction::~AssignedFunction() {
    board_.resets.remove(*this);
    interrupts_.reset();
    bars_.reset();
}

void AssignedFunction::shut_down() {
    {
        const std::lock_guard lock{mutex_};
        interrupts_->reset();
        execute(config_.reset());
        // Memory goes before the device is closed where somebody still holds the function. One that
        // is gone has no use for it; what else it was found with is the kernel's to give back.
        if (!looks_gone())
            carry_out(model::running::effect::UpdateDevice{
                .offset = static_cast<std::uint16_t>(pci::header::command),
                .mask = pci::BusMasterEnable::mask,
                .value = 0});
    }
    // Without the lock, which callbacks take. One that runs holds the function, and would be the
    // last to let go of it when the board has gone.
    board_.events.settle();
}

std::uint32_t AssignedFunction::read_config(std::uint16_t offset, unsigned size) {
    const std::lock_guard lock{mutex_};
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
    const std::lock_guard lock{mutex_};
    const auto& view = plan_->view;
    const auto errors = static_cast<std::uint16_t>(view.error_reporting_at);
    const auto express = static_cast<std::uint16_t>(view.express_at);
    if (errors == 0 || express == 0) return std::nullopt;
    const auto read = [this](std::size_t offset, unsigned size) {
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
    const std::lock_guard lock{mutex_};
    return looks_gone();
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

void AssignedFunction::write_config(std::uint16_t offset, unsigned size, std::uint32_t value) {
    {
        const std::lock_guard lock{mutex_};
        execute(config_.write(offset, static_cast<std::uint8_t>(size), value));
        if (!std::exchange(reset_wanted_, false)) return;
    }
    // Without the lock: others may be concerned.
    board_.resets.reset(std::array{this});
}

void AssignedFunction::begin_reset() {
    const std::lock_guard lock{mutex_};
    execute(config_.reset());
    interrupts_->reset();
    clear_command();
}

void AssignedFunction::reset_alone() {
    const std::lock_guard lock{mutex_};
    if (with_bus(plan_->reset)) return;
    if (plan_->reset_choice.value != model::chosen::ResetChoice::None)
        board_.warnings.check(device_->reset(), fmt::format("{}: reset", name_));
    else
        board_.warnings.once(fmt::format("{}: a reset is not passed on: reset=none", name_));
}

Result<void> AssignedFunction::reset_bus(std::span<const int> owners) {
    const std::lock_guard lock{mutex_};
    return device_->hot_reset(owners);
}

// The kernel gives the device back the registers that it had.
void AssignedFunction::end_reset() {
    const std::lock_guard lock{mutex_};
    clear_command();
    board_.warnings.check(clear_requester_enable(),
                          fmt::format("{}: AtomicOp Requester Enable after a reset", name_));
}

void AssignedFunction::clear_command() {
    carry_out(model::running::effect::WriteDevice{
        .offset = static_cast<std::uint16_t>(pci::header::command), .size = 2, .value = 0});
}

model::function::ResetPlan AssignedFunction::reset_plan() const {
    const std::lock_guard lock{mutex_};
    return plan_->reset;
}

bool AssignedFunction::in_use() const {
    const std::lock_guard lock{mutex_};
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

void AssignedFunction::restart() {
    const std::lock_guard lock{mutex_};
    config_ = model::running::ConfigState{plan_->view, plan_->start()};
}

void AssignedFunction::follow(std::shared_ptr<const model::slot::FunctionPlan> plan) {
    const std::lock_guard lock{mutex_};
    // The registers go by the one before until they follow.
    const auto before = std::exchange(plan_, std::move(plan));
    execute(config_.follow(plan_->view));
}

void AssignedFunction::unplace() {
    const std::lock_guard lock{mutex_};
    execute(config_.reset());
}

bool AssignedFunction::withdraw(std::optional<GuestAddress> where) {
    const std::lock_guard lock{mutex_};
    if (!bars_->withdraw(where)) return false;
    note_if_gone();
    return true;
}

void AssignedFunction::execute(const std::vector<model::running::Effect>& effects) {
    for (const auto& effect : effects)
        std::visit([this](const auto& one) { carry_out(one); }, effect);
}

void AssignedFunction::carry_out(const model::running::effect::RemoveBars& effect) {
    for (const auto& bar : effect.bars)
        bars_->remove(bar);
}

void AssignedFunction::carry_out(const model::running::effect::PlaceBars& effect) {
    for (const auto& bar : effect.bars)
        bars_->place(bar, shared_from_this());
}

// A function that masters the bus may reach all memory at once: it must be there. Where it will not
// be, the guest ends, and the function stays quiet.
Result<void> AssignedFunction::wait_for_memory(const model::running::effect::WriteDevice& effect) {
    if (!memory_ready_ || effect.offset != pci::header::command) return {};
    const pci::Command command{static_cast<std::uint16_t>(effect.value)};
    if (command.get<pci::BusMasterEnable>() == 0) return {};
    TENON_TRY_DO(memory_ready_(), "");
    memory_ready_ = {};
    return {};
}

void AssignedFunction::carry_out(const model::running::effect::WriteDevice& effect) {
    if (const auto ready = wait_for_memory(effect); !ready) return;
    const auto bytes = bytes_of(effect.value).first(effect.size);
    board_.warnings.check(device_->write(device::config_region, effect.offset, bytes),
                          {name_, "configuration registers"},
                          fmt::format("{}: configuration register {:#x}", name_, effect.offset));
}

void AssignedFunction::carry_out(const model::running::effect::UpdateDevice& effect) {
    board_.warnings.check(update_device(effect), {name_, "configuration registers"},
                          fmt::format("{}: configuration register {:#x}", name_, effect.offset));
}

Result<void> AssignedFunction::update_device(const model::running::effect::UpdateDevice& effect) {
    std::uint16_t now = 0;
    TENON_TRY_DO(device_->read(device::config_region, effect.offset, writable_bytes_of(now)), "");
    const auto wanted = static_cast<std::uint16_t>((now & ~effect.mask) | effect.value);
    if (wanted == now) return {};
    return device_->write(device::config_region, effect.offset, bytes_of(wanted));
}

Result<void> AssignedFunction::clear_requester_enable() {
    const auto effect = model::running::clear_requester_enable(plan_->view);
    return effect ? update_device(*effect) : Result<void>{};
}

void AssignedFunction::carry_out(const model::running::effect::InterruptsChanged& /*effect*/) {
    interrupts_->config_changed(config_.bytes());
}

void AssignedFunction::carry_out(const model::running::effect::ResetFunction& /*effect*/) {
    reset_wanted_ = true;
}

void AssignedFunction::carry_out(const model::running::effect::ResetSecondaryBus& /*effect*/) {}

// The machine has no IOMMU for the guest yet: nobody would translate.
void AssignedFunction::carry_out(const model::running::effect::PasidChanged& effect) {
    if (effect.enabled)
        board_.warnings.once(fmt::format(
            "{}: the guest switched PASID on; without an IOMMU of the guest nothing translates it",
            name_));
}

// Nor would anybody ask for translations; what goes to the device for AtomicOps goes by itself.
void AssignedFunction::carry_out(const model::running::effect::AtsChanged& /*effect*/) {}
void AssignedFunction::carry_out(const model::running::effect::PageRequestsChanged& /*effect*/) {}
void AssignedFunction::carry_out(const model::running::effect::AtomicsChanged& /*effect*/) {}

AssignedFunction::Place AssignedFunction::place_of(unsigned index, std::uint64_t offset,
                                                   unsigned size) const {
    Place place{.part = Part::Device, .offset = offset};
    const auto bar = std::ranges::find(plan_->view.bars, index, &model::function::BarPlan::index);
    const bool ours = bar != plan_->view.bars.end() && bar->device_bytes &&
                      (offset > *bar->device_bytes || size > *bar->device_bytes - offset);
    if (ours) place.part = Part::Nothing;
    const auto& msix = plan_->view.msix;
    if (!msix) return place;
    const auto within = [&](unsigned in, std::uint64_t begin, std::uint64_t length, Part part) {
        if (index != in || offset + size <= begin || offset >= begin + length) return;
        const bool inside = offset >= begin && offset + size <= begin + length;
        place = {.part = inside ? part : Part::Nothing, .offset = offset - begin};
    };
    within(msix->table_bar, msix->table_offset, msix->table_size(), Part::Table);
    within(msix->pba_bar, msix->pba_offset, msix->pba_size(), Part::Pending);
    return place;
}

std::uint64_t AssignedFunction::read_bar(unsigned index, std::uint64_t offset, unsigned size) {
    const std::lock_guard lock{mutex_};
    if (index == device::rom_region) return rom_ ? rom_->read(offset, size) : board::all_ones(size);
    const auto place = place_of(index, offset, size);
    const auto value = read_place(index, place, size);
    interrupts_->bar_accessed();
    return value;
}

std::uint64_t AssignedFunction::read_place(unsigned index, const Place& place, unsigned size) {
    switch (place.part) {
        case Part::Table:
            return interrupts_->read_table(place.offset, size);
        case Part::Pending:
            return interrupts_->read_pending(place.offset, size);
        case Part::Nothing:
            return board::all_ones(size);
        case Part::Device:
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
    const std::lock_guard lock{mutex_};
    const auto place = place_of(index, offset, size);
    if (place.part == Part::Table) return interrupts_->write_table(place.offset, size, value);
    if (place.part != Part::Device || index == device::rom_region) return;
    board_.warnings.check(device_->write(index, offset, bytes_of(value).first(size)),
                          {name_, "writing to BARs"}, fmt::format("{}: BAR {}", name_, index));
    interrupts_->bar_accessed();
}

}  // namespace tenon::vmm::assigned
