// What speaks against taking a function from its host.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "device/facts.hpp"
#include "pci/address.hpp"

namespace tenon::device {

/// "holds / (vda1)", and "holds a mounted file system" where names are not told.
std::string words_of(const Use& use);

/// "0000:00:02.0 holds / (vda1): do not", of a function whose driver somebody could be told to take
/// away; empty: nothing is known that speaks against it.
std::string why_not_to_take(const pci::Address& address, std::span<const Use> uses);

/// What speaks against taking the function from its host: it is in use itself, or a member of its
/// IOMMU group that would have to leave the host with it. Empty: nothing is known.
std::string why_not_to_take(const DeviceFacts& facts);

/// How a member of a group leaves its host.
struct MemberAdvice {
    std::string remedy;                 ///< Words for a person; what speaks against it.
    std::vector<std::string> commands;  ///< For a root shell, in order; empty: do not.

    bool operator==(const MemberAdvice&) const = default;
};

/// Nothing is to be done with what is in use or the host hangs on; what serves its board loses its
/// driver and gets none; everything else is bound to vfio-pci.
MemberAdvice advice_for(const GroupMember& member);

}  // namespace tenon::device
