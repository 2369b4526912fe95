// The registers of a remapping unit, each declared once: its place, its fields, how they answer a
// write.
//
// What the unit does not have is reserved and reads 0: advanced fault logging, protected memory
// regions, page requests, performance counters, virtual commands.
// Source: Intel VT-d specification 4.1, 11.4.
#pragma once

#include <cstdint>
#include <span>

#include "pci/register.hpp"

namespace tenon::model::iommu {

using pci::Access;

/// Bits High..Low of a register of up to 64 bits; otherwise as pci::Bits.
template <unsigned High, unsigned Low, Access How>
struct WideBits {
    static_assert(High >= Low && High < 64);
    static constexpr unsigned low = Low;
    static constexpr std::uint64_t mask = (~0ull >> (63 - (High - Low))) << Low;
    static constexpr Access access = How;
};

/// Offsets in the page of registers, in bytes.
namespace at {
inline constexpr std::uint16_t version = 0x000;
inline constexpr std::uint16_t capability = 0x008;
inline constexpr std::uint16_t extended_capability = 0x010;
inline constexpr std::uint16_t global_command = 0x018;
inline constexpr std::uint16_t global_status = 0x01c;
inline constexpr std::uint16_t root_table = 0x020;
inline constexpr std::uint16_t context_command = 0x028;
inline constexpr std::uint16_t fault_status = 0x034;
inline constexpr std::uint16_t fault_event = 0x038;  ///< Four registers, see event_part.
inline constexpr std::uint16_t queue_head = 0x080;
inline constexpr std::uint16_t queue_tail = 0x088;
inline constexpr std::uint16_t queue_address = 0x090;
inline constexpr std::uint16_t completion_status = 0x09c;
inline constexpr std::uint16_t completion_event = 0x0a0;  ///< Four registers, see event_part.
inline constexpr std::uint16_t queue_error = 0x0b0;
inline constexpr std::uint16_t interrupt_table = 0x0b8;
inline constexpr std::uint16_t invalidate_address = 0x0f0;
inline constexpr std::uint16_t iotlb = 0x0f8;
inline constexpr std::uint16_t fault_records = 0x220;
}  // namespace at

/// What follows the first register of an event, in bytes from it.
namespace event_part {
inline constexpr std::uint16_t control = 0x0;
inline constexpr std::uint16_t data = 0x4;
inline constexpr std::uint16_t address = 0x8;
inline constexpr std::uint16_t upper_address = 0xc;
}  // namespace event_part

/// Fault records, of 16 bytes each.
inline constexpr unsigned fault_record_count = 8;
inline constexpr std::uint16_t fault_record_size = 16;

/// Bytes that the registers take, and the page that is set aside for them.
inline constexpr std::uint16_t registers_end =
    at::fault_records + fault_record_count * fault_record_size;
inline constexpr std::uint64_t registers_size = 0x1000;

/// Version Register: 1.0. Source: 11.4.1.
inline constexpr std::uint32_t version_value = 0x10;

/// Capability Register, what the unit may have set. Source: 11.4.2.
struct DomainIds : WideBits<2, 0, Access::ReadOnly> {};  ///< 2^(4+2n) of them.
struct CachingMode : WideBits<7, 7, Access::ReadOnly> {};
struct AddressWidths : WideBits<12, 8, Access::ReadOnly> {};         ///< Bit 1: 39 bits, bit 2: 48.
struct MaximumAddressWidth : WideBits<21, 16, Access::ReadOnly> {};  ///< Less one.
struct ZeroLengthRead : WideBits<22, 22, Access::ReadOnly> {};
struct FaultRecordOffset : WideBits<33, 24, Access::ReadOnly> {};  ///< In 16 bytes.
struct LargePages : WideBits<37, 34, Access::ReadOnly> {};         ///< Bit 0: 2 MiB, bit 1: 1 GiB.
struct PageSelective : WideBits<39, 39, Access::ReadOnly> {};
struct FaultRecords : WideBits<47, 40, Access::ReadOnly> {};  ///< Less one.
struct MaximumAddressMask : WideBits<53, 48, Access::ReadOnly> {};
struct WriteDraining : WideBits<54, 54, Access::ReadOnly> {};
struct ReadDraining : WideBits<55, 55, Access::ReadOnly> {};
struct FirstStageHugePages : WideBits<56, 56, Access::ReadOnly> {};  ///< Of 1 GiB.
struct FirstStageFiveLevels : WideBits<60, 60, Access::ReadOnly> {};
struct EnhancedInterruptTablePointer : WideBits<62, 62, Access::ReadOnly> {};
struct EnhancedRootTablePointer : WideBits<63, 63, Access::ReadOnly> {};
using Capability =
    pci::Register<std::uint64_t, DomainIds, CachingMode, AddressWidths, MaximumAddressWidth,
                  ZeroLengthRead, FaultRecordOffset, LargePages, PageSelective, FaultRecords,
                  MaximumAddressMask, WriteDraining, ReadDraining, FirstStageHugePages,
                  FirstStageFiveLevels, EnhancedInterruptTablePointer, EnhancedRootTablePointer>;

/// Extended Capability Register, what the unit may have set. Source: 11.4.3.
struct PageWalkCoherency : WideBits<0, 0, Access::ReadOnly> {};
struct QueuedInvalidation : WideBits<1, 1, Access::ReadOnly> {};
struct DeviceTlb : WideBits<2, 2, Access::ReadOnly> {};
struct InterruptRemapping : WideBits<3, 3, Access::ReadOnly> {};
struct ExtendedInterruptMode : WideBits<4, 4, Access::ReadOnly> {};
struct PassThroughSupport : WideBits<6, 6, Access::ReadOnly> {};
struct SnoopControl : WideBits<7, 7, Access::ReadOnly> {};
struct IotlbOffset : WideBits<17, 8, Access::ReadOnly> {};  ///< In 16 bytes.
struct MaximumHandleMask : WideBits<23, 20, Access::ReadOnly> {};
struct Nesting : WideBits<26, 26, Access::ReadOnly> {};
struct SupervisorRequests : WideBits<31, 31, Access::ReadOnly> {};
struct NoWriteFlag : WideBits<33, 33, Access::ReadOnly> {};
struct ExtendedAccessedFlag : WideBits<34, 34, Access::ReadOnly> {};
struct PasidWidth : WideBits<39, 35, Access::ReadOnly> {};  ///< Less one.
struct PasidSupport : WideBits<40, 40, Access::ReadOnly> {};
struct ScalableMode : WideBits<43, 43, Access::ReadOnly> {};
struct SecondStage : WideBits<46, 46, Access::ReadOnly> {};
struct FirstStageSupport : WideBits<47, 47, Access::ReadOnly> {};
struct ScalableWalkCoherency : WideBits<48, 48, Access::ReadOnly> {};
using ExtendedCapability =
    pci::Register<std::uint64_t, PageWalkCoherency, QueuedInvalidation, DeviceTlb,
                  InterruptRemapping, ExtendedInterruptMode, PassThroughSupport, SnoopControl,
                  IotlbOffset, MaximumHandleMask, Nesting, SupervisorRequests, NoWriteFlag,
                  ExtendedAccessedFlag, PasidWidth, PasidSupport, ScalableMode, SecondStage,
                  FirstStageSupport, ScalableWalkCoherency>;

/// Bits of Global Command and Global Status, which are at the same places. A command reads 0.
/// Source: 11.4.4.
namespace global {
inline constexpr std::uint32_t translation = 1u << 31;
inline constexpr std::uint32_t root_table = 1u << 30;  ///< Done once for each write.
inline constexpr std::uint32_t queue = 1u << 26;
inline constexpr std::uint32_t interrupts = 1u << 25;
inline constexpr std::uint32_t interrupt_table = 1u << 24;  ///< Done once for each write.
inline constexpr std::uint32_t compatibility = 1u << 23;    ///< Compatibility-format interrupts.
}  // namespace global

/// Root Table Address. Source: 11.4.5.
struct RootTableBase : WideBits<63, 12, Access::ReadWrite> {};
struct TranslationTableMode : WideBits<11, 10, Access::ReadWrite> {};
using RootTable = pci::Register<std::uint64_t, RootTableBase, TranslationTableMode>;

/// Context Command. Source: 11.4.6.1.
struct InvalidateContext : WideBits<63, 63, Access::ReadWrite> {};
struct ContextRequested : WideBits<62, 61, Access::ReadWrite> {};
struct ContextActual : WideBits<60, 59, Access::ReadOnly> {};
struct ContextFunctionMask : WideBits<33, 32, Access::ReadWrite> {};
struct ContextSource : WideBits<31, 16, Access::ReadWrite> {};
struct ContextDomain : WideBits<15, 0, Access::ReadWrite> {};
using ContextCommand =
    pci::Register<std::uint64_t, InvalidateContext, ContextRequested, ContextActual,
                  ContextFunctionMask, ContextSource, ContextDomain>;

/// Fault Status. The last two of the errors do not happen to this unit. Source: 11.4.7.1.
struct FaultOverflow : WideBits<0, 0, Access::WriteOneToClear> {};
struct FaultPending : WideBits<1, 1, Access::ReadOnly> {};
struct QueueErrorStatus : WideBits<4, 4, Access::WriteOneToClear> {};
struct CompletionError : WideBits<5, 5, Access::WriteOneToClear> {};
struct TimeOutError : WideBits<6, 6, Access::WriteOneToClear> {};
struct FaultRecordIndex : WideBits<15, 8, Access::ReadOnly> {};
using FaultStatus = pci::Register<std::uint32_t, FaultOverflow, FaultPending, QueueErrorStatus,
                                  CompletionError, TimeOutError, FaultRecordIndex>;

/// The registers of an event's message. Source: 11.4.7.2 to 11.4.7.5, 11.4.9.5 to 11.4.9.8.
struct EventMask : WideBits<31, 31, Access::ReadWrite> {};
struct EventPending : WideBits<30, 30, Access::ReadOnly> {};
using EventControl = pci::Register<std::uint32_t, EventMask, EventPending>;
struct EventDataBits : WideBits<15, 0, Access::ReadWrite> {};
using EventData = pci::Register<std::uint32_t, EventDataBits>;
struct EventAddressBits : WideBits<31, 2, Access::ReadWrite> {};
using EventAddress = pci::Register<std::uint32_t, EventAddressBits>;
struct EventUpperAddressBits : WideBits<31, 0, Access::ReadWrite> {};
using EventUpperAddress = pci::Register<std::uint32_t, EventUpperAddressBits>;

/// The invalidation queue: head, tail and place. Source: 11.4.9.1 to 11.4.9.3, 11.4.9.9.
struct QueueHeadBits : WideBits<18, 4, Access::ReadOnly> {};
using QueueHead = pci::Register<std::uint64_t, QueueHeadBits>;
struct QueueTailBits : WideBits<18, 4, Access::ReadWrite> {};
using QueueTail = pci::Register<std::uint64_t, QueueTailBits>;
struct QueueBase : WideBits<63, 12, Access::ReadWrite> {};
struct WideDescriptors : WideBits<11, 11, Access::ReadWrite> {};
struct QueueSize : WideBits<2, 0, Access::ReadWrite> {};
using QueueAddress = pci::Register<std::uint64_t, QueueBase, WideDescriptors, QueueSize>;
struct QueueErrorInformation : WideBits<3, 0, Access::ReadOnly> {};
using QueueErrorRecord = pci::Register<std::uint64_t, QueueErrorInformation>;

/// Invalidation Completion Status. Source: 11.4.9.4.
struct WaitComplete : WideBits<0, 0, Access::WriteOneToClear> {};
using CompletionStatus = pci::Register<std::uint32_t, WaitComplete>;

/// Interrupt Remapping Table Address. Source: 11.4.10.
struct InterruptTableBase : WideBits<63, 12, Access::ReadWrite> {};
struct ExtendedMode : WideBits<11, 11, Access::ReadWrite> {};
struct InterruptTableSize : WideBits<3, 0, Access::ReadWrite> {};  ///< 2^(n+1) entries.
using InterruptTable =
    pci::Register<std::uint64_t, InterruptTableBase, ExtendedMode, InterruptTableSize>;

/// Invalidate Address and IOTLB Invalidate. The first is written alone. Source: 11.4.8.
struct InvalidatePage : WideBits<63, 12, Access::ReadWrite> {};
struct InvalidateLeavesOnly : WideBits<6, 6, Access::ReadWrite> {};
struct InvalidateMask : WideBits<5, 0, Access::ReadWrite> {};
using InvalidateAddress =
    pci::Register<std::uint64_t, InvalidatePage, InvalidateLeavesOnly, InvalidateMask>;
struct InvalidateIotlb : WideBits<63, 63, Access::ReadWrite> {};
struct IotlbRequested : WideBits<61, 60, Access::ReadWrite> {};
struct IotlbActual : WideBits<58, 57, Access::ReadOnly> {};
struct IotlbDrain : WideBits<49, 48, Access::ReadWrite> {};
struct IotlbDomain : WideBits<47, 32, Access::ReadWrite> {};
using IotlbCommand = pci::Register<std::uint64_t, InvalidateIotlb, IotlbRequested, IotlbActual,
                                   IotlbDrain, IotlbDomain>;

/// The two halves of a fault record. Source: 11.4.7.6.
struct FaultInformation : WideBits<63, 12, Access::ReadOnly> {};
using FaultRecordLow = pci::Register<std::uint64_t, FaultInformation>;
struct FaultValid : WideBits<63, 63, Access::WriteOneToClear> {};
struct FaultIsRead : WideBits<62, 62, Access::ReadOnly> {};
struct FaultPasid : WideBits<59, 40, Access::ReadOnly> {};
struct FaultReasonBits : WideBits<39, 32, Access::ReadOnly> {};
struct FaultHasPasid : WideBits<31, 31, Access::ReadOnly> {};
struct FaultSource : WideBits<15, 0, Access::ReadOnly> {};
using FaultRecordHigh = pci::Register<std::uint64_t, FaultValid, FaultIsRead, FaultPasid,
                                      FaultReasonBits, FaultHasPasid, FaultSource>;

/// A register as the register file needs it.
struct DeclaredRegister {
    std::uint16_t offset = 0;
    std::uint8_t size = 4;        ///< Bytes: 4 or 8.
    std::uint64_t reset = 0;      ///< Value after a reset; what the unit can do is not in it.
    std::uint64_t writable = 0;   ///< Bits that take what is written.
    std::uint64_t clearable = 0;  ///< Bits that a written 1 clears.
};

/// All of them by offset, fault records aside. Global Command is not one: it keeps nothing.
std::span<const DeclaredRegister> declared_registers();

}  // namespace tenon::model::iommu
