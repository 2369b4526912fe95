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

    /// Reads all functions of a slot, "0000:65:00.*", "65:00.*": the address of its function 0.
    static std::optional<Address> parse_slot(std::string_view text);

    /// Whether both are functions of one slot.
    constexpr bool same_slot(const Address& other) const {
        return domain == other.domain && bus == other.bus && device == other.device;
    }

    /// Device and function in one byte, as the requester id has them.
    constexpr std::uint8_t devfn() const {
        return static_cast<std::uint8_t>(device << 3 | function);
    }

    auto operator<=>(const Address&) const = default;
};

/// "0000:65:00.0".
std::string to_string(const Address& address);

/// "0000:65:00": the slot of `address`, without a function.
std::string slot_text(const Address& address);

}  // namespace tenon::pci
