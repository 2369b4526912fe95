#include "device/interrupt_table.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/text.hpp"

namespace tenon::device {
namespace {

// The first word of `text`, which it loses.
std::string_view take_word(std::string_view& text) {
    text = trimmed(text);
    const auto word = text.substr(0, text.find_first_of(" \t"));
    text.remove_prefix(word.size());
    return word;
}

bool is_count(std::string_view word) {
    return !word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos;
}

// Processors that a head names; 0: it is none. Those that are off have no column.
std::size_t count_processors(std::string_view line) {
    std::size_t count = 0;
    for (auto word = take_word(line); !word.empty(); word = take_word(line), ++count)
        if (!word.starts_with("CPU") || !is_count(word.substr(3))) return 0;
    return count;
}

// What stands behind "16:" is a count for each processor, the chip, its input with or without the
// kind of signal ("16-fasteoi", "23 Level"), and the names. None: the counts are not there.
std::optional<std::vector<std::string>> parse_row(std::string_view text, std::size_t processors) {
    for (std::size_t n = 0; n < processors; ++n)
        if (!is_count(take_word(text))) return std::nullopt;
    take_word(text);
    if (is_count(take_word(text))) take_word(text);
    std::vector<std::string> names;
    for (const auto name : split(trimmed(text).substr(0, InterruptTable::most_names), ','))
        if (!trimmed(name).empty()) names.emplace_back(trimmed(name));
    return names;
}

}  // namespace

bool InterruptTable::take(std::string_view line) {
    line = trimmed(line);
    if (line.starts_with("CPU"))
        if (const auto processors = count_processors(line); processors != 0) {
            processors_ = processors;
            inside_ = any_ = true;
            return true;
        }
    if (!inside_) return false;
    const auto label = line.substr(0, line.find(':'));
    inside_ = label.size() < line.size() && !label.contains(' ');
    // "NMI:" and others without a number are of the table too.
    if (!inside_ || !is_count(label)) return inside_;
    const auto number = parse_number(label);
    auto names = parse_row(line.substr(label.size() + 1), processors_);
    if (!number || *number > std::numeric_limits<unsigned>::max() || !names) return true;
    if (rows_.size() == most_rows) return true;
    const auto [row, added] = rows_.try_emplace(static_cast<unsigned>(*number), *names);
    differs_ = differs_ || (!added && row->second != *names);
    return true;
}

std::vector<std::string> InterruptTable::handlers_of(unsigned line) const {
    const auto row = rows_.find(line);
    return row == rows_.end() ? std::vector<std::string>{} : row->second;
}

std::vector<std::string> handlers_beside(const pci::Address& address, std::string_view driver,
                                         std::vector<std::string> handlers) {
    // "ahci[0000:00:17.0]", "vfio-intx(0000:05:00.0)". Others go by the name of their driver, or
    // have it in front.
    std::erase_if(handlers, [&](const std::string& name) {
        return name.contains(to_string(address)) || (!driver.empty() && name.starts_with(driver));
    });
    return handlers;
}

}  // namespace tenon::device
