#include "base/json_place.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace tenon {
namespace {

constexpr std::size_t longest_text = 4096;

const nlohmann::json nothing;

// Why the text is too much to be parsed.
std::optional<std::string> excess(std::string_view text, const JsonLimits& limits) {
    if (text.size() > limits.bytes)
        return fmt::format("JSON of more than {}", format_size(limits.bytes));
    JsonScan scan;
    for (const char byte : text) {
        scan.take(byte);
        if (scan.depth() > limits.depth)
            return fmt::format("JSON nested more than {} deep", limits.depth);
        if (scan.values() > limits.values)
            return fmt::format("JSON of more than {} values", limits.values);
    }
    return std::nullopt;
}

// A control character of ASCII, or one of ISO 6429 in UTF-8 (c2 80 to c2 9f): a terminal obeys
// them.
bool has_control_character(std::string_view text) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto byte = static_cast<unsigned char>(text[at]);
        if (byte < 0x20 || byte == 0x7f) return true;
        if (byte == 0xc2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xa0)
            return true;
    }
    return false;
}

}  // namespace

const nlohmann::json* find_member(const nlohmann::json& value, std::string_view name) {
    const auto found = value.find(name);  // The end where it is no object.
    return found == value.end() ? nullptr : &*found;
}

Result<nlohmann::json> parse_json(std::string_view text, std::string_view name,
                                  const JsonLimits& limits) {
    if (const auto why = excess(text, limits)) return malformed("{}: {}", name, *why);
    try {
        return nlohmann::json::parse(text);
    } catch (const nlohmann::json::parse_error& error) {
        const auto read = text.substr(0, std::min(error.byte, text.size()));
        const auto line = std::ranges::count(read, '\n') + 1;
        return malformed("{}: line {}: no JSON here, or it is cut off", name, line);
    } catch (const nlohmann::json::exception&) {
        return malformed("{}: JSON with a number that is out of range", name);
    }
}

Result<JsonDocument> JsonDocument::parse(std::string_view text, std::string_view name,
                                         const JsonLimits& limits) {
    TENON_TRY(value, parse_json(text, name, limits), "");
    return JsonDocument{std::move(value), name};
}

// Braces would make a list of the value.
JsonDocument::JsonDocument(nlohmann::json value, std::string_view name)
    : value_(std::make_unique<const nlohmann::json>(std::move(value))), name_{name} {}

JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

void JsonDocument::wrong(std::string_view path, std::string_view what) {
    if (mistake_) return;
    mistake_ =
        Error{.kind = Error::Kind::Malformed, .what = fmt::format("{}: {}: {}", name_, path, what)};
}

JsonPlace JsonPlace::at(std::string_view key) const {
    auto path = fmt::format("{}.{}", path_, key);
    if (const auto* const member = find_member(*value_, key))
        return {*document_, *member, std::move(path)};
    document_->wrong(path, "is missing");
    return {*document_, nothing, std::move(path)};
}

bool JsonPlace::has(std::string_view key) const { return find_member(*value_, key) != nullptr; }

bool JsonPlace::is_null() const { return value_->is_null(); }

std::vector<JsonPlace> JsonPlace::items(std::size_t most) const {
    if (!value_->is_array()) {
        wrong("is not a list");
        return {};
    }
    if (value_->size() > most) {
        wrong(fmt::format("has {} entries; at most {} are possible", value_->size(), most));
        return {};
    }
    std::vector<JsonPlace> places;
    places.reserve(value_->size());
    for (const auto& item : *value_)
        places.push_back({*document_, item, fmt::format("{}[{}]", path_, places.size())});
    return places;
}

std::vector<JsonPlace> JsonPlace::exactly(std::size_t count) const {
    auto places = items(count);
    if (places.size() == count) return places;
    wrong(fmt::format("has not the {} entries it should have", count));
    return {};
}

std::uint64_t JsonPlace::number(std::uint64_t most) const {
    if (value_->is_number_unsigned() && value_->get<std::uint64_t>() <= most)
        return value_->get<std::uint64_t>();
    wrong(fmt::format("is not a whole number from 0 to {}", most));
    return 0;
}

std::int64_t JsonPlace::number_between(std::int64_t least, std::int64_t most) const {
    // An unsigned one past the largest signed number would come out negative.
    const bool fits = value_->is_number_integer() &&
                      (!value_->is_number_unsigned() ||
                       value_->get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX));
    if (fits) {
        const auto number = value_->get<std::int64_t>();
        if (number >= least && number <= most) return number;
    }
    wrong(fmt::format("is not a whole number from {} to {}", least, most));
    return least;
}

std::uint64_t JsonPlace::hex(std::uint64_t most) const {
    const auto* const text = value_->get_ptr<const std::string*>();
    if (text != nullptr && text->starts_with("0x")) {
        const auto number = parse_hex(std::string_view{*text}.substr(2));
        if (number && *number <= most) return *number;
    }
    wrong(fmt::format("is not a string of 0x and hex digits up to {:#x}", most));
    return 0;
}

bool JsonPlace::flag() const {
    if (value_->is_boolean()) return value_->get<bool>();
    wrong("is neither true nor false");
    return false;
}

std::string JsonPlace::text() const {
    const auto* const text = value_->get_ptr<const std::string*>();
    if (text == nullptr) {
        wrong("is not a string");
        return {};
    }
    if (text->size() > longest_text) {
        wrong(fmt::format("is longer than {} bytes", longest_text));
        return {};
    }
    if (has_control_character(*text)) {
        wrong("has a control character");
        return {};
    }
    return *text;
}

std::string JsonPlace::any_text() const {
    const auto* const text = value_->get_ptr<const std::string*>();
    if (text != nullptr) return *text;
    wrong("is not a string");
    return {};
}

}  // namespace tenon
