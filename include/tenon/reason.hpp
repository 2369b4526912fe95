// Why something cannot be done.
#pragma once

#include <string>
#include <vector>

namespace tenon {

/// Why a function or a machine cannot be had as it was asked for.
struct Reason {
    std::string what;    ///< In a sentence for a person, without a full stop.
    std::string remedy;  ///< What mends it, in words: a key, a setting. Empty: the commands do.
    std::vector<std::string> commands;  ///< For a root shell, in order. Both empty: nothing does.

    bool operator==(const Reason&) const = default;
};

}  // namespace tenon
