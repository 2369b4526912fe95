#include "vmm/control/json_stream.hpp"

#include <utility>

namespace tenon::vmm {
namespace {

bool is_space(char byte) { return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n'; }

Result<JsonStream::Json> parse(const std::string& text) {
    auto json = JsonStream::Json::parse(text, nullptr, false);
    if (json.is_discarded()) return malformed("this is not JSON");
    return json;
}

}  // namespace

std::vector<Result<JsonStream::Json>> JsonStream::feed(std::string_view bytes) {
    std::vector<Result<Json>> found;
    for (const char byte : bytes) {
        if (state_ == State::Broken) break;
        take(byte, found);
    }
    return found;
}

void JsonStream::take(char byte, std::vector<Result<Json>>& found) {
    switch (state_) {
        case State::Between:
            if (is_space(byte)) return;
            if (byte == '{') {
                state_ = State::Inside;
                take_inside(byte, found);
                return;
            }
            found.emplace_back(malformed("a command is a JSON object, which begins with '{{'"));
            state_ = State::Skipping;
            return;
        case State::Inside:
            take_inside(byte, found);
            return;
        case State::Skipping:
            if (byte == '\n') state_ = State::Between;
            return;
        case State::Broken:
            return;
    }
}

// Only as much of the syntax as tells where the object ends: the rest is the parser's.
void JsonStream::take_inside(char byte, std::vector<Result<Json>>& found) {
    text_ += byte;
    if (in_string_) {
        if (escaped_)
            escaped_ = false;
        else if (byte == '\\')
            escaped_ = true;
        else if (byte == '"')
            in_string_ = false;
    } else if (byte == '"') {
        in_string_ = true;
    } else if (byte == '{' || byte == '[') {
        ++depth_;
    } else if (byte == '}' || byte == ']') {
        --depth_;
    }
    if (depth_ == 0) {
        found.push_back(parse(std::exchange(text_, {})));
        state_ = State::Between;
    } else if (depth_ > most_depth) {
        found.emplace_back(malformed("more than {} brackets are open", most_depth));
        state_ = State::Broken;
    } else if (text_.size() >= most_bytes_) {
        found.emplace_back(malformed("it has more than {} bytes", most_bytes_));
        state_ = State::Broken;
    }
}

}  // namespace tenon::vmm
