// What a manager's configuration says of a virtual machine, as far as it decides what the guest
// sees of its PCI devices: neutral, and each value with its place.
//
// QEMU is what all of them end in. So a reader of another manager's file makes the options that
// the manager would give QEMU, with the places of the file they come from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "managed/said/value.hpp"

namespace tenon::managed::said {

/// Whose words the configuration is in, and advice is to be.
enum class Manager { Qemu, Proxmox, Libvirt, KubeVirt };

/// How QEMU is told of a device. It makes all that are not in JSON first, wherever they stand.
/// Source: QEMU 11.1, system/vl.c, qemu_create_cli_devices.
enum class Form { Keys, Json, ConfigFile };

/// A device, an object or a CPU: a type and its properties.
struct Option {
    std::string type;  ///< Driver, class of object, or CPU model.
    std::string id;    ///< Empty: none.
    Form form = Form::Keys;
    Place place;
    Properties properties;  ///< Without type and id.
    std::string origin{};   ///< Of what a manager makes: what says so, "hostpci0: 01:00,pcie=1".
    bool added = false;     ///< The manager adds it by itself: nobody said anything of it.

    /// Quoted from the configuration: what the option is known by there.
    std::string word() const { return origin.empty() ? type : origin; }
};

/// `-global driver.name=value`: for every device of that driver that does not say otherwise.
struct Global {
    std::string driver;
    std::string name;
    Value value;
};

/// Something to be told about a place.
struct Note {
    Place place;
    std::string word;  ///< What stands there.
    std::string what;  ///< A sentence without a full stop.
};

/// Why QEMU would not start, as far as reading finds it.
struct Mistake {
    enum class Kind {
        Syntax,     ///< A word that QEMU does not take.
        SetOnJson,  ///< -set names a device that is in JSON.
        JsonType,   ///< JSON with a value of another type than the property.
    };
    Kind kind = Kind::Syntax;
    Note note;
    std::string paste{};  ///< A line to take its place; may be empty.
};

/// How much memory the manager lets QEMU lock.
struct LockLimit {
    std::uint64_t bytes = 0;
    bool is_said = false;  ///< By the configuration; else the manager reckons it.
    Note note;             ///< By what; `what` is empty.
};

/// Which firmware the guest starts with.
enum class Firmware { Default, Flash, Other };

/// More of one kind no machine has; what comes after is not taken, and a note says so.
inline constexpr std::size_t most_options = 2000;
inline constexpr std::size_t most_notes = 200;

/// All of it.
struct Configuration {
    Manager manager = Manager::Qemu;
    std::string name;          ///< Of the input.
    std::string program;       ///< Of a command line; may be empty.
    Properties machine;        ///< Of all -machine and -M; names with "-" alone.
    std::vector<Option> cpus;  ///< Each -cpu. The last counts.
    Properties memory;         ///< -m: size, maxmem, slots.
    Properties accelerator;    ///< Of -accel.
    std::vector<Option> devices;
    std::vector<Option> objects;
    std::vector<Global> globals;
    bool default_devices = true;   ///< No -nodefaults.
    bool network_options = false;  ///< -netdev, -nic or -net: no default network device.
    bool usb = false;              ///< -usb: controllers of the machine's own.
    std::optional<Value> vga;      ///< -vga.
    Firmware firmware = Firmware::Default;
    bool mmio_window = false;             ///< The firmware is told how much to keep for BARs.
    bool windows = false;                 ///< The manager says that the guest is Windows.
    std::optional<LockLimit> lock_limit;  ///< None: no limit of the manager's.
    std::vector<Mistake> mistakes;
    std::vector<Note> unknown;  ///< What was not understood, once each.

    /// The CPU that counts; null: none is said.
    const Option* cpu() const { return cpus.empty() ? nullptr : &cpus.back(); }
};

/// The value that the device has of `name`: its own, or that of -global. Null: QEMU's default.
const Value* value_of(const Configuration& configuration, const Option& device,
                      std::string_view name);

/// Whether it is said to be on.
bool is_on(const Configuration& configuration, const Option& device, std::string_view name);

/// Whether an option is a function of the host: vfio-pci by one of its names.
bool is_assigned(const Option& device);

/// A mediated device: sysfsdev= with a path that ends in a UUID.
bool is_mediated(const Option& device);

/// The function of the host that it is. None: the configuration does not tell.
std::optional<pci::Address> host_of(const Option& device);

/// A machine's version, as of "pc-q35-9.2".
struct MachineVersion {
    unsigned major = 0;
    unsigned minor = 0;

    auto operator<=>(const MachineVersion&) const = default;
};

/// Boards whose buses are known here.
enum class Board { Q35, Pc, Other };

/// The board; Pc where none is said, as of QEMU for x86.
Board board_of(const Configuration& configuration);

/// Its version. None: the newest of whatever QEMU this is.
std::optional<MachineVersion> version_of(const Configuration& configuration);

}  // namespace tenon::managed::said
