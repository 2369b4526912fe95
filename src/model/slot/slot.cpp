#include "model/slot/slot.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.hpp"
#include "device/atomic_widths.hpp"
#include "model/chosen/target.hpp"
#include "model/function/intx_plan.hpp"
#include "model/slot/qemu_port.hpp"
#include "model/slot/root_port.hpp"

namespace tenon::model::slot {
namespace {

bool is_taken(const PortPlan& port, unsigned number) {
    return std::ranges::any_of(port.functions, [number](const FunctionPlan& function) {
        return function.view.function == number;
    });
}

chosen::PropertyReport report_atomics(const PortPlan& port) {
    const auto& rule = port.rules.atomics;
    return {.name = "atomics",
            .value = chosen::key_of(rule.value),
            .origin = rule.origin,
            .version = std::string{port.rules.version},
            .host = {},
            .effect = fmt::format("completes {}: {}",
                                  port.slot.atomic_completer == 0
                                      ? "no AtomicOps"
                                      : device::words_of_widths(port.slot.atomic_completer),
                                  port.slot.atomics_why.front()),
            .change = port.slot.atomics_change};
}

chosen::PropertyReport report_hotplug(const PortPlan& port) {
    const auto& chosen = port.rules.hotplug;
    std::string effect = "what is in the slot stays, and nothing comes";
    if (chosen.value && !port.functions.empty())
        effect = "the guest can be asked to let go of what is in the slot";
    else if (chosen.value)
        effect = fmt::format(
            "a device may come, with BARs of {} below 4 GiB and {} prefetchable above in all",
            format_size(port.memory.size), format_size(port.prefetchable.size));
    return {.name = "hotplug",
            .value = chosen.value ? "on" : "off",
            .origin = chosen.origin,
            .version = std::string{port.rules.version},
            .host = {},
            .effect = std::move(effect),
            .change = chosen.value ? "" : "hotplug=on"};
}

}  // namespace

void settle(PortPlan& port) {
    std::ranges::sort(port.functions, {},
                      [](const FunctionPlan& function) { return function.view.function; });
    std::vector<const function::FunctionView*> views;
    for (auto& function : port.functions) {
        function.guest = {.bus = port.secondary_bus,
                          .function = static_cast<std::uint8_t>(function.view.function)};
        // The pin leads through the port, where it is swizzled, to an input of the IOAPIC.
        if (auto& intx = function.view.intx)
            intx->interrupt = function::intx_interrupt(
                port.guest.device, function::swizzle(function.guest.device, intx->pin));
        views.push_back(&function.view);
    }
    port.slot = build_slot_view(port.name, port.rules, views);
    for (auto& function : port.functions)
        apply_slot(port.slot, function.view);
    port.properties = {report_atomics(port), report_hotplug(port)};
    const auto qemu = chosen::find_target(port.rules.version);
    if (qemu)
        settle_as_qemu(*qemu->target, port);
    else
        port.map = build_root_port(port);
}

Result<PortPlan> with_function(PortPlan port, const FunctionPlan& function) {
    const auto number = function.view.function;
    if (number > 7) return malformed("{}: function {} is none of 0 to 7", function.view.id, number);
    if (is_taken(port, number))
        return malformed("{}: function {} of port {} is taken by another device", function.view.id,
                         number, port.name);
    port.functions.push_back(function);
    settle(port);
    return port;
}

}  // namespace tenon::model::slot
