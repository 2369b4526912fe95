// Guests that remap interrupts out of random bytes, and a judge. Shared by property tests and a
// fuzzer.
#pragma once

#include <cstddef>
#include <string>

#include "tests/support/random_function.hpp"

namespace tenon::support {

/// What came of such a guest.
struct InterruptStory {
    std::string misdeed;        ///< The first thing that must not happen; empty: none did.
    std::size_t delivered = 0;  ///< Messages that arrived, by an entry.
    std::size_t refused = 0;    ///< Those that did not.
    std::size_t resolved = 0;   ///< Vectors that were resolved anew by an invalidation.
    std::size_t spared = 0;     ///< Those that an invalidation did not mean.
};

/// A guest that changes its table and invalidates what it changed, by entries and by all of it.
/// Vectors are resolved when they are set up and when the unit asks for that, not else: after each
/// wait they lead where the reference says. What is sent becomes what the reference says at once,
/// with a fault recorded where one is due.
InterruptStory run_interrupt_guest(ByteSource& bytes);

}  // namespace tenon::support
