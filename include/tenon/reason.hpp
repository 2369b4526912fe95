// Why something cannot be done.
#pragma once

#include <string>

namespace tenon {

/// Why a function or a machine cannot be had as it was asked for.
struct Reason {
    std::string what;    ///< In a sentence for a person, without a full stop.
    std::string remedy;  ///< What mends it: commands for a shell of root, a line each, or a key to
                         ///< give. Empty: nothing does.

    bool operator==(const Reason&) const = default;
};

}  // namespace tenon
