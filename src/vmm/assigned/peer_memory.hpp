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
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/known.hpp"
#include "base/mutex.hpp"
#include "base/strong.hpp"
#include "base/undo.hpp"
#include "device/control.hpp"
#include "vmm/board/lock_order.hpp"
#include "vmm/board/warnings.hpp"

namespace tenon::vmm::assigned {

/// Owns the mappings. A single function has no peers: nothing is mapped for it. What cannot be
/// mapped is a warning, once for each BAR, and nothing else changes.
///
/// Who is here it asks, each time, and keeps no list. Thread-safe. Functions call it with their own
/// lock held; it takes no lock of a function, and who is asked must not either.
class PeerMemory {
public:
    /// A function that is assigned.
    struct Member {
        std::string name;                         ///< For messages.
        device::DeviceControl* device = nullptr;  ///< Never null.
        device::AddressSpace* space = nullptr;    ///< Of its DMA. Never null.
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

    /// `here` says who is assigned now. `warnings` must outlive it.
    PeerMemory(board::Warnings& warnings, std::function<std::vector<Member>()> here)
        : warnings_{warnings}, here_{std::move(here)} {}

    /// Who is here has changed, or whose guest memory is mapped. When it comes back, nothing of who
    /// has gone is used any more: neither its device nor, if nobody else is there, its address
    /// space.
    void settle() TENON_EXCLUDES(mutex_);

    /// The guest has a part of a BAR of `device` at `at`, where it answers.
    void add(const device::DeviceControl& device, const Part& part, GuestAddress at)
        TENON_EXCLUDES(mutex_);

    /// It has it there no more; afterwards no device reaches it. Before the device stops to answer.
    void remove(const device::DeviceControl& device, const Part& part) TENON_EXCLUDES(mutex_);

    /// How many mappings there are now, in all address spaces together.
    std::size_t mapped() TENON_EXCLUDES(mutex_);

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

    void reconcile() TENON_REQUIRES(mutex_);
    void reconcile(Placed& placed, const std::vector<Member>& members) TENON_REQUIRES(mutex_);
    void map(Placed& placed, const Member& owner, device::AddressSpace& space)
        TENON_REQUIRES(mutex_);
    static Result<void> map_in(const Placed& placed, const Member& owner,
                               device::AddressSpace& space);

    board::Warnings& warnings_;
    std::function<std::vector<Member>()> here_;
    Mutex mutex_ TENON_ACQUIRED_AFTER(board::order::shared)
        TENON_ACQUIRED_BEFORE(board::order::slot);
    std::vector<Placed> placed_ TENON_GUARDED_BY(mutex_);
    /// BARs that were warned of.
    std::set<std::pair<const device::DeviceControl*, unsigned>> said_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::vmm::assigned
