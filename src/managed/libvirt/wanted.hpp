// What a domain wants to have on its PCI buses, before libvirt has given all of it addresses.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "managed/libvirt/xml.hpp"
#include "managed/said/configuration.hpp"

namespace tenon::managed::libvirt {

/// A place as <address type='pci'> names it; a bus is the index of its controller.
struct PciAddress {
    unsigned bus = 0;       ///< 0 to 255.
    unsigned slot = 0;      ///< 0 to 31.
    unsigned function = 0;  ///< 0 to 7.
    bool multifunction = false;

    bool same_place(const PciAddress& other) const {
        return bus == other.bus && slot == other.slot && function == other.function;
    }
};

/// Where a device goes that names no place.
enum class Habit {
    Port,          ///< Behind a root port of its own, where there is PCI Express.
    Root,          ///< Onto the root bus.
    Conventional,  ///< Behind a bridge to conventional PCI, where the root is PCI Express.
    Placed,        ///< Nowhere: only one with an address is on a bus.
};

/// When libvirt gives a device an address that names none; of one rank, in the order of the domain.
enum class Rank {
    Filesystem,
    Network,
    Sound,
    Controller,
    Disk,
    Assigned,
    Balloon,
    Random,
    Watchdog,
    Display,
    SharedMemory,
    Input,
    Serial,
    Socket,
    Other
};

/// A device.
struct Wanted {
    said::Option option;  ///< Without bus, addr and multifunction.
    Habit habit = Habit::Port;
    std::optional<PciAddress> address;
    Rank rank = Rank::Assigned;
};

/// A bus with the device that makes it.
struct Controller {
    unsigned index = 0;
    std::string model;  ///< As libvirt names it: "pcie-root-port".
    Wanted wanted;
};

/// All of it, in the order in which libvirt has QEMU make them.
struct WantedDevices {
    std::vector<Controller> controllers;
    std::vector<Wanted> viommus;
    std::vector<Wanted> emulated;
    std::vector<Wanted> assigned;
};

/// Reads the <address type='pci'> in an element. None: there is none, or its numbers are beyond
/// what a bus has.
std::optional<PciAddress> read_address(const Element& device);

/// A property of text.
void say(said::Option& option, std::string name, std::string value);

/// The same of an attribute, if the element has it.
void say_if(said::Option& option, std::string name, const Element& element,
            std::string_view attribute);

/// The option of a device with the place of its element: id by <alias>, else `id`.
said::Option make_option(std::string type, std::string id, const Element& element);

}  // namespace tenon::managed::libvirt
