#include "cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/text.hpp"

namespace tenon::cli {
namespace {

constexpr std::size_t narrowest = 40;
constexpr std::size_t widest = 400;

// SGR sequences of ECMA-48.
std::string_view sequence(Tone tone) {
    switch (tone) {
        case Tone::Plain:
            return "";
        case Tone::Strong:
            return "\x1b[1m";
        case Tone::Faint:
            return "\x1b[2m";
        case Tone::Good:
            return "\x1b[32m";
        case Tone::Bad:
            return "\x1b[1;31m";
        case Tone::Warning:
            return "\x1b[33m";
        case Tone::Ours:
            return "\x1b[36m";
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
    return fmt::format("{}{}\x1b[0m", sequence(tone), text);
}

TextStyle style_of_output() {
    const bool terminal = ::isatty(STDOUT_FILENO) == 1;
    return {.width = width_of(STDOUT_FILENO),
            .colour = terminal && environment("NO_COLOR").empty() && environment("TERM") != "dumb"};
}

Result<void> write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EPIPE) return {};
        if (written < 0) return fail_system(errno, "writing the output");
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
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

}  // namespace tenon::cli
