#include "model/machine/plan_function.hpp"

#include <fmt/core.h>

#include <bitset>
#include <string>
#include <utility>
#include <vector>

#include "model/chosen/target.hpp"

namespace tenon::model::machine {
namespace {

chosen::PropertyReport report_on_error(const function::FunctionView& view,
                                       const chosen::FunctionProperties& properties) {
    const auto shown = fmt::format(
        "an error that the host is told of is shown in {}, so that its driver starts over",
        view.error_reporting_at != 0 ? "its registers and its port's"
                                     : "its port's registers, since it has none for that");
    chosen::PropertyReport report{.name = "on-error",
                                  .value = std::string{name_of(properties.on_error.value)},
                                  .origin = properties.on_error.origin,
                                  .version = std::string{properties.version}};
    if (chosen::find_target(properties.version)) {
        report.value = name_of(chosen::ErrorAction::Stop);
        report.origin = chosen::PropertyOrigin::Compatibility;
        report.effect = "QEMU pauses the guest, and shows it no error";
        return report;
    }
    switch (properties.on_error.value) {
        case chosen::ErrorAction::Report:
            report.effect = shown;
            report.change = "on-error=stop, on-error=detach";
            break;
        case chosen::ErrorAction::Stop:
            report.effect = shown + ", and the machine is paused";
            report.change = "on-error=report lets it go on";
            break;
        case chosen::ErrorAction::Detach:
            report.effect = "when the host is told of an error it is taken away, as if pulled out";
            report.change = "on-error=report keeps it";
            break;
    }
    return report;
}

// What is asked of a function of a host, and not known of one, is no matter here.
void be_a_process(const virtio::Backend& backend, slot::FunctionPlan& function) {
    auto& view = function.view;
    view.emulated = true;
    view.unknowns.clear();
    view.properties.clear();
    view.group_notes.clear();
    view.atomics = {.widths = std::uint32_t{0},
                    .why = "a process sends no AtomicOps, and completes none",
                    .change = {}};
    view.driver_line = "a process behind a vhost-user socket";
    for (auto& bar : view.bars)
        bar.why = "ours: the registers of Virtio over PCI; doorbells go to the process by KVM";
    function.reset.way = function::ResetWay::Function;
    function.backend = backend;
}

}  // namespace

// The function's number in its slot: as asked, or the first that is free.
Result<unsigned> number_in_slot(const slot::PortPlan& port, const DeviceRequest& device) {
    std::bitset<8> taken;
    for (const auto& function : port.functions)
        taken.set(function.view.function);
    if (device.function) {
        if (*device.function > 7)
            return malformed("{}: function {} is none of 0 to 7", device.id, *device.function);
        if (taken[*device.function])
            return malformed("{}: function {} of port {} is taken by another device", device.id,
                             *device.function, port.name);
        return *device.function;
    }
    for (unsigned number = 0; number < taken.size(); ++number)
        if (!taken[number]) return number;
    return malformed("{}: port {} has eight functions already", device.id, port.name);
}

Result<std::unique_ptr<slot::FunctionPlan>> plan_function(const FunctionRules& rules,
                                                          DeviceRequest&& device, unsigned number) {
    if (const auto& offset = device.keys.pasid_offset; offset && *offset)
        TENON_TRY_DO(function::check_pasid_offset(**offset), device.id);
    auto properties = chosen::choose_properties(rules.version, device.keys);
    properties.viommu_pasid_width = rules.viommu_pasid_width;
    properties.interface = device.access.interface;
    auto function = std::make_unique<slot::FunctionPlan>();
    auto& view = function->view;
    view = function::build_function_view(device.facts, properties, device.rom);
    if (device.backend)
        be_a_process(*device.backend, *function);
    else if (view.guest_view)
        view.properties.push_back(report_on_error(view, properties));
    function::say_what_is_usable(rules.iommu, device.facts.iommu.ats, view);
    view.id = std::move(device.id);
    view.function = number;
    function->facts = std::move(device.facts);
    function->access = device.access;
    function->access.resets = chosen::resets_alone(properties.reset.value);
    function->rom = std::move(device.rom);
    function->reset_choice = properties.reset;
    function->on_error = properties.on_error.value;
    return function;
}

}  // namespace tenon::model::machine
