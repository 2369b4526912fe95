#include "vmm/slots/device_errors.hpp"

#include <fmt/core.h>

#include <chrono>
#include <thread>

namespace tenon::vmm::slots {

using model::chosen::ErrorAction;

namespace {

// A reset by the host hides a device for a while: it has a second to be back, as all have after
// one. Source: PCIe Base Spec 6.0, 6.6.1.
bool has_gone(assigned::AssignedFunction& function) {
    constexpr auto looks = 10;
    constexpr std::chrono::milliseconds pause{100};
    for (auto look = 0; look < looks; ++look) {
        if (!function.is_gone()) return false;
        std::this_thread::sleep_for(pause);
    }
    return function.is_gone();
}

}  // namespace

bool DeviceErrors::failed(const std::string& id) {
    const auto failed = outside_.chassis.find(id);
    if (!failed) return false;
    if (lost(id, *failed->occupant->function())) return true;
    const bool detaches = failed->plan->on_error == ErrorAction::Detach;
    if (detaches)
        detach(id, *failed->occupant->function());
    else
        show(id, *failed);
    return detaches;
}

bool DeviceErrors::missed(const std::string& id) {
    const auto missed = outside_.chassis.find(id);
    return missed && lost(id, *missed->occupant->function());
}

// The guest finds a device that was pulled out, as it is.
bool DeviceErrors::lost(const std::string& id, assigned::AssignedFunction& function) {
    if (!has_gone(function)) return false;
    outside_.warnings.once(
        fmt::format("{} answers no more: it is taken away from the guest", function.name()));
    outside_.tell({.kind = PlugEvent::Kind::Lost, .id = id});
    return true;
}

void DeviceErrors::detach(const std::string& id, const assigned::AssignedFunction& function) {
    outside_.warnings.once(fmt::format(
        "{}: the host was told of an error: it is taken away from the guest: on-error=detach",
        function.name()));
    outside_.tell({.kind = PlugEvent::Kind::Failed, .id = id, .action = ErrorAction::Detach});
}

void DeviceErrors::show(const std::string& id, const Chassis::Found& failed) {
    const bool stops = failed.plan->on_error == ErrorAction::Stop;
    // What the guest finds, it finds when it goes on.
    if (stops) outside_.warnings.check(outside_.pause(), "pausing the machine: on-error=stop");
    const auto report = outside_.chassis.slot(failed.port).show_error(*failed.occupant);
    outside_.warnings.once(fmt::format(
        "{}: the host was told of an error; the guest {}{}", failed.occupant->function()->name(),
        report.told ? "is told, so that its driver starts over"
                    : "does not want to be told of errors, and goes on with the device as it is",
        stops ? "; the machine is paused: on-error=stop" : ""));
    outside_.tell({.kind = PlugEvent::Kind::Failed,
                   .id = id,
                   .action = failed.plan->on_error,
                   .report = report});
}

}  // namespace tenon::vmm::slots
