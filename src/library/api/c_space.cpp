// Configuration space for C: effects as plain structs.
#include <exception>

#include "library/api/c_plan.hpp"

namespace tenon::library::c {
namespace {

using Effects = std::vector<tenon_effect>;

void add_places(Effects& list, tenon_effect_kind kind, const std::vector<BarPlace>& bars) {
    for (const auto& place : bars)
        list.push_back({.kind = static_cast<std::uint32_t>(kind),
                        .bar = place.index,
                        .address = place.address});
}

std::uint32_t flag(bool set) { return set ? 1 : 0; }

// One for each effect of config_space.hpp: a new one does not compile until it has its own here.
struct PlainEffect {
    Effects& list;

    void operator()(const effect::RemoveBars& one) const {
        add_places(list, TENON_REMOVE_BAR, one.bars);
    }
    void operator()(const effect::PlaceBars& one) const {
        add_places(list, TENON_PLACE_BAR, one.bars);
    }
    void operator()(const effect::WriteDevice& one) const {
        list.push_back({.kind = TENON_WRITE_DEVICE,
                        .offset = one.offset,
                        .size = one.size,
                        .value = one.value});
    }
    void operator()(const effect::UpdateDevice& one) const {
        list.push_back({.kind = TENON_UPDATE_DEVICE,
                        .offset = one.offset,
                        .size = 2,
                        .value = one.value,
                        .mask = one.mask});
    }
    void operator()(const effect::InterruptsChanged&) const {
        list.push_back({.kind = TENON_INTERRUPTS});
    }
    void operator()(const effect::ResetFunction&) const {
        list.push_back({.kind = TENON_RESET_FUNCTION});
    }
    void operator()(const effect::ResetSecondaryBus&) const {
        list.push_back({.kind = TENON_RESET_SECONDARY_BUS});
    }
    void operator()(const effect::PasidChanged& one) const {
        list.push_back({.kind = TENON_PASID,
                        .enabled = flag(one.enabled),
                        .execute = flag(one.execute),
                        .privileged = flag(one.privileged)});
    }
    void operator()(const effect::AtsChanged& one) const {
        list.push_back({.kind = TENON_ATS,
                        .enabled = flag(one.enabled),
                        .smallest_translation_unit = one.smallest_translation_unit});
    }
    void operator()(const effect::PageRequestsChanged& one) const {
        list.push_back({.kind = TENON_PAGE_REQUESTS,
                        .enabled = flag(one.enabled),
                        .reset = flag(one.reset),
                        .allocation = one.allocation});
    }
    void operator()(const effect::AtomicsChanged& one) const {
        list.push_back({.kind = TENON_ATOMICS, .enabled = flag(one.enabled)});
    }
};

// Fills `effects` with what `call` says is to be done.
template <typename Call>
int fill(tenon_space& space, tenon_effects* effects, Call&& call) noexcept {
    *effects = {};
    try {
        space.effects.clear();
        for (const auto& one : call(space.space))
            std::visit(PlainEffect{space.effects}, one);
    } catch (const std::exception&) {
        return TENON_NO_MEMORY;
    }
    *effects = {.list = space.effects.data(), .count = space.effects.size()};
    return TENON_OK;
}

}  // namespace
}  // namespace tenon::library::c

// Its form is that of programs that were compiled before.
static_assert(sizeof(tenon_effect) == 56 && alignof(tenon_effect) == 8);
static_assert(sizeof(tenon_piece) == 4);

extern "C" {

using namespace tenon;
using namespace tenon::library::c;

size_t tenon_space_pieces(const tenon_space* space, uint16_t offset, uint8_t size,
                          tenon_piece pieces[2]) {
    const auto from_device = space->space.device_pieces(offset, size);
    for (const auto& piece : from_device)
        *pieces++ = {.offset = piece.offset, .size = piece.size};
    return from_device.size();
}

uint32_t tenon_space_read(const tenon_space* space, uint16_t offset, uint8_t size,
                          uint32_t from_device) {
    return space->space.read(offset, size, from_device);
}

int tenon_space_write(tenon_space* space, uint16_t offset, uint8_t size, uint32_t value,
                      tenon_effects* effects) {
    return fill(*space, effects,
                [&](ConfigSpace& inside) { return inside.write(offset, size, value); });
}

int tenon_space_prepare(tenon_space* space, tenon_effects* effects) {
    return fill(*space, effects, [](ConfigSpace& inside) { return inside.prepare_device(); });
}

int tenon_space_reset(tenon_space* space, tenon_effects* effects) {
    return fill(*space, effects, [](ConfigSpace& inside) { return inside.reset(); });
}

const uint8_t* tenon_space_bytes(const tenon_space* space) {
    // SAFETY: a byte is a byte.
    return reinterpret_cast<const uint8_t*>(space->space.bytes().data());  // NOLINT
}

}  // extern "C"
