#include "device/uses.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "device/driver.hpp"
#include "device/host_parts.hpp"

namespace tenon::device {
namespace {

// In words, with the name that the host has for it, and without.
std::string words_of_named(const Use& use) {
    switch (use.kind) {
        case UseKind::FileSystem:
            return fmt::format("holds {}", use.name);
        case UseKind::Swap:
            return fmt::format("holds swap ({})", use.name);
        case UseKind::Storage:
            return fmt::format("is part of {}", use.name);
        case UseKind::Address:
            return fmt::format("has the host's address {}", use.name);
        case UseKind::Network:
            return fmt::format("is part of {}", use.name);
        case UseKind::DefaultRoute:
            return fmt::format("has the host's default route ({})", use.name);
        case UseKind::Display:
            return fmt::format("is a display of the host ({})", use.name);
        case UseKind::Unclear:
            return fmt::format("may be in use ({})", use.name);
    }
    return "";
}

std::string words_of_nameless(UseKind kind) {
    switch (kind) {
        case UseKind::FileSystem:
            return "holds a mounted file system";
        case UseKind::Swap:
            return "holds swap";
        case UseKind::Storage:
            return "is part of other storage";
        case UseKind::Address:
            return "has an address of the host";
        case UseKind::Network:
            return "is part of another network interface";
        case UseKind::DefaultRoute:
            return "has the host's default route";
        case UseKind::Display:
            return "is a display of the host";
        case UseKind::Unclear:
            return "may be in use";
    }
    return "";
}

}  // namespace

std::string words_of(const Use& use) {
    return use.name.empty() ? words_of_nameless(use.kind) : words_of_named(use);
}

std::string why_not_to_take(const pci::Address& address, std::span<const Use> uses) {
    if (uses.empty()) return "";
    constexpr std::size_t most = 3;
    std::vector<std::string> words;
    for (const auto& use : uses.first(std::min(uses.size(), most)))
        words.push_back(words_of(use));
    const auto more = uses.size() > most ? fmt::format(" and {} more", uses.size() - most) : "";
    return fmt::format("{} {}{}: do not", to_string(address), fmt::join(words, ", "), more);
}

std::string why_not_to_take(const DeviceFacts& facts) {
    if (facts.uses)
        if (auto why = why_not_to_take(facts.address.value_or({}), *facts.uses); !why.empty())
            return why;
    if (!facts.group) return "";
    for (const auto& member : facts.group->members)
        if (!leaves_group_viable(member))
            if (const auto advice = advice_for(member); advice.commands.empty())
                return advice.remedy;
    return "";
}

MemberAdvice advice_for(const GroupMember& member) {
    if (auto why = why_not_to_take(member.address, member.uses); !why.empty())
        return {.remedy = std::move(why), .commands = {}};
    const auto name = to_string(member.address);
    if (const auto part = host_part(member.class_code))
        return {.remedy = fmt::format("{} is {}, which the host cannot do without: do not; in a "
                                      "slot of another group a device is free of it",
                                      name, *part),
                .commands = {}};
    // What is behind a port is on a card, such as the USB-C controller of a display.
    if (const auto part = board_part(member.class_code); part && member.address.bus == 0)
        return {.remedy = fmt::format("{} is {} of the host's board: it goes to no guest; without "
                                      "its driver it is in nobody's way",
                                      name, *part),
                .commands = {unbind_command(member.address)}};
    return {.remedy = "", .commands = bind_commands(member.address, member.driver)};
}

}  // namespace tenon::device
