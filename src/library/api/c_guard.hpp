// What stands between the C face and everything behind it: errors become codes, nothing is thrown.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "tenon/libtenon.h"

/// An error of the C face.
struct tenon_error {
    int code = TENON_IO;
    int os_error = 0;
    std::string text;
};

namespace tenon::library::c {

/// Gives `place`, where there is one, an error of its own. Where there is no memory for it, the one
/// that says so.
void put_error(tenon_error** place, const Error& error) noexcept;

/// The same of what was thrown.
void put_thrown(tenon_error** place, const std::exception& thrown) noexcept;

/// What `call` returns, a Result of a pointer; null and the error in `place` where it fails or
/// anything below it throws.
template <typename Call>
auto guarded(tenon_error** place, Call&& call) noexcept -> typename decltype(call())::value_type {
    if (place != nullptr) *place = nullptr;
    try {
        auto result = call();
        if (result) return *result;
        put_error(place, result.error());
    } catch (const std::exception& thrown) {
        put_thrown(place, thrown);
    }
    return nullptr;
}

/// `text` as C has it, from malloc().
/// Throws std::bad_alloc.
char* copy_text(const std::string& text);

}  // namespace tenon::library::c
