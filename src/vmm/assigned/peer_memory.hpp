// BARs of assigned functions as the others reach them by DMA: peer-to-peer.
//
//     function A ─place/remove─▶ ┌────────────┐ ─map/unmap─▶ address space of A and B
//     function B ─place/remove─▶ │ PeerMemory │ ─map/unmap─▶ address space of C
//     function C ─place/remove─▶ └────────────┘
//
// A BAR is mapped in every address space of the machine where the guest has it, and only while the
// guest has it there: while its device decodes memory. So what the kernel takes back when a device
// stops to decode is mapped anew when it decodes again.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/known.hpp"
#include "base/strong.hpp"
#include "base/undo.hpp"
#include "device/control.hpp"
#include "vmm/board/warnings.hpp"

namespace tenon::vmm::assigned {

/// Owns the mappings. A single function has no peers: nothing is mapped for it. What cannot be
/// mapped is a warning, once for each BAR, and nothing else changes.
///
/// Thread-safe. Functions call it with their own lock held; it takes no lock of a function.
class PeerMemory {
public:
    /// A function that is assigned.
    struct Member {
        std::string name;                         ///< For messages.
        device::DeviceControl* device = nullptr;  ///< Never null; outlives the membership.
        device::AddressSpace* space = nullptr;    ///< Of its DMA. Never null; outlives it as well.
        bool memory_mapped = false;               ///< Guest memory is in `space` already.
        Known<bool> gives_files = Unknown{""};    ///< device::IommuFacts::bar_files of it.
    };

    /// A part of a BAR that the guest reaches without us.
    struct Part {
        unsigned bar = 0;
        std::uint64_t offset = 0;    ///< Of the part in the BAR.
        std::span<std::byte> bytes;  ///< Our mapping of it, until it is removed.

        bool is_same(const Part& other) const { return bar == other.bar && offset == other.offset; }
    };

    /// `warnings` must outlive it.
    explicit PeerMemory(board::Warnings& warnings) : warnings_{warnings} {}

    /// A function is there from now on; with a second one mapping begins.
    void join(Member member);

    /// It goes: nobody reaches its BARs any more, and its address space no others' if it was the
    /// last one there.
    void leave(const device::DeviceControl& device);

    /// Guest memory is mapped in `space`: BARs may be mapped too.
    void memory_mapped(const device::AddressSpace& space);

    /// The guest has a part of a BAR of `device` at `at`, where it answers. Nothing happens for a
    /// device that has not joined.
    void add(const device::DeviceControl& device, const Part& part, GuestAddress at);

    /// It has it there no more; afterwards no device reaches it. Before the device stops to answer.
    void remove(const device::DeviceControl& device, const Part& part);

    /// How many mappings there are now, in all address spaces together.
    std::size_t mapped();

private:
    // One part in the guest, and where it is mapped: a way back for each address space.
    struct Placed {
        const device::DeviceControl* device = nullptr;
        Part part;
        GuestAddress at{0};
        struct Attempt {
            bool done = false;  ///< Else it failed.
            Undo undo;
        };
        std::map<device::AddressSpace*, Attempt> mapped;  ///< Or tried to be.
    };

    Member* find(const device::DeviceControl& device);
    void settle();
    void map(Placed& placed, device::AddressSpace& space);
    Result<void> map_in(const Placed& placed, const Member& owner, device::AddressSpace& space);

    board::Warnings& warnings_;
    std::mutex mutex_;  ///< Guards what follows.
    std::vector<Member> members_;
    std::vector<Placed> placed_;
    std::set<std::pair<const device::DeviceControl*, unsigned>>
        said_;  ///< BARs that were warned of.
};

}  // namespace tenon::vmm::assigned
