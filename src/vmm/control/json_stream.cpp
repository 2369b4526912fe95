#include "vmm/control/json_stream.hpp"

#include <utility>

#include "base/json_place.hpp"

namespace tenon::vmm::control {
namespace {

bool is_space(char byte) { return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n'; }

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
            found.emplace_back(malformed("a message is a JSON object, which begins with '{{'"));
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
    scan_.take(byte);
    const auto end = [&](State next, Result<Json> result) {
        found.push_back(std::move(result));
        state_ = next;
        scan_ = {};
        text_ = {};
    };
    if (scan_.depth() == 0)
        end(State::Between, parse_json(text_, "a message", limits_));
    else if (scan_.depth() > limits_.depth)
        end(State::Broken, malformed("more than {} brackets are open", limits_.depth));
    else if (scan_.values() > limits_.values)
        end(State::Broken, malformed("it has more than {} values", limits_.values));
    else if (text_.size() >= limits_.bytes)
        end(State::Broken, malformed("it has more than {} bytes", limits_.bytes));
}

}  // namespace tenon::vmm::control
