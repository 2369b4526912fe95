#include "library/function_keys.hpp"

#include <algorithm>

namespace tenon::library {
namespace {

Result<bool> parse_switch(std::string_view of, std::string_view key, std::string_view value) {
    if (value == "on") return true;
    if (value == "off") return false;
    return malformed("{}: {}={}: known are on, off", of, key, value);
}

Result<model::AtsMode> parse_ats(std::string_view of, std::string_view value) {
    for (const auto mode : {model::AtsMode::Auto, model::AtsMode::On, model::AtsMode::Off})
        if (value == name_of(mode)) return mode;
    return malformed("{}: ats={}: known are auto, on, off", of, value);
}

Result<model::IntxChoice> parse_intx(std::string_view of, std::string_view value) {
    using enum model::IntxChoice;
    for (const auto choice : {Automatic, Trapped, Off})
        if (value == name_of(choice)) return choice;
    return malformed("{}: intx={}: known are auto, trapped, off", of, value);
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
        TENON_TRY(mode, parse_ats(of, value), "");
        keys.ats = mode;
    } else if (key == "intx") {
        TENON_TRY(choice, parse_intx(of, value), "");
        keys.intx = choice;
    } else if (key == "msix-relocation") {
        TENON_TRY(place, parse_relocation(of, value), "");
        keys.msix_relocation = place;
    } else {
        TENON_TRY(strict, parse_switch(of, key, value), "");
        keys.ats_strict = strict;
    }
    return {};
}

}  // namespace tenon::library
