#include "model/running/guest_switches.hpp"

#include <algorithm>
#include <concepts>

#include "pci/capability.hpp"
#include "pci/express.hpp"
#include "pci/translation.hpp"

namespace tenon::model::running {
namespace {

constexpr auto ats_bits =
    static_cast<std::uint16_t>(pci::AtsEnable::mask | pci::SmallestTranslationUnit::mask);

struct Write {
    std::uint16_t offset;
    std::uint8_t size;
    std::uint32_t value;

    bool touches(std::size_t at, std::size_t length) const {
        return at != 0 && offset < at + length && at < std::size_t{offset} + size;
    }
};

// The register at `at` after the write, of which it may be a part.
template <std::unsigned_integral Word>
Word after(Word before, std::size_t at, const Write& write) {
    for (unsigned byte = 0; byte < write.size; ++byte) {
        const auto where = std::size_t{write.offset} + byte;
        if (where < at || where >= at + sizeof(Word)) continue;
        const auto shift = 8 * (where - at);
        const auto written = static_cast<Word>((write.value >> 8 * byte & 0xff) << shift);
        const auto mask = static_cast<Word>(std::uint64_t{0xff} << shift);
        before = static_cast<Word>((before & ~mask) | written);
    }
    return before;
}

// Where the guest sees an extended capability; 0: it does not.
std::size_t place_of(const function::FunctionView& view, std::uint16_t id) {
    const auto found = std::ranges::find_if(view.capabilities, [&](const auto& decision) {
        return decision.list == chosen::CapabilityList::Extended && decision.id == id &&
               decision.guest_offset;
    });
    return found == view.capabilities.end() ? 0 : *found->guest_offset;
}

}  // namespace

std::optional<effect::UpdateDevice> clear_requester_enable(const function::FunctionView& view) {
    if (view.device_control_2_at == 0 || view.virtual_function) return std::nullopt;
    return effect::UpdateDevice{.offset = static_cast<std::uint16_t>(view.device_control_2_at),
                                .mask = pci::AtomicOpRequesterEnable::mask,
                                .value = 0};
}

GuestSwitches::GuestSwitches(const function::FunctionView& view)
    : requester_enable_at_{view.device_control_2_at} {
    if (const auto at = place_of(view, pci::extended_id::ats); at != 0)
        ats_control_at_ = at + pci::ats::control;
    if (const auto at = place_of(view, pci::extended_id::page_request); at != 0) {
        page_control_at_ = at + pci::page_request::control;
        allocation_at_ = at + pci::page_request::allocation;
    }
}

bool GuestSwitches::takes_part(const function::RegisterMap& map) const {
    const auto at = requester_enable_at_;
    return at != 0 && ((map.rules8(at).passed | map.rules8(at).writable) &
                       pci::AtomicOpRequesterEnable::mask) != 0;
}

void GuestSwitches::write(const function::RegisterMap& map, std::uint16_t offset, std::uint8_t size,
                          std::uint32_t value, std::vector<Effect>& effects) {
    const Write write{.offset = offset, .size = size, .value = value};
    auto next = now_;
    bool reset_pages = false;
    if (write.touches(ats_control_at_, 2))
        next.ats = static_cast<std::uint16_t>(after(now_.ats, ats_control_at_, write) & ats_bits);
    if (write.touches(page_control_at_, 1)) {
        const pci::PageRequestControl control{
            after<std::uint16_t>(now_.page_requests ? 1 : 0, page_control_at_, write)};
        next.page_requests = control.get<pci::PageRequestEnable>() != 0;
        reset_pages = !next.page_requests && control.get<pci::PageRequestReset>() != 0;
    }
    if (write.touches(allocation_at_, 4))
        next.allocation = after(now_.allocation, allocation_at_, write);
    if (write.touches(requester_enable_at_, 1) && takes_part(map))
        next.atomics = (after<std::uint8_t>(0, requester_enable_at_, write) &
                        pci::AtomicOpRequesterEnable::mask) != 0;
    change(next, reset_pages, effects);
}

void GuestSwitches::reset(std::vector<Effect>& effects) { change({}, false, effects); }

void GuestSwitches::follow(const function::RegisterMap& map, std::vector<Effect>& effects) {
    auto next = now_;
    next.atomics = now_.atomics && takes_part(map);
    change(next, false, effects);
}

void GuestSwitches::change(const Values& next, bool reset_pages, std::vector<Effect>& effects) {
    const auto before = now_;
    now_ = next;
    if (next.ats != before.ats) {
        const pci::AtsControl control{next.ats};
        effects.emplace_back(effect::AtsChanged{
            .enabled = control.get<pci::AtsEnable>() != 0,
            .smallest_translation_unit = control.get<pci::SmallestTranslationUnit>()});
    }
    if (reset_pages || next.page_requests != before.page_requests ||
        next.allocation != before.allocation)
        effects.emplace_back(effect::PageRequestsChanged{
            .enabled = next.page_requests, .reset = reset_pages, .allocation = next.allocation});
    if (next.atomics != before.atomics)
        effects.emplace_back(effect::AtomicsChanged{.enabled = next.atomics});
}

}  // namespace tenon::model::running
