#include "cli/text/plan_lspci.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "cli/text/library.hpp"
#include "model/chosen/target.hpp"
#include "pci/header.hpp"

namespace tenon::cli::text {
namespace {

constexpr std::size_t row_size = 16;

// The rows of `size` bytes.
std::string render_bytes(const pci::ConfigImage& config, std::size_t size) {
    std::string text;
    for (std::size_t offset = 0; offset + row_size <= size; offset += row_size) {
        text += fmt::format("{:02x}:", offset);
        for (std::size_t at = offset; at < offset + row_size; ++at)
            text += fmt::format(" {:02x}", config.read8(at));
        text += '\n';
    }
    return text + '\n';
}

std::string render_registers(const model::slot::FunctionPlan& function) {
    const auto& view = function.view;
    auto text = fmt::format("{} {:04x}: {:04x}:{:04x}", guest_address(function.guest),
                            view.class_code >> 8, view.vendor, view.device);
    if (view.revision != 0) text += fmt::format(" (rev {:02x})", view.revision);
    return text + '\n' +
           render_bytes(function.start(), std::min(view.config_size, known_config(function.facts)));
}

std::string render_port(const model::slot::PortPlan& port) {
    const auto& config = port.map.start;
    return fmt::format("{} {:04x}: {:04x}:{:04x}\n", guest_address(port.guest),
                       config.read16(pci::header::class_code + 1),
                       config.read16(pci::header::vendor_id),
                       config.read16(pci::header::device_id)) +
           render_bytes(config, pci::express_size);
}

// Ports of QEMU's are part of what is predicted; where a function has none, there is nothing to
// show.
bool shows_ports(const model::machine::MachinePlan& plan) {
    const auto qemu = model::chosen::find_target(plan.version);
    return qemu && qemu->target->place == model::chosen::QemuPlace::Port;
}

}  // namespace

std::string render_lspci(const model::machine::MachinePlan& plan) {
    std::string text;
    const bool ports = shows_ports(plan);
    for (const auto& port : plan.ports) {
        if (ports) text += render_port(*port);
        for (const auto& function : port->functions)
            if (function.view.guest_view) text += render_registers(function);
    }
    return text;
}

std::string render_lack_of_bytes(const model::machine::MachinePlan& plan) {
    std::string text;
    for (const auto& port : plan.ports)
        for (const auto& function : port->functions)
            if (function.facts.words && known_config(function.facts) == 0)
                text += fmt::format(
                    "  {} {}: there are no bytes of it to print: lspci -xxxx, as root, has them\n",
                    function.view.id, function.view.host);
    return text;
}

}  // namespace tenon::cli::text
