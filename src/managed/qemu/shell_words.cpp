#include "managed/qemu/shell_words.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/text.hpp"

namespace tenon::managed::qemu {
namespace {

using Command = std::vector<Word>;

// Takes text apart into commands.
class Splitter {
public:
    Splitter(std::string_view text, std::string_view file, unsigned line)
        : text_{text}, file_{file}, line_{line} {}

    Result<std::vector<Command>> split() {
        while (at_ < text_.size()) {
            if (commands_.back().size() > most_words)
                return malformed("{}: more than {} words", file_, most_words);
            TENON_TRY_DO(take(text_[at_]), "");
        }
        end_word();
        return std::move(commands_);
    }

private:
    Result<void> take(char letter) {
        if (letter == '\'') return single_quoted();
        if (letter == '"') return double_quoted();
        if (letter == '\\') {
            escaped();
        } else if (begins_substitution()) {
            substitution();
        } else if (letter == ' ' || letter == '\t' || letter == '\r') {
            end_word();
            ++at_;
        } else if (letter == '#' && !word_) {
            at_ = std::min(text_.find('\n', at_), text_.size());
        } else if (std::string_view{"\n;&|()<>"}.contains(letter)) {
            end_command();
            count(letter);
        } else {
            put(letter);
            if (letter == '$') word_->variable = true;
        }
        return {};
    }

    void count(char letter) {
        line_ += letter == '\n' ? 1 : 0;
        ++at_;
    }

    void put(char letter) {
        begin_word();
        word_->text += letter;
        count(letter);
    }

    void begin_word() {
        if (!word_) word_ = Word{.text = {}, .place = {.file = std::string{file_}, .line = line_}};
    }

    void escaped() {
        ++at_;
        if (at_ == text_.size()) return;
        if (text_[at_] == '\r' && text_.substr(at_ + 1).starts_with('\n')) ++at_;
        if (text_[at_] == '\n') return count('\n');
        put(text_[at_]);
    }

    // `command` or $(command): a part of its word, whatever is in it.
    bool begins_substitution() const {
        return text_[at_] == '`' || text_.substr(at_).starts_with("$(");
    }

    void substitution() {
        const bool back = text_[at_] == '`';
        begin_word();
        word_->variable = true;
        put(text_[at_]);
        std::size_t open = back ? 1 : 0;
        while (at_ < text_.size()) {
            const char letter = text_[at_];
            put(letter);
            if (!back && letter == '(') ++open;
            if (letter == (back ? '`' : ')')) --open;
            if (open == 0) return;
        }
    }

    Result<void> single_quoted() {
        const auto begun = line_;
        begin_word();
        for (++at_; at_ < text_.size() && text_[at_] != '\'';)
            put(text_[at_]);
        return close(begun);
    }

    Result<void> double_quoted() {
        const auto begun = line_;
        begin_word();
        for (++at_; at_ < text_.size() && text_[at_] != '"';) {
            const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : ' ';
            if (text_[at_] == '\\' && std::string_view{"\\\"$`\n"}.contains(next)) {
                escaped();
                continue;
            }
            if (begins_substitution()) {
                substitution();
                continue;
            }
            if (text_[at_] == '$') word_->variable = true;
            put(text_[at_]);
        }
        return close(begun);
    }

    Result<void> close(unsigned begun) {
        if (at_ >= text_.size())
            return malformed("{}:{}: a quote begins here and does not end", file_, begun);
        ++at_;
        return {};
    }

    void end_word() {
        if (!word_) return;
        commands_.back().push_back(*std::move(word_));
        word_.reset();
    }

    void end_command() {
        end_word();
        if (!commands_.back().empty()) commands_.emplace_back();
    }

    std::string_view text_;
    std::string_view file_;
    unsigned line_;
    std::size_t at_ = 0;
    std::optional<Word> word_;
    std::vector<Command> commands_{1};
};

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool is_program(const Word& word) {
    const auto name = base_name(word.text);
    return name.starts_with("qemu-system-") || name.starts_with("qemu-kvm") || name == "kvm";
}

bool is_assignment(const Word& word) {
    const auto equals = word.text.find('=');
    if (equals == std::string::npos || equals == 0) return false;
    return std::ranges::all_of(std::string_view{word.text}.substr(0, equals), [](char letter) {
        return letter == '_' || (letter >= '0' && letter <= '9') ||
               ((letter | 0x20) >= 'a' && (letter | 0x20) <= 'z');
    });
}

void number(Command& words) {
    unsigned count = 0;
    for (auto& word : words)
        word.place.word = count++;
}

// From the program on; nothing if none of the words is QEMU.
bool begin_at_program(Command& words) {
    const auto program = std::ranges::find_if(words, is_program);
    if (program == words.end()) return false;
    words.erase(words.begin(), program);
    return true;
}

Result<Command> choose(std::vector<Command> commands, std::string_view file) {
    for (auto& command : commands) {
        if (!begin_at_program(command)) continue;
        number(command);
        return std::move(command);
    }
    auto& first = commands.front();
    const auto assigned = std::ranges::find_if_not(first, is_assignment);
    first.erase(first.begin(), assigned);
    const bool nothing =
        std::ranges::all_of(first, [](const Word& word) { return word.text.empty(); });
    if (nothing) return malformed("{}: there is no command of QEMU in it", file);
    // Words without a program are its options.
    if (first.front().text.starts_with('-'))
        first.insert(first.begin(), Word{.text = {}, .place = first.front().place});
    number(first);
    return std::move(first);
}

}  // namespace

Result<std::vector<Word>> read_command(std::string_view text, std::string_view file) {
    if (text.size() > longest_input)
        return malformed("{}: a command line of more than {}", file, format_size(longest_input));
    if (text.contains('\0')) {
        auto parts = tenon::split(text, '\0');
        if (parts.back().empty()) parts.pop_back();
        if (parts.size() > most_words) return malformed("{}: more than {} words", file, most_words);
        return read_command(std::vector<std::string>{parts.begin(), parts.end()}, file);
    }
    TENON_TRY(commands, Splitter(text, file, 1).split(), "");
    return choose(std::move(commands), file);
}

Result<std::vector<Word>> read_command(const std::vector<std::string>& words,
                                       std::string_view file) {
    Command command;
    for (const auto& word : words)
        command.push_back({.text = word, .place = {.file = std::string{file}}});
    std::vector<Command> commands;
    commands.push_back(std::move(command));
    return choose(std::move(commands), file);
}

Result<std::vector<Word>> split_words(std::string_view text, const said::Place& place) {
    TENON_TRY(commands, Splitter(text, place.file, place.line).split(), "");
    Command all;
    for (auto& command : commands)
        std::ranges::move(command, std::back_inserter(all));
    for (auto& word : all)
        word.place = place;
    return all;
}

}  // namespace tenon::managed::qemu
