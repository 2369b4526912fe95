#include "capture/text/decoded_bars.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <string>

#include "base/text.hpp"
#include "device/untold_bars.hpp"
#include "pci/bar.hpp"
#include "pci/header.hpp"

namespace tenon::capture::text {
namespace {

// The bytes in "[size=128K]"; 0 if it is missing or no BAR can have it.
std::uint64_t size_in(std::string_view text) {
    constexpr std::string_view key = "[size=";
    const auto begin = text.find(key);
    if (begin == std::string_view::npos) return 0;
    const auto from = text.substr(begin + key.size());
    const auto size = parse_size(from.substr(0, from.find(']')));
    return size && std::has_single_bit(*size) ? *size : 0;
}

std::uint64_t memory_flags(std::string_view text) {
    auto flags = device::resource_memory;
    if (text.contains("64-bit")) flags |= device::resource_64bit;
    if (text.contains("prefetchable") && !text.contains("non-prefetchable"))
        flags |= device::resource_prefetch;
    return flags;
}

bool is_io(const DecodedBar& line) { return (line.flags & device::resource_io) != 0; }

// Whether the line is about this register, as far as both say.
bool is_about(const DecodedBar& line, const pci::Bar& bar) {
    if (is_io(line) != (bar.kind == pci::BarKind::Io)) return false;
    return line.index ? *line.index == bar.index : line.address == bar.address;
}

// The BAR or ROM that a line is about; none if the function has no such register.
std::optional<unsigned> index_of(const DecodedBar& line, const std::vector<pci::Bar>& bars) {
    if (line.flags == 0) return device::rom_region;
    const auto bar =
        std::ranges::find_if(bars, [&](const pci::Bar& one) { return is_about(line, one); });
    if (bar != bars.end()) return bar->index;
    // A register without address and flags shows nothing; that of another BAR shows another.
    const bool taken = std::ranges::any_of(bars, [&](const pci::Bar& one) {
        return line.index == one.index ||
               (one.kind == pci::BarKind::Memory64 && line.index == one.index + 1);
    });
    return taken ? std::nullopt : line.index;
}

std::string name_of(unsigned index) {
    return index == device::rom_region ? "the option ROM" : fmt::format("BAR {}", index);
}

// What the lines tell of one BAR.
struct Told {
    device::ResourceFacts facts;
    std::string why_not;  // Why it is not known; empty: it is, or nobody spoke of it.
};

void tell(Told& told, const DecodedBar& line, unsigned index) {
    auto& facts = told.facts;
    if (line.size == 0) {
        if (facts.size == 0)
            told.why_not =
                fmt::format("the text beside the dump has no size of {}", name_of(index));
    } else if (facts.size != 0 && facts.size != line.size) {
        told.why_not = fmt::format("the text beside the dump has two sizes of {}", name_of(index));
    } else if (facts.size == 0) {
        const bool rom = index == device::rom_region;
        told = {.facts = {.size = line.size, .flags = rom ? device::resource_memory : line.flags},
                .why_not = {}};
    }
}

}  // namespace

std::optional<DecodedBar> parse_decoded_bar(std::string_view line) {
    constexpr std::string_view not_in_registers = "[virtual] ";
    DecodedBar bar;
    take_prefix(line, not_in_registers);
    if (take_prefix(line, "Region ")) {
        const auto colon = line.find(": ");
        if (colon == std::string_view::npos) return std::nullopt;
        const auto index = parse_number(line.substr(0, colon));
        if (!index || *index >= device::bar_count) return std::nullopt;
        bar.index = static_cast<unsigned>(*index);
        line = trimmed(line.substr(colon + 1));
        take_prefix(line, not_in_registers);
    }
    if (take_prefix(line, "Memory at "))
        bar.flags = memory_flags(line);
    else if (take_prefix(line, "I/O ports at "))
        bar.flags = device::resource_io;
    else if (bar.index || !take_prefix(line, "Expansion ROM at "))
        return std::nullopt;
    bar.address = parse_hex(line.substr(0, line.find(' ')));
    bar.size = size_in(line);
    return bar;
}

Known<Resources> resources_of(const std::vector<DecodedBar>& lines,
                              const pci::ConfigImage& config) {
    if (lines.empty()) return Unknown{"a dump of bytes does not tell them"};
    const pci::HeaderType type{config.read8(pci::header::header_type)};
    if (type.get<pci::HeaderLayout>() != pci::layout_endpoint)
        return Unknown{"not read for a bridge"};

    const auto bars = pci::list_bars(config);
    std::array<Told, device::bar_count + 1> all;
    for (const auto& line : lines)
        if (const auto index = index_of(line, bars)) tell(all[*index], line, *index);
    for (const auto& bar : bars)
        if (auto& told = all[bar.index]; told.facts.size == 0 && told.why_not.empty())
            told.why_not =
                fmt::format("the text beside the dump says nothing of BAR {}", bar.index);

    Resources resources{};
    std::string why = "a line beside the dump is about a BAR that it does not have";
    bool any = false;
    for (unsigned index = device::bar_count + 1; index-- > 0;) {
        const auto& told = all[index];
        any = any || (told.facts.size != 0 && told.why_not.empty());
        if (!told.why_not.empty()) why = told.why_not;
        resources[index] = told.why_not.empty() ? told.facts : device::untold_bar;
    }
    if (any) return resources;
    return Unknown{why};
}

bool are_of_same_function(const std::vector<DecodedBar>& lines, const pci::ConfigImage& config) {
    const auto bars = pci::list_bars(config);
    const auto has_address = [](const DecodedBar& line) {
        return line.flags != 0 && line.address.has_value();
    };
    const auto is_here = [&](const DecodedBar& line) {
        return !has_address(line) || std::ranges::any_of(bars, [&](const pci::Bar& bar) {
            return is_about(line, bar) && line.address == bar.address;
        });
    };
    return std::ranges::any_of(lines, has_address) && std::ranges::all_of(lines, is_here);
}

}  // namespace tenon::capture::text
