// The PCI devices of a guest at the places where QEMU puts them.
//
// QEMU makes devices one by one, and one without an address takes the lowest free slot at that
// moment. So the tree is made as QEMU makes it: what the board has, then each device in QEMU's
// order; what cannot be put anywhere is a problem, and QEMU would not start.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "managed/guest/drivers.hpp"
#include "managed/said/configuration.hpp"

namespace tenon::managed::guest {

/// What a bus is to the functions on it.
enum class BusKind {
    ExpressRoot,       ///< pcie.0, and those of pxb-pcie.
    ConventionalRoot,  ///< pci.0 of the machine pc.
    Port,              ///< Behind a root port or a switch's downstream port: device 0 alone.
    SwitchInside,      ///< Behind a switch's upstream port.
    Conventional,      ///< Behind a bridge.
};

/// A bus.
struct Bus {
    std::string name;
    BusKind kind = BusKind::ExpressRoot;
    std::optional<std::size_t> above;  ///< The node whose bus it is; none: the board's.
    std::vector<std::size_t> nodes;    ///< In order of slot and function.
};

/// A function on a bus.
struct Node {
    std::optional<std::size_t> device;  ///< Of the configuration; none: the board's own.
    std::string driver;                 ///< For the board's own, what it is.
    DriverKind kind = DriverKind::Function;
    std::size_t bus = 0;
    unsigned slot = 0;
    unsigned function = 0;
    bool multifunction = false;
    bool automatic = false;             ///< QEMU chose the slot.
    std::optional<std::size_t> behind;  ///< The bus of a bridge or a port.
};

/// Why a device cannot be where it is said to be, so that QEMU ends.
struct Problem {
    enum class Kind {
        NoSuchBus,
        BusComesLater,  ///< Of a device that stands behind it.
        BusInJson,      ///< Of a device in JSON, which is made later.
        AddressTaken,
        NotMultifunction,  ///< Function 0 of the slot is there and says that it is alone.
        BadAddress,
        BusFull,
        BridgesAlone,  ///< The bus of a pxb-pcie.
    };
    Kind kind = Kind::NoSuchBus;
    std::size_t device = 0;
    std::string detail;                ///< The bus, the address, or who has it.
    std::optional<std::size_t> other;  ///< The device of the configuration that it is about.
};

/// All of it.
struct Tree {
    std::vector<Bus> buses;  ///< The first is the board's.
    std::vector<Node> nodes;
    std::vector<Problem> problems;
    std::vector<std::size_t> order;     ///< Devices of the configuration, as QEMU makes them.
    std::vector<std::size_t> unplaced;  ///< Devices whose driver is not known here.

    /// The node of a device of the configuration; null if it has no place.
    const Node* find(std::size_t device) const;

    /// The node above its bus; null on a root bus of the board.
    const Node* above(const Node& node) const;

    /// Whether a guest finds the function: behind a port only device 0, and a slot only by its
    /// function 0. Source: PCI Local Bus Spec 3.0, 3.2.2.3.4; Linux, drivers/pci/probe.c.
    bool is_found(const Node& node) const;
};

/// Makes it. Of a board that is not known here only buses of devices are.
Tree make_tree(const said::Configuration& configuration);

/// "02.0".
std::string slot_text(const Node& node);

}  // namespace tenon::managed::guest
