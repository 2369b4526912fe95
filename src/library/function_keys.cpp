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

}  // namespace

bool is_function_key(std::string_view key) {
    return std::ranges::find(function_keys, key) != function_keys.end();
}

Result<void> set_function_key(model::FunctionKeys& keys, std::string_view of, std::string_view key,
                              std::string_view value) {
    if (key == "ats") {
        TENON_TRY(mode, parse_ats(of, value), "");
        keys.ats = mode;
    } else {
        TENON_TRY(strict, parse_switch(of, key, value), "");
        keys.ats_strict = strict;
    }
    return {};
}

}  // namespace tenon::library
