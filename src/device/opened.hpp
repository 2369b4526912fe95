// Functions that stay open from the questions of the plan to the guest: what was planned is what is
// assigned, and no other process can come between.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "device/control.hpp"
#include "device/facts.hpp"
#include "pci/address.hpp"

namespace tenon::device {

/// The functions of one machine that are open, and what opened them: those that ask for the same
/// interface share an address space. Destruction gives back those that nobody took.
class OpenedFunctions {
public:
    /// Nothing is open.
    explicit OpenedFunctions(OpenerFactory factory) : factory_{std::move(factory)} {}

    /// Makes the opener for functions that ask for `interface`, unless it is there.
    /// Errors: those of the factory.
    Result<void> prepare(Interface interface, std::span<const DeviceFacts> functions);

    /// Opens the function that `facts` describe and keeps it. prepare() comes first.
    /// Errors: those of DeviceOpener::open().
    Result<DeviceControl*> open(const DeviceFacts& facts, const Access& access);

    /// Hands out a function that is open, or null.
    std::unique_ptr<DeviceControl> take(const pci::Address& address);

    /// Which interfaces of the kernel are in use, each once.
    std::vector<Interface> interfaces() const;

    /// What the functions reach by DMA; valid as long as this.
    std::vector<AddressSpace*> address_spaces() const;

private:
    OpenerFactory factory_;
    /// By what was asked for; Automatic shares the one of the interface that it turned out to be.
    std::map<Interface, std::shared_ptr<DeviceOpener>> openers_;
    std::map<pci::Address, std::unique_ptr<DeviceControl>> devices_;
};

}  // namespace tenon::device
