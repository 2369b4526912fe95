// A root port and the functions in its slot, as a guest will find them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "device/control.hpp"
#include "device/facts.hpp"
#include "model/chosen/choices.hpp"
#include "model/chosen/property.hpp"
#include "model/chosen/requests.hpp"
#include "model/function/function_view.hpp"
#include "model/function/register_map.hpp"
#include "model/function/reset.hpp"
#include "model/slot/slot_view.hpp"
#include "model/virtio/backend.hpp"
#include "pci/address.hpp"

namespace tenon::model::slot {

/// A range of guest physical addresses or ports. Size 0: there is none.
struct Window {
    std::uint64_t base = 0;
    std::uint64_t size = 0;

    std::uint64_t end() const { return base + size; }  ///< The first address past it.
    bool operator==(const Window&) const = default;
};

/// A function in its place: the view and where the guest's firmware (we) put its BARs.
struct FunctionPlan {
    function::FunctionView view;
    pci::Address guest;                                              ///< In the guest.
    std::array<std::uint64_t, device::bar_count + 1> bar_address{};  ///< By index; 0: not placed.
    device::DeviceFacts facts;  ///< What the view was made from.
    device::Access access = {};
    chosen::RomRequest rom;
    chosen::Property<chosen::ResetChoice> reset_choice;
    function::ResetPlan reset;       ///< What comes of it, in this machine.
    chosen::ErrorAction on_error{};  ///< When the host is told of an error of it.
    /// The process that its device is; none: a function of the host.
    std::optional<virtio::Backend> backend = {};

    /// Configuration space as the guest's kernel finds it: the view with its BARs placed.
    pci::ConfigImage start() const;

    bool operator==(const FunctionPlan&) const = default;
};

/// What a port's windows have room for at least, as its user said. Bytes, 1 MiB granules.
struct WindowReserve {
    std::optional<std::uint64_t> memory;
    std::optional<std::uint64_t> prefetchable;

    bool operator==(const WindowReserve&) const = default;
};

/// A root port and the slot below it.
struct PortPlan {
    std::string name;
    pci::Address guest;  ///< On bus 0.
    std::uint8_t secondary_bus = 0;
    unsigned slot_number = 0;    ///< Of the physical slot that the port names; from 1 on.
    bool shares_device = false;  ///< Other ports have the same device number, and this function 0.
    Window memory;               ///< 32-bit, for BARs that are not prefetchable. 1 MiB granules.
    Window prefetchable;         ///< 64-bit, above 4 GiB. 1 MiB granules.
    Window io;                   ///< 4 KiB granules.
    SlotRules rules;
    WindowReserve reserve;
    bool firmware = false;  ///< Firmware gives the port its windows: it is told their sizes.
    std::vector<FunctionPlan> functions;  ///< In order of their numbers.
    SlotView slot;                        ///< Follows from the functions, as does what comes after.
    std::vector<chosen::PropertyReport> properties;  ///< What came of what could be chosen.
    function::RegisterMap map;

    bool operator==(const PortPlan&) const = default;
};

}  // namespace tenon::model::slot
