// Functions and guests out of random bytes, for tests that look for what nobody thought of: the
// same bytes give the same function, so that a finding can be kept and a case can be made smaller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "device/facts.hpp"

namespace tenon::support {

/// Takes numbers off the front of some bytes; zeros when they are used up.
class ByteSource {
public:
    explicit ByteSource(std::span<const std::uint8_t> bytes) : bytes_{bytes} {}

    bool empty() const { return bytes_.empty(); }
    std::uint8_t next8();
    std::uint16_t next16();
    std::uint32_t next32();
    /// 0 to `bound` - 1; `bound` is at least 1.
    std::size_t below(std::size_t bound) { return next16() % bound; }

private:
    std::span<const std::uint8_t> bytes_;
};

/// Puts functions of one host on a few buses, some beside others that are none of them, and gives
/// each the resets of a kernel.
void put_on_buses(ByteSource& bytes, std::span<device::DeviceFacts> functions);

/// A function as hostile as the bytes want it: capabilities of any id at any place with any
/// content, chains that loop or leave the space, BARs of any size; VFIO's view of it, if there is
/// one, may have nothing to do with the hardware's.
device::DeviceFacts random_facts(ByteSource& bytes);

}  // namespace tenon::support
