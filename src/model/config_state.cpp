#include "model/config_state.hpp"

#include <algorithm>

#include "pci/express.hpp"
#include "pci/header.hpp"

namespace tenon::model {
namespace {

using namespace pci::header;

std::uint32_t mask_of(std::uint8_t size) { return size == 4 ? ~0u : (1u << 8 * size) - 1; }

// The `size` bytes at `offset` as a number.
std::uint32_t bytes_at(const pci::ConfigImage& image, std::uint16_t offset, std::uint8_t size) {
    switch (size) {
        case 1:
            return image.read8(offset);
        case 2:
            return image.read16(offset);
        default:
            return image.read32(offset);
    }
}

void set_bytes(pci::ConfigImage& image, std::uint16_t offset, std::uint8_t size,
               std::uint32_t value) {
    switch (size) {
        case 1:
            return image.write(offset, static_cast<std::uint8_t>(value));
        case 2:
            return image.write(offset, static_cast<std::uint16_t>(value));
        default:
            return image.write(offset, value);
    }
}

// An access that a bus could carry: 1, 2 or 4 bytes inside one dword of the space.
bool well_formed(std::uint16_t offset, std::uint8_t size) {
    return (size == 1 || size == 2 || size == 4) && offset % 4 + size <= 4 &&
           offset + size <= int{pci::express_size};
}

// The byte of a write of `size` bytes at `offset` that falls on `at`; none if it is elsewhere.
std::optional<std::uint8_t> written_byte(std::size_t at, std::uint16_t offset, std::uint8_t size,
                                         std::uint32_t value) {
    if (at < offset || at >= std::size_t{offset} + size) return std::nullopt;
    return static_cast<std::uint8_t>(value >> 8 * (at - offset));
}

bool touches(std::size_t at, std::size_t length, std::uint16_t offset, std::uint8_t size) {
    return offset < at + length && at < std::size_t{offset} + size;
}

// What stands in `places` and not in `others`.
std::vector<BarPlace> without(const std::vector<BarPlace>& places,
                              const std::vector<BarPlace>& others) {
    std::vector<BarPlace> rest;
    for (const auto& place : places)
        if (std::ranges::find(others, place) == others.end()) rest.push_back(place);
    return rest;
}

}  // namespace

ConfigState::ConfigState(const FunctionView& view, const pci::ConfigImage& start)
    : view_{&view}, map_{&view.map}, bytes_{start} {}

ConfigState::ConfigState(const RegisterMap& map) : map_{&map}, bytes_{map.start} {}

std::uint32_t ConfigState::device_bits(std::uint16_t offset, std::uint8_t size) const {
    if (!well_formed(offset, size)) return 0;
    return ~bytes_at(map_->ours, offset, size) & mask_of(size);
}

std::uint32_t ConfigState::read(std::uint16_t offset, std::uint8_t size,
                                std::uint32_t from_device) const {
    if (!well_formed(offset, size)) return mask_of(size);
    const auto ours = bytes_at(map_->ours, offset, size);
    return (bytes_at(bytes_, offset, size) & ours) | (from_device & ~ours & mask_of(size));
}

bool ConfigState::asks_for_reset(std::uint16_t offset, std::uint8_t size,
                                 std::uint32_t value) const {
    if (view_ == nullptr) return false;
    if (view_->function_level_reset) {
        const auto high =
            written_byte(view_->express_at + pci::express::device_control + 1, offset, size, value);
        if (high && (*high & 0x80) != 0) return true;
    }
    if (view_->advanced_features_at == 0) return false;
    const auto control = written_byte(view_->advanced_features_at + 4, offset, size, value);
    return control && (*control & 1) != 0;
}

std::vector<Effect> ConfigState::write(std::uint16_t offset, std::uint8_t size,
                                       std::uint32_t value) {
    if (!well_formed(offset, size)) return {};
    if (asks_for_reset(offset, size, value)) {
        auto effects = reset();
        effects.emplace_back(effect::ResetFunction{});
        return effects;
    }
    const auto before = placed();
    const auto secondary_reset = bytes_.read8(bridge_control) & 0x40;
    const auto old = bytes_at(bytes_, offset, size);
    const auto writable = bytes_at(map_->writable, offset, size);
    const auto cleared = bytes_at(map_->clearable, offset, size) & value;
    const auto kept = (old & ~writable & ~cleared) | (value & writable);
    set_bytes(bytes_, offset, size, kept);

    std::vector<Effect> effects;
    const auto after = placed();
    if (auto gone = without(before, after); !gone.empty())
        effects.emplace_back(effect::RemoveBars{std::move(gone)});
    if (const auto passed = bytes_at(map_->passed, offset, size); passed != 0)
        effects.emplace_back(effect::WriteDevice{
            .offset = offset, .size = size, .value = (value & passed) | (kept & ~passed)});
    if (auto come = without(after, before); !come.empty())
        effects.emplace_back(effect::PlaceBars{std::move(come)});
    if (touches_interrupts(offset, size)) effects.emplace_back(effect::InterruptsChanged{});
    const bool is_bridge = (bytes_.read8(header_type) & 0x7f) == pci::layout_bridge;
    if (is_bridge && secondary_reset == 0 && (bytes_.read8(bridge_control) & 0x40) != 0)
        effects.emplace_back(effect::ResetSecondaryBus{});
    return effects;
}

bool ConfigState::touches_interrupts(std::uint16_t offset, std::uint8_t size) const {
    if (view_ == nullptr) return false;
    // Message Control, and for MSI everything up to its mask.
    return (view_->msi && touches(view_->msi->at, 24, offset, size)) ||
           (view_->msix && touches(view_->msix->at, 4, offset, size));
}

std::vector<Effect> ConfigState::reset() {
    std::vector<Effect> effects;
    auto gone = placed();
    bytes_ = map_->start;
    if (!gone.empty()) effects.emplace_back(effect::RemoveBars{std::move(gone)});
    return effects;
}

std::vector<BarPlace> ConfigState::placed() const {
    if (view_ == nullptr) return {};
    // In D1 to D3 the function answers configuration accesses alone.
    // Source: PCI Power Management 1.2, 5.4.
    const auto power = view_->power_management_at;
    if (power != 0 && (bytes_.read8(power + 4) & 3) != 0) return {};
    const pci::Command control{bytes_.read16(command)};
    std::vector<BarPlace> places;
    for (const auto& bar : view_->bars) {
        const bool io = bar.kind == pci::BarKind::Io;
        const bool enabled =
            (io ? control.get<pci::IoEnable>() : control.get<pci::MemoryEnable>()) != 0;
        if (!enabled || !bar.size) continue;
        const auto address = bar_address(bar);
        // Address 0 is a BAR that nobody placed; the highest one is a BAR that is being measured.
        const std::uint64_t top = io ? 0xffff : bar.kind == pci::BarKind::Memory64 ? ~0ull : ~0u;
        if (address == 0 || *bar.size > top - address) continue;
        places.push_back({.index = bar.index, .address = address});
    }
    return places;
}

std::uint64_t ConfigState::bar_address(const BarPlan& bar) const {
    if (bar.index == device::rom_region) {
        const auto rom = bytes_.read32(rom_address);
        return (rom & 1) != 0 ? rom & ~0x7ffu : 0;
    }
    const auto at = bar0 + std::size_t{4} * bar.index;
    const auto low = bytes_.read32(at);
    if (bar.kind == pci::BarKind::Io) return low & ~3u;
    if (bar.kind == pci::BarKind::Memory32) return low & ~15u;
    return (low & ~15u) | std::uint64_t{bytes_.read32(at + 4)} << 32;
}

}  // namespace tenon::model
