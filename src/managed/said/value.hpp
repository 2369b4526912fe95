// A value as a configuration says it, and where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pci/address.hpp"

namespace tenon::managed::said {

/// Where something is said.
struct Place {
    std::string file;   ///< As the user named it; "command line" for words.
    unsigned line = 0;  ///< From 1; 0: the input has no lines.
    unsigned word = 0;  ///< Of the command, its program being 0; 0 too where there are no words.

    bool operator==(const Place&) const = default;
};

/// "vm.sh:4", "command line, word 7".
std::string to_string(const Place& place);

/// How a value is written. JSON has types, and QEMU insists on them.
enum class ValueKind { Text, Number, Flag, Nested };

/// One value. A number of JSON is here in decimal, a flag as "on" or "off".
struct Value {
    std::string text;
    Place place;
    ValueKind kind = ValueKind::Text;
};

/// A name with its value.
struct Property {
    std::string name;
    Value value;
};

/// What one option says, in its order. Of a name that is given twice, the last counts.
class Properties {
public:
    void add(std::string name, Value value) {
        all_.push_back({.name = std::move(name), .value = std::move(value)});
    }

    /// The value of `name`; null if it is not said.
    const Value* find(std::string_view name) const;

    /// Its text; empty if it is not said.
    std::string_view text(std::string_view name) const;

    const std::vector<Property>& all() const { return all_; }

private:
    std::vector<Property> all_;
};

/// A number as QEMU reads one: decimal, hex with 0x, octal with a leading 0; all of `text`.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// on, yes, true, y, or off, no, false, n. None: neither.
std::optional<bool> parse_flag(std::string_view text);

/// A size as QEMU reads one: decimal, with an optional fraction left out, and b, K, M, G, T, P, E
/// in either case; without one, times `unit`. None: not such, or above 64 bits.
std::optional<std::uint64_t> parse_size(std::string_view text, std::uint64_t unit);

/// The address of a host function as QEMU reads one, each part in as few hex digits as somebody
/// likes: "1:0.0", "0000:65:00.0". None: not such, as of a shell's variable.
std::optional<pci::Address> parse_host_address(std::string_view text);

}  // namespace tenon::managed::said
