// Where firmware (edk2's CloudHv) gives addresses from, which it does whatever was there before.
//
//   c0000000  32-bit BARs  fc000000  ECAM  fec00000  interrupt controllers  100000000  memory
//   end of memory  64-bit BARs  2^bits
//
// It does not know ECAM, nor would it go around it: so that is above what it gives from, where the
// buses fit there, or takes the upper part of it, and the plan sees that nobody needs that.
// Source: edk2 OvmfPkg/Library/PlatformInitLib, OvmfPkg/Library/PciHostBridgeUtilityLib.
#pragma once

#include <cstdint>
#include <vector>

#include "model/machine/machine_plan.hpp"

namespace tenon::model::machine {

/// Bits of an address that firmware gives out at most: its page tables have four levels.
inline constexpr unsigned most_firmware_bits = 46;
/// It can count so many processors.
inline constexpr unsigned most_firmware_vcpus = 254;
/// Bytes that it and its drivers need, at the least.
inline constexpr std::uint64_t least_firmware_memory = 128ull << 20;

/// Ports tell firmware what they are to have room for. The board's windows are those that firmware
/// gives from, and ECAM is out of its way; how large ECAM is has been settled. The 64-bit window is
/// place_bars()'s.
void follow_firmware(AddressMap& addresses, std::vector<slot::PortPlan>& ports);

/// What keeps firmware from starting becomes a problem.
void check_for_firmware(unsigned vcpus, std::uint64_t memory,
                        std::vector<chosen::Reason>& problems);

}  // namespace tenon::model::machine
