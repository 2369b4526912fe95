// Configuration space as the guest reaches it: ECAM, memory-mapped, 4 KiB a function.
#pragma once

#include <cstdint>

#include "vmm/board/bus.hpp"

namespace tenon::vmm::board {

/// All functions of the guest's PCI segment. Thread-safe: every vCPU calls it, and who looks from
/// outside.
class PciHost {
public:
    PciHost() = default;
    PciHost(const PciHost&) = delete;
    PciHost& operator=(const PciHost&) = delete;
    virtual ~PciHost() = default;

    /// Where an access goes: the bus number, device and function in one byte, and 0..4095.
    struct Place {
        std::uint8_t bus = 0;
        std::uint8_t devfn = 0;
        std::uint16_t offset = 0;

        bool operator==(const Place&) const = default;
    };

    /// `size` bytes (1, 2 or 4), all in one dword. A function that is absent reads as all ones.
    virtual std::uint32_t read(const Place& place, unsigned size) = 0;

    /// Writes the low `size` bytes of `value`; otherwise as read().
    virtual void write(const Place& place, unsigned size, std::uint32_t value) = 0;

    /// The machine was reset: every function is again as the guest's kernel finds it at its start.
    /// No vCPU runs.
    virtual void restart() = 0;
};

/// Turns memory accesses into configuration accesses.
///
/// Accesses that are not inside one dword are cut, lowest address first.
/// Source: PCIe Base Spec 6.0, 7.2.2.
class Ecam final : public BusDevice {
public:
    /// The host must outlive this.
    explicit Ecam(PciHost& host) : host_{host} {}

    std::uint64_t read(std::uint64_t offset, unsigned size) override;
    void write(std::uint64_t offset, unsigned size, std::uint64_t value) override;

private:
    PciHost& host_;
};

}  // namespace tenon::vmm::board
