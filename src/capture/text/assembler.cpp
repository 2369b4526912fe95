#include "capture/text/assembler.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "capture/text/limits.hpp"

namespace tenon::capture::text {
namespace {

bool begins(const Row& row) {
    const Block none;
    return none.goes_on(row) && none.incomplete(row).empty();
}

// Rules, headings and prompts: what follows is of something else. A rule of marks has none left.
bool is_boundary(std::string_view text) {
    constexpr std::array<std::string_view, 4> starts{"===", "___", "$ ", "# "};
    return std::ranges::any_of(starts, [&](auto start) { return text.starts_with(start); }) ||
           text.substr(0, text.find(' ')).contains('@');
}

std::size_t quotes(std::string_view marks) {
    return static_cast<std::size_t>(std::ranges::count(marks, '>'));
}

}  // namespace

Result<void> Assembler::take(const Bare& line, std::size_t number) {
    number_ = number;
    if (line.text.empty()) {
        blank_ = true;
        return finish_plain();
    }
    if (open_ && open_->damage) settle_damage();
    interrupts_.take(open_ && !blank_ ? open_->address : std::nullopt, line.text);
    auto taken = line.address ? take_address(line) : line.row ? take_row(line) : take_text(line);
    blank_ = false;
    return taken;
}

void Assembler::take_too_long(std::size_t number) {
    number_ = number;
    if (open_) fault(fmt::format("longer than {} bytes", longest_line));
}

Result<void> Assembler::take_address(const Bare& line) {
    TENON_TRY_DO(finish_plain(), "");
    TENON_TRY_DO(close(), "");
    last_block_ = {};
    open_ = Open{.slot = line.address->slot,
                 .address = line.address->address,
                 .line = number_,
                 .marks = line.marks};
    return {};
}

Result<void> Assembler::take_row(const Bare& line) {
    const auto& row = *line.row;
    if (!open_) {
        if (begins(row)) return begin_unnamed(line);
        lost_row(row);
        return take_text(line);
    }
    if (open_->fault) {
        if (blank_ && begins(row)) return begin_unnamed(line);
        return {};
    }
    if (open_->block.goes_on(row) && line.marks.contains('-')) {
        fault(fmt::format("a patch takes the row of offset {:#04x} away",
                          open_->block.offset_of(row)));
        return {};
    }
    return open_->block.empty() ? first_row(line) : next_row(line);
}

Result<void> Assembler::first_row(const Bare& line) {
    const auto& row = *line.row;
    const auto& block = open_->block;
    const auto incomplete = block.incomplete(row);
    if (blank_ && (!incomplete.empty() || !block.goes_on(row))) return take_text(line);
    if (!incomplete.empty()) {
        if (!block.goes_on(row)) return take_text(line);
        fault(incomplete);
    } else if (!block.goes_on(row)) {
        if (!offset_value(row.offset, 16)) return take_text(line);
        fault(fmt::format("the row of offset {:#04x} stands where that of 0x00 is missing",
                          block.offset_of(row)));
    } else if (quotes(line.marks) != quotes(open_->marks)) {
        return begin_unnamed(line);
    } else {
        return add_row(line);
    }
    return {};
}

bool Assembler::same_marks(const Bare& line) const {
    std::optional<std::uint64_t> before;
    if (line.number) before = number_ - *line.number;
    return line.marks == open_->marks && before == open_->before_number;
}

Result<void> Assembler::next_row(const Bare& line) {
    const auto& row = *line.row;
    const auto& block = open_->block;
    if (!block.goes_on(row)) return other_row(line);
    const auto incomplete = block.incomplete(row);
    const bool same_form = block.same_form(row);
    if (incomplete.empty() && same_form && same_marks(line)) return add_row(line);
    // What comes after other text and is not the same in all looks like a row by chance.
    if (blank_ || open_->other_text || (!incomplete.empty() && !same_form)) return take_text(line);
    const auto offset = block.offset_of(row);
    if (!same_form)
        fault(fmt::format("the row of offset {:#04x} is written in another way than those before",
                          offset));
    else if (!same_marks(line))
        fault(fmt::format("the row of offset {:#04x} has other marks in front than those before",
                          offset));
    else
        open_->damage = error_at(number_, incomplete);
    return {};
}

// A row that is not the next one.
Result<void> Assembler::other_row(const Bare& line) {
    const auto& row = *line.row;
    const auto& block = open_->block;
    const bool apart = blank_ || open_->other_text;
    if (!block.incomplete(row).empty() || !block.same_form(row) || !offset_value(row.offset, 16))
        return take_text(line);
    if (begins(row) && (apart || block.complete())) return begin_unnamed(line);
    if (apart && block.complete()) return take_text(line);
    const auto offset = block.offset_of(row);
    if (offset < block.size())
        fault(fmt::format("the row of offset {:#04x} is there a second time", offset));
    else
        fault(fmt::format("the row of offset {:#04x} stands where that of {:#04x} is missing",
                          offset, block.size()));
    return {};
}

Result<void> Assembler::add_row(const Bare& line) {
    auto& open = *open_;
    if (open.block.empty()) {
        open.marks = line.marks;
        if (line.number) open.before_number = number_ - *line.number;
    }
    open.other_text = false;
    if (const auto added = open.block.add(*line.row); !added) fault(added.error().what);
    return {};
}

Result<void> Assembler::begin_unnamed(const Bare& line) {
    TENON_TRY_DO(close(), "");
    open_ = Open{.slot = {}, .address = std::nullopt, .line = number_, .marks = {}};
    return add_row(line);
}

Result<void> Assembler::take_text(const Bare& line) {
    const auto text = line.text;
    if (open_ && !blank_) {
        if (text == "*" && open_->block.add_star()) return {};
        if (is_end(text) && open_->block.add_end(text)) return close();
    }
    const auto plain = as_plain_hex(text);
    if (!plain) TENON_TRY_DO(finish_plain(), "");
    if (open_ && (blank_ || is_boundary(text))) TENON_TRY_DO(close(), "");
    if (plain) take_plain(text, *plain);
    if (plain || !open_ || open_->fault) return {};
    open_->other_text = true;
    if (const auto row = as_resource_row(text)) {
        if (open_->rows.size() < device::most_resource_rows) open_->rows.push_back(*row);
        return {};
    }
    take_bar(text);
    look_for_row(text);
    return {};
}

void Assembler::take_bar(std::string_view text) {
    auto& open = *open_;
    // Capabilities have regions of their own: those of virtual functions.
    if (text.starts_with("Capabilities:")) open.in_capabilities = true;
    if (open.in_capabilities) return;
    if (const auto bar = parse_decoded_bar(text)) open.bars.push_back(*bar);
    if (open.bars.size() > most_bar_lines)
        fault(fmt::format("more than {} lines about BARs of one function", most_bar_lines));
}

// The next row behind something that is no mark must not be passed over in silence.
void Assembler::look_for_row(std::string_view text) {
    const auto& block = open_->block;
    for (auto colon = text.find(": "); colon != std::string_view::npos;
         colon = text.find(": ", colon + 1)) {
        auto begin = colon;
        while (begin > 0 && colon - begin < 8 && hex_value(text[begin - 1]) < 16)
            --begin;
        if (begin == 0 || begin == colon) continue;
        const auto row = as_row(text.substr(begin));
        if (!row || !block.goes_on(*row) || !block.same_form(*row) ||
            !block.incomplete(*row).empty())
            continue;
        return fault(fmt::format("the row of offset {:#04x} stands behind other text",
                                 block.offset_of(*row)));
    }
}

// A row that would have gone on with the function before, if no other text had ended that.
void Assembler::lost_row(const Row& row) {
    const auto& block = last_block_;
    if (block.empty() || block.complete() || !block.goes_on(row) || !block.same_form(row) ||
        !block.incomplete(row).empty() || found_.empty() || !found_.back().config)
        return;
    found_.back().config = std::unexpected(error_at(
        number_, fmt::format("the row of offset {:#04x} stands behind text of something else",
                             block.offset_of(row))));
}

}  // namespace tenon::capture::text
