// What was chosen for a function, a port or the machine, and what came of it.
#pragma once

#include <string>

namespace tenon {

/// Who chose a value.
enum class PropertyOrigin {
    Version,        ///< Default of the current machine version.
    Compatibility,  ///< Default of another version, chosen with `--machine`.
    User,           ///< A key or an option.
};

/// A key of the command line, with its value and what the guest gets by it.
struct Property {
    std::string name;   ///< "ats"
    std::string value;  ///< "auto"
    PropertyOrigin origin = PropertyOrigin::Version;
    std::string host;    ///< What is known of the host. May be empty.
    std::string effect;  ///< What the guest gets, and why, in words for a person.
    std::string change;  ///< What would change that. Empty: nothing would.
};

}  // namespace tenon
