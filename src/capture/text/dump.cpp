#include "capture/text/dump.hpp"

#include <utility>

#include "capture/text/assembler.hpp"
#include "capture/text/clean.hpp"
#include "capture/text/limits.hpp"
#include "capture/text/lines.hpp"
#include "capture/text/marks.hpp"

namespace tenon::capture::text {
namespace {

// Whether a line that mail cut in two at its `=` is whole as it is.
bool is_whole(const Bare& line) {
    constexpr std::size_t usual_row = 16;
    if (line.row) return line.row->count >= usual_row;
    if (line.address) return true;
    const auto bar = parse_decoded_bar(line.text);
    return bar && bar->size != 0;
}

}  // namespace

class DumpReader::State {
public:
    State(std::string_view file, Watch watch)
        : assembler_{file},
          watch_{std::move(watch)},
          lines_{[this](const Line& line) { return take(line); }} {}

    Result<void> feed(std::string_view bytes) { return lines_.feed(bytes); }

    Result<std::vector<Function>> end() {
        TENON_TRY_DO(lines_.end(), "");
        TENON_TRY_DO(take_held(), "");
        return assembler_.end();
    }

private:
    Result<void> take(const Line& line) {
        if (line.too_long) {
            TENON_TRY_DO(take_held(), "");
            assembler_.take_too_long(line.number);
            return {};
        }
        number_ = line.number;
        auto text = clean(line.text, room_);
        for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
            TENON_TRY_DO(take_part(text.substr(0, end)), "");
            text.remove_prefix(end + 1);
            // A line end of HTML before that of the text is the same one.
            if (text.empty()) return {};
        }
        return take_part(text);
    }

    // A line of quoted-printable mail goes on after a `=` at its end. Others end so as well: both
    // are one only if they make one line that matters. Source: RFC 2045, 6.7 (5).
    Result<void> take_part(std::string_view text) {
        const bool cut = text.ends_with('=');
        if (cut) text.remove_suffix(1);
        if (!held_.empty()) {
            const auto joined = held_.size() + text.size() <= longest_line
                                    ? held_ + std::string{text}
                                    : std::string{};
            const auto line = without_marks(joined);
            if (is_whole(line)) {
                held_.clear();
                return give(joined, line, number_);
            }
            TENON_TRY_DO(take_held(), "");
        }
        const auto line = without_marks(text);
        if (!cut || is_whole(line)) return give(text, line, number_);
        held_ = text;
        held_number_ = number_;
        return {};
    }

    Result<void> take_held() {
        if (held_.empty()) return {};
        const auto held = std::exchange(held_, {});
        return give(held, without_marks(held), held_number_);
    }

    Result<void> give(std::string_view cleaned, const Bare& line, std::size_t number) {
        if (watch_) TENON_TRY_DO(watch_(cleaned, line, number), "");
        return assembler_.take(line, number);
    }

    Assembler assembler_;
    Watch watch_;
    Lines lines_;
    std::string room_;
    std::string held_;
    std::size_t number_ = 0;
    std::size_t held_number_ = 0;
};

DumpReader::DumpReader(std::string_view file, Watch watch)
    : state_{std::make_unique<State>(file, std::move(watch))} {}
DumpReader::~DumpReader() = default;

Result<void> DumpReader::feed(std::string_view bytes) { return state_->feed(bytes); }

Result<std::vector<Function>> DumpReader::end() { return state_->end(); }

Result<std::vector<Function>> read_dump(std::string_view text, std::string_view file) {
    DumpReader reader{file};
    TENON_TRY_DO(reader.feed(text), "");
    return reader.end();
}

}  // namespace tenon::capture::text
