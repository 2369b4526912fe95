// Interrupt lines of a host, as INTx of its functions comes by them, and who is on which.
// Source: Documentation/ABI/testing/sysfs-bus-pci (irq, msi_irqs) of Linux.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/known.hpp"
#include "device/facts.hpp"
#include "device/interrupt_table.hpp"
#include "host/sysfs/sysfs.hpp"
#include "pci/address.hpp"

namespace tenon::host::sysfs {

/// All of them at one moment.
class InterruptLines {
public:
    /// Reads two files of each function of the host, or of a copy, and /proc/interrupts.
    explicit InterruptLines(const Sysfs& sysfs);

    /// The line of a function, without it and its own handlers. Functions that use MSI or MSI-X now
    /// are on none.
    Known<device::LineFacts> of(const pci::Address& address) const;

private:
    struct One {
        Known<unsigned> number;
        std::string driver;
    };

    std::map<pci::Address, One> all_;
    std::map<unsigned, std::vector<device::GroupMember>> functions_;
    device::InterruptTable table_;
};

}  // namespace tenon::host::sysfs
