// A fact that somebody states, perhaps more than once. Two who state it differently make it none:
// a text may be of before and after, or of two machines.
#pragma once

#include <optional>
#include <utility>

namespace tenon::capture::listing {

template <typename T>
class Stated {
public:
    /// Somebody says that it is `value`.
    void say(T value) {
        if (!first_)
            first_ = std::move(value);
        else if (*first_ != value && !other_)
            other_ = std::move(value);
    }

    /// Whether it is known: said, and by nobody otherwise.
    explicit operator bool() const { return first_ && !other_; }
    const T& operator*() const { return *first_; }
    const T* operator->() const { return &*first_; }

    /// What was said first, and what was said otherwise; none: nothing was.
    const std::optional<T>& first() const { return first_; }
    const std::optional<T>& other() const { return other_; }

    T value_or(const T& otherwise) const { return *this ? *first_ : otherwise; }

private:
    std::optional<T> first_;
    std::optional<T> other_;
};

}  // namespace tenon::capture::listing
