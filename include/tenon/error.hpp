// A value, or the reason why there is none: how every operation that can fail says so.
//
// An Error is written for the person who has to mend it: `what` names the object, each layer puts
// the step it was in in front and never rephrases, `hint` says what to do.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "tenon/export.hpp"

namespace tenon {

/// Why an operation failed, in words a user can act on.
struct [[nodiscard]] Error {
    enum class Kind { NotFound, Denied, Unsupported, Malformed, Busy, Io };

    Kind kind = Kind::Io;
    std::string what;  ///< Names the object: "VFIO group 14: Permission denied".
    int os_error = 0;  ///< errno, or 0 if no system call failed.
    std::string hint;  ///< What the user can do, or empty.

    /// Puts the step in front: "assigning 0000:3b:00.0: opening VFIO group 14: …".
    TENON_API Error during(std::string_view step) &&;
};

/// The whole error in one line: what failed, then what to do.
TENON_API std::string to_string(const Error& error);

/// A value, or the reason why there is none. A class of its own because neither gcc 12 nor
/// clang-19 warns when a plain std::expected is dropped.
template <typename T>
class [[nodiscard]] Result : public std::expected<T, Error> {
public:
    using std::expected<T, Error>::expected;
};

}  // namespace tenon
