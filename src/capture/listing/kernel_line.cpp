#include "capture/listing/kernel_line.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "capture/listing/body_line.hpp"
#include "capture/listing/header_line.hpp"
#include "capture/listing/limits.hpp"

namespace tenon::capture::listing {
namespace {

using Kind = Symptom::Kind;

// A line is of a kind if it has both words. Source: Linux, drivers/vfio/pci, drivers/iommu,
// drivers/pci/pci.c, kernel/irq/manage.c; QEMU, hw/vfio, by their messages.
struct Pattern {
    std::string_view first;
    std::string_view second;
    Kind kind;
};
constexpr auto patterns = std::to_array<Pattern>({
    {"INTX-0", "busy", Kind::IntxBusy},
    {"Failed to setup INTx fd", "busy", Kind::IntxBusy},
    {"Flags mismatch irq", "vfio-intx", Kind::IntxBusy},
    {"vfio-pci", "can't reserve", Kind::CannotReserve},
    {"is not viable", "group", Kind::NotViable},
    {"No interrupt remapping", "vfio", Kind::NoRemapping},
    {"ineligible for IOMMU interrupt remapping", "", Kind::NoRemapping},
    {"No interrupt remapping support", "", Kind::NoRemapping},
    {"ineligible for IOMMU domain attach", "RMRR", Kind::ReservedRegion},
    {"not ready", "after", Kind::NotReady},
    {"No available IOMMU models", "", Kind::NoIommu},
    {"tomic ops is not supported", "", Kind::NoAtomics},
    {"PCI rejects atomics", "", Kind::NoAtomics},
});

// The first address in a text.
std::optional<pci::Address> address_in(std::string_view text) {
    constexpr std::size_t most_words = 32;
    for (std::size_t n = 0; n < most_words && !text.empty(); ++n) {
        const auto end = text.find_first_of(" \t()=,'\"");
        auto word = text.substr(0, end);
        while (word.ends_with(':'))
            word.remove_suffix(1);
        if (const auto address = pci::Address::parse(word)) return address;
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return std::nullopt;
}

// "… vs. 00000080 (ehci_hcd:usb1)".
std::string owner_of_line(std::string_view text) {
    const auto versus = text.find(" vs. ");
    if (versus == std::string_view::npos) return "";
    const auto rest = text.substr(versus);
    const auto open = rest.find('(');
    const auto close = rest.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open)
        return "";
    return std::string{rest.substr(open + 1, std::min(close - open - 1, longest_name))};
}

}  // namespace

std::optional<Symptom> parse_symptom(std::string_view text) {
    // Most lines of a long log have none of these.
    constexpr std::array<std::string_view, 5> needed{"vfio", "INT", "IOMMU", "not ", "atomics"};
    if (std::ranges::none_of(needed, [&](auto word) { return text.contains(word); }))
        return std::nullopt;
    const auto* const found = std::ranges::find_if(patterns, [&](const Pattern& pattern) {
        return text.contains(pattern.first) && text.contains(pattern.second);
    });
    if (found == patterns.end()) return std::nullopt;
    Symptom symptom{.kind = found->kind, .address = address_in(text), .group = {}, .other = {}};
    // Of whom is only told by an address.
    const bool of_one = symptom.kind == Kind::NotReady || symptom.kind == Kind::NoAtomics;
    if (of_one && !symptom.address) return std::nullopt;
    if (symptom.kind == Kind::IntxBusy) symptom.other = owner_of_line(text);
    if (const auto group = number_behind(text, "group "); group && *group <= last_group)
        symptom.group = group;
    return symptom;
}

std::optional<AddedToGroup> parse_added_to_group(std::string_view text) {
    const bool now = text.contains(": Adding to iommu group ");
    const bool before = text.contains("iommu: Adding device ") && text.contains(" to group ");
    if (!now && !before) return std::nullopt;
    const auto address = address_in(text);
    const auto number = number_behind(text, now ? "to iommu group " : " to group ");
    if (!address || !number || *number > last_group) return std::nullopt;
    return AddedToGroup{.address = *address, .number = *number};
}

std::optional<FoundFunction> parse_found(std::string_view text) {
    constexpr std::string_view type = "] type ";
    constexpr std::string_view key = " class 0x";
    constexpr std::size_t digits = 6;
    const auto at = text.find(type);
    const auto code_at = text.find(key);
    if (at == std::string_view::npos || code_at == std::string_view::npos) return std::nullopt;
    const auto address = address_in(text);
    const auto ids = last_ids(text.substr(0, at + 1));
    const auto digits_of_code = text.substr(code_at + key.size(), digits);
    const auto code = digits_of_code.size() == digits ? parse_hex(digits_of_code) : std::nullopt;
    if (!address || !ids || !code) return std::nullopt;
    return FoundFunction{
        .address = *address, .ids = *ids, .class_code = static_cast<std::uint32_t>(*code)};
}

std::optional<pci::Address> parse_boot_display(std::string_view text) {
    if (!text.contains("vgaarb: setting as boot ")) return std::nullopt;
    return address_in(text);
}

bool says_iommu_is_on(std::string_view text) {
    return text.contains("DMAR: IOMMU enabled") || text.contains("AMD-Vi: Found IOMMU") ||
           text.contains("DMAR: Intel(R) Virtualization Technology for Directed I/O");
}

}  // namespace tenon::capture::listing
