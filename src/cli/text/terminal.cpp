#include "cli/text/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/printable.hpp"
#include "base/text.hpp"

namespace tenon::cli::text {
namespace {

constexpr std::size_t narrowest = 40;
constexpr std::size_t widest = 400;

std::string_view sequence(Tone tone) {
    switch (tone) {
        case Tone::Plain:
            return "";
        case Tone::Strong:
            return colour_sequences[1];
        case Tone::Faint:
            return colour_sequences[2];
        case Tone::Good:
            return colour_sequences[3];
        case Tone::Bad:
            return colour_sequences[4];
        case Tone::Warning:
            return colour_sequences[5];
        case Tone::Ours:
            return colour_sequences[6];
    }
    return "";
}

std::string_view environment(const char* name) {
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it
    return value == nullptr ? std::string_view{} : std::string_view{value};
}

std::size_t width_of(int descriptor) {
    const auto wanted = parse_number(environment("COLUMNS"));
    if (wanted && *wanted > 0) return std::clamp<std::size_t>(*wanted, narrowest, widest);
    winsize size{};
    // SAFETY: TIOCGWINSZ fills in one winsize.
    if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return TextStyle{}.width;
    return std::clamp<std::size_t>(size.ws_col, narrowest, widest);
}

}  // namespace

std::string TextStyle::paint(Tone tone, std::string_view text) const {
    if (!colour || tone == Tone::Plain || text.empty()) return std::string{text};
    return fmt::format("{}{}{}", sequence(tone), text, colour_sequences[0]);
}

TextStyle style_of_output() {
    const bool terminal = ::isatty(STDOUT_FILENO) == 1;
    return {.width = width_of(STDOUT_FILENO),
            .colour = terminal && environment("NO_COLOR").empty() && environment("TERM") != "dumb"};
}

std::size_t columns(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char byte) { return (byte & 0xc0) != 0x80; }));
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
    std::vector<std::string> lines;
    std::string line;
    for (const auto word : split(text, ' ')) {
        if (word.empty()) continue;
        if (!line.empty() && columns(line) + 1 + columns(word) > width)
            lines.push_back(std::exchange(line, {}));
        if (!line.empty()) line += ' ';
        line += word;
    }
    if (!line.empty() || lines.empty()) lines.push_back(std::move(line));
    return lines;
}

}  // namespace tenon::cli::text
