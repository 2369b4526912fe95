// A machine as it is to be told to a manager: what a plan decided, in values that need no model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pci/address.hpp"

namespace tenon::managed::emit {

/// Which option ROM the guest is to find.
enum class Rom { Device, None, File };

/// What a user or a plan wants of Address Translation Services; Auto: what the manager does anyway.
enum class Ats { Auto, On, Off };

/// Where the guest is to have the functions.
enum class Place {
    Port,          ///< Below root ports of machine q35.
    RootBus,       ///< On the root bus of machine q35.
    Conventional,  ///< Behind a bridge to conventional PCI of machine q35.
    Pc,            ///< On the root bus of machine pc.
};

/// A function of the host.
struct Function {
    std::string id;
    std::string host;                     ///< As people know it: for comments.
    std::optional<pci::Address> address;  ///< On the host; none: not known.
    std::uint16_t vendor = 0;
    std::uint16_t device = 0;
    unsigned number = 0;             ///< In its slot, 0..7.
    bool completes_atomics = false;  ///< AtomicOps of it reach the host's memory.
    Ats ats = Ats::Auto;
    std::optional<unsigned> msix_bar;  ///< Where the MSI-X table is moved to; none: it is not.
    std::optional<std::uint16_t>
        pasid_at;          ///< Of a PASID capability that is made; none: there is none.
    bool iommufd = false;  ///< Assigned through iommufd, not through its group.
    std::string vf_token;  ///< A UUID; empty: none.
    Rom rom = Rom::Device;
    std::string rom_file;  ///< A path; of Rom::File.
};

/// A root port and its slot; in another place than below ports only the slot, with its functions.
struct Port {
    std::string name;
    unsigned slot = 1;           ///< Of the port on the root bus, or of the functions; 1..31.
    unsigned function = 0;       ///< The same, 0..7.
    bool shares_device = false;  ///< Function 0 of several ports.
    unsigned physical_slot = 0;
    bool hotplug = true;
    std::optional<unsigned> speed;  ///< As Link Capabilities encode it, 1..6; none: the default.
    std::optional<unsigned> width;  ///< Lanes.
    std::optional<std::uint64_t> memory;        ///< Bytes that firmware is to reserve.
    std::optional<std::uint64_t> prefetchable;  ///< The same, of 64-bit addresses.
    bool atomics = false;                       ///< The port is to complete AtomicOps.
    bool atomics_asked = false;                 ///< Because the user said so.
    std::vector<Function> functions;            ///< In order of their numbers.
};

/// A vIOMMU, Intel's.
struct Viommu {
    bool interrupt_remapping = true;
    bool device_tlb = false;
    bool scalable = false;
    bool first_stage = false;    ///< The guest's own tables, walked by the host.
    unsigned address_bits = 48;  ///< 39 or 48.
    unsigned pasid_bits = 0;
};

/// Guest memory.
struct Memory {
    std::uint64_t size = 0;        ///< Bytes.
    std::uint64_t page = 0;        ///< Bytes of a huge page; 0: none.
    std::optional<unsigned> node;  ///< Of the host.
    bool strict = false;           ///< From there or not at all.
};

/// All of it.
struct Machine {
    std::string qemu = "11.1";  ///< The version whose words and rules count.
    Place place = Place::Port;  ///< Of all functions.
    unsigned processors = 1;
    Memory memory;
    std::optional<unsigned> address_bits;  ///< Of guest physical addresses, at most.
    bool narrowed = false;                 ///< Those are fewer than the host's processors have.
    std::uint64_t window64 = 0;            ///< Bytes of 64-bit addresses that BARs take.
    std::optional<Viommu> viommu;
    std::vector<Port> ports;
    std::vector<std::string> lacks;  ///< What no manager can say, a sentence each.
};

/// What counts where a manager cannot have both.
enum class Prefer {
    Planned,  ///< One slot, unless the user asked for AtomicOps.
    Atomics,  ///< AtomicOps: functions of one card in several slots.
    OneSlot,  ///< Functions stay in the slot that they were planned for.
};

}  // namespace tenon::managed::emit
