// What a remapping unit asks of host and guest. The unit makes these, the shell carries them out in
// the order given, before it lets anybody else at the unit, and tells the unit what was refused.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "model/iommu/device_tables.hpp"
#include "model/iommu/interrupt_entry.hpp"

namespace tenon::model::iommu {

/// A domain of the host that stands for one of the guest's page tables. Numbers are never used
/// again.
using DomainId = Strong<struct IommuDomainTag>;
/// A device behind the unit, as the shell counts them.
using DeviceId = Strong<struct IommuDeviceTag>;

/// Where a device, or one of its PASIDs, is attached.
using Target = std::variant<Blocked, Identity, DomainId>;

/// A fault as a record has it.
struct Fault {
    SourceId source = 0;
    FaultReason reason{};
    std::uint64_t information = 0;  ///< A page's address, or the index of an interrupt in 63:48.
    std::optional<std::uint32_t> pasid;
    bool read = false;

    auto operator<=>(const Fault&) const = default;
};

/// Entries of the interrupt table by index, both inclusive.
struct InterruptRange {
    std::uint16_t first = 0;
    std::uint16_t last = 0xffff;

    auto operator<=>(const InterruptRange&) const = default;
};

/// What the shell does. What names a domain that is gone is left out.
namespace effect {
/// A new domain, with nothing mapped.
struct MakeDomain {
    DomainId domain;
    auto operator<=>(const MakeDomain&) const = default;
};
/// A new domain that goes through the guest's first-stage table, as the host's IOMMU walks it, to
/// where identity leads. Nothing is mapped in it.
struct MakeNested {
    DomainId domain;
    FirstStage table;
    auto operator<=>(const MakeNested&) const = default;
};
/// What the host's IOMMU has cached of a domain of MakeNested may be out of date in the range.
struct InvalidateNested {
    DomainId domain;
    IovaRange range;
    auto operator<=>(const InvalidateNested&) const = default;
};
/// Nobody is attached to it any more.
struct DropDomain {
    DomainId domain;
    auto operator<=>(const DropDomain&) const = default;
};
/// Takes all out that was mapped in the range, which begins and ends with a mapping.
struct Unmap {
    DomainId domain;
    IovaRange range;
    auto operator<=>(const Unmap&) const = default;
};
/// Makes one mapping; nothing is there.
struct Map {
    DomainId domain;
    Extent extent;
    auto operator<=>(const Map&) const = default;
};
/// Attaches a device, which leaves where it was.
struct MoveDevice {
    DeviceId device;
    Target to;
    auto operator<=>(const MoveDevice&) const = default;
};
/// Attaches a PASID of a device, which leaves where it was, if anywhere. Never blocked.
struct AttachPasid {
    DeviceId device;
    std::uint32_t pasid = 0;
    Target to;
    auto operator<=>(const AttachPasid&) const = default;
};
struct DetachPasid {
    DeviceId device;
    std::uint32_t pasid = 0;
    auto operator<=>(const DetachPasid&) const = default;
};
/// Interrupts whose messages name one of these entries of the interrupt table may lead elsewhere:
/// each is to be resolved anew. `all`: every interrupt, whatever it names.
struct ResolveInterrupts {
    bool all = false;
    std::vector<InterruptRange> entries;
    auto operator<=>(const ResolveInterrupts&) const = default;
};
/// The unit's own interrupt, which is not remapped.
struct SendMessage {
    Message message;
    auto operator<=>(const SendMessage&) const = default;
};
/// A fault was recorded: to be said, once in a while.
struct FaultRecorded {
    Fault fault;
    auto operator<=>(const FaultRecorded&) const = default;
};
/// Software waits for this number in its memory. Left out if the address is none.
struct WriteStatus {
    GuestAddress at;
    std::uint32_t data = 0;
    auto operator<=>(const WriteStatus&) const = default;
};
}  // namespace effect

using Effect =
    std::variant<effect::MakeDomain, effect::MakeNested, effect::DropDomain, effect::Unmap,
                 effect::Map, effect::InvalidateNested, effect::MoveDevice, effect::AttachPasid,
                 effect::DetachPasid, effect::ResolveInterrupts, effect::SendMessage,
                 effect::FaultRecorded, effect::WriteStatus>;
using Effects = std::vector<Effect>;

/// Whether the message may lead elsewhere after this.
bool means(const effect::ResolveInterrupts& stale, const Message& message);

}  // namespace tenon::model::iommu
