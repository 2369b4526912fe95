#include "capture/text/interrupt_lines.hpp"

#include <fmt/core.h>

#include <limits>

#include "base/text.hpp"
#include "capture/text/limits.hpp"

namespace tenon::capture::text {
namespace {

// The number behind `key`, such as 16 of "routed to IRQ 16".
std::optional<unsigned> number_behind(std::string_view line, std::string_view key) {
    const auto at = line.find(key);
    if (at == std::string_view::npos) return std::nullopt;
    const auto rest = line.substr(at + key.size());
    const auto number = parse_number(rest.substr(0, rest.find_first_not_of("0123456789")));
    if (!number || *number > std::numeric_limits<unsigned>::max()) return std::nullopt;
    return static_cast<unsigned>(*number);
}

// What `lspci -vv` says, and `lspci -v`. A function without a line has IRQ 0.
std::optional<unsigned> interrupt_number(std::string_view line) {
    auto number = line.starts_with("Interrupt: pin ") ? number_behind(line, " routed to IRQ ")
                  : line.starts_with("Flags: ")       ? number_behind(line, ", IRQ ")
                                                      : std::nullopt;
    if (number && *number == 0) number.reset();
    return number;
}

}  // namespace

void InterruptLines::take(const std::optional<pci::Address>& of, std::string_view line) {
    constexpr std::string_view driver = "Kernel driver in use: ";
    if (table_.take(line) || !of) return;
    const auto number = interrupt_number(line);
    const bool capability = line.starts_with("Capabilities: [");
    const bool msi = capability && line.contains(" MSI: Enable+");
    const bool msix = capability && line.contains(" MSI-X: Enable+");
    const bool bound = line.starts_with(driver);
    if (!number && !msi && !msix && !bound) return;
    if (said_.size() == most_functions && !said_.contains(*of)) return;
    auto& said = said_[*of];
    if (number) {
        said.differs = said.differs || (said.number && said.number != number);
        said.number = number;
    }
    said.msi = said.msi || msi;
    said.messages = said.messages || msi || msix;
    if (bound) said.driver = line.substr(driver.size());
}

Known<device::LineFacts> InterruptLines::of(const pci::Address& address) const {
    const auto own = said_.find(address);
    if (own == said_.end() || !own->second.number)
        return Unknown{"the text beside the dump has no IRQ of it"};
    const auto& said = own->second;
    if (said.msi) return Unknown{"it used MSI, and the text beside the dump has the IRQ of that"};
    if (said.differs) return Unknown{"the text beside the dump has two IRQs of it"};
    if (table_.differs())
        return Unknown{"the text beside the dump has two tables of interrupts that differ"};
    device::LineFacts facts{.number = *said.number,
                            .functions = {},
                            .handlers = device::handlers_beside(address, said.driver,
                                                                table_.handlers_of(*said.number))};
    for (const auto& [other, what] : said_)
        if (other != address && !what.messages && !what.differs && what.number == said.number)
            facts.functions.push_back({.address = other, .driver = what.driver});
    if (!table_.any() && facts.functions.empty())
        return Unknown{fmt::format(
            "it is IRQ {}; who else is on it is told by /proc/interrupts, which the input lacks",
            facts.number)};
    return facts;
}

}  // namespace tenon::capture::text
