// Configuration space by two ports, as before there was ECAM: an address, then a dword at it.
#pragma once

#include <cstdint>
#include <functional>

#include "base/mutex.hpp"
#include "vmm/board/ecam.hpp"
#include "vmm/board/lock_order.hpp"

namespace tenon::vmm::board {

/// Eight ports: 0 to 3 address, written as a dword; 4 to 7 the dword that it names, of the first
/// 256 bytes of a function. Byte 1 alone is the reset control register of PCs. Thread-safe, but two
/// processors that do not wait for each other share the address, as in any PC.
/// Source: PCI Local Bus Specification 3.0, 3.2.2.3.2; Intel 7 Series chipset, RST_CNT (0xcf9).
class ConfigPorts final : public BusDevice {
public:
    /// The host must outlive this. `reset` is called from the vCPU thread that asks for it.
    ConfigPorts(PciHost& host, std::function<void()> reset)
        : host_{host}, reset_{std::move(reset)} {}

    std::uint64_t read(std::uint64_t offset, unsigned size) override TENON_EXCLUDES(mutex_);
    void write(std::uint64_t offset, unsigned size, std::uint64_t value) override
        TENON_EXCLUDES(mutex_);

private:
    std::uint32_t address() const TENON_EXCLUDES(mutex_);

    PciHost& host_;
    const std::function<void()> reset_;
    mutable Mutex mutex_ TENON_ACQUIRED_AFTER(order::board);
    std::uint32_t address_ TENON_GUARDED_BY(mutex_) = 0;
};

}  // namespace tenon::vmm::board
