#include "library/function_keys.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "pci/pasid.hpp"

namespace tenon::library {
namespace {

Result<bool> parse_switch(std::string_view of, std::string_view key, std::string_view value) {
    if (value == "on") return true;
    if (value == "off") return false;
    return malformed("{}: {}={}: known are on, off", of, key, value);
}

// AtsMode and PasidMode have the same three values.
template <typename Mode>
Result<Mode> parse_mode(std::string_view of, std::string_view key, std::string_view value) {
    for (const auto mode : {Mode::Auto, Mode::On, Mode::Off})
        if (value == name_of(mode)) return mode;
    return malformed("{}: {}={}: known are auto, on, off", of, key, value);
}

Result<model::PasidOffset> parse_offset(std::string_view of, std::string_view value) {
    if (value == "auto") return model::PasidOffset{};
    const auto offset = value.starts_with("0x") ? parse_hex(value.substr(2)) : std::nullopt;
    if (!offset)
        return malformed("{}: pasid-offset={}: known are auto and an offset such as 0x1a0", of,
                         value);
    TENON_TRY_DO(model::check_pasid_offset(*offset), of);
    return model::PasidOffset{static_cast<std::uint16_t>(*offset)};
}

Result<model::IntxChoice> parse_intx(std::string_view of, std::string_view value) {
    using enum model::IntxChoice;
    for (const auto choice : {Automatic, Trapped, Off})
        if (value == name_of(choice)) return choice;
    return malformed("{}: intx={}: known are auto, trapped, off", of, value);
}

Result<model::ResetChoice> parse_reset(std::string_view of, std::string_view value) {
    using enum model::ResetChoice;
    for (const auto choice : {Auto, Function, Bus, None})
        if (value == name_of(choice)) return choice;
    return malformed("{}: reset={}: known are auto, function, bus, none", of, value);
}

Result<model::ErrorAction> parse_on_error(std::string_view of, std::string_view value) {
    using enum model::ErrorAction;
    for (const auto action : {Report, Stop, Detach})
        if (value == name_of(action)) return action;
    return malformed("{}: on-error={}: known are report, stop, detach", of, value);
}

Result<model::MsixRelocation> parse_relocation(std::string_view of, std::string_view value) {
    using Mode = model::MsixRelocation::Mode;
    if (value == "off") return model::MsixRelocation{};
    if (value == "auto") return model::MsixRelocation{.mode = Mode::Auto};
    for (unsigned bar = 0; bar < device::bar_count; ++bar)
        if (value == fmt::format("bar{}", bar))
            return model::MsixRelocation{.mode = Mode::Bar, .bar = bar};
    return malformed("{}: msix-relocation={}: known are off, auto, bar0 to bar5", of, value);
}

}  // namespace

bool is_function_key(std::string_view key) {
    return std::ranges::find(function_keys, key) != function_keys.end();
}

Result<void> set_function_key(model::FunctionKeys& keys, std::string_view of, std::string_view key,
                              std::string_view value) {
    if (key == "ats") {
        TENON_TRY(mode, parse_mode<model::AtsMode>(of, key, value), "");
        keys.ats = mode;
    } else if (key == "pasid") {
        TENON_TRY(mode, parse_mode<model::PasidMode>(of, key, value), "");
        keys.pasid = mode;
    } else if (key == "pasid-offset") {
        TENON_TRY(offset, parse_offset(of, value), "");
        keys.pasid_offset = offset;
    } else if (key == "intx") {
        TENON_TRY(choice, parse_intx(of, value), "");
        keys.intx = choice;
    } else if (key == "msix-relocation") {
        TENON_TRY(place, parse_relocation(of, value), "");
        keys.msix_relocation = place;
    } else if (key == "reset") {
        TENON_TRY(choice, parse_reset(of, value), "");
        keys.reset = choice;
    } else if (key == "on-error") {
        TENON_TRY(action, parse_on_error(of, value), "");
        keys.on_error = action;
    } else {
        TENON_TRY(on, parse_switch(of, key, value), "");
        if (key == "x-ats-strict")
            keys.ats_strict = on;
        else
            keys.pasid_overlay = on;
    }
    return {};
}

Result<unsigned> parse_viommu(std::string_view value) {
    if (value == "none") return 0;
    if (value == "pasid") return pci::pasid::most_width;
    constexpr std::string_view with_width = "pasid=";
    if (value.starts_with(with_width)) {
        const auto width = parse_number(value.substr(with_width.size()));
        if (width && *width >= 1 && *width <= pci::pasid::most_width)
            return static_cast<unsigned>(*width);
        return malformed("--viommu {}: a width is 1 to {} bits", value, pci::pasid::most_width);
    }
    return malformed("--viommu {}: known are none, pasid and pasid=WIDTH", value);
}

}  // namespace tenon::library
