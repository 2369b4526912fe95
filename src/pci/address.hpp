// Where a PCI function is: domain, bus, device, function.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenon::pci {

/// The address of a function, as lspci prints it.
struct Address {
    std::uint32_t domain = 0;  ///< 32 bits: domains above 0xffff exist (VMD, Hyper-V).
    std::uint8_t bus = 0;
    std::uint8_t device = 0;    ///< 0..31
    std::uint8_t function = 0;  ///< 0..7

    /// Reads "0000:65:00.0", "65:00.0" (domain 0), with a domain of 4, 5 or 8 hex digits.
    static std::optional<Address> parse(std::string_view text);

    /// Device and function in one byte, as the requester id has them.
    constexpr std::uint8_t devfn() const {
        return static_cast<std::uint8_t>(device << 3 | function);
    }

    auto operator<=>(const Address&) const = default;
};

/// "0000:65:00.0".
std::string to_string(const Address& address);

}  // namespace tenon::pci
