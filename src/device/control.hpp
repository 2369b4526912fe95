// The seam between what we decide and the host that carries it out.
//
// `plan` gets the half that only asks; `run` needs the half that acts. The real ones are in host/,
// fakes of them in tests/support.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/event_fd.hpp"
#include "base/fd.hpp"
#include "base/mapping.hpp"
#include "base/result.hpp"
#include "base/strong.hpp"
#include "device/facts.hpp"
#include "device/vf_token.hpp"

namespace tenon::device {

/// What one may ask of an opened function and change nothing. From any thread; facts() from one.
class DeviceReader {
public:
    DeviceReader() = default;
    DeviceReader(const DeviceReader&) = delete;
    DeviceReader& operator=(const DeviceReader&) = delete;
    virtual ~DeviceReader() = default;

    /// Everything VFIO says of the function. Never cached: each call asks the kernel. The function
    /// is left with the registers that it had.
    virtual Result<VfioFacts> facts() = 0;

    /// Fills all of `out` from byte `offset` of `region`.
    /// Errors: Io on a short read too; `out` is then unspecified.
    virtual Result<void> read(unsigned region, std::uint64_t offset, std::span<std::byte> out) = 0;

    /// What the host's IOMMU does for the function; unknown where the interface does not tell.
    virtual IommuFacts iommu() { return {}; }
};

/// How many vectors the host has instead of those it was asked for; none if it has them all.
using Offer = std::optional<std::uint32_t>;

class Domain;

/// What a running guest needs on top. Destruction resets the function and gives it back.
class DeviceControl : public DeviceReader {
public:
    /// Writes all of `in` at byte `offset` of `region`.
    virtual Result<void> write(unsigned region, std::uint64_t offset,
                               std::span<const std::byte> in) = 0;

    /// Maps `area` of `region` into our address space. The mapping must go before the device.
    virtual Result<Mapping> map(unsigned region, const MmapArea& area) = 0;

    /// One entry of set_vectors: an eventfd's number, or none to leave the vector without one.
    static constexpr int no_event = -1;

    /// From now on vector `first + n` of `index` signals `events[n]`. Enables the index if no
    /// vector of it was active. The events stay the caller's and must outlive the next call.
    /// None: done. A number: nothing changed, the host has only so many vectors for the index.
    /// Errors: errno of VFIO_DEVICE_SET_IRQS; nothing changed either.
    virtual Result<Offer> set_vectors(IrqIndex index, std::uint32_t first,
                                      std::span<const int> events) = 0;

    /// INTx, which the host masks each time it comes, may come again.
    virtual Result<void> unmask_intx() = 0;

    /// INTx may come again whenever `event` is signalled, until INTx is disabled. The event stays
    /// the caller's until then.
    virtual Result<void> unmask_intx_on(int event) = 0;

    /// Switches every vector of `index` off and the index with them.
    virtual Result<void> disable_vectors(IrqIndex index) = 0;

    /// Resets the function.
    /// Errors: Unsupported if it has no reset that stays inside it.
    virtual Result<void> reset() = 0;

    /// Resets the bus above the function on the host, and all functions there with it. `owners` are
    /// the kvm_file() of those of them that are open here, this one among them.
    /// Errors: names the functions that it would reset; Unsupported if no bus above can be reset.
    virtual Result<void> hot_reset(std::span<const int> owners) = 0;

    /// A file of `area` of a BAR, by which an address space of BarMaps::ByFile takes it. It can be
    /// mapped while the function decodes memory; what was mapped is gone when it stops to, and is
    /// to be mapped anew. From any thread.
    /// Errors: Unsupported if the kernel gives out no such file.
    virtual Result<Fd> bar_file(unsigned bar, const MmapArea& area) = 0;

    /// Its DMA goes through `domain` from now on, which stays the caller's and must outlive that;
    /// null: through the address space that it was opened into. Meanwhile it may reach nothing. The
    /// host may have others of its IOMMU group follow.
    /// Errors: errno of the kernel, it is then where it was; Unsupported if the interface that
    /// opened it has no domains.
    virtual Result<void> attach(Domain* domain);

    /// Its DMA reaches nothing from now on, until attach().
    /// Errors: as attach().
    virtual Result<void> block();

    /// As attach(), of its requests with this PASID, 1 to 2^20 - 1, which reached nothing before
    /// the first time.
    /// Errors: as attach(); Unsupported too if the host does not attach its PASIDs.
    virtual Result<void> attach_pasid(std::uint32_t pasid, Domain* domain);

    /// Its requests with this PASID, which is attached, reach nothing from now on.
    /// Errors: as attach_pasid().
    virtual Result<void> detach_pasid(std::uint32_t pasid);

    /// Descriptor that the kvm-vfio device is told of; stays owned here.
    virtual int kvm_file() const = 0;
};

/// Memory that devices are let reach: a range of our address space, and the file it is a part of.
struct DmaMemory {
    static constexpr int no_file = -1;

    // Implicit: memory without a file is memory.
    DmaMemory(std::span<std::byte> bytes_, int file_ = no_file, std::uint64_t offset_ = 0)
        : bytes{bytes_}, file{file_}, offset{offset_} {}

    std::span<std::byte> bytes;
    int file;              ///< The file that `bytes` map; stays the caller's.
    std::uint64_t offset;  ///< Where in it.
};

/// What a device may do with memory.
struct DmaRights {
    bool read = false;
    bool write = false;

    bool operator==(const DmaRights&) const = default;
};

/// Parts of an address space at other addresses, for devices that are attached here instead. One
/// caller at a time. Goes before its address space, and after the last device that is attached.
/// One of make_nested() follows tables in the memory itself: it is invalidated, and maps nothing.
class Domain {
public:
    Domain() = default;
    Domain(const Domain&) = delete;
    Domain& operator=(const Domain&) = delete;
    virtual ~Domain() = default;

    /// Lets devices reach at `at` what the address space has in `size` bytes from `from`, all of it
    /// mapped there. All are page aligned, and nothing is at `at`.
    /// Errors: errno of the kernel; nothing has changed.
    virtual Result<void> map(Iova at, Iova from, std::uint64_t size, DmaRights rights) = 0;

    /// Takes all back that was mapped from `at` on; each mapping lies in the range as a whole.
    /// Errors: errno of the kernel.
    virtual Result<void> unmap(Iova at, std::uint64_t size) = 0;

    /// What was cached of its tables for the addresses `first` to `last`, whole pages, both
    /// included, is used no more. 0 to ~0: all.
    /// Errors: errno of the kernel; Unsupported if it follows no tables.
    virtual Result<void> invalidate(Iova first, Iova last);
};

/// First-stage tables of VT-d in memory that an address space has, as its addresses name it.
struct FirstStageTables {
    Iova root;            ///< Of the topmost one, page aligned.
    unsigned levels = 4;  ///< 4: 48 bits, 5: 57.
    bool supervisor = false;
    bool write_protection = false;
    bool extended_accessed_flag = false;

    bool operator==(const FirstStageTables&) const = default;
};

/// The IOMMU's view of guest memory: what the assigned devices may reach by DMA. BARs may be mapped
/// and unmapped from any thread; one caller at a time for the rest.
class AddressSpace {
public:
    AddressSpace() = default;
    AddressSpace(const AddressSpace&) = delete;
    AddressSpace& operator=(const AddressSpace&) = delete;
    virtual ~AddressSpace() = default;

    /// Lets devices reach `memory` at `at`, to read and to write. Both ends are page aligned.
    /// Errors: errno of the kernel, with the limit that was hit where that is known.
    virtual Result<void> map(Iova at, const DmaMemory& memory) = 0;

    /// How map_bar() takes a BAR.
    virtual BarMaps bar_maps() const = 0;

    /// Lets devices reach a part of a device's BAR at `at`. `bar` has our mapping of it, and for
    /// BarMaps::ByFile a file of DeviceControl::bar_file() as well. Both ends are page aligned; the
    /// device decodes memory.
    /// Errors: errno of the kernel, with the limit that was hit where that is known.
    virtual Result<void> map_bar(Iova at, const DmaMemory& bar) = 0;

    /// Takes a range back that was mapped by one call.
    virtual Result<void> unmap(Iova at, std::uint64_t size) = 0;

    /// A domain over this, with nothing mapped. Of the caller that maps memory.
    /// Errors: errno of the kernel; Unsupported if the interface has no domains.
    virtual Result<std::unique_ptr<Domain>> make_domain();

    /// A domain in which the IOMMU goes through `tables` to what is mapped here. That it cannot may
    /// show only when a device is attached.
    /// Errors: Unsupported if the interface has no such domains.
    virtual Result<std::unique_ptr<Domain>> make_nested(const FirstStageTables& tables);
};

/// Which interface of the kernel assigns a function.
enum class Interface { Automatic, Iommufd, Group };

/// How a function is to be opened, as its user says.
struct Access {
    Interface interface = Interface::Automatic;
    /// For a virtual function whose physical function VFIO has as well.
    std::optional<VfToken> vf_token;
    /// The function's own node (/dev/vfio/devices/vfioN), opened by somebody else; for Iommufd.
    /// It stays theirs: opening makes a copy of its own.
    std::optional<int> file;
    /// /dev/iommu, opened by somebody else and theirs; none: it is opened here. For Iommufd.
    /// Functions with the same one share an address space.
    std::optional<int> iommufd;
    /// Whether it is reset when it is given back. The kernel resets on its own account as well.
    bool resets = true;

    bool operator==(const Access&) const = default;
};

/// Opens functions for assignment; all of one opener share one address space.
class DeviceOpener {
public:
    DeviceOpener() = default;
    DeviceOpener(const DeviceOpener&) = delete;
    DeviceOpener& operator=(const DeviceOpener&) = delete;
    virtual ~DeviceOpener() = default;

    /// Opens the function that `facts` describe and attaches it to the address space. The kernel
    /// resets it. Whatever fails, the host is as before.
    virtual Result<std::unique_ptr<DeviceControl>> open(const DeviceFacts& facts,
                                                        const Access& access) = 0;

    /// Iommufd or Group.
    virtual Interface interface() const = 0;

    /// The address space of the functions opened so far; valid as long as the opener.
    virtual AddressSpace& address_space() = 0;
};

/// Makes what opens the functions that `facts` describe, all by one interface of the kernel and,
/// where that is given, one iommufd.
using OpenerFactory = std::function<Result<std::unique_ptr<DeviceOpener>>(
    Interface interface, std::span<const DeviceFacts> facts, std::optional<int> iommufd)>;

}  // namespace tenon::device
