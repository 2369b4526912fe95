#include "managed/kubevirt/yaml.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace tenon::managed::kubevirt {
namespace {

constexpr std::size_t most_keys = 1000;
constexpr std::size_t deepest_flow = 64;
constexpr std::size_t deepest_column = 400;
constexpr std::size_t most_documents = 1000;

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

struct Part {
    std::string text;
    unsigned lines_before = 0;
};

bool begins_document(std::string_view line) {
    return line.starts_with("---") &&
           line.find_first_of(" \t\r", 3) == (line.size() == 3 ? std::string_view::npos : 3);
}

// The library is given one document after the other: what it does not understand in front of one
// (a comma) it leaves there, and finds an empty document for ever.
Result<std::vector<Part>> take_apart(std::string_view text, std::string_view file) {
    std::vector<Part> parts(1);
    unsigned line = 0;
    for (const auto one : split(text, '\n')) {
        if (begins_document(one)) parts.push_back({.text = {}, .lines_before = line});
        if (parts.size() > most_documents)
            return malformed("{}: has more than {} documents", file, most_documents);
        parts.back().text += one;
        parts.back().text += '\n';
        ++line;
    }
    return parts;
}

std::unexpected<Error> no_yaml(std::string_view file, const Part& part,
                               const YAML::Exception& error) {
    const auto line = static_cast<unsigned>(std::max(error.mark.line, 0));
    return malformed("{}:{}: no YAML: {}", file, part.lines_before + line + 1, error.msg);
}

}  // namespace

Yaml Yaml::at(std::string_view key) const {
    if (node_.IsDefined() && node_.IsMap())
        for (const auto& pair : node_)
            if (pair.first.IsScalar() && pair.first.Scalar() == key)
                return {pair.second, file_, lines_before_};
    return {YAML::Node{YAML::NodeType::Undefined}, file_, lines_before_};
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
            if (all.size() < most) all.emplace_back(one, file_, lines_before_);
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
    return {.file = file_, .line = line < 0 ? 0 : lines_before_ + static_cast<unsigned>(line) + 1};
}

Result<std::vector<Yaml>> read_yaml(std::string_view text, std::string_view file) {
    TENON_TRY_DO(check_depth(text, file), "");
    TENON_TRY(parts, take_apart(text, file), "");
    std::vector<Yaml> documents;
    for (const auto& part : parts) {
        try {
            documents.emplace_back(YAML::Load(part.text), std::string{file}, part.lines_before);
        } catch (const YAML::Exception& error) {
            return no_yaml(file, part, error);
        }
    }
    return documents;
}

}  // namespace tenon::managed::kubevirt
