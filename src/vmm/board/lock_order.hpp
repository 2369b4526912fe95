// In which order locks of different classes of vmm are taken where both are held.
//
//   order::reset     after the turn of who plugs: the turn of who resets
//   order::function  after turns: functions
//   order::board     after the locks of the machine and of functions:
//                    a bus while its ranges move, the serial port
//   order::placed    after those of buses: BARs, which a bus places
//   order::shared    after those of BARs: BARs as other devices reach them
//   order::slot      after those: who is here
//   order::said      after slots: warnings
//   order::pins      after who holds pins of the IOAPIC: what they lead to
//   order::last      after all others; who holds such a lock takes none: memory slots, routes,
//                    the event loop, outputs, what is noted
//
// A lock says beside its declaration after which of these it is taken, and before which.
#pragma once

#include "base/mutex.hpp"

namespace tenon::vmm::board::order {

inline LockOrder reset;
inline LockOrder function TENON_ACQUIRED_AFTER(reset);
inline LockOrder board TENON_ACQUIRED_AFTER(function);
inline LockOrder placed TENON_ACQUIRED_AFTER(board);
inline LockOrder shared TENON_ACQUIRED_AFTER(placed);
inline LockOrder slot TENON_ACQUIRED_AFTER(shared);
inline LockOrder said TENON_ACQUIRED_AFTER(slot);
inline LockOrder pins TENON_ACQUIRED_AFTER(said);
inline LockOrder last TENON_ACQUIRED_AFTER(pins);

}  // namespace tenon::vmm::board::order
