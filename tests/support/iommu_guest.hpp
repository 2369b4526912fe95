// Guests of a remapping unit out of random bytes, and judges who know what must not happen. Shared
// by property tests and a fuzzer.
#pragma once

#include <cstddef>
#include <string>

#include "tests/support/random_function.hpp"

namespace tenon::support {

/// What came of a guest.
struct GuestStory {
    std::string misdeed;     ///< The first thing that must not happen, in words; empty: none did.
    std::size_t mapped = 0;  ///< Mappings that were made.
    std::size_t moved = 0;   ///< Devices and PASIDs that went to a domain.
    std::size_t faults = 0;
};

/// A guest that changes its tables as it likes and invalidates what it changed, as the
/// specification wants it. After each wait a device reaches what the reference says; until then
/// never more than before or after.
GuestStory run_orderly_guest(ByteSource& bytes);

/// A guest that writes anything anywhere: registers, queue, tables. No device reaches what is not
/// memory for DMA, the host is asked nothing that a kernel refuses, and a reset ends it all.
GuestStory run_hostile_guest(ByteSource& bytes);

}  // namespace tenon::support
