// Puts the lines of a text together to functions: which row belongs to whom, and which to nobody.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "capture/text/block.hpp"
#include "capture/text/decoded_bars.hpp"
#include "capture/text/dump.hpp"
#include "capture/text/interrupt_lines.hpp"
#include "capture/text/marks.hpp"
#include "capture/text/resource_rows.hpp"

namespace tenon::capture::text {

class Assembler {
public:
    explicit Assembler(std::string_view file) : file_{file} {}

    /// A line of the text without its marks.
    /// Errors: Malformed for more functions than limits.hpp allows.
    Result<void> take(const Bare& line, std::size_t number);

    /// A line that is longer than any that matters.
    void take_too_long(std::size_t number);

    /// Ends the text: a row that is cut off there is left out.
    /// Errors: as take(), and if there is no function with rows.
    Result<std::vector<Function>> end();

private:
    // The function whose lines come now.
    struct Open {
        std::string slot;  // Empty: rows without an address.
        std::optional<pci::Address> address;
        std::size_t line = 0;
        std::string marks;  // Of its address line, then of its rows.
        std::optional<std::uint64_t> before_number = {};
        Block block = {};
        std::vector<DecodedBar> bars = {};
        ResourceRows rows = {};
        bool in_capabilities = false;
        bool other_text = false;  // Since the last row or the address.
        std::optional<Error> fault = {};
        std::optional<Error> damage = {};  // A fault, unless the text ends with this row.
    };
    // Hex digits without offsets, line after line.
    struct Plain {
        std::size_t line = 0;
        PlainHex form;
        std::size_t last_digits = 0;
        std::vector<std::byte> bytes;
        bool of_open = false;
        bool wrong = false;
    };

    Result<void> take_address(const Bare& line);
    Result<void> take_row(const Bare& line);
    Result<void> take_text(const Bare& line);
    Result<void> first_row(const Bare& line);
    Result<void> next_row(const Bare& line);
    Result<void> add_row(const Bare& line);
    Result<void> other_row(const Bare& line);
    void take_bar(std::string_view text);
    void look_for_row(std::string_view text);
    bool same_marks(const Bare& line) const;
    Result<void> begin_unnamed(const Bare& line);
    void lost_row(const Row& row);

    void take_plain(std::string_view text, const PlainHex& form);
    Result<void> finish_plain();

    Result<void> close();
    Result<void> add(Open open, Result<pci::ConfigImage> config);
    void remember(const Open& open);
    void share_bars();
    void share_rows();
    void drop(std::size_t line, std::string_view why);
    Error error_at(std::size_t line, std::string_view what) const;
    void fault(std::string_view what);
    void settle_damage();

    std::string file_;
    std::size_t number_ = 0;
    bool blank_ = false;  // Whether an empty line stands before this one.
    std::optional<Open> open_;
    std::optional<Plain> plain_;
    std::vector<Function> found_;
    std::size_t unnamed_ = 0;
    Block last_block_;  // Of found_.back(), for rows that come too late.
    std::optional<Error> dropped_;
    std::map<pci::Address, std::vector<std::vector<DecodedBar>>> said_;
    std::size_t texts_ = 0;  // In all of said_.
    std::map<pci::Address, std::vector<ResourceRows>> rows_;
    std::size_t tables_ = 0;  // In all of rows_.
    InterruptLines interrupts_;
};

}  // namespace tenon::capture::text
