// Configuration space of a planned function while a guest runs: for authors of virtual machine
// monitors, who carry a Plan out themselves.
//
// It is a state machine without side effects. A guest's access goes in; what has to be done to the
// device and to the guest's address space comes out, in order, and the caller does it. So it knows
// neither VFIO nor KVM, and every access can be replayed in a test.
//
//     guest reads                              guest writes
//         │                                        │
//     device_pieces() ──▶ read them from           ▼
//         │               the device           write() ──▶ effects, in order:
//         ▼                    │                   take BARs out, write to the device,
//      read(…, what came) ◀────┘                   put BARs in, look at interrupts, reset,
//                                                  tell the guest's IOMMU
//
// What a guest cannot break, whatever it writes in whatever order: bytes that are synthesized or
// hidden are never written to the device nor read from it, and the reset that a guest asks for is
// the caller's to carry out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include "tenon/export.hpp"

namespace tenon {

/// Where a guest has put a BAR that decodes now.
struct BarPlace {
    unsigned index = 0;         ///< 0 to 5, or Bar::option_rom.
    std::uint64_t address = 0;  ///< Guest physical address, or port.

    bool operator==(const BarPlace&) const = default;
};

/// What the caller has to do after a write or a reset.
namespace effect {

/// These BARs leave the guest's address space, before the device stops to answer.
struct RemoveBars {
    std::vector<BarPlace> bars;
    bool operator==(const RemoveBars&) const = default;
};

/// Write the low `size` bytes of `value` at `offset` of the device's configuration space, in one
/// access: it is naturally aligned. Little-endian, as all of PCI.
struct WriteDevice {
    std::uint16_t offset = 0;
    std::uint8_t size = 0;  ///< 1, 2 or 4
    std::uint32_t value = 0;
    bool operator==(const WriteDevice&) const = default;
};

/// Give the bits of `mask` in the device's 16-bit register at `offset` (even) those of `value`; its
/// other bits stay as the device has them: read, change, write.
struct UpdateDevice {
    std::uint16_t offset = 0;
    std::uint16_t mask = 0;
    std::uint16_t value = 0;
    bool operator==(const UpdateDevice&) const = default;
};

/// These BARs enter the guest's address space.
struct PlaceBars {
    std::vector<BarPlace> bars;
    bool operator==(const PlaceBars&) const = default;
};

/// The guest changed registers of INTx, MSI or MSI-X: look at bytes() and connect vectors.
struct InterruptsChanged {
    bool operator==(const InterruptsChanged&) const = default;
};

/// The guest reset the function: switch its interrupts off and reset the device, then carry out
/// ConfigSpace::prepare_device(). The space is already as after a reset.
struct ResetFunction {
    bool operator==(const ResetFunction&) const = default;
};

/// The guest set Secondary Bus Reset of a port: reset the functions below it.
struct ResetSecondaryBus {
    bool operator==(const ResetSecondaryBus&) const = default;
};

/// The guest wrote PASID Control, or a reset cleared it: the function's PASIDs are now on or off.
/// Nothing of it goes to the device; tell the guest's IOMMU. Source: PCIe Base Spec 6.0, 7.8.9.3.
struct PasidChanged {
    bool enabled = false;
    bool execute = false;     ///< Execute Permission Enable.
    bool privileged = false;  ///< Privileged Mode Enable.
    bool operator==(const PasidChanged&) const = default;
};

/// The guest wrote ATS Control, or a reset cleared it: it wants translations from its IOMMU, or no
/// more. Nothing of it goes to the device, whose register is the host's IOMMU driver's; the guest
/// reads what that has set. Tell the guest's IOMMU. Source: PCIe Base Spec 6.0, 10.5.1.3.
struct AtsChanged {
    bool enabled = false;
    unsigned smallest_translation_unit = 0;  ///< As the register has it: n is 4096 << n bytes.
    bool operator==(const AtsChanged&) const = default;
};

/// The guest wrote Page Request Control or Outstanding Page Request Allocation, or a reset cleared
/// them. Nothing of it goes to the device, whose registers are the host's IOMMU driver's; tell the
/// guest's IOMMU, which answers its page requests. Source: PCIe Base Spec 6.0, 10.5.2.
struct PageRequestsChanged {
    bool enabled = false;
    bool reset = false;            ///< Forget requests that are pending.
    std::uint32_t allocation = 0;  ///< Requests that the guest lets the function have outstanding.
    bool operator==(const PageRequestsChanged&) const = default;
};

/// The guest's AtomicOp Requester Enable is now on or off, by its write, a reset, or because its
/// slot gates the function. For information: what of it the device gets is a WriteDevice or
/// UpdateDevice of its own. There is none for a function that is gated; for a virtual function the
/// guest's bit is kept here, and the device follows that of its physical function.
///
/// Who clears the bit in the device: the host's kernel sets it when it is asked which AtomicOps
/// complete (VFIO_DEVICE_GET_INFO with room for capabilities, from Linux 6.5 on), and brings it
/// back with a reset. Plan::make() puts back what its own question changed. Whoever opens the
/// device for a guest clears the bit by carrying out ConfigSpace::prepare_device(), after all such
/// questions and after each reset; from then on it is the guest's. Source: PCIe Base
/// Spec 7.0, 7.5.3.16.
struct AtomicsChanged {
    bool enabled = false;
    bool operator==(const AtomicsChanged&) const = default;
};

}  // namespace effect

/// One of them. Later versions of the library may add kinds only with a new major version.
using Effect = std::variant<effect::RemoveBars, effect::WriteDevice, effect::UpdateDevice,
                            effect::PlaceBars, effect::InterruptsChanged, effect::ResetFunction,
                            effect::ResetSecondaryBus, effect::PasidChanged, effect::AtsChanged,
                            effect::PageRequestsChanged, effect::AtomicsChanged>;

/// A part of an access that has to be read from the device, naturally aligned.
struct DevicePiece {
    std::uint16_t offset = 0;  ///< In configuration space: bytes.
    std::uint8_t size = 0;     ///< 1, 2 or 4 bytes.

    bool operator==(const DevicePiece&) const = default;
};

/// The parts of one access: none, one or two.
class DevicePieces {
public:
    /// Adds a piece; a third one is dropped, as no access has three.
    void add(DevicePiece piece) {
        if (count_ < pieces_.size()) pieces_[count_++] = piece;
    }

    const DevicePiece* begin() const { return pieces_.data(); }
    const DevicePiece* end() const { return pieces_.data() + count_; }
    std::size_t size() const { return count_; }
    bool empty() const { return count_ == 0; }

private:
    std::array<DevicePiece, 2> pieces_{};
    std::size_t count_ = 0;
};

/// Configuration space of one function, port or host bridge; Plan makes it.
///
/// Accesses are 1, 2 or 4 bytes and lie inside one aligned dword: cut others before. Those that do
/// not read as all ones and are not written, as on a bus that nobody answers. It owns everything it
/// needs; one thread at a time.
class TENON_API ConfigSpace {
public:
    ConfigSpace(ConfigSpace&&) noexcept;
    ConfigSpace& operator=(ConfigSpace&&) noexcept;
    ~ConfigSpace();

    /// What of a read has to be fetched from the device: the bytes that have bits of it, no others.
    /// None for a port or the host bridge, which have no device.
    DevicePieces device_pieces(std::uint16_t offset, std::uint8_t size) const;

    /// What the guest reads. `from_device` has the pieces, each shifted to its place in the access;
    /// other bits do not matter. A device that is gone reads as ones.
    std::uint32_t read(std::uint16_t offset, std::uint8_t size, std::uint32_t from_device) const;

    /// The guest's write of the low `size` bytes of `value`. To be carried out in order.
    std::vector<Effect> write(std::uint16_t offset, std::uint8_t size, std::uint32_t value);

    /// What has to be done to the device before the guest starts, and again after each reset of it
    /// that was carried out, so that it is as the guest finds it here: Command zero, and AtomicOp
    /// Requester Enable clear, which the kernel sets and restores (effect::AtomicsChanged). In
    /// order. Nothing for a port or the host bridge.
    std::vector<Effect> prepare_device() const;

    /// Back to the state after a reset, as when the machine or the bus is reset: BARs without
    /// address, nothing enabled. The effects take out BARs that were in.
    std::vector<Effect> reset();

    /// BARs that decode now, with their addresses.
    std::vector<BarPlace> placed() const;

    /// Our own bytes as they are now, 4096 of them; where the device answers they mean nothing. For
    /// registers whose value the caller acts on, such as those of MSI. Valid until the next write.
    std::span<const std::byte> bytes() const;

private:
    friend class Plan;
    struct Inside;

    explicit ConfigSpace(std::unique_ptr<Inside> inside);

    std::unique_ptr<Inside> inside_;
};

}  // namespace tenon
