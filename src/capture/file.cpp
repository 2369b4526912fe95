#include "capture/file.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <ranges>
#include <system_error>
#include <utility>

#include "base/input.hpp"
#include "base/text.hpp"
#include "capture/capture_json.hpp"
#include "capture/limits.hpp"
#include "capture/raw_blob.hpp"
#include "capture/text/dump.hpp"
#include "capture/text/lines.hpp"

namespace tenon::capture {
namespace {

struct Named {
    std::string path;
    std::optional<std::string> slot;
    std::uint64_t which = 0;  // Of those with this address, counted from 1; 0: the only one.
};

Named take_apart(std::string_view named) {
    std::error_code error;
    const auto mark = named.rfind('#');
    if (mark == std::string_view::npos || std::filesystem::exists(named, error))
        return {.path = std::string{named}, .slot = std::nullopt};
    auto slot = named.substr(mark + 1);
    Named parts{.path = std::string{named.substr(0, mark)}, .slot = std::nullopt};
    if (const auto at = slot.rfind('@'); at != std::string_view::npos) {
        parts.which = parse_number(slot.substr(at + 1)).value_or(0);
        if (parts.which != 0) slot = slot.substr(0, at);
    }
    parts.slot = std::string{slot};
    return parts;
}

// Nothing but the bytes. The rest keeps the reason why it is not known.
device::DeviceFacts facts_of(std::string_view named, const pci::ConfigImage& config) {
    const Unknown untold{"a dump does not tell"};
    return {
        .source = std::string{named},
        .origin = device::Origin::File,
        .address = Unknown{"a dump of bytes does not tell"},
        .physical = config,
        .vfio = untold,
        .resources = Unknown{"a dump of bytes does not tell them"},
        .group = untold,
        .driver = untold,
        .nodes = untold,
        .virtual_function = untold,
        .physical_function = untold,
        .numa_node = untold,
        .kernel = untold,
        .identity = untold,
        .has_iommu = untold,
        .link = untold,
        .reset_methods = untold,
        .path = untold,
        .bus_neighbours = untold,
        .iommu = {.pasid = untold,
                  .ats = untold,
                  .dirty_tracking = untold,
                  .kind = untold,
                  .page_sizes = untold,
                  .iova = untold},
        .atomics = untold,
    };
}

// A function of a file, by which one of them is meant.
struct Entry {
    std::string slot;  // Its address as the file has it.
    Known<pci::Address> address;
    std::string where;  // "line 7"
};

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
    const auto names = names_of(entries);
    auto shown = names | std::views::take(most_shown);
    return std::unexpected(
        Error{.kind = Error::Kind::NotFound,
              .what = std::move(what),
              .hint = fmt::format("Write FILE#ADDRESS with one of: {}{}", fmt::join(shown, ", "),
                                  names.size() > most_shown ? ", …" : "")});
}

std::unexpected<Error> more_than_once(const Named& named, const Entry& one, const Entry& other) {
    return std::unexpected(Error{
        .kind = Error::Kind::Malformed,
        .what = fmt::format("{}: has {} more than once, in {} and {}", named.path, one.slot,
                            one.where, other.where),
        .hint =
            fmt::format("Write FILE#{}@1 for the first of them, @2 for the second", *named.slot)});
}

std::unexpected<Error> too_few(const Named& named, std::size_t count,
                               const std::vector<Entry>& entries) {
    return unclear(fmt::format("{}: has no {}@{}: it is there {} times", named.path, *named.slot,
                               named.which, count),
                   entries);
}

// The number of the entry that is meant.
Result<std::size_t> choose(const Named& named, const std::vector<Entry>& entries) {
    if (!named.slot) {
        if (entries.size() == 1) return 0;
        return unclear(fmt::format("{}: has {} functions", named.path, entries.size()), entries);
    }
    const auto matching = [&](auto&& matches) {
        std::vector<std::size_t> numbers;
        for (std::size_t n = 0; n < entries.size(); ++n)
            if (matches(entries[n])) numbers.push_back(n);
        return numbers;
    };
    auto chosen = matching([&](const Entry& entry) { return entry.slot == *named.slot; });
    const auto address = pci::Address::parse(*named.slot);
    // The same address with or without its domain.
    if ((chosen.empty() || named.which != 0) && address)
        chosen = matching(
            [&](const Entry& entry) { return entry.address && *entry.address == *address; });
    if (chosen.empty())
        return unclear(fmt::format("{}: has no function {}", named.path, *named.slot), entries);
    if (named.which > chosen.size()) return too_few(named, chosen.size(), entries);
    if (named.which != 0) return chosen[named.which - 1];
    if (chosen.size() == 1) return chosen.front();
    return more_than_once(named, entries[chosen[0]], entries[chosen[1]]);
}

// The numbers of all entries of a slot, in order of address.
Result<std::vector<std::size_t>> choose_slot(const Named& named,
                                             const std::vector<Entry>& entries) {
    const auto slot = pci::Address::parse_slot(*named.slot);
    std::vector<std::size_t> chosen;
    for (std::size_t n = 0; n < entries.size(); ++n)
        if (entries[n].address && entries[n].address->same_slot(*slot)) chosen.push_back(n);
    const auto address = [&](std::size_t n) { return *entries[n].address; };
    std::ranges::sort(chosen, {}, [&](std::size_t n) { return std::pair{address(n), n}; });
    if (chosen.empty())
        return unclear(fmt::format("{}: has no function of the slot {}", named.path, *named.slot),
                       entries);
    const auto again = std::ranges::adjacent_find(chosen, {}, address);
    if (named.which == 0) {
        if (again == chosen.end()) return chosen;
        return more_than_once(named, entries[*again], entries[again[1]]);
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

// All functions of a file, and by which each is meant.
struct Content {
    std::vector<Entry> entries;
    std::vector<device::DeviceFacts> captured;  // Either of both.
    std::vector<text::Function> dumped;

    // Facts are large: of a dump, those that are meant are made alone. So is a fault in its rows an
    // error only then.
    Result<device::DeviceFacts> take(std::size_t n) {
        if (dumped.empty()) return std::move(captured[n]);
        if (!dumped[n].config) return std::unexpected(std::move(dumped[n].config).error());
        auto facts = facts_of("", *dumped[n].config);
        facts.address = dumped[n].address;
        facts.resources = std::move(dumped[n].resources);
        return facts;
    }
};

Result<Content> read_json(const Named& parts, std::string_view document) {
    TENON_TRY(functions, read_captures(document, parts.path), "");
    Content content{.entries = {}, .captured = std::move(functions), .dumped = {}};
    for (const auto& facts : content.captured)
        content.entries.push_back({.slot = facts.address ? to_string(*facts.address) : "-",
                                   .address = facts.address,
                                   .where = fmt::format("functions[{}]", content.entries.size())});
    return content;
}

Result<Content> read_text(const Named& parts, std::string_view bytes) {
    TENON_TRY(functions, text::read_dump(bytes, parts.path), "");
    Content content{.entries = {}, .captured = {}, .dumped = std::move(functions)};
    for (const auto& function : content.dumped)
        content.entries.push_back({.slot = function.slot,
                                   .address = function.address,
                                   .where = fmt::format("line {}", function.line)});
    return content;
}

Result<Content> read_functions(const Named& parts, std::string_view content) {
    const auto document = without_mark(content);
    return is_json(document) ? read_json(parts, document) : read_text(parts, content);
}

std::unexpected<Error> no_address(const Named& parts) {
    return malformed("{}: #{}: the file is the bytes of one function, without address", parts.path,
                     *parts.slot);
}

bool is_blob(std::string_view bytes) { return is_binary(bytes) && !text::is_utf16(bytes); }

Result<device::DeviceFacts> read_blob(const Named& parts, std::string_view bytes) {
    if (parts.slot) return no_address(parts);
    TENON_TRY(config, parse_raw_blob(bytes, parts.path), "");
    return facts_of("", config);
}

Result<device::DeviceFacts> read_one(const Named& parts, std::string_view bytes) {
    TENON_TRY(content, read_functions(parts, bytes), "");
    TENON_TRY(chosen, choose(parts, content.entries), "");
    return content.take(chosen);
}

}  // namespace

bool names_slot(std::string_view named) {
    const auto parts = take_apart(named);
    return parts.slot && pci::Address::parse_slot(*parts.slot);
}

Result<device::DeviceFacts> read_capture(std::string_view named) {
    const auto parts = take_apart(named);
    TENON_TRY(bytes, read_input(parts.path, longest_file), "");
    auto facts = is_blob(bytes) ? read_blob(parts, bytes) : read_one(parts, bytes);
    if (facts) facts->source = std::string{named};
    return facts;
}

Result<std::vector<device::DeviceFacts>> read_capture_slot(std::string_view named) {
    const auto parts = take_apart(named);
    if (!parts.slot || !pci::Address::parse_slot(*parts.slot))
        return malformed("{}: names no slot", named);
    TENON_TRY(bytes, read_input(parts.path, longest_file), "");
    if (is_blob(bytes)) return no_address(parts);
    TENON_TRY(content, read_functions(parts, bytes), "");
    TENON_TRY(chosen, choose_slot(parts, content.entries), "");
    std::vector<device::DeviceFacts> slot;
    for (const auto n : chosen) {
        TENON_TRY(facts, content.take(n), "");
        slot.push_back(std::move(facts));
        slot.back().source = fmt::format("{}#{}", parts.path, content.entries[n].slot);
        if (parts.which != 0) slot.back().source += fmt::format("@{}", parts.which);
    }
    return slot;
}

}  // namespace tenon::capture
