// The bytes of a function's configuration space, and how many of them somebody read.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/result.hpp"

namespace tenon::pci {

/// Bytes of a conventional configuration header, of the space of conventional PCI, and of PCI
/// Express.
inline constexpr std::size_t header_size = 64;
inline constexpr std::size_t conventional_size = 256;
inline constexpr std::size_t express_size = 4096;

/// A snapshot of configuration space. Bytes past known() were never read; they count as zero. The
/// bytes are not in the object: frames and plans hold many of these.
class ConfigImage {
public:
    /// All zero, nothing read.
    ConfigImage() = default;
    /// All zero, `known` bytes of it read.
    explicit ConfigImage(std::size_t known) : known_{known} {}

    /// A snapshot of `bytes`.
    /// Errors: Malformed unless there are 64 to 4096 of them, in whole dwords.
    static Result<ConfigImage> from_bytes(std::span<const std::byte> bytes);

    /// How many bytes from the start were read: 64 without privilege, 256, or 4096.
    std::size_t known() const { return known_; }

    /// The value at `offset`; all ones past the end of the space, as a bus answers.
    template <std::unsigned_integral Word>
    Word read(std::size_t offset) const;
    std::uint8_t read8(std::size_t offset) const { return read<std::uint8_t>(offset); }
    std::uint16_t read16(std::size_t offset) const { return read<std::uint16_t>(offset); }
    std::uint32_t read32(std::size_t offset) const { return read<std::uint32_t>(offset); }

    /// Sets the value at `offset`; ignored past the end of the space.
    template <std::unsigned_integral Word>
    void write(std::size_t offset, Word value);

    std::span<const std::byte> bytes() const { return bytes_; }
    std::span<std::byte> bytes() { return bytes_; }

    bool operator==(const ConfigImage& other) const {
        // At once: the defaulted one goes byte by byte, and plans have many of these.
        return known_ == other.known_ && bytes_.size() == other.bytes_.size() &&
               std::memcmp(bytes_.data(), other.bytes_.data(), bytes_.size()) == 0;
    }

private:
    std::size_t known_ = 0;
    std::vector<std::byte> bytes_ = std::vector<std::byte>(express_size);  // None once moved from.
};

}  // namespace tenon::pci
