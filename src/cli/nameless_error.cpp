#include "cli/nameless_error.hpp"

#include <algorithm>
#include <functional>
#include <ranges>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "capture/anonymize.hpp"
#include "pci/address.hpp"

namespace tenon::cli {
namespace {

// The files in one word, and its parts, as an error may name either.
std::vector<std::string> files_in(std::string_view word) {
    std::vector<std::string> files;
    const auto parts = split(word, ',');
    files.emplace_back(parts.front());
    if (const auto mark = parts.front().rfind('#'); mark != std::string_view::npos)
        files.emplace_back(parts.front().substr(0, mark));
    for (const auto part : parts | std::views::drop(1))
        if (const auto value = part.substr(part.find('=') + 1); value.contains('/'))
            files.emplace_back(value);
    // A name of one letter may be any letter of the sentence.
    std::erase_if(files, [](const std::string& file) {
        return file.size() < 2 || pci::Address::parse(file);
    });
    return files;
}

}  // namespace

std::string nameless_error(std::string text, std::span<const std::string> typed) {
    constexpr std::string_view stand_in = "FILE";
    std::vector<std::string> files;
    for (const auto& word : typed)
        for (auto& file : files_in(word))
            files.push_back(std::move(file));
    std::ranges::sort(files, std::ranges::greater{}, &std::string::size);
    for (const auto& file : files)
        for (auto at = text.find(file); at != std::string::npos; at = text.find(file, at)) {
            text.replace(at, file.size(), stand_in);
            at += stand_in.size();
        }
    return capture::without_paths(text);
}

}  // namespace tenon::cli
