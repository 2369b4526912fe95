#include "capture/text/marks.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "capture/text/limits.hpp"

namespace tenon::capture::text {
namespace {

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

std::size_t count_digits(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
}

// Takes what `pattern` describes off the front: 9 a digit, A a letter, any other itself.
bool take_like(std::string_view& text, std::string_view pattern) {
    if (text.size() < pattern.size()) return false;
    for (std::size_t at = 0; at < pattern.size(); ++at) {
        const char letter = text[at];
        const bool alphabetic = (letter | 0x20) >= 'a' && (letter | 0x20) <= 'z';
        if (pattern[at] == '9'   ? !is_digit(letter) && letter != ' '
            : pattern[at] == 'A' ? !alphabetic
                                 : letter != pattern[at])
            return false;
    }
    text.remove_prefix(pattern.size());
    return true;
}

// "[    1.000000]", "[   T12]", "[Tue Dec  1 21:06:10 2026]".
bool take_stamp(std::string_view& text) {
    if (!text.starts_with('[')) return false;
    const auto end = text.substr(0, 40).find(']');
    if (end == std::string_view::npos) return false;
    const auto inside = trimmed(text.substr(1, end - 1));
    auto dated = inside;
    const bool seconds = !inside.empty() && is_digit(inside.front()) && inside.contains('.') &&
                         inside.find_first_not_of("0123456789.") == std::string_view::npos;
    const bool thread = inside.size() > 1 && (inside.front() == 'T' || inside.front() == 'C') &&
                        count_digits(inside.substr(1)) == inside.size() - 1;
    if (!seconds && !thread && !(take_like(dated, "AAA AAA 99 99:99:99 9999") && dated.empty()))
        return false;
    text.remove_prefix(end + 1);
    return true;
}

// "<6>".
bool take_level(std::string_view& text) { return take_like(text, "<9>"); }

// "Dec  1 11:11:11 host kernel: ", "2026-12-01T11:11:11.123456+00:00 host bash[12]: ".
bool take_log(std::string_view& text) {
    auto rest = text;
    if (!take_like(rest, "AAA 99 99:99:99 ")) {
        if (!take_like(rest, "9999-99-99T99:99:99") && !take_like(rest, "9999-99-99 99:99:99"))
            return false;
        const auto zone = rest.find_first_not_of("0123456789.,:+-Z");
        if (zone == std::string_view::npos || rest[zone] != ' ') return false;
        rest.remove_prefix(zone + 1);
    }
    // A host and a program, neither of which has a space in it.
    for (unsigned word = 0; word < 2; ++word) {
        const auto end = rest.find(' ');
        if (end == 0 || end == std::string_view::npos) return false;
        if (word == 1 && rest[end - 1] != ':') return false;
        rest.remove_prefix(end + 1);
    }
    text = rest;
    return true;
}

// "  12  ", "12:", "12\t", "12 | ": the number, and how much of the text it and its mark are.
struct LineNumber {
    std::uint64_t number;
    std::size_t size;
};

std::optional<LineNumber> line_number(std::string_view text) {
    const auto digits = count_digits(text.substr(0, 10));
    if (digits == 0 || digits > 9) return std::nullopt;
    auto rest = text.substr(digits);
    const auto gap = rest.find_first_not_of(" \t");
    if (gap == std::string_view::npos) return std::nullopt;
    const bool mark = std::string_view{":|)."}.contains(rest[gap]);
    if (!mark && gap < 2 && !rest.starts_with('\t')) return std::nullopt;
    rest.remove_prefix(gap + (mark ? 1 : 0));
    return LineNumber{.number = parse_number(text.substr(0, digits)).value_or(0),
                      .size = text.size() - rest.size()};
}

// Takes one mark off the front: its letter, ' ' for one that needs none, or 0.
char take_mark(std::string_view& text) {
    for (const char mark : std::string_view{">|+-"})
        if (take_prefix(text, std::string_view{&mark, 1})) return mark;
    if (take_prefix(text, "*") || take_prefix(text, "`")) return ' ';
    if (take_stamp(text)) return 't';
    if (take_level(text)) return 'l';
    if (take_log(text)) return 'j';
    return '\0';
}

bool settle(Bare& bare) {
    bare.row = as_row(bare.text);
    if (!bare.row) bare.address = as_address(bare.text);
    return bare.row || bare.address;
}

// A number in front of anything else is no mark.
bool settle_behind_number(Bare& bare) {
    const auto number = line_number(bare.text);
    if (!number) return false;
    Bare rest{.text = trimmed(bare.text.substr(number->size)), .marks = bare.marks + 'n'};
    rest.number = number->number;
    if (!settle(rest)) return false;
    bare = std::move(rest);
    return true;
}

// The address in the first word of a line of lspci, which may have marks of its own around it.
std::optional<AddressLine> first_word(std::string_view line) {
    auto word = line.substr(0, line.find_first_of(" \t"));
    while (!word.empty() && std::string_view{":*`"}.contains(word.back()))
        word.remove_suffix(1);
    if (word.size() < 7 || word.size() > 16 || word[word.size() - 2] != '.') return std::nullopt;
    std::string slot{word};
    std::ranges::replace(slot, '_', ':');
    const auto address = pci::Address::parse(slot);
    if (!address) return std::nullopt;
    return AddressLine{.slot = std::move(slot), .address = *address};
}

// The function whose folder has this file, in a line that has one such path.
std::optional<AddressLine> folder_of(std::string_view file, std::string_view line) {
    const auto end = line.find(file);
    if (end == std::string_view::npos || line.find(file, end + 1) != std::string_view::npos)
        return std::nullopt;
    // `resource0` is the BAR itself.
    const auto behind = line.substr(end + file.size());
    if (!behind.empty() && (is_digit(behind.front()) || behind.front() == '_')) return std::nullopt;
    const auto folder = line.substr(0, end);
    const auto slash = folder.rfind('/');
    return slash == std::string_view::npos ? std::nullopt : first_word(folder.substr(slash + 1));
}

}  // namespace

std::optional<AddressLine> as_address(std::string_view line) {
    if (auto found = first_word(line)) return found;
    if (line.starts_with("pci ") && line.contains(" config space"))
        return first_word(line.substr(4));
    return folder_of("/config", line).or_else([&] { return folder_of("/resource", line); });
}

Bare without_marks(std::string_view line) {
    Bare bare{.text = trimmed(line)};
    // A star alone is no emphasis: it stands for rows.
    while (!bare.text.empty() && bare.text != "*" && !settle(bare) && !settle_behind_number(bare)) {
        const char mark = bare.marks.size() < most_marks ? take_mark(bare.text) : '\0';
        if (mark == '\0') break;
        if (mark != ' ') bare.marks += mark;
        bare.text = trimmed(bare.text);
    }
    return bare;
}

}  // namespace tenon::capture::text
