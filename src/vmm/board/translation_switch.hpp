// What a guest switches on and off of a function's dealings with an IOMMU.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/listener.hpp"

namespace tenon::vmm::board {

/// What a switch has beside on and off.
struct AtsSwitch {
    std::uint64_t smallest_translation = 0;  ///< Bytes.
    bool operator==(const AtsSwitch&) const = default;
};
struct PageRequestSwitch {
    std::uint32_t allocation = 0;  ///< Requests that may be outstanding.
    bool operator==(const PageRequestSwitch&) const = default;
};
struct PasidSwitch {
    bool execute = false;
    bool privileged = false;
    bool operator==(const PasidSwitch&) const = default;
};

/// A guest has written one of the three registers, or a reset has. It says what the register has
/// now, for who follows a machine from outside; none of it reaches the device.
struct TranslationSwitch {
    std::string id;  ///< Of the function.
    bool enabled = false;
    std::variant<AtsSwitch, PageRequestSwitch, PasidSwitch> of;

    bool operator==(const TranslationSwitch&) const = default;
};

/// Who is told of each, from any thread, with the function's lock held: it is to note it and
/// return.
using TranslationListener = Listener<void(const TranslationSwitch&)>;

}  // namespace tenon::vmm::board
