#include "host/sysfs/mounts.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace tenon::host::sysfs {
namespace {

std::vector<std::string_view> fields_of(std::string_view line) {
    auto words = split(line, ' ');
    std::erase_if(words, [](std::string_view word) { return word.empty(); });
    return words;
}

bool is_octal(char letter) { return letter >= '0' && letter <= '7'; }

// Blanks and their like are written "\040".
std::string unescaped(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto code = text.substr(at, 4);
        if (code.size() == 4 && code[0] == '\\' && std::ranges::all_of(code.substr(1), is_octal)) {
            plain += static_cast<char>((code[1] - '0') * 64 + (code[2] - '0') * 8 + code[3] - '0');
            at += 3;
        } else {
            plain += text[at];
        }
    }
    return plain;
}

}  // namespace

std::vector<Mount> parse_mounts(std::string_view text) {
    std::vector<Mount> mounts;
    for (const auto line : split(text, '\n')) {
        const auto words = fields_of(line);
        const auto dash = std::ranges::find(words, "-");
        if (words.size() < 5 || words.end() - dash < 3) continue;
        mounts.push_back({.number = std::string{words[2]},
                          .point = unescaped(words[4]),
                          .type = std::string{dash[1]},
                          .source = unescaped(dash[2])});
    }
    return mounts;
}

std::vector<std::string> parse_swaps(std::string_view text) {
    std::vector<std::string> files;
    for (const auto line : split(text, '\n')) {
        const auto name = line.substr(0, line.find_first_of(" \t"));
        if (name.starts_with('/')) files.push_back(unescaped(name));
    }
    return files;
}

}  // namespace tenon::host::sysfs
