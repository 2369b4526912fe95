// The drawing of `lspci -t` and `-tv`: who is behind whom.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "pci/address.hpp"

namespace tenon::capture::listing {

/// A function of the drawing.
struct TreeFunction {
    pci::Address address;
    std::optional<pci::Address> above;      ///< None: on a root bus.
    std::optional<std::uint8_t> secondary;  ///< Of a bridge: the bus behind it.
    std::string_view name;                  ///< Of -v; may be empty.
};

/// Reads the drawing line by line: what a line hangs on is known by its column.
class TreeLines {
public:
    /// Gives each function of the line to `found`. Whether the line is one of the drawing; another
    /// ends it.
    bool take(std::string_view line, const std::function<void(const TreeFunction&)>& found);

private:
    // A bus, and the column of what hangs on it.
    struct Bus {
        std::size_t column = 0;
        std::uint32_t domain = 0;
        std::uint8_t number = 0;
        std::optional<pci::Address> bridge;
    };

    std::optional<std::size_t> begin(std::string_view line);
    bool take_root(std::string_view line, std::size_t& at);
    bool take_function(std::string_view line, std::size_t& at,
                       const std::function<void(const TreeFunction&)>& found);

    std::vector<Bus> buses_;  // From the root down to the one that the line is on.
    bool drawing_ = false;
};

}  // namespace tenon::capture::listing
