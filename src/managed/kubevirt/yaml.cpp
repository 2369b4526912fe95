#include "managed/kubevirt/yaml.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace tenon::managed::kubevirt {
namespace {

constexpr std::size_t most_keys = 1000;
constexpr std::size_t deepest_flow = 64;
constexpr std::size_t deepest_column = 400;

// What would nest deep is found before the library, which reads by recursion, sees it.
Result<void> check_depth(std::string_view text, std::string_view file) {
    std::size_t brackets = 0;
    unsigned line = 0;
    for (const auto one : split(text, '\n')) {
        ++line;
        const auto column = std::min(one.find_first_not_of(" -?:"), one.size());
        for (const char letter : one) {
            if (letter == '[' || letter == '{') ++brackets;
            if ((letter == ']' || letter == '}') && brackets > 0) --brackets;
            if (brackets > deepest_flow)
                return malformed("{}:{}: nests more than {} deep", file, line, deepest_flow);
        }
        if (column > deepest_column)
            return malformed("{}:{}: is indented by more than {}", file, line, deepest_column);
    }
    return {};
}

}  // namespace

Yaml Yaml::at(std::string_view key) const {
    if (node_.IsDefined() && node_.IsMap())
        for (const auto& pair : node_)
            if (pair.first.IsScalar() && pair.first.Scalar() == key) return {pair.second, file_};
    return {YAML::Node{YAML::NodeType::Undefined}, file_};
}

Yaml Yaml::path(std::string_view keys) const {
    const auto dot = keys.find('.');
    const auto first = at(keys.substr(0, dot));
    return dot == std::string_view::npos ? first : first.path(keys.substr(dot + 1));
}

std::vector<Yaml> Yaml::items(std::size_t most) const {
    std::vector<Yaml> all;
    if (node_.IsDefined() && node_.IsSequence())
        for (const auto& one : node_)
            if (all.size() < most) all.emplace_back(one, file_);
    return all;
}

std::vector<std::string> Yaml::keys() const {
    std::vector<std::string> all;
    if (node_.IsDefined() && node_.IsMap())
        for (const auto& pair : node_)
            if (pair.first.IsScalar() && all.size() < most_keys) all.push_back(pair.first.Scalar());
    return all;
}

std::string Yaml::text() const {
    return node_.IsDefined() && node_.IsScalar() ? node_.Scalar() : std::string{};
}

said::Place Yaml::place() const {
    const int line = node_.IsDefined() ? node_.Mark().line : -1;
    return {.file = file_, .line = line < 0 ? 0 : static_cast<unsigned>(line) + 1};
}

Result<std::vector<Yaml>> read_yaml(std::string_view text, std::string_view file) {
    TENON_TRY_DO(check_depth(text, file), "");
    try {
        std::vector<Yaml> documents;
        for (auto& node : YAML::LoadAll(std::string{text}))
            documents.emplace_back(std::move(node), std::string{file});
        return documents;
    } catch (const YAML::Exception& error) {
        return malformed("{}:{}: no YAML: {}", file, std::max(error.mark.line, 0) + 1, error.msg);
    }
}

}  // namespace tenon::managed::kubevirt
