#include "cli/text/help_page.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace tenon::cli::text {
namespace {

// What stands further right goes on with the line above; a key of an option stands a little to the
// right of it.
constexpr std::size_t continued_from = 10;
constexpr std::size_t key_indent = 4;

std::string_view trimmed(std::string_view line) {
    const auto begin = line.find_first_not_of(' ');
    if (begin == std::string_view::npos) return {};
    return line.substr(begin, line.find_last_not_of(' ') - begin + 1);
}

void add_words(std::string& text, std::string_view words) {
    if (words.empty()) return;
    if (!text.empty()) text += ' ';
    text += words;
}

// "head   what": two spaces end the head.
HelpItem item_of(std::string_view line) {
    const auto words = trimmed(line);
    const auto gap = words.find("  ");
    if (gap == std::string_view::npos) return {.head = std::string{words}, .what = {}};
    return {.head = std::string{words.substr(0, gap)},
            .what = std::string{trimmed(words.substr(gap))}};
}

HelpItem* last_item(HelpBlock& block) {
    if (block.items.empty()) return nullptr;
    auto& item = block.items.back();
    return item.keys.empty() ? &item : &item.keys.back();
}

void add_indented(HelpBlock& block, std::string_view line, std::size_t indent) {
    auto* const above = last_item(block);
    if (above != nullptr && indent >= continued_from) return add_words(above->what, trimmed(line));
    if (above != nullptr && indent == key_indent)
        return block.items.back().keys.push_back(item_of(line));
    block.items.push_back(item_of(line));
}

// Gathers lines to parts; an empty line ends one.
class Reader {
public:
    void take(std::string_view line) {
        if (trimmed(line).empty()) return end();
        if (line == "Examples") return begin(Part::Examples);
        if (part_ == Part::None && line.starts_with("Usage: ")) begin(Part::Usage);
        if (part_ == Part::None && line.starts_with("Exit status: ")) begin(Part::Status);
        switch (part_) {
            case Part::Usage:
                return page_.usage.emplace_back(after("Usage: ", line)), void();
            case Part::Status:
                return add_words(page_.status, trimmed(after("Exit status: ", line)));
            case Part::Examples:
                return page_.examples.emplace_back(
                           line.substr(std::min<std::size_t>(2, line.size()))),
                       void();
            case Part::None:
                return add(line);
        }
    }

    HelpPage page() && { return std::move(page_); }

private:
    enum class Part { None, Usage, Status, Examples };

    static std::string_view after(std::string_view prefix, std::string_view line) {
        return trimmed(line.starts_with(prefix) ? line.substr(prefix.size()) : line);
    }

    void begin(Part part) {
        part_ = part;
        open_ = false;
    }

    void end() {
        if (part_ != Part::Examples) part_ = Part::None;
        open_ = false;
    }

    void add(std::string_view line) {
        const auto indent = line.find_first_not_of(' ');
        // Words behind items are a paragraph of their own.
        const bool ends_items = indent == 0 && open_ && !page_.blocks.back().items.empty();
        if (!open_ || ends_items) page_.blocks.emplace_back();
        open_ = true;
        auto& block = page_.blocks.back();
        if (indent == 0) return add_words(block.words, line);
        add_indented(block, line, indent);
    }

    HelpPage page_;
    Part part_ = Part::None;
    bool open_ = false;
};

}  // namespace

HelpPage read_help(std::string_view text) {
    Reader reader;
    for (const auto line : split(text, '\n'))
        reader.take(line);
    return std::move(reader).page();
}

}  // namespace tenon::cli::text
