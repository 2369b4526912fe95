// The Access Control Services extended capability. Source: PCIe Base Spec 6.0, 7.7.11.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pci/register.hpp"

namespace tenon::pci {

namespace access_control {
inline constexpr std::size_t capability = 0x04;
inline constexpr std::size_t control = 0x06;
}  // namespace access_control

/// ACS Capability; ACS Control has the enable of each at the same bit. Source: 7.7.11.2, 7.7.11.3.
struct SourceValidation : Bits<0, 0, Access::ReadWrite> {};
struct TranslationBlocking : Bits<1, 1, Access::ReadWrite> {};
struct RequestRedirect : Bits<2, 2, Access::ReadWrite> {};
struct CompletionRedirect : Bits<3, 3, Access::ReadWrite> {};
struct UpstreamForwarding : Bits<4, 4, Access::ReadWrite> {};
using AccessControl = Register<std::uint16_t, SourceValidation, TranslationBlocking,
                               RequestRedirect, CompletionRedirect, UpstreamForwarding>;

}  // namespace tenon::pci
