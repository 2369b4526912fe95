// The table of interrupts that a kernel shows, and whose handlers are on which line.
// Source: Documentation/filesystems/proc.rst of Linux (interrupts).
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pci/address.hpp"

namespace tenon::device {

/// /proc/interrupts, line by line, alone or somewhere in a text.
class InterruptTable {
public:
    /// Rows that are kept, and bytes of the names of one; more are left out.
    static constexpr std::size_t most_rows = 4096;
    static constexpr std::size_t most_names = 1024;

    /// Whether the line is of a table: its head, "CPU0 CPU1", or one of the rows below.
    bool take(std::string_view line);

    /// Whether there was one.
    bool any() const { return any_; }
    /// Whether there were two that say different things of a line: of two machines, or times.
    bool differs() const { return differs_; }
    /// Names of those who handle a line, as drivers call themselves: "snd_hda_intel:card0".
    std::vector<std::string> handlers_of(unsigned line) const;

private:
    std::map<unsigned, std::vector<std::string>> rows_;
    std::size_t processors_ = 0;
    bool inside_ = false;
    bool any_ = false;
    bool differs_ = false;
};

/// Those of `handlers` that are not the function's own, as far as their names tell; `driver` is the
/// one that has it, may be empty.
std::vector<std::string> handlers_beside(const pci::Address& address, std::string_view driver,
                                         std::vector<std::string> handlers);

}  // namespace tenon::device
