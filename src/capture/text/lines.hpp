// Lines of a text that comes in pieces of any size: of every line end and of the encodings that
// editors and consoles write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tenon::capture::text {

/// One line, without its end.
struct Line {
    std::string_view text;   ///< UTF-8 where the input was UTF-16, else its bytes.
    std::size_t number = 0;  ///< Counted from 1.
    bool too_long = false;   ///< Longer than longest_line; `text` is empty.
};

/// Whether a text that begins so is UTF-16 of either order: a mark says so, or every other byte of
/// its first ones is zero and the rest are letters.
bool is_utf16(std::string_view beginning);

/// Cuts what it is fed into lines, at LF, CR LF or a lone CR. Holds no more than one line.
class Lines {
public:
    using Take = std::function<Result<void>(const Line&)>;

    /// `take` gets every line in order, while feed() or end() runs.
    explicit Lines(Take take) : take_{std::move(take)} {}

    /// The next bytes.
    /// Errors: those of `take`.
    Result<void> feed(std::string_view bytes);

    /// There are no more.
    /// Errors: those of `take`.
    Result<void> end();

private:
    enum class Encoding { Unsettled, Bytes, Utf16Little, Utf16Big };

    void settle();
    Result<void> decode(std::string_view bytes);
    void convert(std::string_view bytes);
    Result<void> cut(std::string_view bytes);
    void keep(std::string_view part);
    Result<void> finish(std::string_view last);

    Take take_;
    Encoding encoding_ = Encoding::Unsettled;
    std::string beginning_;  // Fed before the encoding was settled, or half of a UTF-16 unit.
    std::string converted_;
    std::uint32_t high_ = 0;  // The first half of a surrogate pair, or 0.
    std::string partial_;     // Of a line that goes on in the next piece.
    bool too_long_ = false;
    bool after_return_ = false;
    std::size_t number_ = 0;
};

}  // namespace tenon::capture::text
