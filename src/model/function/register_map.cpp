#include "model/function/register_map.hpp"

#include <algorithm>
#include <iterator>

#include "base/bytes.hpp"
#include "pci/power_management.hpp"

namespace tenon::model::function {
namespace {

constexpr std::size_t dword = sizeof(std::uint32_t);

constexpr Rules<std::uint8_t> read_only{.ours = 0xff};
constexpr Rules<std::uint8_t> passed_on{.passed = 0xff};
constexpr Rules<std::uint8_t> shown{};

std::uint32_t four_times(std::uint8_t byte) { return byte * 0x01010101u; }

std::uint8_t replaced(std::uint8_t byte, std::uint8_t mask, std::uint8_t bits) {
    return static_cast<std::uint8_t>((byte & ~mask) | (bits & mask));
}

void replace_bits(pci::ConfigImage& image, std::size_t at, std::uint8_t mask, std::uint8_t bits) {
    image.write<std::uint8_t>(at, replaced(image.read8(at), mask, bits));
}

}  // namespace

template <std::unsigned_integral Word>
Rules<Word> RegisterMap::rules(std::size_t at) const {
    if (at > pci::express_size - sizeof(Word)) return {.ours = static_cast<Word>(~Word{0})};
    const auto shift = 8 * (at % dword);
    const auto& low = of_dword(at / dword);
    // A register may stand across two dwords; an access of a guest does not.
    const bool across = at % dword + sizeof(Word) > dword;
    const auto high = across ? of_dword(at / dword + 1) : DwordRules{};
    const auto part = [&](std::uint32_t first, std::uint32_t second) {
        return static_cast<Word>((std::uint64_t{second} << 32 | first) >> shift);
    };
    return {.ours = part(low.ours, high.ours),
            .writable = part(low.writable, high.writable),
            .clearable = part(low.clearable, high.clearable),
            .passed = part(low.passed, high.passed)};
}

template Rules<std::uint8_t> RegisterMap::rules(std::size_t) const;
template Rules<std::uint16_t> RegisterMap::rules(std::size_t) const;
template Rules<std::uint32_t> RegisterMap::rules(std::size_t) const;

void RegisterMap::set_dwords(std::size_t first, std::size_t end, const DwordRules& rules) {
    if (first >= end) return;
    const auto at = std::ranges::lower_bound(ranges_, first, {}, &Range::first);
    auto last = std::ranges::upper_bound(ranges_, end, {}, &Range::first);
    const auto after = std::prev(last)->rules;  // Of the dword at `end`.
    std::vector<Range> changed;
    if (at == ranges_.begin() || std::prev(at)->rules != rules)
        changed.push_back({.first = static_cast<std::uint16_t>(first), .rules = rules});
    if (end < all_dwords && after != rules)
        changed.push_back({.first = static_cast<std::uint16_t>(end), .rules = after});
    const auto before = static_cast<std::size_t>(at - ranges_.begin());
    const auto grown = changed.size() - static_cast<std::size_t>(last - at);  // Modulo 2^64.
    const auto place = ranges_.erase(at, last);
    ranges_.insert(place, changed.begin(), changed.end());
    // Lines that begin behind the change are in the ranges that they were in.
    auto n = before == 0 ? before : before - 1;
    for (auto at_line = (first + line - 1) / line; at_line < line_range_.size(); ++at_line) {
        auto& range = line_range_[at_line];
        if (at_line * line > end) {
            range = static_cast<std::uint16_t>(range + grown);
            continue;
        }
        while (n + 1 < ranges_.size() && ranges_[n + 1].first <= at_line * line)
            ++n;
        range = static_cast<std::uint16_t>(n);
    }
}

// Inside the space; byte for byte where it stands across two dwords.
template <std::unsigned_integral Word>
void RegisterMap::set_register(std::size_t at, const Rules<Word>& rules) {
    const auto shift = 8 * (at % dword);
    if (at % dword + sizeof(Word) > dword) {
        for (std::size_t n = 0; n < sizeof(Word); ++n) {
            const auto byte = [n](Word mask) { return static_cast<std::uint8_t>(mask >> 8 * n); };
            set_register<std::uint8_t>(at + n, {.ours = byte(rules.ours),
                                                .writable = byte(rules.writable),
                                                .clearable = byte(rules.clearable),
                                                .passed = byte(rules.passed)});
        }
        return;
    }
    auto changed = of_dword(at / dword);
    const auto place = std::uint32_t{static_cast<Word>(~Word{0})} << shift;
    const auto put = [&](std::uint32_t& mask, Word bits) {
        mask = (mask & ~place) | std::uint32_t{bits} << shift;
    };
    put(changed.ours, rules.ours);
    put(changed.writable, rules.writable);
    put(changed.clearable, rules.clearable);
    put(changed.passed, rules.passed);
    set_dwords(at / dword, at / dword + 1, changed);
}

void RegisterMap::set(std::size_t at, std::size_t size, const Rules<std::uint8_t>& byte) {
    if (at >= pci::express_size) return;
    const auto end = at + std::min(size, pci::express_size - at);
    for (; at < end && at % dword != 0; ++at)
        set_register(at, byte);
    const auto whole = std::max(at, end / dword * dword);
    set_dwords(at / dword, whole / dword,
               {.ours = four_times(byte.ours),
                .writable = four_times(byte.writable),
                .clearable = four_times(byte.clearable),
                .passed = four_times(byte.passed)});
    for (at = whole; at < end; ++at)
        set_register(at, byte);
}

void RegisterMap::own(std::size_t at, std::size_t size) { set(at, size, read_only); }

void RegisterMap::hide(std::size_t at, std::size_t size) {
    own(at, size);
    if (at >= pci::express_size) return;
    const auto room = std::min(size, pci::express_size - at);
    std::ranges::fill(start.bytes().subspan(at, room), std::byte{0});
}

void RegisterMap::pass(std::size_t at, std::size_t size) { set(at, size, passed_on); }

void RegisterMap::show(std::size_t at, std::size_t size) { set(at, size, shown); }

template <std::unsigned_integral Word>
void RegisterMap::emulate(std::size_t at, Word value, Word writable_bits, Word clearable_bits) {
    if (at > pci::express_size - sizeof(Word)) return own(at, sizeof(Word));
    start.write<Word>(at, value);
    set_register<Word>(at, {.ours = static_cast<Word>(~Word{0}),
                            .writable = writable_bits,
                            .clearable = clearable_bits});
}

void RegisterMap::emulate_bits(std::size_t at, std::uint8_t mask, std::uint8_t value,
                               std::uint8_t writable_bits) {
    if (at >= pci::express_size) return;
    replace_bits(start, at, mask, value);
    const auto now = rules8(at);
    set_register<std::uint8_t>(at, {.ours = replaced(now.ours, mask, 0xff),
                                    .writable = replaced(now.writable, mask, writable_bits),
                                    .clearable = replaced(now.clearable, mask, 0),
                                    .passed = replaced(now.passed, mask, 0)});
}

template <std::unsigned_integral Word>
void RegisterMap::also_pass(std::size_t at, Word mask) {
    if (at > pci::express_size - sizeof(Word)) return;
    auto changed = rules<Word>(at);
    changed.passed = static_cast<Word>(changed.passed | mask);
    set_register(at, changed);
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
    if (at >= pci::express_size) return;
    replace_bits(start, at, mask, 0);
    const auto now = rules8(at);
    set_register<std::uint8_t>(at, {.ours = replaced(now.ours, mask, 0),
                                    .writable = replaced(now.writable, mask, 0),
                                    .clearable = replaced(now.clearable, mask, 0),
                                    .passed = replaced(now.passed, mask, 0xff)});
}

template void RegisterMap::also_pass(std::size_t, std::uint8_t);
template void RegisterMap::also_pass(std::size_t, std::uint16_t);
template void RegisterMap::also_pass(std::size_t, std::uint32_t);
template void RegisterMap::emulate(std::size_t, std::uint8_t, std::uint8_t, std::uint8_t);
template void RegisterMap::emulate(std::size_t, std::uint16_t, std::uint16_t, std::uint16_t);
template void RegisterMap::emulate(std::size_t, std::uint32_t, std::uint32_t, std::uint32_t);

}  // namespace tenon::model::function
