// Functions that stay open from the questions of the plan to the guest: what was planned is what is
// assigned, and no other process can come between.
#pragma once

#include <compare>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "device/control.hpp"
#include "device/facts.hpp"
#include "pci/address.hpp"

namespace tenon::device {

/// What functions have to ask for in common to be opened together.
struct AccessKind {
    Interface interface = Interface::Automatic;
    std::optional<int> iommufd;  ///< Access::iommufd.

    auto operator<=>(const AccessKind&) const = default;
};

/// The kind of `access`.
inline AccessKind kind_of(const Access& access) {
    return {.interface = access.interface, .iommufd = access.iommufd};
}

/// The functions of one machine that are open, and what opened them: those that ask for the same
/// interface share an address space. Destruction gives back those that nobody took.
class OpenedFunctions {
public:
    /// Nothing is open.
    explicit OpenedFunctions(OpenerFactory factory) : factory_{std::move(factory)} {}

    /// Makes the opener for functions that ask for `kind`, unless it is there.
    /// Errors: those of the factory.
    Result<void> prepare(const AccessKind& kind, std::span<const DeviceFacts> functions);

    /// Opens the function that `facts` describe and keeps it. prepare() comes first.
    /// Errors: those of DeviceOpener::open().
    Result<DeviceControl*> open(const DeviceFacts& facts, const Access& access);

    /// Hands out a function that is open, or null.
    std::unique_ptr<DeviceControl> take(const pci::Address& address);

    /// Which interfaces of the kernel are in use, each once.
    std::vector<Interface> interfaces() const;

    /// What functions of this kind reach by DMA; null before prepare(). Valid until close_unused().
    AddressSpace* address_space(const AccessKind& kind) const;

    /// Closes what opened functions of no address space in `used`: nobody of theirs is open.
    void close_unused(std::span<AddressSpace* const> used);

private:
    OpenerFactory factory_;
    /// By what was asked for; Automatic shares the one of the interface that it turned out to be.
    std::map<AccessKind, std::shared_ptr<DeviceOpener>> openers_;
    std::map<pci::Address, std::unique_ptr<DeviceControl>> devices_;
};

}  // namespace tenon::device
