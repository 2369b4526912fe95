// Follows JSON as it comes, as far as tells where it ends, how deep it is and how much is in it.
#pragma once

#include <cstddef>

namespace tenon {

/// What JSON from somebody else may have. A parser calls itself for each bracket, and a value takes
/// a hundred bytes of memory for three of text.
struct JsonLimits {
    std::size_t bytes;
    std::size_t values = 1'000'000;
    std::size_t depth = 32;  ///< Of objects and arrays in one another.
};

/// Counts what the bytes of one document open; whether it is JSON is the parser's to say.
class JsonScan {
public:
    void take(char byte) {
        if (escaped_) {
            escaped_ = false;
        } else if (in_string_) {
            escaped_ = byte == '\\';
            in_string_ = byte != '"';
        } else if (byte == '"') {
            in_string_ = true;
        } else if (byte == '{' || byte == '[') {
            ++depth_;
            ++values_;
        } else if (byte == '}' || byte == ']') {
            depth_ -= depth_ == 0 ? 0 : 1;
        } else if (byte == ',') {
            ++values_;
        }
    }

    /// Brackets that are open.
    std::size_t depth() const { return depth_; }

    /// No document has more values than this.
    std::size_t values() const { return values_; }

private:
    std::size_t depth_ = 0;
    std::size_t values_ = 1;
    bool in_string_ = false;
    bool escaped_ = false;
};

}  // namespace tenon
