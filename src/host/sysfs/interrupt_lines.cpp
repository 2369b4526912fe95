#include "host/sysfs/interrupt_lines.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "base/file_tree.hpp"
#include "base/text.hpp"

namespace tenon::host::sysfs {
namespace {

constexpr std::size_t most_interrupt_text = std::size_t{4} << 20;  // 2000 lines of 256 processors.

// Which kind of messages it uses now; empty: none.
std::string read_messages(const FileTree& tree, const std::string& folder) {
    const auto vectors = tree.entries(folder + "/msi_irqs");
    if (vectors.empty()) return {};
    return tree.attribute(folder + "/msi_irqs/" + vectors.front()).value_or("msi");
}

Known<unsigned> read_number_of(const FileTree& tree, const std::string& folder,
                               std::string_view messages) {
    // With MSI the file has the first vector's number; with MSI-X still that of the line.
    if (messages == "msi") return Unknown{"it uses MSI now, and does not tell its line"};
    const auto text = tree.attribute(folder + "/irq");
    if (!text) return Unknown{text.error().what};
    const auto number = parse_number(*text);
    if (!number || *number > std::numeric_limits<unsigned>::max())
        return Unknown{fmt::format("{}/irq: \"{}\" is no number", folder, *text)};
    if (*number == 0) return Unknown{"it has no interrupt line"};
    return static_cast<unsigned>(*number);
}

}  // namespace

InterruptLines::InterruptLines(const Sysfs& sysfs) {
    const auto& tree = sysfs.tree();
    const auto functions = sysfs.list_functions();
    if (!functions) return;
    for (const auto& address : *functions) {
        const auto folder = sysfs.folder(address);
        const auto messages = read_messages(tree, folder);
        One one{.number = read_number_of(tree, folder, messages),
                .driver = tree.link_name(folder + "/driver").value_or("")};
        // Who uses messages is on no line.
        if (one.number && messages.empty())
            functions_[*one.number].push_back({.address = address, .driver = one.driver});
        all_.emplace(address, std::move(one));
    }
    // A copy may have no /proc beside it.
    if (sysfs.paths().proc.empty()) return;
    const auto text = tree.read(sysfs.paths().proc + "/interrupts", most_interrupt_text);
    if (!text) return;
    for (const auto line : split(*text, '\n'))
        table_.take(line);
}

Known<device::LineFacts> InterruptLines::of(const pci::Address& address) const {
    const auto one = all_.find(address);
    if (one == all_.end()) return Unknown{"the function is not there any more"};
    const auto& [number, driver] = one->second;
    if (!number) return Unknown{number.why()};
    device::LineFacts facts{
        .number = *number,
        .functions = {},
        .handlers = device::handlers_beside(address, driver, table_.handlers_of(*number))};
    if (const auto line = functions_.find(*number); line != functions_.end())
        std::ranges::copy_if(
            line->second, std::back_inserter(facts.functions),
            [&](const device::GroupMember& other) { return other.address != address; });
    if (!table_.any() && facts.functions.empty())
        return Unknown{fmt::format(
            "it is IRQ {}; who else is on it is told by /proc/interrupts, which is not there",
            *number)};
    return facts;
}

}  // namespace tenon::host::sysfs
