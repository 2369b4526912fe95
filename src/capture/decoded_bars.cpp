#include "capture/decoded_bars.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>

#include "base/text.hpp"
#include "pci/bar.hpp"
#include "pci/header.hpp"

namespace tenon::capture {
namespace {

// Takes `prefix` off the front of `text` if it is there.
bool take(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

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

// The register that a line without a number is about: the one with its address and kind.
std::optional<unsigned> index_of(const DecodedBar& line, const std::vector<pci::Bar>& bars) {
    if (line.index) return line.index;
    const bool io = (line.flags & device::resource_io) != 0;
    const auto bar = std::ranges::find_if(bars, [&](const pci::Bar& candidate) {
        return line.address == candidate.address && io == (candidate.kind == pci::BarKind::Io);
    });
    if (bar == bars.end()) return std::nullopt;
    return bar->index;
}

}  // namespace

std::optional<DecodedBar> parse_decoded_bar(std::string_view line) {
    DecodedBar bar;
    if (take(line, "Region ")) {
        const auto colon = line.find(": ");
        if (colon == std::string_view::npos) return std::nullopt;
        const auto index = parse_number(line.substr(0, colon));
        if (!index || *index >= device::bar_count) return std::nullopt;
        bar.index = static_cast<unsigned>(*index);
        line.remove_prefix(colon + 2);
    }
    if (take(line, "Memory at "))
        bar.flags = memory_flags(line);
    else if (take(line, "I/O ports at "))
        bar.flags = device::resource_io;
    else if (bar.index || !take(line, "Expansion ROM at "))
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
    Resources resources{};
    for (const auto& line : lines) {
        const bool rom = line.flags == 0;
        const auto index = rom ? device::rom_region : index_of(line, bars);
        if (!index) return Unknown{"a line beside the dump is about a BAR that it does not have"};
        if (line.size == 0)
            return Unknown{fmt::format("the text beside the dump has no size of {}",
                                       rom ? "the option ROM" : fmt::format("BAR {}", *index))};
        resources[*index] = {.size = line.size,
                             .flags = rom ? device::resource_memory : line.flags};
    }
    for (const auto& bar : bars)
        if (resources[bar.index].size == 0)
            return Unknown{
                fmt::format("the text beside the dump says nothing of BAR {}", bar.index)};
    return resources;
}

}  // namespace tenon::capture
