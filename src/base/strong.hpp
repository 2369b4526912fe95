// Numbers that have a meaning get a type each, so that a guest address cannot be passed for a host
// address. They convert by named functions only.
#pragma once

#include <compare>
#include <cstdint>

namespace tenon {

/// A number of its own kind. `Tag` only tells the kinds apart.
template <typename Tag, typename Rep = std::uint64_t>
class Strong {
public:
    constexpr Strong() = default;
    constexpr explicit Strong(Rep value) : value_{value} {}

    constexpr Rep value() const { return value_; }

    /// The number `distance` further on. The caller has checked that it does not wrap.
    constexpr Strong plus(Rep distance) const {
        return Strong{static_cast<Rep>(value_ + distance)};
    }

    constexpr auto operator<=>(const Strong&) const = default;

private:
    Rep value_ = 0;
};

/// An address in guest physical memory.
using GuestAddress = Strong<struct GuestAddressTag>;
/// An address that a device puts on the bus for DMA, before translation.
using Iova = Strong<struct IovaTag>;

}  // namespace tenon
