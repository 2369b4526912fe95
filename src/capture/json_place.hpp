// A value in a JSON document from somebody else, with its path: each question checks type and
// range, the first mistake is kept and every later answer is empty.
//
// So reading code asks for what it wants without a branch after each value, and looks once at the
// end whether all of it was there.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace tenon::capture {

/// A document that is being read.
class JsonDocument {
public:
    /// Reads JSON of at most `most_bytes`, nested at most 32 deep. `file` names it in errors.
    /// Errors: Malformed, with the line.
    static Result<JsonDocument> parse(std::string_view text, std::string_view file,
                                      std::size_t most_bytes);

    const nlohmann::json& value() const { return value_; }

    /// The first mistake, if there was one.
    const std::optional<Error>& mistake() const { return mistake_; }

    /// Notes a mistake at the JSON path `path`, unless there was one before.
    void wrong(std::string_view path, std::string_view what);

private:
    JsonDocument(nlohmann::json value, std::string_view file)
        : value_(std::move(value)),  // Braces would make a list of it.
          file_{file} {}

    nlohmann::json value_;
    std::string file_;
    std::optional<Error> mistake_;
};

/// One value of it. The document must outlive it.
class JsonPlace {
public:
    explicit JsonPlace(JsonDocument& document)
        : document_{&document}, value_{&document.value()}, path_{"$"} {}

    /// The value of a key; a mistake if it is missing.
    JsonPlace at(std::string_view key) const;
    bool has(std::string_view key) const;
    bool is_null() const { return value_->is_null(); }

    /// The elements of an array of at most `most`, or of exactly `count`.
    std::vector<JsonPlace> items(std::size_t most) const;
    std::vector<JsonPlace> exactly(std::size_t count) const;

    /// A whole number from 0 to `most`.
    std::uint64_t number(std::uint64_t most = ~std::uint64_t{0}) const;
    /// A whole number from `least` to `most`.
    std::int64_t number_between(std::int64_t least, std::int64_t most) const;
    /// A string of 0x and hex digits, at most `most`.
    std::uint64_t hex(std::uint64_t most = ~std::uint64_t{0}) const;
    bool flag() const;
    /// A string of at most 4096 bytes without control characters.
    std::string text() const;

    /// Notes that this value is not as it should be.
    void wrong(std::string_view what) const { document_->wrong(path_, what); }

private:
    JsonPlace(JsonDocument& document, const nlohmann::json& value, std::string path)
        : document_{&document}, value_{&value}, path_{std::move(path)} {}

    JsonDocument* document_;
    const nlohmann::json* value_;
    std::string path_;
};

}  // namespace tenon::capture
