// A fact that is known, or is not known for a stated reason.
//
// Unknown is a value of its own: it is printed as unknown with the reason, and never taken for no.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace tenon {

/// The reason why a fact is not known, in words for a person.
struct Unknown {
    std::string why;

    bool operator==(const Unknown&) const = default;
};

/// A value, or the reason why it is not known.
template <typename T>
class Known {
public:
    /// Not known, because nobody looked yet.
    Known() : state_{Unknown{"not read"}} {}
    Known(T value) : state_{std::move(value)} {}            // NOLINT(google-explicit-constructor)
    Known(Unknown unknown) : state_{std::move(unknown)} {}  // NOLINT(google-explicit-constructor)

    explicit operator bool() const { return std::holds_alternative<T>(state_); }
    const T& operator*() const { return std::get<T>(state_); }
    T& operator*() { return std::get<T>(state_); }
    const T* operator->() const { return &std::get<T>(state_); }
    T* operator->() { return &std::get<T>(state_); }

    /// The value, or `otherwise` where the answer does not depend on knowing.
    T value_or(const T& otherwise) const { return *this ? **this : otherwise; }

    /// Why the fact is not known, in words for a person; of one that is known, that it is. So there
    /// is no wrong moment to ask: which of several facts was missing is easily taken for another.
    const std::string& why() const {
        static const std::string known = "it is known";
        const auto* const unknown = std::get_if<Unknown>(&state_);
        return unknown == nullptr ? known : unknown->why;
    }

    bool operator==(const Known&) const = default;

private:
    std::variant<T, Unknown> state_;
};

}  // namespace tenon
