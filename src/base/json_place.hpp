// A value in a JSON document from somebody else, with its path: each question checks type and
// range, the first mistake is kept and every later answer is empty.
//
// So reading code asks for what it wants without a branch after each value, and looks once at the
// end whether all of it was there.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_scan.hpp"
#include "base/result.hpp"

namespace tenon {

/// The member of this name; null if there is none, or if `value` is no object. Where a constant
/// value is asked by [], a missing member is read past the end of its memory.
const nlohmann::json* find_member(const nlohmann::json& value, std::string_view name);

/// Reads JSON; `name` stands in front of errors. Errors: Malformed, with the line or the limit.
Result<nlohmann::json> parse_json(std::string_view text, std::string_view name,
                                  const JsonLimits& limits);

/// A document that is being read.
class JsonDocument {
public:
    /// Reads it by parse_json(). `name` stands in front of errors.
    static Result<JsonDocument> parse(std::string_view text, std::string_view name,
                                      const JsonLimits& limits);

    /// A value that somebody has parsed.
    JsonDocument(nlohmann::json value, std::string_view name);
    JsonDocument(JsonDocument&&) noexcept;
    JsonDocument& operator=(JsonDocument&&) noexcept;
    ~JsonDocument();

    const nlohmann::json& value() const { return *value_; }

    /// The first mistake, if there was one.
    const std::optional<Error>& mistake() const { return mistake_; }

    /// Notes a mistake at the JSON path `path`, unless there was one before.
    void wrong(std::string_view path, std::string_view what);

private:
    std::unique_ptr<const nlohmann::json> value_;
    std::string name_;
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
    bool is_null() const;

    /// The value itself.
    const nlohmann::json& value() const { return *value_; }

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
    /// A string, whatever is in it.
    std::string any_text() const;

    /// Notes that this value is not as it should be.
    void wrong(std::string_view what) const { document_->wrong(path_, what); }

private:
    JsonPlace(JsonDocument& document, const nlohmann::json& value, std::string path)
        : document_{&document}, value_{&value}, path_{std::move(path)} {}

    JsonDocument* document_;
    const nlohmann::json* value_;
    std::string path_;
};

}  // namespace tenon
