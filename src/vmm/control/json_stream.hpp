// JSON objects out of a stream of bytes, in whatever pieces it comes.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_scan.hpp"
#include "base/result.hpp"

namespace tenon::vmm::control {

/// Cuts a stream into the JSON objects that stand in it one after another, with or without white
/// space between them, as clients of QMP write them.
///
/// Something that is no object costs everything up to the end of its line, and is one error. An
/// object that is too large, too deep or has too many values is an error too, and the end: where
/// the next one begins is not known then.
class JsonStream {
public:
    /// What a command may have.
    static constexpr JsonLimits command_limits{.bytes = 64 << 10};

    using Json = nlohmann::json;

    /// `limits` of one object.
    explicit JsonStream(const JsonLimits& limits = command_limits) : limits_{limits} {}

    /// Takes the next bytes; gives what came to its end in them. Errors: Malformed, saying what it
    /// is not.
    std::vector<Result<Json>> feed(std::string_view bytes);

    /// Whether nothing more comes out, whatever comes in.
    bool broken() const { return state_ == State::Broken; }

private:
    enum class State {
        Between,   ///< White space.
        Inside,    ///< Of an object.
        Skipping,  ///< Something else, up to the end of the line.
        Broken,
    };
    void take(char byte, std::vector<Result<Json>>& found);
    void take_inside(char byte, std::vector<Result<Json>>& found);

    JsonLimits limits_;
    State state_ = State::Between;
    std::string text_;
    JsonScan scan_;
};

}  // namespace tenon::vmm::control
