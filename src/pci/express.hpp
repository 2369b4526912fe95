// The PCI Express capability: offsets inside it and registers. Source: PCIe Base Spec 6.0, 7.5.3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "pci/capability.hpp"
#include "pci/config_image.hpp"
#include "pci/register.hpp"

namespace tenon::pci {

namespace express {
inline constexpr std::size_t capabilities = 0x02;
inline constexpr std::size_t device_capabilities = 0x04;
inline constexpr std::size_t device_control = 0x08;
inline constexpr std::size_t device_status = 0x0a;
inline constexpr std::size_t link_capabilities = 0x0c;
inline constexpr std::size_t link_control = 0x10;
inline constexpr std::size_t link_status = 0x12;
inline constexpr std::size_t slot_capabilities = 0x14;
inline constexpr std::size_t slot_control = 0x18;
inline constexpr std::size_t slot_status = 0x1a;
inline constexpr std::size_t root_control = 0x1c;
inline constexpr std::size_t root_capabilities = 0x1e;
inline constexpr std::size_t root_status = 0x20;
inline constexpr std::size_t device_capabilities_2 = 0x24;
inline constexpr std::size_t device_control_2 = 0x28;
inline constexpr std::size_t link_capabilities_2 = 0x2c;
inline constexpr std::size_t link_control_2 = 0x30;
inline constexpr std::size_t link_status_2 = 0x32;
}  // namespace express

/// PCI Express Capabilities. Source: 7.5.3.2.
struct ExpressVersion : Bits<3, 0, Access::ReadOnly> {};
struct DevicePortType : Bits<7, 4, Access::ReadOnly> {};
struct SlotImplemented : Bits<8, 8, Access::ReadOnly> {};
struct InterruptMessageNumber : Bits<13, 9, Access::ReadOnly> {};
using ExpressCapabilities = Register<std::uint16_t, ExpressVersion, DevicePortType, SlotImplemented,
                                     InterruptMessageNumber>;

/// Device/Port Type. Source: 7.5.3.2, table 7-18.
enum class PortType : std::uint8_t {
    Endpoint = 0x0,
    LegacyEndpoint = 0x1,
    RootPort = 0x4,
    SwitchUpstream = 0x5,
    SwitchDownstream = 0x6,
    ExpressToPciBridge = 0x7,
    PciToExpressBridge = 0x8,
    RootComplexEndpoint = 0x9,
    RootComplexEventCollector = 0xa,
};

/// The name lspci users know: "Root Port", "Endpoint".
constexpr std::string_view name_of(PortType type) {
    switch (type) {
        case PortType::Endpoint:
            return "PCI Express Endpoint";
        case PortType::LegacyEndpoint:
            return "Legacy PCI Express Endpoint";
        case PortType::RootPort:
            return "Root Port";
        case PortType::SwitchUpstream:
            return "Upstream Port of a switch";
        case PortType::SwitchDownstream:
            return "Downstream Port of a switch";
        case PortType::ExpressToPciBridge:
            return "PCI Express to PCI bridge";
        case PortType::PciToExpressBridge:
            return "PCI to PCI Express bridge";
        case PortType::RootComplexEndpoint:
            return "Root Complex Integrated Endpoint";
        case PortType::RootComplexEventCollector:
            return "Root Complex Event Collector";
    }
    return "device of an unknown type";
}

/// Device Capabilities. Source: 7.5.3.3.
struct MaxPayloadSupported : Bits<2, 0, Access::ReadOnly> {};
struct RoleBasedErrors : Bits<15, 15, Access::ReadOnly> {};
struct FunctionLevelReset : Bits<28, 28, Access::ReadOnly> {};
using DeviceCapabilities =
    Register<std::uint32_t, MaxPayloadSupported, RoleBasedErrors, FunctionLevelReset>;

/// Device Control; bit 15 starts a function level reset in an endpoint. Source: 7.5.3.4.
struct CorrectableErrorReportingEnable : Bits<0, 0, Access::ReadWrite> {};
struct NonFatalErrorReportingEnable : Bits<1, 1, Access::ReadWrite> {};
struct FatalErrorReportingEnable : Bits<2, 2, Access::ReadWrite> {};
struct UnsupportedRequestReportingEnable : Bits<3, 3, Access::ReadWrite> {};
struct RelaxedOrderingEnable : Bits<4, 4, Access::ReadWrite> {};
struct MaxPayloadSize : Bits<7, 5, Access::ReadWrite> {};
struct MaxReadRequestSize : Bits<14, 12, Access::ReadWrite> {};
struct InitiateFlr : Bits<15, 15, Access::ReadWrite> {};
using DeviceControl =
    Register<std::uint16_t, CorrectableErrorReportingEnable, NonFatalErrorReportingEnable,
             FatalErrorReportingEnable, UnsupportedRequestReportingEnable, RelaxedOrderingEnable,
             MaxPayloadSize, MaxReadRequestSize, InitiateFlr>;

/// Device Status. Source: 7.5.3.5.
struct CorrectableErrorDetected : Bits<0, 0, Access::WriteOneToClear> {};
struct NonFatalErrorDetected : Bits<1, 1, Access::WriteOneToClear> {};
struct FatalErrorDetected : Bits<2, 2, Access::WriteOneToClear> {};
struct UnsupportedRequestDetected : Bits<3, 3, Access::WriteOneToClear> {};
using DeviceStatus = Register<std::uint16_t, CorrectableErrorDetected, NonFatalErrorDetected,
                              FatalErrorDetected, UnsupportedRequestDetected>;

/// Link Capabilities. Speed is a bit number in the supported speeds vector. Source: 7.5.3.6.
struct MaxLinkSpeed : Bits<3, 0, Access::ReadOnly> {};
struct MaxLinkWidth : Bits<9, 4, Access::ReadOnly> {};
struct DllActiveReporting : Bits<20, 20, Access::ReadOnly> {};
struct PortNumber : Bits<31, 24, Access::ReadOnly> {};
using LinkCapabilities =
    Register<std::uint32_t, MaxLinkSpeed, MaxLinkWidth, DllActiveReporting, PortNumber>;

/// Device Capabilities 2. Of the completers bit 0 is 32 bit, bit 1 is 64 bit, bit 2 is 128 bit
/// (CAS). Source: 7.5.3.15.
struct AtomicOpRouting : Bits<6, 6, Access::ReadOnly> {};
struct AtomicOpCompleters : Bits<9, 7, Access::ReadOnly> {};
struct EndToEndPrefixSupported : Bits<21, 21, Access::ReadOnly> {};
struct MaxEndToEndPrefixes : Bits<23, 22, Access::ReadOnly> {};  ///< 0: four.
using DeviceCapabilities2 = Register<std::uint32_t, AtomicOpRouting, AtomicOpCompleters,
                                     EndToEndPrefixSupported, MaxEndToEndPrefixes>;

/// Device Control 2. Source: 7.5.3.16.
struct AtomicOpRequesterEnable : Bits<6, 6, Access::ReadWrite> {};
struct AtomicOpEgressBlocking : Bits<7, 7, Access::ReadWrite> {};
using DeviceControl2 = Register<std::uint16_t, AtomicOpRequesterEnable, AtomicOpEgressBlocking>;

/// Link Control. Source: 7.5.3.7.
struct ActiveStatePower : Bits<1, 0, Access::ReadWrite> {};
struct LinkDisable : Bits<4, 4, Access::ReadWrite> {};  ///< Of a port.
struct CommonClock : Bits<6, 6, Access::ReadWrite> {};
struct ExtendedSynch : Bits<7, 7, Access::ReadWrite> {};
using LinkControl =
    Register<std::uint16_t, ActiveStatePower, LinkDisable, CommonClock, ExtendedSynch>;

/// Link Status. Source: 7.5.3.8.
struct CurrentLinkSpeed : Bits<3, 0, Access::ReadOnly> {};
struct NegotiatedLinkWidth : Bits<9, 4, Access::ReadOnly> {};
struct DllActive : Bits<13, 13, Access::ReadOnly> {};
using LinkStatus = Register<std::uint16_t, CurrentLinkSpeed, NegotiatedLinkWidth, DllActive>;

/// Slot Capabilities. Source: 7.5.3.9.
struct AttentionButtonPresent : Bits<0, 0, Access::ReadOnly> {};
struct PowerIndicatorPresent : Bits<4, 4, Access::ReadOnly> {};
struct HotPlugSurprise : Bits<5, 5, Access::ReadOnly> {};
struct HotPlugCapable : Bits<6, 6, Access::ReadOnly> {};
struct NoCommandCompleted : Bits<18, 18, Access::ReadOnly> {};
struct PhysicalSlotNumber : Bits<31, 19, Access::ReadOnly> {};
using SlotCapabilities =
    Register<std::uint32_t, AttentionButtonPresent, PowerIndicatorPresent, HotPlugSurprise,
             HotPlugCapable, NoCommandCompleted, PhysicalSlotNumber>;

/// Slot Control. Source: 7.5.3.10.
struct AttentionButtonPressedEnable : Bits<0, 0, Access::ReadWrite> {};
struct PresenceDetectChangedEnable : Bits<3, 3, Access::ReadWrite> {};
struct HotPlugInterruptEnable : Bits<5, 5, Access::ReadWrite> {};
struct PowerIndicatorControl : Bits<9, 8, Access::ReadWrite> {};  ///< 1: on, 2: blinks, 3: off.
struct DllStateChangedEnable : Bits<12, 12, Access::ReadWrite> {};
using SlotControl =
    Register<std::uint16_t, AttentionButtonPressedEnable, PresenceDetectChangedEnable,
             HotPlugInterruptEnable, PowerIndicatorControl, DllStateChangedEnable>;

/// Slot Status. Source: 7.5.3.11.
struct AttentionButtonPressed : Bits<0, 0, Access::WriteOneToClear> {};
struct PresenceDetectChanged : Bits<3, 3, Access::WriteOneToClear> {};
struct PresenceDetectState : Bits<6, 6, Access::ReadOnly> {};
struct DllStateChanged : Bits<8, 8, Access::WriteOneToClear> {};
using SlotStatus = Register<std::uint16_t, AttentionButtonPressed, PresenceDetectChanged,
                            PresenceDetectState, DllStateChanged>;

/// Root Control. Source: 7.5.3.12.
struct SystemErrorOnCorrectable : Bits<0, 0, Access::ReadWrite> {};
struct SystemErrorOnNonFatal : Bits<1, 1, Access::ReadWrite> {};
struct SystemErrorOnFatal : Bits<2, 2, Access::ReadWrite> {};
struct PmeInterruptEnable : Bits<3, 3, Access::ReadWrite> {};
using RootControl = Register<std::uint16_t, SystemErrorOnCorrectable, SystemErrorOnNonFatal,
                             SystemErrorOnFatal, PmeInterruptEnable>;

/// Root Status. Source: 7.5.3.14.
struct PmeStatus : Bits<16, 16, Access::WriteOneToClear> {};
using RootStatus = Register<std::uint32_t, PmeStatus>;

/// Link Capabilities 2. Bit n of the vector is the speed that link registers call n + 1.
/// Source: 7.5.3.18.
struct SupportedLinkSpeeds : Bits<7, 1, Access::ReadOnly> {};
using LinkCapabilities2 = Register<std::uint32_t, SupportedLinkSpeeds>;

/// Link Control 2. Source: 7.5.3.19.
struct TargetLinkSpeed : Bits<3, 0, Access::ReadWrite> {};
using LinkControl2 = Register<std::uint16_t, TargetLinkSpeed>;

/// Type and version of a function's PCI Express capability, and where it stands.
struct ExpressPlace {
    std::size_t at = 0;
    PortType type = PortType::Endpoint;
    unsigned version = 0;

    /// Whether it has the registers that end in "2": they came with version 2.
    bool has_second_registers() const { return version >= 2; }
};

/// The PCI Express capability of `image`, whose lists were walked; none if it has none, or if too
/// little was read to tell.
std::optional<ExpressPlace> find_express(const ConfigImage& image, const Capabilities& lists);

/// The PCI Express capability of `image`; none if it has none, or if too little was read to tell.
std::optional<ExpressPlace> find_express(const ConfigImage& image);

}  // namespace tenon::pci
