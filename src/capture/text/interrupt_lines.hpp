// Interrupt lines in a text: what `lspci -v` says of functions, and a table of /proc/interrupts
// somewhere beside it.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/known.hpp"
#include "device/facts.hpp"
#include "device/interrupt_table.hpp"
#include "pci/address.hpp"

namespace tenon::capture::text {

/// Holds what matters of a text, not the text.
class InterruptLines {
public:
    /// A line without its marks, and the function whose text it is in, if it is in one's.
    void take(const std::optional<pci::Address>& of, std::string_view line);

    /// The line of a function and who else is on it. Not known where the text does not say, or says
    /// two things, or has nobody else and no table that could name one.
    Known<device::LineFacts> of(const pci::Address& address) const;

private:
    struct Said {
        std::optional<unsigned> number;
        std::string driver;
        bool messages = false;  ///< It uses MSI or MSI-X, so it is on no line.
        bool msi = false;       ///< MSI, so the number is that of a message.
        bool differs = false;
    };

    std::map<pci::Address, Said> said_;
    device::InterruptTable table_;
};

}  // namespace tenon::capture::text
