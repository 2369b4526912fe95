#include "model/function/register_map.hpp"

#include <algorithm>

#include "pci/power_management.hpp"

namespace tenon::model::function {
namespace {

void fill(pci::ConfigImage& image, std::size_t at, std::size_t size, std::uint8_t value) {
    if (at >= pci::express_size) return;
    const auto room = std::min(size, pci::express_size - at);
    std::ranges::fill(image.bytes().subspan(at, room), std::byte{value});
}

void replace_bits(pci::ConfigImage& image, std::size_t at, std::uint8_t mask, std::uint8_t bits) {
    const auto kept = static_cast<std::uint8_t>(image.read8(at) & ~mask);
    image.write<std::uint8_t>(at, static_cast<std::uint8_t>(kept | (bits & mask)));
}

}  // namespace

void RegisterMap::own(std::size_t at, std::size_t size) {
    fill(ours, at, size, 0xff);
    fill(writable, at, size, 0);
    fill(clearable, at, size, 0);
    fill(passed, at, size, 0);
}

void RegisterMap::hide(std::size_t at, std::size_t size) {
    own(at, size);
    fill(start, at, size, 0);
}

void RegisterMap::pass(std::size_t at, std::size_t size) {
    own(at, size);
    fill(ours, at, size, 0);
    fill(passed, at, size, 0xff);
}

void RegisterMap::show(std::size_t at, std::size_t size) {
    own(at, size);
    fill(ours, at, size, 0);
}

template <std::unsigned_integral Word>
void RegisterMap::emulate(std::size_t at, Word value, Word writable_bits, Word clearable_bits) {
    own(at, sizeof(Word));
    start.write<Word>(at, value);
    writable.write<Word>(at, writable_bits);
    clearable.write<Word>(at, clearable_bits);
}

void RegisterMap::emulate_bits(std::size_t at, std::uint8_t mask, std::uint8_t value,
                               std::uint8_t writable_bits) {
    replace_bits(start, at, mask, value);
    replace_bits(ours, at, mask, 0xff);
    replace_bits(writable, at, mask, writable_bits);
    replace_bits(clearable, at, mask, 0);
    replace_bits(passed, at, mask, 0);
}

void RegisterMap::emulate_power_state(std::size_t at, std::uint16_t capabilities) {
    const pci::PowerCapabilities has{capabilities};
    power = {.control_at = at + pci::power_management::control,
             .supported = static_cast<std::uint8_t>(1 | has.get<pci::D1Support>() << 1 |
                                                    has.get<pci::D2Support>() << 2 | 1 << 3)};
    constexpr auto state = std::uint8_t{pci::PowerState::mask};
    emulate_bits(power.control_at, state, 0, state);
}

void RegisterMap::pass_bits(std::size_t at, std::uint8_t mask) {
    replace_bits(start, at, mask, 0);
    replace_bits(ours, at, mask, 0);
    replace_bits(writable, at, mask, 0);
    replace_bits(clearable, at, mask, 0);
    replace_bits(passed, at, mask, 0xff);
}

template void RegisterMap::emulate(std::size_t, std::uint8_t, std::uint8_t, std::uint8_t);
template void RegisterMap::emulate(std::size_t, std::uint16_t, std::uint16_t, std::uint16_t);
template void RegisterMap::emulate(std::size_t, std::uint32_t, std::uint32_t, std::uint32_t);

}  // namespace tenon::model::function
