// Functions whose drivers look for another function of their slot by its number: data, a row each.
// They stand in one slot of the guest, at the numbers that they have on the host.
#pragma once

#include <cstdint>
#include <string_view>

namespace tenon::model::slot {

/// A function beside a display function 0.
struct Companion {
    std::uint16_t vendor;
    std::uint16_t class_code;  ///< Class and subclass.
    unsigned function;         ///< Where its driver's kernel expects it.
    std::string_view what;     ///< "the sound of a display": what it is.
    std::string_view source;   ///< Where that was read.
};

/// The row for a function of this vendor, class (24 bits) and number beside a display function 0;
/// null: none is known.
const Companion* find_companion(std::uint16_t vendor, std::uint32_t class_code, unsigned function);

}  // namespace tenon::model::slot
