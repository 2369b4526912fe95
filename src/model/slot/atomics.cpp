#include "model/slot/atomics.hpp"

#include <algorithm>

#include "device/atomic_widths.hpp"
#include "device/facts.hpp"

namespace tenon::model::slot {
namespace {

constexpr std::uint32_t every_width = device::atomics_32 | device::atomics_64 | device::atomics_128;

std::uint32_t common_to_those_with_any(std::span<const AtomicsMember> members) {
    std::uint32_t common = every_width;
    bool any = false;
    for (const auto& member : members) {
        if (!member.assigned || member.widths == 0) continue;
        common &= member.widths;
        any = true;
    }
    return any ? common : 0;
}

std::uint32_t common_to_all(std::span<const AtomicsMember> members) {
    std::uint32_t common = members.empty() ? 0 : every_width;
    for (const auto& member : members)
        common &= member.assigned ? member.widths : 0;
    return common;
}

std::uint32_t of_a_lone_function(std::span<const AtomicsMember> members) {
    if (members.size() != 1 || members.front().function != 0) return 0;
    return common_to_all(members);
}

std::uint32_t widths_by(const chosen::AtomicsRule& rule, std::span<const AtomicsMember> members) {
    switch (rule.mode) {
        case chosen::AtomicsMode::Auto:
            return common_to_those_with_any(members);
        case chosen::AtomicsMode::AllFunctions:
            return common_to_all(members);
        case chosen::AtomicsMode::LoneFunction:
            return of_a_lone_function(members);
        case chosen::AtomicsMode::Off:
            return 0;
        case chosen::AtomicsMode::Fixed:
            return rule.widths;
    }
    return 0;
}

}  // namespace

AtomicsDecision decide_atomics(const chosen::AtomicsRule& rule, bool second_registers,
                               std::span<const AtomicsMember> members) {
    AtomicsDecision decision;
    if (!second_registers) return decision;
    decision.completer = widths_by(rule, members);
    if (decision.completer == 0) return decision;
    for (const auto& member : members)
        if (member.assigned && member.function < decision.participants.size() &&
            (decision.completer & ~member.widths) == 0)
            decision.participants.set(member.function);
    return decision;
}

}  // namespace tenon::model::slot
