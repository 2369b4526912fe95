#include "cli/text/machine_text.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <vector>

#include "base/text.hpp"
#include "cli/text/table.hpp"

namespace tenon::cli::text {
namespace {

std::string range(const model::slot::Window& window) {
    return fmt::format("{:#x}-{:#x}", window.base, window.end() - 1);
}

std::string window_words(const model::machine::MachinePlan& plan) {
    const auto& window = plan.addresses.memory64;
    auto text = window.size == 0 ? std::string{"no window for 64-bit BARs"}
                                 : fmt::format("window for 64-bit BARs at {} ({}), ", range(window),
                                               format_size(window.size));
    if (window.size != 0)
        text += plan.memory64_needed == 0
                    ? "which none needs"
                    : fmt::format("{} are needed", format_size(plan.memory64_needed));
    if (plan.physical_bits)
        return text + fmt::format("; guest physical addresses have {} bits", *plan.physical_bits);
    return text + fmt::format("; how many bits guest physical addresses have is not known: {}",
                              plan.physical_bits.why());
}

}  // namespace

std::string memory_words(const model::machine::MemoryPlan& memory) {
    auto text = format_size(memory.size);
    if (memory.page != 0) text += fmt::format(" in huge pages of {}", format_size(memory.page));
    if (memory.node)
        return text + fmt::format(", from NUMA node {}, {}", *memory.node, memory.node_why);
    return text + fmt::format(", from any NUMA node: {}", memory.node_why);
}

std::string render_guest(const model::machine::MachinePlan& plan, const TextStyle& style) {
    auto text = style.paint(Tone::Strong, "Guest") + '\n';
    text += fmt::format("  {} processor{}\n", plan.vcpus, plan.vcpus == 1 ? "" : "s");
    std::vector<std::string> parts;
    parts.reserve(plan.memory.parts.size());
    for (const auto& part : plan.memory.parts)
        parts.push_back(range(part));
    text += paragraph(
        fmt::format("memory at {}: {}", fmt::join(parts, " and "), memory_words(plan.memory)),
        style, 2, 2);
    text += paragraph(window_words(plan), style, 2, 2);
    if (plan.firmware)
        text += paragraph(
            "begins with firmware, which numbers buses and gives out the addresses "
            "of ports and devices anew",
            style, 2, 2);
    if (plan.peers) text += paragraph("peer-to-peer: " + plan.peers->line, style, 2, 2);
    return text;
}

}  // namespace tenon::cli::text
