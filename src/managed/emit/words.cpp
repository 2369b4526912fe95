#include "managed/emit/words.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "base/printable.hpp"
#include "base/text.hpp"

namespace tenon::managed::emit {

std::string size_words(std::uint64_t bytes) {
    const auto all = bytes / kibibyte + (bytes % kibibyte == 0 ? 0 : 1);
    if (all % (kibibyte * kibibyte) == 0) return fmt::format("{}G", all / (kibibyte * kibibyte));
    if (all % kibibyte == 0) return fmt::format("{}M", all / kibibyte);
    return fmt::format("{}K", all);
}

std::string_view speed_words(unsigned speed) {
    static constexpr std::array<std::string_view, 6> speeds{"2_5", "5", "8", "16", "32", "64"};
    return speeds.at(std::clamp(speed, 1U, 6U) - 1);
}

unsigned width_words(unsigned lanes) {
    static constexpr std::array<unsigned, 7> widths{1, 2, 4, 8, 12, 16, 32};
    const auto* const found = std::ranges::lower_bound(widths, lanes);
    return found == widths.end() ? widths.back() : *found;
}

std::string address_words(const Function& function) {
    return to_string(function.address.value_or(pci::Address{}));
}

std::optional<std::uint64_t> hole_size(const Machine& machine) {
    const auto by_default = std::uint64_t{machine.place == Place::Pc ? 2U : 32U} << 30;
    constexpr std::uint64_t most = std::uint64_t{1} << 50;
    if (machine.window64 > most) return std::nullopt;
    // A BAR is aligned to its own size, and none is larger than all of them.
    constexpr std::uint64_t gibibyte = std::uint64_t{1} << 30;
    const auto wanted =
        (machine.window64 + std::bit_floor(machine.window64) + gibibyte - 1) / gibibyte * gibibyte;
    if (wanted <= by_default) return std::nullopt;
    // QEMU does not start where the hole's end is beyond the processor's addresses.
    constexpr std::uint64_t before = std::uint64_t{5} << 30;
    const auto bits = machine.address_bits;
    if (bits && *bits < 64 && (std::uint64_t{1} << *bits) < before + machine.memory.size + wanted)
        return std::nullopt;
    return wanted;
}

std::vector<Extra> extras(const Function& function) {
    std::vector<Extra> all;
    if (function.ats != Ats::Auto)
        all.push_back({.name = "ats", .value = function.ats == Ats::On ? "on" : "off"});
    if (function.msix_bar)
        all.push_back(
            {.name = "x-msix-relocation", .value = fmt::format("bar{}", *function.msix_bar)});
    if (function.pasid_at)
        all.push_back({.name = "x-vpasid-cap-offset",
                       .value = std::to_string(*function.pasid_at),
                       .type = "unsigned"});
    // QEMU binds to iommufd without it.
    if (!function.vf_token.empty() && !function.iommufd)
        all.push_back({.name = "vf-token", .value = function.vf_token});
    return all;
}

std::vector<Extra> extras(const Port& port) {
    std::vector<Extra> all;
    if (port.speed)
        all.push_back({.name = "x-speed", .value = std::string{speed_words(*port.speed)}});
    if (port.width)
        all.push_back({.name = "x-width", .value = std::to_string(width_words(*port.width))});
    if (port.memory)
        all.push_back(
            {.name = "mem-reserve", .value = std::to_string(*port.memory), .type = "unsigned"});
    if (port.prefetchable)
        all.push_back({.name = "pref64-reserve",
                       .value = std::to_string(*port.prefetchable),
                       .type = "unsigned"});
    return all;
}

std::vector<Extra> extras(const Viommu& viommu) {
    std::vector<Extra> all;
    if (viommu.scalable || viommu.first_stage)
        all.push_back({.name = "scalable-mode", .value = "on", .type = "bool"});
    if (viommu.first_stage) all.push_back({.name = "fsts", .value = "on", .type = "bool"});
    if (viommu.pasid_bits != 0)
        all.push_back(
            {.name = "pasid-bits", .value = std::to_string(viommu.pasid_bits), .type = "unsigned"});
    return all;
}

std::string_view board_of(const Machine& machine) {
    return machine.place == Place::Pc ? "pc" : "q35";
}

std::string_view host_bridge_of(const Machine& machine) {
    return machine.place == Place::Pc ? "i440FX-pcihost" : "q35-pcihost";
}

bool uses_iommufd(const Machine& machine) {
    return std::ranges::any_of(machine.ports, [](const Port& port) {
        return std::ranges::any_of(port.functions, &Function::iommufd);
    });
}

std::vector<std::string> comments(const Machine& machine, std::vector<std::string> beside) {
    std::vector<std::string> all = machine.lacks;
    std::ranges::move(beside, std::back_inserter(all));
    if (machine.window64 > std::uint64_t{16} << 30 && !hole_size(machine))
        all.push_back(
            fmt::format("{} of BARs: no hole of 64-bit addresses that holds them ends "
                        "within the processor's {} bits",
                        format_size(machine.window64), machine.address_bits.value_or(64)));
    if (const auto hole = hole_size(machine); hole && !machine.address_bits)
        all.push_back(
            fmt::format("the hole of {} for 64-bit BARs has to end within what the host's "
                        "processors address, or QEMU does not start",
                        format_size(*hole)));
    for (const auto& port : machine.ports)
        for (const auto& one : port.functions)
            if (!one.address)
                all.push_back(
                    fmt::format("{}: which function of the host it is, is not known: put "
                                "its address in the place of {}",
                                one.host, address_words(one)));
    return all;
}

std::string comment_lines(const std::vector<std::string>& sentences, std::string_view begin,
                          std::string_view next) {
    constexpr std::size_t width = 100;
    std::string text;
    for (const auto& sentence : sentences) {
        auto line = std::string{begin};
        std::size_t words = 0;
        const auto whole = printable_line(sentence);
        for (const auto word : split(whole, ' ')) {
            if (words++ != 0) {
                if (line.size() + 1 + word.size() > width) {
                    text += line + '\n';
                    line = next;
                } else {
                    line += ' ';
                }
            }
            line += word;
        }
        text += line + '\n';
    }
    return text;
}

}  // namespace tenon::managed::emit
