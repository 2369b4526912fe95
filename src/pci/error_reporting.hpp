// The Advanced Error Reporting extended capability: offsets inside it and registers.
// Source: PCIe Base Spec 6.0, 7.8.4.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pci/register.hpp"

namespace tenon::pci {

namespace error_reporting {
inline constexpr std::size_t status = 0x04;    ///< Uncorrectable Error Status.
inline constexpr std::size_t mask = 0x08;      ///< Uncorrectable Error Mask, bit for bit.
inline constexpr std::size_t severity = 0x0c;  ///< Uncorrectable Error Severity; a one is fatal.
inline constexpr std::size_t correctable_status = 0x10;
inline constexpr std::size_t correctable_mask = 0x14;
inline constexpr std::size_t control = 0x18;  ///< Advanced Error Capabilities and Control.
inline constexpr std::size_t root_command = 0x2c;
inline constexpr std::size_t root_status = 0x30;
inline constexpr std::size_t source = 0x34;  ///< Error Source Identification.
}  // namespace error_reporting

/// Uncorrectable Error Status. Source: 7.8.4.2.
struct DataLinkProtocolError : Bits<4, 4, Access::WriteOneToClear> {};
struct PoisonedTlpReceived : Bits<12, 12, Access::WriteOneToClear> {};
struct FlowControlProtocolError : Bits<13, 13, Access::WriteOneToClear> {};
struct CompletionTimeout : Bits<14, 14, Access::WriteOneToClear> {};
struct CompleterAbort : Bits<15, 15, Access::WriteOneToClear> {};
struct UnexpectedCompletion : Bits<16, 16, Access::WriteOneToClear> {};
struct ReceiverOverflow : Bits<17, 17, Access::WriteOneToClear> {};
struct MalformedTlp : Bits<18, 18, Access::WriteOneToClear> {};
struct UnsupportedRequestError : Bits<20, 20, Access::WriteOneToClear> {};
struct UncorrectableInternalError : Bits<22, 22, Access::WriteOneToClear> {};
using UncorrectableErrors =
    Register<std::uint32_t, DataLinkProtocolError, PoisonedTlpReceived, FlowControlProtocolError,
             CompletionTimeout, CompleterAbort, UnexpectedCompletion, ReceiverOverflow,
             MalformedTlp, UnsupportedRequestError, UncorrectableInternalError>;

/// Correctable Error Mask. Source: 7.8.4.6.
struct AdvisoryNonFatalMask : Bits<13, 13, Access::ReadWrite> {};
using CorrectableErrorMask = Register<std::uint32_t, AdvisoryNonFatalMask>;

/// First Error Pointer: the number of the bit that was set first. Source: 7.8.4.7.
struct FirstErrorPointer : Bits<4, 0, Access::ReadOnly> {};
using ErrorControl = Register<std::uint32_t, FirstErrorPointer>;

/// Root Error Command. Source: 7.8.4.9.
struct CorrectableReportingEnable : Bits<0, 0, Access::ReadWrite> {};
struct NonFatalReportingEnable : Bits<1, 1, Access::ReadWrite> {};
struct FatalReportingEnable : Bits<2, 2, Access::ReadWrite> {};
using RootErrorCommand = Register<std::uint32_t, CorrectableReportingEnable,
                                  NonFatalReportingEnable, FatalReportingEnable>;

/// Root Error Status. Source: 7.8.4.10.
struct CorrectableReceived : Bits<0, 0, Access::WriteOneToClear> {};
struct CorrectablesReceived : Bits<1, 1, Access::WriteOneToClear> {};
struct UncorrectableReceived : Bits<2, 2, Access::WriteOneToClear> {};
struct UncorrectablesReceived : Bits<3, 3, Access::WriteOneToClear> {};
struct FirstUncorrectableFatal : Bits<4, 4, Access::WriteOneToClear> {};
struct NonFatalReceived : Bits<5, 5, Access::WriteOneToClear> {};
struct FatalReceived : Bits<6, 6, Access::WriteOneToClear> {};
using RootErrorStatus =
    Register<std::uint32_t, CorrectableReceived, CorrectablesReceived, UncorrectableReceived,
             UncorrectablesReceived, FirstUncorrectableFatal, NonFatalReceived, FatalReceived>;

}  // namespace tenon::pci
