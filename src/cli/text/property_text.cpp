#include "cli/text/property_text.hpp"

#include <fmt/core.h>

#include "cli/text/table.hpp"

namespace tenon::cli::text {
namespace {

std::string chosen_by(const model::chosen::PropertyReport& property) {
    switch (property.origin) {
        case model::chosen::PropertyOrigin::Version:
            return "default";
        case model::chosen::PropertyOrigin::Compatibility:
            return fmt::format("as {} has it", property.version);
        case model::chosen::PropertyOrigin::User:
            return "asked for";
    }
    return "";
}

std::string what_came_of(const model::chosen::PropertyReport& property) {
    auto text = property.effect;
    if (!property.host.empty()) text += fmt::format("; on the host: {}", property.host);
    if (!property.change.empty()) text += fmt::format(" (changed by: {})", property.change);
    return text;
}

}  // namespace

std::string render_properties(const std::vector<model::chosen::PropertyReport>& properties,
                              const TextStyle& style, std::size_t indent) {
    if (properties.empty()) return "";
    Table table{{{"property"}, {"chosen"}, {"what came of it"}}};
    for (const auto& property : properties)
        table.add({{.text = fmt::format("{}={}", property.name, property.value)},
                   {.text = chosen_by(property)},
                   {.text = what_came_of(property)}});
    return table.render(style, indent);
}

}  // namespace tenon::cli::text
