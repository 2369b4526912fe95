// Where the rows of a function end, and what becomes of it.
#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "capture/text/assembler.hpp"
#include "capture/text/header.hpp"
#include "capture/text/limits.hpp"

namespace tenon::capture::text {
namespace {

// Texts of one address that are kept for a dump of it elsewhere.
constexpr std::size_t most_said = 4;

void append_digits(std::vector<std::byte>& bytes, std::string_view text) {
    unsigned high = 16;
    for (const char letter : text) {
        const auto value = hex_value(letter);
        if (value > 15) continue;
        if (high > 15) {
            high = value;
        } else {
            bytes.push_back(static_cast<std::byte>(high << 4 | value));
            high = 16;
        }
    }
}

}  // namespace

Error Assembler::error_at(std::size_t line, std::string_view what) const {
    return {.kind = Error::Kind::Malformed,
            .what = fmt::format("{}: line {}: {}", file_, line, what)};
}

void Assembler::fault(std::string_view what) { open_->fault = error_at(number_, what); }

// The row was not the last one. What was wrong before it is told first.
void Assembler::settle_damage() {
    auto damage = std::exchange(open_->damage, std::nullopt);
    if (!open_->fault) open_->fault = std::move(damage);
}

// Of what was passed over, the first is told if there is no function at all.
void Assembler::drop(std::size_t line, std::string_view why) {
    if (!dropped_) dropped_ = error_at(line, why);
}

// Takes a line of digits without offsets.
void Assembler::take_plain(std::string_view text, const PlainHex& form) {
    if (!plain_)
        plain_ = Plain{.line = number_,
                       .form = form,
                       .last_digits = form.digits,
                       .bytes = {},
                       .of_open = open_ && open_->block.empty() && !open_->other_text};
    auto& plain = *plain_;
    // Each line is as long as the first, but the last one.
    if (form.width != plain.form.width || plain.last_digits != plain.form.digits ||
        form.digits > plain.form.digits || form.digits / 2 > pci::express_size - plain.bytes.size())
        plain.wrong = true;
    plain.last_digits = form.digits;
    if (!plain.wrong) append_digits(plain.bytes, text);
}

Result<void> Assembler::finish_plain() {
    if (!plain_) return {};
    const auto plain = *std::exchange(plain_, std::nullopt);
    const auto size = plain.bytes.size();
    if (plain.wrong ||
        (size != pci::header_size && size != pci::conventional_size && size != pci::express_size))
        return {};
    auto config = image_of(plain.bytes, plain.form.width);
    if (!config || !is_surely_header(config->bytes())) {
        drop(plain.line,
             fmt::format("{} bytes in hex without offsets, which are not certain to be a "
                         "configuration space",
                         size));
        return {};
    }
    if (plain.of_open && open_) return add(*std::exchange(open_, std::nullopt), std::move(config));
    TENON_TRY_DO(close(), "");
    return add(Open{.slot = {}, .address = std::nullopt, .line = plain.line, .marks = {}},
               std::move(config));
}

// Keeps what a text says of a function that has no rows there.
void Assembler::remember(const Open& open) {
    if (!open.rows.empty() && open.address && tables_ != most_functions) {
        auto& tables = rows_[*open.address];
        if (tables.size() != most_said) {
            tables.push_back(open.rows);
            ++tables_;
        }
    }
    if (open.bars.empty() || !open.address || texts_ == most_functions) return;
    auto& texts = said_[*open.address];
    if (texts.size() == most_said) return;
    texts.push_back(open.bars);
    ++texts_;
}

Result<void> Assembler::close() {
    if (!open_) return {};
    auto open = *std::exchange(open_, std::nullopt);
    last_block_ = {};
    const bool has_dump = !open.block.empty() || open.fault;
    if (!has_dump || !open.rows.empty()) remember(open);
    if (!has_dump) return {};
    if (!open.address && !open.block.plausible()) {
        drop(open.line, fmt::format("{} bytes in rows without the address of a function, which are "
                                    "no configuration space",
                                    open.block.size()));
        return {};
    }
    if (open.fault) {
        auto why = *std::move(open.fault);
        return add(std::move(open), std::unexpected(std::move(why)));
    }
    if (open.block.size() < pci::header_size) {
        auto why =
            error_at(number_, fmt::format("the dump of {} ends after {} bytes; a header has {}",
                                          open.slot, open.block.size(), pci::header_size));
        return add(std::move(open), std::unexpected(std::move(why)));
    }
    auto config = open.block.image();
    if (!config) config = std::unexpected(error_at(open.line, config.error().what));
    last_block_ = std::move(open.block);
    return add(std::move(open), std::move(config));
}

Result<void> Assembler::add(Open open, Result<pci::ConfigImage> config) {
    if (found_.size() == most_functions)
        return std::unexpected(
            error_at(number_, fmt::format("more than {} functions", most_functions)));
    Function function{.slot = std::move(open.slot),
                      .address = Unknown{"a dump of bytes does not tell"},
                      .line = open.line,
                      .config = std::move(config),
                      .resources = Unknown{"a dump of bytes does not tell them"},
                      .interrupt_line = Unknown{"without an address the text does not tell"}};
    if (open.address)
        function.address = *open.address;
    else
        function.slot = fmt::format("{}", unnamed_++);
    if (function.config) function.resources = resources_of(open.bars, *function.config);
    found_.push_back(std::move(function));
    return {};
}

// The sizes of a text of `lspci -v` serve the bytes of the same function elsewhere.
void Assembler::share_bars() {
    for (auto& function : found_) {
        if (!function.config || !function.address || function.resources) continue;
        const auto said = said_.find(*function.address);
        if (said == said_.end()) continue;
        const auto own = std::ranges::find_if(said->second, [&](const auto& lines) {
            return are_of_same_function(lines, *function.config);
        });
        if (own != said->second.end()) function.resources = resources_of(*own, *function.config);
    }
}

// So do rows of the file `resource`, of its virtual functions too.
void Assembler::share_rows() {
    for (auto& function : found_) {
        if (!function.config || !function.address) continue;
        const auto said = rows_.find(*function.address);
        if (said == rows_.end()) continue;
        const auto own = std::ranges::find_if(said->second, [&](const auto& rows) {
            return are_of_same_function(rows, *function.config);
        });
        if (own == said->second.end()) continue;
        if (const auto resources = own_resources(*own); resources && !function.resources)
            function.resources = *resources;
        function.virtual_bars = virtual_bars(*own);
    }
}

Result<std::vector<Function>> Assembler::end() {
    TENON_TRY_DO(finish_plain(), "");
    // The last row may be cut off, where a header is left.
    if (open_ && open_->damage && open_->block.size() < pci::header_size) settle_damage();
    TENON_TRY_DO(close(), "");
    share_bars();
    share_rows();
    for (auto& function : found_)
        if (function.address) function.interrupt_line = interrupts_.of(*function.address);
    if (!found_.empty()) return std::move(found_);
    if (!dropped_)
        dropped_ = Error{.kind = Error::Kind::Malformed,
                         .what = fmt::format("{}: no function with hex rows in it", file_)};
    dropped_->hint = "Make it with: lspci -xxxx, as root. A raw dump has 64, 256 or 4096 bytes";
    return std::unexpected(*std::move(dropped_));
}

}  // namespace tenon::capture::text
