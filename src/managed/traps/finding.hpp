// What is wrong with a configuration, and what to do about it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "managed/said/value.hpp"

namespace tenon::managed::traps {

/// What comes of it.
enum class Kind { FailsToStart, GuestLoses, Slow, Dangerous };

/// "fails to start", "the guest loses something", "slow", "dangerous".
std::string_view words_of(Kind kind);

/// What shows it in the configuration.
struct Evidence {
    said::Place place;
    std::string word;
};

/// One.
struct Finding {
    std::string trap;  ///< Its name, which stays.
    Kind kind = Kind::GuestLoses;
    std::string what;
    std::vector<Evidence> evidence;
    std::string why;
    std::string source;
    std::string change;              ///< What to do, in a sentence; may be empty.
    std::vector<std::string> paste;  ///< Lines in the words of the manager; may be empty.
};

/// What a trap would have to know of the host to be told from none.
struct Question {
    std::string trap;
    std::string what;  ///< Ends "which FACT": a sentence without a full stop.
};

/// All that was found, in the order of the traps.
struct Diagnosis {
    std::vector<Finding> findings;
    std::vector<Question> questions;
};

}  // namespace tenon::managed::traps
