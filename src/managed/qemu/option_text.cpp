#include "managed/qemu/option_text.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/json_place.hpp"

namespace tenon::managed::qemu {
namespace {

using said::Place;
using said::Properties;
using said::Value;
using said::ValueKind;

constexpr JsonLimits json_limits{.bytes = std::size_t{1} << 20, .values = 10'000, .depth = 16};

// Takes items off the front of an argument.
class Items {
public:
    explicit Items(std::string_view text) : rest_{text} {}

    bool done() const { return rest_.empty(); }

    // Up to a comma; two commas are one of the value.
    std::string value() {
        std::string text;
        while (!rest_.empty()) {
            const auto comma = rest_.find(',');
            text += rest_.substr(0, comma);
            if (comma == std::string_view::npos) {
                rest_ = {};
            } else {
                rest_.remove_prefix(comma + 1);
                if (!rest_.starts_with(',')) break;
                rest_.remove_prefix(1);
                text += ',';
            }
        }
        return text;
    }

    // The name in front of "="; empty, and nothing is taken, if there is none before a comma.
    std::string name() {
        const auto end = rest_.find_first_of("=,");
        if (end == std::string_view::npos || rest_[end] == ',') return {};
        std::string text{rest_.substr(0, end)};
        rest_.remove_prefix(end + 1);
        return text;
    }

private:
    std::string_view rest_;
};

void add_flag(Properties& properties, std::string word, const Place& place) {
    const bool off = word.starts_with("no") && word.size() > 2;
    if (off) word.erase(0, 2);
    properties.add(std::move(word), {.text = off ? "off" : "on", .place = place});
}

Value value_of(const nlohmann::json& json, const Place& place) {
    if (json.is_string()) return {.text = json.get<std::string>(), .place = place};
    if (json.is_boolean())
        return {.text = json.get<bool>() ? "on" : "off", .place = place, .kind = ValueKind::Flag};
    const auto kind = json.is_number() ? ValueKind::Number : ValueKind::Nested;
    return {.text = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
            .place = place,
            .kind = kind};
}

}  // namespace

Result<Properties> read_keys(std::string_view text, std::string_view implied, const Place& place) {
    Properties properties;
    Items items{text};
    for (bool first = true; !items.done(); first = false) {
        if (properties.all().size() >= most_properties)
            return malformed("{}: an option of more than {} properties", to_string(place),
                             most_properties);
        auto name = items.name();
        auto value = items.value();
        if (!name.empty())
            properties.add(std::move(name), {.text = std::move(value), .place = place});
        else if (first && !implied.empty())
            properties.add(std::string{implied}, {.text = std::move(value), .place = place});
        else if (!value.empty())
            add_flag(properties, std::move(value), place);
    }
    return properties;
}

Result<Properties> read_json(std::string_view text, const Place& place) {
    const auto json = parse_json(text, to_string(place), json_limits);
    if (!json) return std::unexpected(json.error());
    if (!json->is_object()) return malformed("{}: JSON that is no object", to_string(place));
    Properties properties;
    for (const auto& [name, value] : json->items())
        properties.add(name, value_of(value, place));
    return properties;
}

Result<said::Option> read_cpu(std::string_view text, const Place& place) {
    TENON_TRY(keys, read_keys(text, "model", place), "");
    said::Option cpu{.type = {}, .id = {}, .place = place};
    for (const auto& [name, value] : keys.all()) {
        if (name == "model")
            cpu.type = value.text;
        else if (name.starts_with('+') || name.starts_with('-'))
            cpu.properties.add(name.substr(1),
                               {.text = name[0] == '+' ? "on" : "off", .place = place});
        else
            cpu.properties.add(name, value);
    }
    return cpu;
}

Result<said::Option> make_typed(const Properties& properties, std::string_view type,
                                said::Form form, const Place& place) {
    said::Option option{.type = std::string{properties.text(type)},
                        .id = std::string{properties.text("id")},
                        .form = form,
                        .place = place};
    if (option.type.empty()) return malformed("{}: no {} is named", to_string(place), type);
    for (const auto& property : properties.all())
        if (property.name != type && property.name != "id")
            option.properties.add(property.name, property.value);
    return option;
}

Result<said::Option> read_typed(std::string_view text, std::string_view type, const Place& place) {
    if (is_json(text)) {
        TENON_TRY(properties, read_json(text, place), "");
        return make_typed(properties, type, said::Form::Json, place);
    }
    TENON_TRY(properties, read_keys(text, type, place), "");
    return make_typed(properties, type, said::Form::Keys, place);
}

}  // namespace tenon::managed::qemu
