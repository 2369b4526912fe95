#include "tenon/config_space.hpp"

#include "library/api/inside.hpp"

namespace tenon {
namespace {

std::vector<BarPlace> places_of(const std::vector<model::running::BarPlace>& places) {
    std::vector<BarPlace> list;
    list.reserve(places.size());
    for (const auto& place : places)
        list.push_back({.index = place.index, .address = place.address});
    return list;
}

// One for each effect of the model: a new one does not compile until it has its own here.
Effect effect_of(const model::running::effect::RemoveBars& one) {
    return effect::RemoveBars{places_of(one.bars)};
}
Effect effect_of(const model::running::effect::WriteDevice& one) {
    return effect::WriteDevice{.offset = one.offset, .size = one.size, .value = one.value};
}
Effect effect_of(const model::running::effect::UpdateDevice& one) {
    return effect::UpdateDevice{.offset = one.offset, .mask = one.mask, .value = one.value};
}
Effect effect_of(const model::running::effect::PlaceBars& one) {
    return effect::PlaceBars{places_of(one.bars)};
}
Effect effect_of(const model::running::effect::InterruptsChanged& /*one*/) {
    return effect::InterruptsChanged{};
}
Effect effect_of(const model::running::effect::ResetFunction& /*one*/) {
    return effect::ResetFunction{};
}
Effect effect_of(const model::running::effect::ResetSecondaryBus& /*one*/) {
    return effect::ResetSecondaryBus{};
}

Effect effect_of(const model::running::effect::PasidChanged& one) {
    return effect::PasidChanged{
        .enabled = one.enabled, .execute = one.execute, .privileged = one.privileged};
}

Effect effect_of(const model::running::effect::AtsChanged& one) {
    return effect::AtsChanged{.enabled = one.enabled,
                              .smallest_translation_unit = one.smallest_translation_unit};
}
Effect effect_of(const model::running::effect::PageRequestsChanged& one) {
    return effect::PageRequestsChanged{
        .enabled = one.enabled, .reset = one.reset, .allocation = one.allocation};
}
Effect effect_of(const model::running::effect::AtomicsChanged& one) {
    return effect::AtomicsChanged{.enabled = one.enabled};
}

std::vector<Effect> effects_of(const std::vector<model::running::Effect>& effects) {
    std::vector<Effect> list;
    list.reserve(effects.size());
    for (const auto& effect : effects)
        list.push_back(std::visit([](const auto& one) { return effect_of(one); }, effect));
    return list;
}

}  // namespace

ConfigSpace::ConfigSpace(std::unique_ptr<Inside> inside) : inside_{std::move(inside)} {}
ConfigSpace::ConfigSpace(ConfigSpace&&) noexcept = default;
ConfigSpace& ConfigSpace::operator=(ConfigSpace&&) noexcept = default;
ConfigSpace::~ConfigSpace() = default;

DevicePieces ConfigSpace::device_pieces(std::uint16_t offset, std::uint8_t size) const {
    DevicePieces pieces;
    const auto from_device = inside_->state.device_pieces(offset, size);
    for (const auto& piece : from_device.list())
        pieces.add({.offset = piece.offset, .size = piece.size});
    return pieces;
}

std::uint32_t ConfigSpace::read(std::uint16_t offset, std::uint8_t size,
                                std::uint32_t from_device) const {
    return inside_->state.read(offset, size, from_device);
}

std::vector<Effect> ConfigSpace::write(std::uint16_t offset, std::uint8_t size,
                                       std::uint32_t value) {
    return effects_of(inside_->state.write(offset, size, value));
}

std::vector<Effect> ConfigSpace::prepare_device() const {
    return effects_of(inside_->state.prepare_device());
}

std::vector<Effect> ConfigSpace::reset() { return effects_of(inside_->state.reset()); }

std::vector<BarPlace> ConfigSpace::placed() const { return places_of(inside_->state.placed()); }

std::span<const std::byte> ConfigSpace::bytes() const { return inside_->state.bytes().bytes(); }

}  // namespace tenon
