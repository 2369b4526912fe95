#include "cli/text/plan_lspci.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "cli/text/library.hpp"

namespace tenon::cli::text {
namespace {

constexpr std::size_t row_size = 16;

std::string render_registers(const model::slot::FunctionPlan& function) {
    const auto& view = function.view;
    auto text = fmt::format("{} {:04x}: {:04x}:{:04x}", guest_address(function.guest),
                            view.class_code >> 8, view.vendor, view.device);
    if (view.revision != 0) text += fmt::format(" (rev {:02x})", view.revision);
    text += '\n';
    const auto config = function.start();
    const auto size = std::min(view.config_size, known_config(function.facts));
    for (std::size_t offset = 0; offset + row_size <= size; offset += row_size) {
        text += fmt::format("{:02x}:", offset);
        for (std::size_t at = offset; at < offset + row_size; ++at)
            text += fmt::format(" {:02x}", config.read8(at));
        text += '\n';
    }
    return text + '\n';
}

}  // namespace

std::string render_lspci(const model::machine::MachinePlan& plan) {
    std::string text;
    for (const auto& port : plan.ports)
        for (const auto& function : port->functions)
            if (function.view.guest_view) text += render_registers(function);
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
