#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "library/api/c_guard.hpp"
#include "library/version.hpp"

namespace tenon::library::c {
namespace {

// Made before there is no memory left. Nobody changes or frees it.
tenon_error memory_is_gone{.code = TENON_NO_MEMORY, .os_error = ENOMEM, .text = "no memory left"};

int code_of(Error::Kind kind) {
    using enum Error::Kind;
    switch (kind) {
        case NotFound:
            return TENON_NOT_FOUND;
        case Denied:
            return TENON_DENIED;
        case Unsupported:
            return TENON_UNSUPPORTED;
        case Malformed:
            return TENON_MALFORMED;
        case Busy:
            return TENON_BUSY;
        case Io:
            return TENON_IO;
    }
    return TENON_IO;
}

// A text of C's ends at a zero byte: what is behind one is not lost.
std::string without_zero_bytes(std::string text) {
    for (auto& letter : text)
        if (letter == '\0') letter = '?';
    return text;
}

// An error with the text that `words` makes, which may throw where there is no memory.
template <typename Words>
tenon_error* make_error(int code, int os_error, Words&& words) noexcept {
    try {
        return std::make_unique<tenon_error>(tenon_error{.code = code,
                                                         .os_error = os_error,
                                                         .text = without_zero_bytes(words())})
            .release();
    } catch (const std::exception&) {
        return &memory_is_gone;
    }
}

}  // namespace

void put_error(tenon_error** place, const Error& error) noexcept {
    if (place != nullptr)
        *place = make_error(code_of(error.kind), error.os_error, [&] { return to_string(error); });
}

void put_thrown(tenon_error** place, const std::exception& thrown) noexcept {
    if (place == nullptr) return;
    const bool memory = dynamic_cast<const std::bad_alloc*>(&thrown) != nullptr;
    *place = memory ? &memory_is_gone
                    : make_error(TENON_IO, 0, [&] { return std::string{thrown.what()}; });
}

char* copy_text(const std::string& text) {
    // SAFETY: as many bytes as are copied, the zero byte among them.
    auto* const copy = static_cast<char*>(std::malloc(text.size() + 1));
    if (copy == nullptr) throw std::bad_alloc{};
    std::memcpy(copy, text.c_str(), text.size() + 1);
    return copy;
}

}  // namespace tenon::library::c

extern "C" {

const char* tenon_version(void) {
    // A literal: a zero byte is behind it.
    return tenon::library::version_number.data();
}

int tenon_error_code(const tenon_error* error) { return error == nullptr ? TENON_OK : error->code; }

int tenon_error_errno(const tenon_error* error) { return error == nullptr ? 0 : error->os_error; }

const char* tenon_error_text(const tenon_error* error) {
    return error == nullptr ? "" : error->text.c_str();
}

void tenon_error_free(tenon_error* error) {
    if (error != &tenon::library::c::memory_is_gone) delete error;
}

void tenon_text_free(char* text) { std::free(text); }

}  // extern "C"
