// What a trap looks at, and where it puts what it finds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "device/facts.hpp"
#include "managed/guest/tree.hpp"
#include "managed/said/configuration.hpp"
#include "managed/traps/finding.hpp"
#include "pci/address.hpp"

namespace tenon::managed::traps {

/// A file of -device's romfile.
struct RomFile {
    std::string path;
    bool is_there = false;  ///< It can be read, and is none: it lacks the signature.
};

/// What is known of the host; nothing where nobody named one.
struct HostView {
    bool asked = false;                                           ///< A host was named.
    std::vector<std::unique_ptr<device::DeviceFacts>> functions;  ///< Those that are assigned.
    std::vector<pci::Address> missing;                            ///< Assigned, and not there.
    bool whole = true;  ///< All of the host was seen, so that what is missing is not on it.
    std::optional<unsigned> physical_bits;  ///< Of an address of the host's processors.
    /// Bytes that whoever starts QEMU by hand may lock. None: no limit, or nobody knows.
    std::optional<std::uint64_t> lock_limit;
    std::vector<RomFile> rom_files;              ///< Those of the configuration that are no good.
    std::vector<pci::Address> physical_on_vfio;  ///< Physical functions that vfio-pci has.

    /// Facts of the function; null if nobody has them.
    const device::DeviceFacts* find(const pci::Address& address) const;
};

/// A function of the host in the configuration.
struct Assigned {
    std::size_t device;  ///< Of the configuration.
    const said::Option* option;
    std::optional<pci::Address> host;  ///< None: the configuration does not tell.
    const guest::Node* node;           ///< Null: it has no place.
    const device::DeviceFacts* facts;  ///< Null: not known.

    /// "0000:65:00.0", or the id of the device, or its type.
    std::string name() const;
};

/// A configuration with what follows from it. All of it must outlive the case.
class Case {
public:
    Case(const said::Configuration& said, const guest::Tree& placed, const HostView& of_host);

    const said::Configuration& configuration;
    const guest::Tree& tree;
    const HostView& host;

    const std::vector<Assigned>& assigned() const { return assigned_; }

    /// The value that device number `device` has of `name`; null: QEMU's default.
    const said::Value* value(std::size_t device, std::string_view name) const;
    bool is_on(std::size_t device, std::string_view name) const;

    const said::Option& option(std::size_t device) const { return configuration.devices[device]; }

    /// Whether the host was asked and does not have the function.
    bool is_missing(const Assigned& one) const;

    /// The kind of bus that the node is on.
    guest::BusKind bus_kind(const guest::Node& node) const { return tree.buses[node.bus].kind; }

private:
    std::vector<Assigned> assigned_;
};

/// Quotes the option as its manager has it.
Evidence quote(const said::Option& option);

/// Quotes one value: "name=value".
Evidence quote(std::string_view name, const said::Value& value);

/// Whether facts or, without them, the configuration say that a function is a display.
/// Facts: class 03. Words: x-vga, a ROM file.
bool looks_like_display(const Assigned& one);

/// Its class by facts: base class and subclass, 16 bits. None: not known.
std::optional<unsigned> class_of(const Assigned& one);

/// What one trap found of one occurrence; trap, kind, why and source come from the trap's row.
struct Occurrence {
    std::string what;
    std::vector<Evidence> evidence;
    std::string change{};
    std::vector<std::string> paste{};
};

/// Where the row of a trap puts what it finds.
class Notes {
public:
    void found(Occurrence occurrence) { occurrences_.push_back(std::move(occurrence)); }
    void ask(std::string what) { questions_.push_back(std::move(what)); }

    const std::vector<Occurrence>& occurrences() const { return occurrences_; }
    const std::vector<std::string>& questions() const { return questions_; }

private:
    std::vector<Occurrence> occurrences_;
    std::vector<std::string> questions_;
};

/// A trap: what it is in words, and the function that finds it.
struct Trap {
    std::string_view name;
    Kind kind;
    std::string_view why;
    std::string_view source;
    void (*look)(const Case& of, Notes& notes);
};

}  // namespace tenon::managed::traps
