// Address Translation Service and Page Request Interface: extended capabilities by which a function
// uses an IOMMU's translations. Source: PCIe Base Spec 6.0, 10.5.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pci/register.hpp"

namespace tenon::pci {

namespace ats {
inline constexpr std::size_t control = 0x06;
}  // namespace ats

namespace page_request {
inline constexpr std::size_t control = 0x04;
inline constexpr std::size_t allocation = 0x0c;  ///< Outstanding Page Request Allocation.
}  // namespace page_request

/// ATS Control. Source: 10.5.1.3.
struct SmallestTranslationUnit : Bits<4, 0, Access::ReadWrite> {};
struct AtsEnable : Bits<15, 15, Access::ReadWrite> {};
using AtsControl = Register<std::uint16_t, SmallestTranslationUnit, AtsEnable>;

/// Page Request Control. Source: 10.5.2.2.
struct PageRequestEnable : Bits<0, 0, Access::ReadWrite> {};
struct PageRequestReset : Bits<1, 1, Access::ReadWrite> {};
using PageRequestControl = Register<std::uint16_t, PageRequestEnable, PageRequestReset>;

}  // namespace tenon::pci
