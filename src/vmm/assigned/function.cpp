#include "vmm/assigned/function.hpp"

#include <fmt/core.h>

#include <array>
#include <variant>

#include "base/bytes.hpp"
#include "pci/header.hpp"

namespace tenon::vmm {

AssignedFunction::AssignedFunction(const model::FunctionPlan& plan,
                                   std::unique_ptr<device::DeviceControl> device,
                                   const Board& board)
    : plan_{plan},
      name_{fmt::format("{} ({})", plan.view.id, plan.view.host)},
      board_{board},
      device_{std::move(device)},
      config_{plan.view, plan.start()} {}

Result<std::shared_ptr<AssignedFunction>> AssignedFunction::create(
    const model::FunctionPlan& plan, std::unique_ptr<device::DeviceControl> device,
    const Board& board) {
    std::shared_ptr<AssignedFunction> function{
        new AssignedFunction{plan, std::move(device), board}};
    TENON_TRY(facts, function->device_->facts(), function->name_);
    // A function without a reset of its own was reset as far as it goes when it was opened.
    if (facts.info.can_reset)
        TENON_TRY_DO(function->device_->reset(), fmt::format("{}: reset", function->name_));
    TENON_TRY(bars,
              Bars::create(function->name_, plan.view, *function->device_,
                           {.slots = board.slots,
                            .memory = board.memory,
                            .ports = board.ports,
                            .warnings = board.warnings}),
              "");
    function->bars_ = std::move(bars);
    const auto& msix = facts.irqs[static_cast<std::size_t>(device::IrqIndex::Msix)];
    function->interrupts_ =
        std::make_unique<Interrupts>(function->name_, plan.view, msix.noresize,
                                     Interrupts::Outside{.device = *function->device_,
                                                         .vm = board.vm,
                                                         .routes = board.routes,
                                                         .warnings = board.warnings});
    return function;
}

AssignedFunction::~AssignedFunction() {
    interrupts_.reset();
    bars_.reset();
}

void AssignedFunction::shut_down() {
    const std::lock_guard lock{mutex_};
    interrupts_->reset();
    execute(config_.reset());
}

std::uint32_t AssignedFunction::read_config(std::uint16_t offset, unsigned size) {
    const std::lock_guard lock{mutex_};
    const auto narrow = static_cast<std::uint8_t>(size);
    std::uint32_t from_device = 0;
    const auto pieces = config_.device_pieces(offset, narrow);
    for (const auto& piece : pieces.list()) {
        std::array<std::byte, 4> bytes{};
        const auto read =
            device_->read(device::config_region, piece.offset, std::span{bytes}.first(piece.size));
        // A device that is gone reads as ones.
        const auto value = read ? load<std::uint32_t>(bytes, 0) : ~0u;
        from_device |= value << 8 * (piece.offset - offset);
    }
    return config_.read(offset, narrow, from_device);
}

void AssignedFunction::write_config(std::uint16_t offset, unsigned size, std::uint32_t value) {
    const std::lock_guard lock{mutex_};
    execute(config_.write(offset, static_cast<std::uint8_t>(size), value));
}

void AssignedFunction::reset() {
    const std::lock_guard lock{mutex_};
    execute(config_.reset());
    carry_out(model::effect::ResetFunction{});
}

bool AssignedFunction::withdraw() {
    const std::lock_guard lock{mutex_};
    return bars_->withdraw();
}

void AssignedFunction::execute(const std::vector<model::Effect>& effects) {
    for (const auto& effect : effects)
        std::visit([this](const auto& one) { carry_out(one); }, effect);
}

void AssignedFunction::carry_out(const model::effect::RemoveBars& effect) {
    for (const auto& bar : effect.bars)
        bars_->remove(bar);
}

void AssignedFunction::carry_out(const model::effect::PlaceBars& effect) {
    for (const auto& bar : effect.bars)
        bars_->place(bar, shared_from_this());
}

void AssignedFunction::carry_out(const model::effect::WriteDevice& effect) {
    const auto bytes = bytes_of(effect.value).first(effect.size);
    board_.warnings.check(device_->write(device::config_region, effect.offset, bytes),
                          fmt::format("{}: configuration register {:#x}", name_, effect.offset));
}

void AssignedFunction::carry_out(const model::effect::InterruptsChanged& /*effect*/) {
    interrupts_->config_changed(config_.bytes());
}

void AssignedFunction::carry_out(const model::effect::ResetFunction& /*effect*/) {
    interrupts_->reset();
    board_.warnings.check(device_->reset(), fmt::format("{}: reset", name_));
    // The kernel gives the device back the registers that it had; the guest finds them at zero.
    carry_out(model::effect::WriteDevice{
        .offset = static_cast<std::uint16_t>(pci::header::command), .size = 2, .value = 0});
}

void AssignedFunction::carry_out(const model::effect::ResetSecondaryBus& /*effect*/) {}

AssignedFunction::Place AssignedFunction::place_of(unsigned index, std::uint64_t offset,
                                                   unsigned size) const {
    const auto& msix = plan_.view.msix;
    if (!msix) return {.part = Part::Device, .offset = offset};
    const auto within = [&](unsigned bar, std::uint64_t begin, std::uint64_t length, Part part,
                            Place& place) {
        if (index != bar || offset + size <= begin || offset >= begin + length) return;
        const bool inside = offset >= begin && offset + size <= begin + length;
        place = {.part = inside ? part : Part::Across, .offset = offset - begin};
    };
    Place place{.part = Part::Device, .offset = offset};
    within(msix->table_bar, msix->table_offset, msix->table_size(), Part::Table, place);
    within(msix->pba_bar, msix->pba_offset, msix->pba_size(), Part::Pending, place);
    return place;
}

std::uint64_t AssignedFunction::read_bar(unsigned index, std::uint64_t offset, unsigned size) {
    const std::lock_guard lock{mutex_};
    const auto place = place_of(index, offset, size);
    switch (place.part) {
        case Part::Table:
            return interrupts_->read_table(place.offset, size);
        case Part::Pending:
            return interrupts_->read_pending(place.offset, size);
        case Part::Across:
            return all_ones(size);
        case Part::Device:
            break;
    }
    std::array<std::byte, 8> bytes{};
    // Read through the kernel, not through a mapping: a device that is gone is an error there.
    if (!device_->read(index, offset, std::span{bytes}.first(size))) return all_ones(size);
    return load<std::uint64_t>(bytes, 0);
}

void AssignedFunction::write_bar(unsigned index, std::uint64_t offset, unsigned size,
                                 std::uint64_t value) {
    const std::lock_guard lock{mutex_};
    const auto place = place_of(index, offset, size);
    if (place.part == Part::Table) return interrupts_->write_table(place.offset, size, value);
    if (place.part != Part::Device || index == device::rom_region) return;
    board_.warnings.check(device_->write(index, offset, bytes_of(value).first(size)),
                          fmt::format("{}: BAR {}", name_, index));
}

}  // namespace tenon::vmm
