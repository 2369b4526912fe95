// In which order locks of different classes of vmm are taken where both are held.
//
//   order::board   after the locks of the machine, of slots and of functions:
//                  a bus while its ranges move, the serial port
//   order::placed  after those of buses: BARs, which a bus places
//   order::said    after those of BARs: warnings
//   order::last    after all others; who holds such a lock takes none: memory slots, routes, pins,
//                  the event loop, outputs
//
// A lock says beside its declaration after which of these it is taken, and before which.
#pragma once

#include "base/mutex.hpp"

namespace tenon::vmm::board::order {

inline LockOrder board;
inline LockOrder placed TENON_ACQUIRED_AFTER(board);
inline LockOrder said TENON_ACQUIRED_AFTER(placed);
inline LockOrder last TENON_ACQUIRED_AFTER(said);

}  // namespace tenon::vmm::board::order
