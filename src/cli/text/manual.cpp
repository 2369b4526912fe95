#include "cli/text/manual.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "base/text.hpp"
#include "library/version.hpp"

namespace tenon::cli::text {
namespace {

// As roff prints it: nothing is a command, a dash is the one that people type.
std::string escaped(std::string_view words) {
    std::string text;
    if (words.starts_with('.') || words.starts_with('\'')) text = "\\&";
    for (const char letter : words) {
        switch (letter) {
            case '\\':
                text += "\\e";
                break;
            case '-':
                text += "\\-";
                break;
            case '\'':
                text += "\\(aq";
                break;
            case '`':
                text += "\\(ga";
                break;
            case '~':
                text += "\\(ti";
                break;
            case '^':
                text += "\\(ha";
                break;
            default:
                text += letter;
        }
    }
    return text;
}

// `tenon plan` in words is bold.
std::string with_commands(std::string_view words) {
    std::string text;
    bool bold = false;
    for (const auto part : split(words, '`')) {
        // A first letter that means something to roff stands at the start of a line alone.
        const auto safe = escaped(part);
        text += bold ? fmt::format("\\fB{}\\fR", safe) : safe;
        bold = !bold;
    }
    return text;
}

std::string head(const ManualTitle& title) {
    std::string name{title.name};
    std::ranges::transform(name, name.begin(), [](unsigned char letter) {
        return static_cast<char>(std::toupper(letter));
    });
    return fmt::format(".TH {} {} {} \"{}\" \"Tenon\"\n.SH NAME\n{} \\- {}\n", escaped(name),
                       title.section, title.date, library::version_line, escaped(title.name),
                       with_commands(title.what));
}

std::string foot(const ManualTitle& title) {
    return fmt::format(".SH SEE ALSO\n{}\n", escaped(title.see_also));
}

std::string lines_as_typed(const std::vector<std::string>& lines) {
    std::string text = ".nf\n";
    for (const auto& line : lines)
        text += escaped(line) + '\n';
    return text + ".fi\n";
}

std::string item(std::string_view name, std::string_view what) {
    return fmt::format(".TP\n.B {}\n{}\n", escaped(name),
                       what.empty() ? "\\&" : with_commands(what));
}

std::string items(const std::vector<HelpItem>& list) {
    std::string text;
    for (const auto& one : list) {
        text += item(one.head, one.what);
        if (one.keys.empty()) continue;
        text += ".RS\n";
        for (const auto& key : one.keys)
            text += item(key.head, key.what);
        text += ".RE\n";
    }
    return text;
}

std::string_view title_of(const HelpBlock& block) {
    if (block.words.starts_with("A DEVICE")) return "DEVICES";
    const bool options = std::ranges::any_of(
        block.items, [](const HelpItem& one) { return one.head.starts_with('-'); });
    if (options) return "OPTIONS";
    return block.items.empty() || !block.words.empty() ? "NOTES" : "COMMANDS";
}

std::string keys_of(const ManualKeys& table) {
    auto text = fmt::format(".SH {}\n{}\n", table.title, with_commands(table.words));
    for (const auto& key : table.keys)
        text += item(fmt::format("{} = {}", key.name, key.value), key.what);
    return text;
}

}  // namespace

std::string manual_of_help(const ManualTitle& title, const HelpPage& page) {
    auto text = head(title) + ".SH SYNOPSIS\n" + lines_as_typed(page.usage);
    std::string_view above;
    for (const auto& block : page.blocks) {
        const auto here = above.empty() ? "DESCRIPTION" : title_of(block);
        // What goes on below the words about devices are keys of a device.
        const bool goes_on = here == above || (above == "DEVICES" && !block.items.empty());
        text += goes_on ? ".PP\n" : fmt::format(".SH {}\n", here);
        if (!goes_on) above = here;
        if (!block.words.empty()) text += with_commands(block.words) + '\n';
        text += items(block.items);
    }
    if (!page.status.empty()) text += ".SH EXIT STATUS\n" + with_commands(page.status) + '\n';
    if (!page.examples.empty()) text += ".SH EXAMPLES\n" + lines_as_typed(page.examples);
    return text + foot(title);
}

std::string manual_of_file(const ManualTitle& title, const HelpPage& run,
                           std::span<const ManualKeys> tables) {
    auto text =
        head(title) + ".SH DESCRIPTION\n" +
        with_commands(
            "A file in TOML 1.0 whose name ends in .toml says what the options of `tenon run` "
            "and `tenon plan` say. Each key is an option without its dashes; options without a "
            "value are true or false. What is on the command line wins. Devices, root ports and "
            "processes have tables, in which true and false are written for on and off.") +
        "\n.SH KEYS\nThose of the machine:\n";
    for (const auto& block : run.blocks)
        for (const auto& option : block.items)
            if (option.head.starts_with("--")) {
                const auto name = option.head.substr(2, option.head.find_first_of(" [") - 2);
                const bool table = name == "device" || name == "port" || name == "vhost-user";
                if (!table) text += item(name, option.what);
            }
    for (const auto& table : tables)
        text += keys_of(table);
    text += ".SH EXAMPLES\n" +
            lines_as_typed({"kernel = \"/boot/vmlinuz-guest\"", "append = \"console=ttyS0\"",
                            "memory = \"16G,hugepages=1G\"", "", "[[port]]", "name = \"storage\"",
                            "", "[[device]]", "host = \"0000:65:00.0\"", "port = \"storage\""});
    return text + foot(title);
}

namespace {

// The words of a comment of C, without what frames them.
std::string comment_words(std::string_view comment) {
    std::string words;
    for (auto line : split(comment, '\n')) {
        line.remove_prefix(std::min(line.find_first_not_of(" */"), line.size()));
        if (const auto end = line.find("*/"); end != std::string_view::npos)
            line = line.substr(0, end);
        while (line.ends_with(' '))
            line.remove_suffix(1);
        if (line.empty()) {
            if (!words.empty()) words += "\n\n";
            continue;
        }
        if (!words.empty() && !words.ends_with('\n')) words += ' ';
        words += line;
    }
    while (words.ends_with('\n'))
        words.pop_back();
    return words;
}

std::string paragraphs(const std::string& words) {
    std::string text;
    for (const auto part : split(words, '\n'))
        if (!part.empty()) text += (text.empty() ? "" : ".PP\n") + with_commands(part) + '\n';
    return text;
}

std::vector<std::string> declaration_lines(std::string_view text) {
    std::vector<std::string> lines;
    for (auto line : split(text, '\n')) {
        constexpr std::string_view mark = "TENON_C_API ";
        if (line.starts_with(mark)) line.remove_prefix(mark.size());
        lines.emplace_back(line);
    }
    while (!lines.empty() && lines.back().empty())
        lines.pop_back();
    return lines;
}

}  // namespace

std::string manual_of_header(const ManualTitle& title, std::string_view header) {
    constexpr std::string_view closed = "*/";
    auto text =
        head(title) +
        ".SH SYNOPSIS\n.nf\n#include <tenon/libtenon.h>\n.PP\ncc ... $(pkg\\-config \\-\\-cflags "
        "\\-\\-libs libtenon)\n.fi\n.SH DESCRIPTION\n";
    // What stands in one line before it is for readers of licences.
    header.remove_prefix(std::min(header.find("/*\n"), header.size()));
    const auto first_end = header.find(closed);
    text += paragraphs(comment_words(header.substr(0, std::min(first_end, header.size()))));
    const auto begin = header.find("extern \"C\" {");
    const auto end = header.rfind("#ifdef __cplusplus");
    auto rest = header.substr(std::min(begin, header.size()), end - std::min(begin, end));
    // Each comment at the start of a line, and what stands between it and the next one.
    // A heading begins a paragraph by itself.
    bool begun = false;
    for (auto at = rest.find("\n/*"); at != std::string_view::npos;) {
        const auto comment_end = rest.find(closed, at);
        if (comment_end == std::string_view::npos) break;
        const auto comment = rest.substr(at + 1, comment_end - at - 1);
        const auto next = rest.find("\n/*", comment_end);
        const auto code =
            rest.substr(comment_end + closed.size(),
                        next == std::string_view::npos ? next : next - comment_end - closed.size());
        if (comment.starts_with("/* ----")) {
            auto name = comment.substr(std::string_view{"/* ----"}.size());
            name.remove_prefix(std::min(name.find_first_not_of("- "), name.size()));
            name = name.substr(0, name.find(" -"));
            text += fmt::format(".SS {}\n", name);
            begun = true;
        } else {
            text += (begun ? "" : ".PP\n") + paragraphs(comment_words(comment));
            begun = false;
        }
        auto lines = declaration_lines(code);
        std::erase_if(lines, [](const std::string& line) { return line.empty(); });
        if (!lines.empty()) text += begun ? ".nf\n.RS 4\n" : ".PP\n.nf\n.RS 4\n";
        for (const auto& line : lines)
            text += escaped(line) + '\n';
        if (!lines.empty()) text += ".RE\n.fi\n";
        begun = begun && lines.empty();
        at = next;
    }
    return text + foot(title);
}

}  // namespace tenon::cli::text
