// Who answers an access that leaves the guest: an address space's ranges and their devices.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "base/mutex.hpp"
#include "base/result.hpp"
#include "vmm/board/address_map.hpp"
#include "vmm/board/lock_order.hpp"

namespace tenon::vmm::board {

/// Something that answers accesses to a range. Called from vCPU threads, several at a time.
class BusDevice {
public:
    BusDevice() = default;
    BusDevice(const BusDevice&) = delete;
    BusDevice& operator=(const BusDevice&) = delete;
    virtual ~BusDevice() = default;

    /// `size` bytes (1, 2, 4 or 8) at `offset` of the range, little-endian in the low bits. The
    /// whole access lies inside the range; it need not be aligned.
    virtual std::uint64_t read(std::uint64_t offset, unsigned size) = 0;

    /// Writes the low `size` bytes of `value`; otherwise as read().
    virtual void write(std::uint64_t offset, unsigned size, std::uint64_t value) = 0;

    /// Its range has come into effect: what else is to stand there may follow. One call at a time,
    /// from whoever changes the bus, which these two must not change themselves.
    virtual void appear() {}

    /// Its range is about to go out of effect: what stands there has to be gone on return.
    virtual void disappear() {}
};

/// All ones in the low `size` bytes: what nobody's answer reads as.
constexpr std::uint64_t all_ones(unsigned size) {
    return size >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (size * 8)) - 1;
}

/// One address space. Ranges may come and go while vCPUs run; where they overlap, AddressMap says
/// who is in effect.
///
/// A device is not called for an access under the bus's locks: it may change ranges itself, its own
/// too, and a call that was under way when its range was removed still finds the device alive.
class Bus {
public:
    /// `device` answers for `size` bytes from `base` from now on, for good. Null: nobody answers,
    /// and nobody else may be there.
    /// Errors: Busy if a range is in the way; Malformed for an empty range or one past the end.
    Result<void> add(std::uint64_t base, std::uint64_t size, std::shared_ptr<BusDevice> device)
        TENON_EXCLUDES(changing_);

    /// The same for a range that may move onto others: whether it is in effect now. Else it waits
    /// until those that came before it make room.
    /// Errors: Malformed for an empty range or one past the end.
    Result<bool> place(std::uint64_t base, std::uint64_t size, std::shared_ptr<BusDevice> device)
        TENON_EXCLUDES(changing_);

    /// The range of `device` is wanted no more. One that is not there is no error.
    void remove(const BusDevice& device) TENON_EXCLUDES(changing_);

    /// A read of 1 to 8 bytes. What is in no range, or not in one alone, reads as all ones.
    std::uint64_t read(std::uint64_t address, unsigned size) const;

    /// A write of 1 to 8 bytes. What is in no range, or not in one alone, is dropped.
    void write(std::uint64_t address, unsigned size, std::uint64_t value) const;

private:
    struct Entry {
        std::uint64_t base = 0;
        std::uint64_t size = 0;
        std::shared_ptr<BusDevice> device;
    };
    struct Found {
        std::shared_ptr<BusDevice> device;  ///< Null: nobody.
        std::uint64_t offset = 0;
    };
    Result<bool> enter(Entry entry, bool may_wait) TENON_EXCLUDES(changing_);
    void follow(const AddressMap::Change& change) TENON_REQUIRES(changing_);
    Found find(std::uint64_t address, unsigned size) const TENON_EXCLUDES(ranges_mutex_);

    /// Held over appear() and disappear().
    Mutex changing_ TENON_ACQUIRED_AFTER(order::board) TENON_ACQUIRED_BEFORE(order::placed);
    AddressMap map_ TENON_GUARDED_BY(changing_);
    std::map<AddressMap::Id, Entry> wanted_ TENON_GUARDED_BY(changing_);
    AddressMap::Id next_ TENON_GUARDED_BY(changing_) = 0;
    mutable SharedMutex ranges_mutex_ TENON_ACQUIRED_AFTER(order::last);
    /// In effect, by base.
    std::map<std::uint64_t, Entry> ranges_ TENON_GUARDED_BY(ranges_mutex_);
};

}  // namespace tenon::vmm::board
