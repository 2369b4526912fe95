#include "capture/choice.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <ranges>
#include <system_error>
#include <utility>

#include "base/input.hpp"
#include "base/text.hpp"
#include "capture/limits.hpp"

namespace tenon::capture {
namespace {

// What each entry is called: its address, with its number where there are more of that.
std::vector<std::string> names_of(const std::vector<Entry>& entries) {
    std::map<std::string_view, std::size_t> count;
    std::map<std::string_view, std::size_t> seen;
    for (const auto& entry : entries)
        ++count[entry.slot];
    std::vector<std::string> names;
    names.reserve(entries.size());
    for (const auto& entry : entries) {
        const auto number = ++seen[entry.slot];
        names.push_back(count[entry.slot] == 1 ? entry.slot
                                               : fmt::format("{}@{}", entry.slot, number));
    }
    return names;
}

std::unexpected<Error> unclear(std::string what, const std::vector<Entry>& entries) {
    if (entries.empty())
        return std::unexpected(Error{.kind = Error::Kind::NotFound, .what = std::move(what)});
    const auto names = names_of(entries);
    auto shown = names | std::views::take(most_shown);
    return std::unexpected(
        Error{.kind = Error::Kind::NotFound,
              .what = std::move(what),
              .hint = fmt::format("Write FILE#ADDRESS with one of: {}{}", fmt::join(shown, ", "),
                                  names.size() > most_shown ? ", …" : "")});
}

std::string place_of(const Entry& entry) {
    return entry.member.empty() ? entry.where : fmt::format("{}, {}", entry.member, entry.where);
}

std::unexpected<Error> more_than_once(const Named& named, const Entry& one, const Entry& other) {
    auto hint =
        fmt::format("Write FILE#{}@1 for the first of them, @2 for the second", *named.slot);
    if (one.member != other.member)
        hint += fmt::format("; or FILE#MEMBER#ADDRESS, as in {}#{}#{}", named.path, one.member,
                            one.slot);
    return std::unexpected(
        Error{.kind = Error::Kind::Malformed,
              .what = fmt::format("{}: has {} more than once, in {} and {}", named.path, one.slot,
                                  place_of(one), place_of(other)),
              .hint = std::move(hint)});
}

std::unexpected<Error> no_address(const Named& named) {
    return malformed("{}: #{}: the file is the bytes of one function, without address", named.path,
                     *named.slot);
}

bool is_nameless(const std::vector<Entry>& entries) {
    return entries.size() == 1 && entries.front().slot.empty();
}

// Whether an entry is what `text` says: its address, or its member and its address.
bool is_meant(const Entry& entry, std::string_view text) {
    if (!entry.member.empty() && text.starts_with(entry.member)) {
        const auto rest = text.substr(entry.member.size());
        if (rest.empty()) return true;
        if (rest.starts_with('#')) text = rest.substr(1);
    }
    if (entry.slot == text) return true;
    // The same address with or without its domain.
    const auto address = pci::Address::parse(text);
    return address && entry.address && *entry.address == *address;
}

}  // namespace

Named Named::take_apart(std::string_view named) {
    std::error_code error;
    if (std::filesystem::exists(named, error))
        return {.path = std::string{named}, .slot = std::nullopt};
    const auto last = named.rfind('#');
    if (last == std::string_view::npos) return {.path = std::string{named}, .slot = std::nullopt};
    auto mark = last;
    const auto is_there = [&] {
        const auto path = named.substr(0, mark);
        return path == standard_input || std::filesystem::exists(path, error);
    };
    while (mark != std::string_view::npos && mark != 0 && !is_there())
        mark = named.rfind('#', mark - 1);
    if (mark == std::string_view::npos || mark == 0) mark = last;
    auto slot = named.substr(mark + 1);
    Named parts{.path = std::string{named.substr(0, mark)}, .slot = std::nullopt};
    if (const auto at = slot.rfind('@'); at != std::string_view::npos) {
        parts.which = parse_number(slot.substr(at + 1)).value_or(0);
        if (parts.which != 0) slot = slot.substr(0, at);
    }
    parts.slot = std::string{slot};
    return parts;
}

bool Named::means_slot() const {
    return slot && pci::Address::parse_slot(std::string_view{*slot}.substr(slot->rfind('#') + 1));
}

bool Named::means_all() const { return slot && (*slot == "*" || slot->ends_with("#*")); }

void prefer_bytes(std::vector<Entry>& entries) {
    if (!std::ranges::all_of(entries, &Entry::words_only))
        std::erase_if(entries, [](const Entry& entry) { return entry.words_only; });
}

Result<std::size_t> choose(const Named& named, const std::vector<Entry>& entries) {
    if (!named.slot) {
        // Words beside the bytes of one function do not make it unclear.
        const auto with_bytes = std::ranges::count(entries, false, &Entry::words_only);
        if (entries.size() == 1) return 0;
        if (with_bytes == 1)
            return static_cast<std::size_t>(std::ranges::find(entries, false, &Entry::words_only) -
                                            entries.begin());
        return unclear(fmt::format("{}: has {} functions", named.path, entries.size()), entries);
    }
    if (is_nameless(entries)) return no_address(named);
    const auto matching = [&](auto&& matches) {
        std::vector<std::size_t> numbers;
        for (std::size_t n = 0; n < entries.size(); ++n)
            if (matches(entries[n])) numbers.push_back(n);
        return numbers;
    };
    auto chosen = matching([&](const Entry& entry) { return entry.slot == *named.slot; });
    if (chosen.empty() || named.which != 0)
        chosen = matching([&](const Entry& entry) { return is_meant(entry, *named.slot); });
    if (chosen.empty())
        return unclear(fmt::format("{}: has no function {}", named.path, *named.slot), entries);
    if (named.which > chosen.size())
        return unclear(
            fmt::format("{}: has no {}@{}: it is there {}", named.path, *named.slot, named.which,
                        chosen.size() == 1 ? "once" : fmt::format("{} times", chosen.size())),
            entries);
    if (named.which != 0) return chosen[named.which - 1];
    if (chosen.size() == 1) return chosen.front();
    return more_than_once(named, entries[chosen[0]], entries[chosen[1]]);
}

Result<std::vector<std::size_t>> choose_slot(const Named& named,
                                             const std::vector<Entry>& entries) {
    if (!named.means_slot()) return malformed("{}: names no slot", named.path);
    if (is_nameless(entries)) return no_address(named);
    const std::string_view text{*named.slot};
    const auto mark = text.rfind('#');
    const auto slot = pci::Address::parse_slot(text.substr(mark + 1));
    const auto member = mark == std::string_view::npos ? text.substr(0, 0) : text.substr(0, mark);
    std::vector<std::size_t> chosen;
    for (std::size_t n = 0; n < entries.size(); ++n)
        if (entries[n].address && entries[n].address->same_slot(*slot) &&
            (member.empty() || member == entries[n].member))
            chosen.push_back(n);
    // Of a slot with bytes, what has words alone is no function that a guest could be shown.
    const auto is_bare = [&](std::size_t n) { return entries[n].words_only; };
    if (!std::ranges::all_of(chosen, is_bare)) std::erase_if(chosen, is_bare);
    const auto address = [&](std::size_t n) { return *entries[n].address; };
    std::ranges::sort(chosen, {}, [&](std::size_t n) { return std::pair{address(n), n}; });
    if (chosen.empty())
        return unclear(fmt::format("{}: has no function of the slot {}", named.path, *named.slot),
                       entries);
    const auto again = std::ranges::adjacent_find(chosen, {}, address);
    if (named.which == 0) {
        if (again == chosen.end()) return chosen;
        return more_than_once(named, entries[again[0]], entries[again[1]]);
    }
    std::vector<std::size_t> those;
    std::uint64_t number = 0;
    for (std::size_t n = 0; n < chosen.size(); ++n) {
        number = n != 0 && address(chosen[n]) == address(chosen[n - 1]) ? number + 1 : 1;
        if (number == named.which) those.push_back(chosen[n]);
    }
    if (those.empty())
        return unclear(fmt::format("{}: has no {}@{}", named.path, *named.slot, named.which),
                       entries);
    return those;
}

Result<device::DeviceFacts> take(const Named& named, std::string_view name,
                                 const std::vector<Entry>& entries) {
    Result<device::DeviceFacts> facts;
    if (const auto chosen = choose(named, entries)) {
        if (auto filled = entries[*chosen].facts(*facts); !filled)
            facts = std::unexpected(std::move(filled).error());
        else
            facts->source = std::string{name};
    } else {
        facts = std::unexpected(chosen.error());
    }
    return facts;
}

Result<std::vector<device::DeviceFacts>> take_slot(const Named& named,
                                                   const std::vector<Entry>& entries) {
    TENON_TRY(chosen, choose_slot(named, entries), "");
    std::vector<device::DeviceFacts> slot;
    for (const auto n : chosen) {
        TENON_TRY_DO(entries[n].facts(slot.emplace_back()), "");
        slot.back().source = fmt::format("{}#{}", named.path, entries[n].slot);
        if (named.which != 0) slot.back().source += fmt::format("@{}", named.which);
    }
    return slot;
}

Result<std::vector<device::DeviceFacts>> take_all(const Named& named,
                                                  const std::vector<Entry>& entries) {
    if (!named.means_all()) return malformed("{}: does not name all functions", named.path);
    if (is_nameless(entries)) return no_address(named);
    const auto member = std::string_view{*named.slot}.substr(0, named.slot->rfind('#') + 1);
    const auto names = names_of(entries);
    std::vector<device::DeviceFacts> all;
    for (std::size_t n = 0; n < entries.size(); ++n) {
        if (*named.slot != "*" && entries[n].member + "#" != member) continue;
        TENON_TRY_DO(entries[n].facts(all.emplace_back()), "");
        all.back().source = fmt::format("{}#{}", named.path, names[n]);
    }
    if (all.empty())
        return unclear(fmt::format("{}: has no function of {}", named.path, *named.slot), entries);
    return all;
}

}  // namespace tenon::capture
