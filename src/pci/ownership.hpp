// Who owns each byte of a configuration space, and where there is room for something new.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "pci/capability.hpp"
#include "pci/config_image.hpp"

namespace tenon::pci {

/// What a byte belongs to.
enum class OwnerKind : std::uint8_t {
    Header,
    Capability,        ///< One that the host kernel shows.
    HiddenCapability,  ///< One that the host kernel only unlinks: its registers are still there.
    Zero,              ///< Nobody's, and zero.
    NonZero,           ///< Nobody's, and not zero: a register that no list names.
    NotRead,           ///< Past the end of what was read.
};

/// The owner of one byte.
struct Owner {
    OwnerKind kind = OwnerKind::NotRead;
    std::uint16_t capability = 0;  ///< For a capability: its index in Ownership::capabilities.

    bool operator==(const Owner&) const = default;
};

/// One owner for each byte.
struct Ownership {
    std::vector<Capability> capabilities;  ///< Of both lists, standard ones first.
    std::vector<Owner> bytes = std::vector<Owner>(express_size);  ///< Of each byte of the space.

    /// The owner's name: "header", "MSI-X", "nobody, zero".
    std::string name_of(std::size_t offset) const;
};

/// Finds the owners. Give it the hardware's own bytes where they can be had: a view of VFIO's lacks
/// the capabilities that the kernel unlinks, and their registers look like nobody's.
Ownership find_owners(const ConfigImage& image, const Capabilities& capabilities);

/// Room for `size` bytes.
struct Hole {
    std::uint16_t at = 0;          ///< Where they would go.
    std::uint16_t range_at = 0;    ///< The free range around that place.
    std::uint16_t range_size = 0;  ///< Bytes of it.
    bool zero = false;             ///< The place reads as zero.
    bool guarded = false;          ///< Dwords before and after it are free and zero as well.
    std::uint16_t distance = 0;    ///< To the nearest byte that is nobody's and not zero.
    std::string why;               ///< What speaks for or against it, for a person.

    bool operator==(const Hole&) const = default;
};

/// One place in each free range of the extended space that has room, the best one first.
///
/// Ranks, in this order: all zero; zero dwords on both sides; far from bytes that are nobody's and
/// not zero; high addresses. `size` is a multiple of 4; `alignment` a power of two, at least 4.
std::vector<Hole> find_holes(const Ownership& ownership, std::size_t size, std::size_t alignment);

}  // namespace tenon::pci
