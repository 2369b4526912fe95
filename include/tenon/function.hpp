// What a guest finds of one host function, as a Plan has decided it.
//
// A selection of what docs/plan-json.md describes, under the same names: what a program acts on.
// The rest is in Plan::json().
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tenon/known.hpp"
#include "tenon/property.hpp"
#include "tenon/reason.hpp"

namespace tenon {

/// What becomes of a capability in the guest.
enum class Action {
    Pass,        ///< The guest has the device's own registers.
    Emulate,     ///< The guest has registers that we answer, in part or as a whole.
    Hide,        ///< The guest does not see it: its bytes read as zero.
    Synthesize,  ///< The guest has one that the device has not.
};

/// One capability and what was decided of it.
struct Capability {
    bool extended = false;  ///< In the list from 0x100 on, not in the one of the first 256 bytes.
    std::uint16_t id = 0;   ///< As PCI-SIG assigns it.
    std::string name;
    std::optional<std::uint16_t> host_offset;   ///< None: the host has none there.
    std::optional<std::uint16_t> guest_offset;  ///< None: the guest does not see it.
    std::uint16_t size = 0;                     ///< Bytes.
    Action action = Action::Hide;
    std::string why;     ///< A sentence for a person, without a full stop.
    std::string source;  ///< Section of a specification, or a kernel file.
};

/// What a base address register asks for. Source: PCIe Base Spec 6.0, 7.5.1.2.1.
enum class BarKind { Memory32, Memory64, Io };

/// Bytes of a BAR, from its start.
struct BarArea {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;

    bool operator==(const BarArea&) const = default;
};

/// A base address register of the guest's function, or its option ROM.
struct Bar {
    static constexpr unsigned option_rom = 6;

    unsigned index = 0;  ///< 0 to 5, or `option_rom`.
    BarKind kind = BarKind::Memory32;
    bool prefetchable = false;
    Known<std::uint64_t> size;                   ///< Bytes, a power of two.
    std::optional<std::uint64_t> guest_address;  ///< Where it is when the guest's kernel starts.
    std::vector<BarArea> mapped;  ///< What the guest reaches directly; the rest is trapped.
    std::string why;              ///< Why it is mapped or trapped.
};

/// The MSI capability. Source: PCIe Base Spec 6.0, 7.7.1.
struct Msi {
    std::uint16_t offset = 0;
    unsigned vectors = 0;       ///< 1 to 32, what the device is capable of.
    bool wide_address = false;  ///< Messages go to addresses of 64 bits.
    bool maskable = false;      ///< Each vector has a mask bit.
};

/// The MSI-X capability. Source: PCIe Base Spec 6.0, 7.7.2.
struct Msix {
    std::uint16_t offset = 0;
    unsigned vectors = 0;  ///< 1 to 2048
    unsigned table_bar = 0;
    std::uint32_t table_offset = 0;  ///< Bytes from the start of that BAR.
    unsigned pba_bar = 0;            ///< Of the pending bit array.
    std::uint32_t pba_offset = 0;
};

/// Another function of the same IOMMU group.
struct GroupMember {
    std::string address;
    std::string driver;   ///< Bound on the host; empty: none.
    bool bridge = false;  ///< May stay with the host's driver.
};

/// The IOMMU group of a function: assigned as a whole or not at all.
struct IommuGroup {
    unsigned number = 0;
    std::vector<GroupMember> members;  ///< Without the function itself.
};

/// One host function in its place in the guest.
struct Function {
    std::string id;               ///< As the key id= says, or dev0, dev1, … in order.
    std::string host;             ///< Its address on its host, or the file it was read from.
    std::string source;           ///< What was named: an address, or a file.
    std::string guest;            ///< "01:00.0", without the domain, of which a guest has one.
    unsigned guest_function = 0;  ///< Its function number: 0 to 7.
    std::uint16_t vendor = 0;
    std::uint16_t device = 0;
    std::uint32_t class_code = 0;  ///< 24 bits: class, subclass, programming interface.
    std::uint8_t revision = 0;

    bool assignable = false;
    bool guest_view = false;      ///< Whether a guest could ever see it; a bridge cannot.
    std::vector<Reason> reasons;  ///< Why it is not assignable.
    /// What a user should know beside that, of the function and of what its slot makes of it.
    std::vector<std::string> warnings;
    std::vector<std::string> unknowns;  ///< Facts that the verdict had to do without.

    std::vector<Capability> capabilities;  ///< In chain order, standard ones first.
    std::vector<Bar> bars;
    std::optional<Msi> msi;
    std::optional<Msix> msix;
    std::size_t config_known = 0;  ///< Bytes of configuration space that could be read.
    std::size_t config_size = 0;   ///< Bytes that the guest sees: 256 or 4096.

    Known<std::string> driver;  ///< Bound on the host; empty: none.
    std::optional<IommuGroup> iommu_group;
    bool opened = false;  ///< VFIO was asked about it, which resets it.
    std::vector<Property> properties;
};

}  // namespace tenon
