#include "model/running/config_state.hpp"

#include <algorithm>

#include "pci/advanced_features.hpp"
#include "pci/express.hpp"
#include "pci/header.hpp"
#include "pci/msi.hpp"
#include "pci/msix.hpp"
#include "pci/pasid.hpp"
#include "pci/power_management.hpp"

namespace tenon::model::running {
namespace {

using namespace pci::header;

std::uint32_t mask_of(std::uint8_t size) { return size >= 4 ? ~0u : (1u << 8 * size) - 1; }

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

// Cuts the bytes of an access that `wanted` has a bit of into naturally aligned pieces.
Pieces cut(std::uint32_t wanted, std::uint16_t offset, std::uint8_t size) {
    const auto has = [&](unsigned at) {
        return at < unsigned{offset} + size && (wanted >> 8 * (at - offset) & 0xff) != 0;
    };
    Pieces pieces;
    if (wanted == 0) return pieces;
    for (unsigned at = offset; at < unsigned{offset} + size;) {
        unsigned length = has(at) ? 1 : 0;
        if (length != 0 && at % 2 == 0 && has(at + 1)) length = 2;
        if (length == 2 && at % 4 == 0 && has(at + 2) && has(at + 3)) length = 4;
        if (length != 0)
            pieces.add({.offset = static_cast<std::uint16_t>(at),
                        .size = static_cast<std::uint8_t>(length)});
        at += std::max(length, 1u);
    }
    return pieces;
}

// What stands in `places` and not in `others`.
std::vector<BarPlace> without(const std::vector<BarPlace>& places,
                              const std::vector<BarPlace>& others) {
    std::vector<BarPlace> rest;
    for (const auto& place : places)
        if (std::ranges::find(others, place) == others.end()) rest.push_back(place);
    return rest;
}

// Whether this is a bridge whose secondary bus is held in reset.
bool holds_secondary_bus(const pci::ConfigImage& bytes) {
    const pci::HeaderType type{bytes.read8(header_type)};
    const pci::BridgeControl control{bytes.read16(bridge_control)};
    return type.get<pci::HeaderLayout>() == pci::layout_bridge &&
           control.get<pci::SecondaryBusReset>() != 0;
}

effect::PasidChanged pasid_changed(std::uint16_t raw) {
    const pci::PasidControl control{raw};
    return {.enabled = control.get<pci::PasidEnable>() != 0,
            .execute = control.get<pci::PasidExecuteEnable>() != 0,
            .privileged = control.get<pci::PasidPrivilegedEnable>() != 0};
}

}  // namespace

ConfigState::ConfigState(const function::FunctionView& view, const pci::ConfigImage& start)
    : view_{&view}, map_{&view.map}, bytes_{start}, switches_{view} {}

ConfigState::ConfigState(const function::RegisterMap& map) : map_{&map}, bytes_{map.start} {}

std::uint32_t ConfigState::device_bits(std::uint16_t offset, std::uint8_t size) const {
    if (!well_formed(offset, size)) return 0;
    return ~map_->rules_of(offset, size).ours & mask_of(size);
}

Pieces ConfigState::device_pieces(std::uint16_t offset, std::uint8_t size) const {
    return cut(device_bits(offset, size), offset, size);
}

std::uint32_t ConfigState::read(std::uint16_t offset, std::uint8_t size,
                                std::uint32_t from_device) const {
    if (!well_formed(offset, size)) return mask_of(size);
    const auto ours = map_->rules_of(offset, size).ours;
    return (bytes_at(bytes_, offset, size) & ours) | (from_device & ~ours & mask_of(size)) |
           latched_bits(offset, size);
}

bool ConfigState::asks_for_reset(std::uint16_t offset, std::uint8_t size,
                                 std::uint32_t value) const {
    if (view_ == nullptr) return false;
    if (view_->function_level_reset) {
        const auto high =
            written_byte(view_->express_at + pci::express::device_control + 1, offset, size, value);
        if (high && (*high & pci::InitiateFlr::mask >> 8) != 0) return true;
    }
    if (view_->advanced_features_at == 0) return false;
    const auto control = written_byte(view_->advanced_features_at + pci::advanced_features::control,
                                      offset, size, value);
    return control && (*control & pci::AdvancedInitiateFlr::mask) != 0;
}

std::vector<Effect> ConfigState::write(std::uint16_t offset, std::uint8_t size,
                                       std::uint32_t value) {
    if (!well_formed(offset, size)) return {};
    if (asks_for_reset(offset, size, value)) {
        auto effects = reset();
        effects.emplace_back(effect::ResetFunction{});
        return effects;
    }
    value = with_supported_power_state(offset, size, value);
    const bool placement = touches_placement(offset, size);
    const auto before = placement ? placed() : std::vector<BarPlace>{};
    const bool held = holds_secondary_bus(bytes_);
    const auto pasid = pasid_control();
    const auto old = bytes_at(bytes_, offset, size);
    const auto rules = map_->rules_of(offset, size);
    const auto cleared = rules.clearable & value;
    const auto kept = (old & ~rules.writable & ~cleared) | (value & rules.writable);
    set_bytes(bytes_, offset, size, kept);
    clear_latched(offset, size, value);

    std::vector<Effect> effects;
    const auto after = placement ? placed() : std::vector<BarPlace>{};
    if (auto gone = without(before, after); !gone.empty())
        effects.emplace_back(effect::RemoveBars{std::move(gone)});
    pass_write(offset, size, value, rules.passed, effects);
    if (auto come = without(after, before); !come.empty())
        effects.emplace_back(effect::PlaceBars{std::move(come)});
    if (touches_interrupts(offset, size)) effects.emplace_back(effect::InterruptsChanged{});
    if (pasid_control() != pasid) effects.emplace_back(pasid_changed(pasid_control()));
    switches_.write(*map_, offset, size, value, effects);
    if (!held && holds_secondary_bus(bytes_)) effects.emplace_back(effect::ResetSecondaryBus{});
    return effects;
}

// The write with the present power state in place of one that is not supported.
// Source: PCI Power Management 1.2, 3.2.4: such data is discarded and no state change occurs.
std::uint32_t ConfigState::with_supported_power_state(std::uint16_t offset, std::uint8_t size,
                                                      std::uint32_t value) const {
    const auto& power = map_->power;
    if (power.control_at == 0) return value;
    const auto written = written_byte(power.control_at, offset, size, value);
    if (!written || power.supports(*written & pci::PowerState::mask)) return value;
    const auto shift = 8 * (power.control_at - offset);
    const std::uint32_t now = bytes_.read8(power.control_at) & pci::PowerState::mask;
    return (value & ~(std::uint32_t{pci::PowerState::mask} << shift)) | now << shift;
}

// A byte that is passed in part takes its other bits from the plan, not from what the guest wrote.
void ConfigState::pass_write(std::uint16_t offset, std::uint8_t size, std::uint32_t value,
                             std::uint32_t passed, std::vector<Effect>& effects) const {
    if (passed == 0) return;
    const auto whole = (value & passed) | (bytes_at(map_->start, offset, size) & ~passed);
    const auto pieces = cut(passed, offset, size);
    for (const auto& piece : pieces.list())
        effects.emplace_back(effect::WriteDevice{
            .offset = piece.offset,
            .size = piece.size,
            .value = whole >> 8 * (piece.offset - offset) & mask_of(piece.size)});
}

// Whether a write may change where BARs decode: the header, or the power state.
bool ConfigState::touches_placement(std::uint16_t offset, std::uint8_t size) const {
    if (view_ == nullptr) return false;
    const auto power = view_->power_management_at;
    return offset < pci::header_size ||
           (power != 0 && touches(power + pci::power_management::control, 1, offset, size));
}

bool ConfigState::touches_interrupts(std::uint16_t offset, std::uint8_t size) const {
    if (view_ == nullptr) return false;
    // Command for INTx, Message Control, and for MSI everything up to its mask.
    return (view_->intx && touches(command, 2, offset, size)) ||
           (view_->msi && touches(view_->msi->at, pci::msi::largest, offset, size)) ||
           (view_->msix && touches(view_->msix->at, pci::msix::table, offset, size));
}

std::vector<Effect> ConfigState::prepare_device() const {
    if (view_ == nullptr) return {};
    std::vector<Effect> effects{
        effect::WriteDevice{.offset = static_cast<std::uint16_t>(command), .size = 2, .value = 0}};
    if (const auto cleared = clear_requester_enable(*view_)) effects.emplace_back(*cleared);
    return effects;
}

std::vector<Effect> ConfigState::reset() {
    std::vector<Effect> effects;
    auto gone = placed();
    const auto pasid = pasid_control();
    bytes_ = map_->start;
    if (pasid_control() != pasid) effects.emplace_back(pasid_changed(pasid_control()));
    switches_.reset(effects);
    if (!gone.empty()) effects.emplace_back(effect::RemoveBars{std::move(gone)});
    return effects;
}

std::vector<Effect> ConfigState::follow(const function::FunctionView& view) {
    view_ = &view;
    return follow(view.map);
}

std::vector<Effect> ConfigState::follow(const function::RegisterMap& map) {
    std::vector<Effect> effects;
    for (std::uint16_t at = 0; at < pci::express_size; at += 2) {
        const auto before = map_->rules16(at);
        const auto after = map.rules16(at);
        const auto open = (before.writable | before.clearable) & (after.writable | after.clearable);
        const auto now = bytes_.read16(at);
        const auto fresh = map.start.read16(at);
        const bool untouched = ((now ^ map_->start.read16(at)) & open) == 0;
        const auto kept = untouched ? 0 : open;
        bytes_.write(at, static_cast<std::uint16_t>((now & kept) | (fresh & ~kept)));
        const auto lost = static_cast<std::uint16_t>(before.passed & ~after.passed);
        if (lost != 0)
            effects.emplace_back(effect::UpdateDevice{
                .offset = at, .mask = lost, .value = static_cast<std::uint16_t>(fresh & lost)});
    }
    map_ = &map;
    switches_.follow(map, effects);
    return effects;
}

void ConfigState::latch(std::uint16_t offset, std::uint32_t bits) {
    for (unsigned byte = 0; byte < 4; ++byte)
        if (const auto raised = static_cast<std::uint8_t>(bits >> 8 * byte); raised != 0)
            latched_[static_cast<std::uint16_t>(offset + byte)] |= raised;
}

std::uint32_t ConfigState::latched_bits(std::uint16_t offset, std::uint8_t size) const {
    std::uint32_t bits = 0;
    for (const auto& [at, raised] : latched_)
        if (at >= offset && at < offset + size) bits |= std::uint32_t{raised} << 8 * (at - offset);
    return bits;
}

void ConfigState::clear_latched(std::uint16_t offset, std::uint8_t size, std::uint32_t value) {
    for (auto& [at, raised] : latched_)
        if (const auto written = written_byte(at, offset, size, value))
            raised &= static_cast<std::uint8_t>(~*written);
    std::erase_if(latched_, [](const auto& one) { return one.second == 0; });
}

void ConfigState::set(std::size_t offset, std::uint16_t mask, std::uint16_t value) {
    bytes_.write(offset,
                 static_cast<std::uint16_t>((bytes_.read16(offset) & ~mask) | (value & mask)));
}

std::vector<BarPlace> ConfigState::placed() const {
    if (view_ == nullptr) return {};
    // In D1 to D3 the function answers configuration accesses alone.
    // Source: PCI Power Management 1.2, 5.4.
    const auto power = view_->power_management_at;
    if (power != 0) {
        const pci::PowerControl state{bytes_.read16(power + pci::power_management::control)};
        if (state.get<pci::PowerState>() != 0) return {};
    }
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

std::uint16_t ConfigState::pasid_control() const {
    if (view_ == nullptr || !view_->pasid) return 0;
    return bytes_.read16(view_->pasid->at + pci::pasid::control);
}

std::uint64_t ConfigState::bar_address(const function::BarPlan& bar) const {
    if (bar.index == device::rom_region) {
        const pci::RomBaseAddress rom{bytes_.read32(rom_address)};
        return rom.get<pci::RomEnable>() != 0 ? rom.raw() & pci::RomAddress::mask : 0;
    }
    const auto at = bar0 + std::size_t{4} * bar.index;
    const auto low = bytes_.read32(at);
    if (bar.kind == pci::BarKind::Io) return low & ~3u;
    if (bar.kind == pci::BarKind::Memory32) return low & ~15u;
    return (low & ~15u) | std::uint64_t{bytes_.read32(at + 4)} << 32;
}

}  // namespace tenon::model::running
