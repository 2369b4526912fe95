// Making and passing on the errors of tenon/error.hpp, which programs see as well.
#pragma once

#include <fmt/core.h>

#include <string_view>
#include <utility>

#include "tenon/error.hpp"  // IWYU pragma: export

namespace tenon {

/// A failure that no system call reported.
template <typename... Args>
std::unexpected<Error> fail(Error::Kind kind, fmt::format_string<Args...> format, Args&&... args) {
    return std::unexpected(
        Error{.kind = kind, .what = fmt::format(format, std::forward<Args>(args)...)});
}

/// Input that breaks a rule; the text names the place.
template <typename... Args>
std::unexpected<Error> malformed(fmt::format_string<Args...> format, Args&&... args) {
    return fail(Error::Kind::Malformed, format, std::forward<Args>(args)...);
}

/// The failure of a system call: `os_error` chooses the kind and is put into words after `what`.
Error system_error(int os_error, std::string_view what, std::string_view hint = {});

/// As system_error, ready to be returned.
inline std::unexpected<Error> fail_system(int os_error, std::string_view what,
                                          std::string_view hint = {}) {
    return std::unexpected(system_error(os_error, what, hint));
}

}  // namespace tenon

// Binds `name` to the value of `expression`, or returns its error with `step` in front.
// TRY_DO is the same for a Result<void>. They go away with C++23 `transform_error`, which gcc 12
// lacks.
// NOLINTBEGIN(bugprone-macro-parentheses): `name` is declared, not used as a value.
#define TENON_TRY(name, expression, step)                                                          \
    auto name##_or_error = (expression);                                                           \
    if (!name##_or_error) return std::unexpected(std::move(name##_or_error).error().during(step)); \
    auto& name = *name##_or_error

#define TENON_TRY_DO(expression, step)                                             \
    do {                                                                           \
        if (auto done_or_error = (expression); !done_or_error)                     \
            return std::unexpected(std::move(done_or_error).error().during(step)); \
    } while (false)
// NOLINTEND(bugprone-macro-parentheses)
