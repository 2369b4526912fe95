#include "library/words/viommu_argument.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "pci/pasid.hpp"

namespace tenon::library::words {
namespace {

using model::chosen::ViommuMode;
using model::chosen::VtdRequest;

Result<std::optional<ViommuMode>> parse_mode(std::string_view text) {
    using enum ViommuMode;
    for (const auto mode : {Legacy, Scalable, Nested, Auto})
        if (text == name_of(mode)) return mode;
    return malformed("mode={}: known are legacy, scalable, nested and auto", text);
}

Result<std::optional<bool>> parse_switch(std::string_view name, std::string_view text) {
    if (text == "on") return true;
    if (text == "off") return false;
    return malformed("{}={}: known are on and off", name, text);
}

Result<std::optional<unsigned>> parse_width(std::string_view text) {
    if (text == "39") return 39u;
    if (text == "48") return 48u;
    return malformed("aw={}: known are 39 and 48", text);
}

Result<std::optional<unsigned>> parse_pasids(std::string_view text) {
    const auto width = parse_number(text);
    if (width && *width <= pci::pasid::most_width) return static_cast<unsigned>(*width);
    return malformed("pasid={}: a width is 0 to {} bits", text, pci::pasid::most_width);
}

constexpr auto vtd_table = std::to_array<Key<VtdRequest>>({
    {.words = {"mode", "legacy|scalable|nested|auto",
               "which tables it takes; auto: nested where the host's IOMMU walks a guest's, else "
               "scalable where the host attaches PASIDs, else legacy"},
     .take = [](VtdRequest& vtd, std::string_view,
                std::string_view value) { return store(vtd.mode, parse_mode(value)); }},
    {.words = {"pasid", "WIDTH",
               "bits of PASID that it takes at most, 0 to 20; as many as the host attaches, with "
               "scalable tables; 0: none"},
     .take = [](VtdRequest& vtd, std::string_view,
                std::string_view value) { return store(vtd.pasid_width, parse_pasids(value)); }},
    {.words = {"intremap", "on|off",
               "whether it remaps interrupts: on; off keeps KVM's own IOAPIC"},
     .take =
         [](VtdRequest& vtd, std::string_view, std::string_view value) {
             return store(vtd.interrupt_remapping, parse_switch("intremap", value));
         }},
    {.words = {"aw", "39|48", "bits of the addresses that it translates; as many as the host's do"},
     .take = [](VtdRequest& vtd, std::string_view,
                std::string_view value) { return store(vtd.address_width, parse_width(value)); }},
});

Result<model::chosen::ViommuRequest> parse_vtd(std::string_view keys) {
    VtdRequest vtd;
    if (!keys.empty()) {
        TENON_TRY(pairs, parse_keys(keys.substr(1), "--viommu vtd", vtd_keys()), "");
        for (const auto& pair : pairs)
            TENON_TRY_DO(take_key(vtd_table, vtd, "--viommu vtd", pair), "--viommu vtd");
    }
    return model::chosen::ViommuRequest{.pasid_width = 0, .vtd = vtd};
}

}  // namespace

std::vector<KeyWords> vtd_keys() { return words_of(vtd_table); }

Result<model::chosen::ViommuRequest> parse_viommu(std::string_view value) {
    using model::chosen::ViommuRequest;
    if (value == "none") return ViommuRequest{};
    if (value == "pasid") return ViommuRequest{.pasid_width = pci::pasid::most_width, .vtd = {}};
    constexpr std::string_view with_width = "pasid=";
    if (value.starts_with(with_width)) {
        const auto width = parse_number(value.substr(with_width.size()));
        if (width && *width >= 1 && *width <= pci::pasid::most_width)
            return ViommuRequest{.pasid_width = static_cast<unsigned>(*width), .vtd = {}};
        return malformed("--viommu {}: a width is 1 to {} bits", value, pci::pasid::most_width);
    }
    constexpr std::string_view vtd = "vtd";
    if (value == vtd || value.starts_with("vtd,")) return parse_vtd(value.substr(vtd.size()));
    return malformed("--viommu {}: known are none, pasid, pasid=WIDTH and vtd", value);
}

}  // namespace tenon::library::words
