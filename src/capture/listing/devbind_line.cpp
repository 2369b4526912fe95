#include "capture/listing/devbind_line.hpp"

#include <string>

#include "base/text.hpp"
#include "capture/listing/body_line.hpp"
#include "capture/listing/limits.hpp"

namespace tenon::capture::listing {
namespace {

std::string_view word_behind(std::string_view text, std::string_view key) {
    const auto at = text.find(key);
    if (at == std::string_view::npos) return {};
    const auto rest = text.substr(at + key.size());
    return rest.substr(0, rest.find(' '));
}

}  // namespace

std::optional<DevbindLine> parse_devbind_line(std::string_view text) {
    if (!text.starts_with('\'')) return std::nullopt;
    const auto end = text.find('\'', 1);
    if (end == std::string_view::npos) return std::nullopt;
    const auto rest = text.substr(end + 1);
    DevbindLine line{.name = text.substr(1, end - 1),
                     .driver = word_behind(rest, " drv="),
                     .numa_node = number_behind(rest, "numa_node="),
                     .active = rest.contains("*Active*")};
    if (line.driver.empty() && !rest.contains("unused=")) return std::nullopt;
    return line;
}

void put_devbind(const DevbindLine& line, Said& said) {
    if (said.name.empty()) said.name = line.name.substr(0, longest_name);
    said.driver.say(std::string{line.driver.substr(0, longest_name)});
    if (line.numa_node) said.numa_node.say(*line.numa_node);
    said.is_active = said.is_active || line.active;
}

}  // namespace tenon::capture::listing
