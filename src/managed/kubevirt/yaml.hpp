// YAML that somebody gives: what is asked of what is not there is not there either.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "managed/said/value.hpp"

namespace tenon::managed::kubevirt {

/// A value in a document, or none. It shares the document.
class Yaml {
public:
    /// Of a document that begins `lines_before` lines into the file.
    Yaml(const YAML::Node& node, std::string file, unsigned lines_before)
        : node_{node}, file_{std::move(file)}, lines_before_{lines_before} {}

    // Assigning a node of the library changes the document that it is in.
    Yaml(const Yaml&) = default;
    Yaml(Yaml&&) = default;
    Yaml& operator=(const Yaml&) = delete;
    Yaml& operator=(Yaml&&) = delete;
    ~Yaml() = default;

    /// Whether it is there; null is.
    bool is_there() const { return node_.IsDefined(); }

    /// The value of a key; none if this is no map.
    Yaml at(std::string_view key) const;

    /// A path of keys: "spec.domain".
    Yaml path(std::string_view keys) const;

    /// The elements of a list, at most `most`.
    std::vector<Yaml> items(std::size_t most) const;

    /// The keys of a map.
    std::vector<std::string> keys() const;

    /// Its text; empty if it is no scalar.
    std::string text() const;

    said::Place place() const;

    said::Value value() const { return {.text = text(), .place = place()}; }

private:
    YAML::Node node_;
    std::string file_;
    unsigned lines_before_ = 0;
};

/// The documents of a text.
/// Errors: Malformed, with the line, for what is no YAML, nests too deep, or has too many
/// documents.
Result<std::vector<Yaml>> read_yaml(std::string_view text, std::string_view file);

}  // namespace tenon::managed::kubevirt
