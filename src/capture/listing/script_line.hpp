// What lspci prints for scripts: `-m` and `-mm` in one line of quoted words, `-vm` and `-vmm` in
// records of a key and a value a line.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "capture/listing/said.hpp"

namespace tenon::capture::listing {

/// The quoted words behind the address, and the options between them.
struct ScriptLine {
    /// Class, vendor, device; then those of the subsystem, which may be empty.
    std::array<std::string_view, 5> words;
    std::optional<std::uint8_t> revision;   ///< -rXX
    std::optional<std::uint8_t> interface;  ///< -pXX

    bool operator==(const ScriptLine&) const = default;
};

/// `"PCI bridge" "Intel Corporation" "…" -r07 -p00 "" ""`; none: another text, or a class that is
/// not known here.
std::optional<ScriptLine> parse_script_line(std::string_view text);

/// Puts what a line tells into what is known.
void put_script_line(const ScriptLine& line, Said& said);

/// The address of the line that begins a record: "Slot: 01:00.0", or "Device: 01:00.0" of `-vm`.
std::optional<pci::Address> parse_record_begin(std::string_view text);

/// Vendors of the record that is being read, as it has them ("Intel Corporation [8086]"): half of
/// what their devices' lines tell.
struct Record {
    std::string vendor;
    std::string subsystem_vendor;
};

/// Puts what a line of a record tells into `said`. Whether it is one of a record.
bool take_record_line(std::string_view text, Record& record, Said& said);

}  // namespace tenon::capture::listing
