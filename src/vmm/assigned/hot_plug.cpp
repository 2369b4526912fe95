#include "vmm/assigned/hot_plug.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/quiet_thread.hpp"

namespace tenon::vmm {

using model::SlotPhase;

HotPlug::HotPlug(Outside outside, std::chrono::milliseconds patience)
    : outside_{std::move(outside)}, patience_{patience} {
    // A vCPU tells, which must not wait for a device to be reset.
    outside_.topology.on_release([this](std::size_t port) {
        const std::lock_guard lock{noted_mutex_};
        released_.insert(port);
        noted_.notify_all();
    });
    outside_.topology.on_restart([this] { before_restart(); });
    outside_.assignment.on_notice([this](const std::string& id, DeviceNotice notice) {
        const std::lock_guard lock{noted_mutex_};
        notices_[id].insert(notice);
        noted_.notify_all();
    });
    thread_ = quiet_thread([this] { run(); });
}

HotPlug::~HotPlug() {
    outside_.topology.on_release({});
    outside_.topology.on_restart({});
    outside_.assignment.on_notice({});
    {
        const std::lock_guard lock{noted_mutex_};
        ending_ = true;
        noted_.notify_all();
    }
    thread_.join();
}

Result<std::size_t> HotPlug::port_of(const std::string& id) const {
    const auto ports = outside_.assignment.ports();
    for (std::size_t port = 0; port < ports.size(); ++port)
        for (const auto& function : ports[port]->functions)
            if (function.view.id == id) return port;
    return fail(Error::Kind::NotFound, "Device '{}' not found", id);
}

Result<void> HotPlug::check_slot_open(const model::Arrival& arrival) const {
    switch (outside_.topology.phase(arrival.port)) {
        case SlotPhase::Empty:
            return {};
        case SlotPhase::Occupied:
            return std::unexpected(
                Error{.kind = Error::Kind::Busy,
                      .what = fmt::format("port {}: its slot has been announced to the guest; no "
                                          "function can be added to it",
                                          arrival.plan->name),
                      .hint = "Remove what is there, then add all functions, function 0 last"});
        case SlotPhase::LeavingSoon:
        case SlotPhase::Leaving:
            break;
    }
    return std::unexpected(
        Error{.kind = Error::Kind::Busy,
              .what = fmt::format("port {}: its slot is being removed", arrival.plan->name),
              .hint = "Wait for the event DEVICE_DELETED"});
}

Result<std::string> HotPlug::add(const PlugRequest& request) {
    const std::lock_guard lock{mutex_};
    // What opens a function works on the address space that is being filled.
    outside_.assignment.wait_for_memory();
    Undo leave;
    leave.add([this] { outside_.assignment.close_unused(); });
    TENON_TRY(arrival,
              outside_.plan_arrival(request,
                                    {.plan = outside_.plan, .ports = outside_.assignment.ports()},
                                    outside_.opened),
              "");
    const auto& functions = arrival.plan->functions;
    const auto arriving = std::ranges::find_if(
        functions, [&](const auto& function) { return function.view.function == arrival.number; });
    if (arriving == functions.end()) return malformed("no function {} arrives", arrival.number);
    leave.add(
        [this, address = arriving->facts.address.value_or({})] { outside_.opened.take(address); });
    TENON_TRY_DO(check_slot_open(arrival), "");
    TENON_TRY_DO(outside_.assignment.insert(arrival), "");
    leave.commit();
    return arriving->view.id;
}

Result<void> HotPlug::remove(const std::string& id) {
    const std::lock_guard lock{mutex_};
    return ask(id);
}

// Under the lock.
Result<void> HotPlug::ask(const std::string& id) {
    TENON_TRY(port, port_of(id), "");
    const auto plan = outside_.assignment.ports()[port];
    switch (outside_.topology.phase(port)) {
        case SlotPhase::Empty:
            take_out(port);
            return {};
        case SlotPhase::LeavingSoon:
        case SlotPhase::Leaving:
            return fail(Error::Kind::Busy, "Device {} is already in the process of unplug", id);
        case SlotPhase::Occupied:
            break;
    }
    if (!plan->rules.hotplug.value)
        return fail(Error::Kind::Unsupported, "Device '{}' is in port {}, which has hotplug=off",
                    id, plan->name);
    {
        const std::lock_guard noted{noted_mutex_};
        deadlines_[port] = Clock::now() + patience_;
        noted_.notify_all();
    }
    outside_.topology.ask_to_leave(port);
    return {};
}

Result<void> HotPlug::pull_out(const std::string& id) {
    const std::lock_guard lock{mutex_};
    TENON_TRY(port, port_of(id), "");
    take_out(port);
    return {};
}

void HotPlug::listen(std::function<void(const PlugEvent&)> listener) {
    const std::lock_guard lock{mutex_};
    listener_ = std::move(listener);
}

void HotPlug::tell(const PlugEvent& event) {
    if (listener_) listener_(event);
}

void HotPlug::tell_all(PlugEvent::Kind kind, const model::PortPlan& port) {
    for (const auto& function : port.functions)
        tell({.kind = kind, .id = function.view.id});
}

// The guest starts again: slots that it was asked to let go of are empty then.
void HotPlug::before_restart() {
    const std::lock_guard lock{mutex_};
    const auto ports = outside_.assignment.ports().size();
    for (std::size_t port = 0; port < ports; ++port) {
        const auto phase = outside_.topology.phase(port);
        if (phase == SlotPhase::LeavingSoon || phase == SlotPhase::Leaving) take_out(port);
    }
}

void HotPlug::take_out(std::size_t port) {
    const auto plan = outside_.assignment.ports()[port];
    outside_.assignment.wait_for_memory();
    outside_.assignment.take_out(port);
    {
        // What was noted of those who were there is not for those to come.
        const std::lock_guard noted{noted_mutex_};
        deadlines_.erase(port);
        released_.erase(port);
        for (const auto& function : plan->functions)
            notices_.erase(function.view.id);
    }
    tell_all(PlugEvent::Kind::Deleted, *plan);
}

void HotPlug::give_up(std::size_t port) {
    outside_.topology.stop_asking(port);
    tell_all(PlugEvent::Kind::NotLetGo, *outside_.assignment.ports()[port]);
}

// The host waits for it, and asks again and again. A guest that cannot let go keeps it waiting.
void HotPlug::give_back(const std::string& id) {
    const auto asked = ask(id);
    if (asked)
        outside_.warnings.once(fmt::format("the host wants {} back: the guest is asked", id));
    else if (asked.error().kind != Error::Kind::Busy && asked.error().kind != Error::Kind::NotFound)
        outside_.warnings.once(
            fmt::format("the host wants {} back, in vain: {}", id, to_string(asked.error())));
}

// A reset by the host hides a device for a while: it has a second to be back, as all have after
// one. Source: PCIe Base Spec 6.0, 6.6.1.
bool HotPlug::has_gone(const Assignment::Found& found) {
    constexpr auto looks = 10;
    constexpr std::chrono::milliseconds pause{100};
    for (auto look = 0; look < looks; ++look) {
        if (!found.function.is_gone()) return false;
        std::this_thread::sleep_for(pause);
    }
    return found.function.is_gone();
}

// The guest finds a device that was pulled out, as it is.
void HotPlug::give_up_lost(const std::string& id) {
    const auto lost = outside_.assignment.find(id);
    if (!lost || !has_gone(*lost)) return;
    outside_.warnings.once(
        fmt::format("{} answers no more: it is taken away from the guest", lost->function.name()));
    tell({.kind = PlugEvent::Kind::Lost, .id = id});
    if (const auto port = port_of(id)) take_out(*port);
}

void HotPlug::handle_error(const std::string& id) {
    const auto failed = outside_.assignment.find(id);
    if (!failed) return;
    if (has_gone(*failed)) return give_up_lost(id);
    if (failed->plan.on_error != model::ErrorAction::Detach) return show_error(id, *failed);
    outside_.warnings.once(fmt::format(
        "{}: the host was told of an error: it is taken away from the guest: on-error=detach",
        failed->function.name()));
    tell({.kind = PlugEvent::Kind::Failed, .id = id, .action = failed->plan.on_error});
    if (const auto port = port_of(id)) take_out(*port);
}

void HotPlug::show_error(const std::string& id, const Assignment::Found& failed) {
    const bool stops = failed.plan.on_error == model::ErrorAction::Stop;
    // What the guest finds, it finds when it goes on.
    if (stops) outside_.warnings.check(outside_.pause(), "pausing the machine: on-error=stop");
    const auto report = outside_.topology.show_error(failed.function);
    outside_.warnings.once(fmt::format(
        "{}: the host was told of an error; the guest {}{}", failed.function.name(),
        report.told ? "is told, so that its driver starts over"
                    : "does not want to be told of errors, and goes on with the device as it is",
        stops ? "; the machine is paused: on-error=stop" : ""));
    tell({.kind = PlugEvent::Kind::Failed,
          .id = id,
          .action = failed.plan.on_error,
          .report = report});
}

void HotPlug::handle(const std::string& id, DeviceNotice notice) {
    switch (notice) {
        case DeviceNotice::WantedBack:
            return give_back(id);
        case DeviceNotice::Error:
            return handle_error(id);
        case DeviceNotice::Gone:
            return give_up_lost(id);
    }
}

// Until there is something to do. False: the end.
bool HotPlug::wait() {
    std::unique_lock noted{noted_mutex_};
    while (!ending_ && released_.empty() && notices_.empty()) {
        const auto next =
            std::ranges::min_element(deadlines_, {}, [](const auto& one) { return one.second; });
        if (next == deadlines_.end())
            noted_.wait(noted);
        else if (const auto due = next->second;
                 due <= Clock::now() || noted_.wait_until(noted, due) == std::cv_status::timeout)
            break;
    }
    return !ending_;
}

void HotPlug::run() {
    while (wait()) {
        const std::lock_guard lock{mutex_};
        std::set<std::size_t> released;
        std::map<std::string, std::set<DeviceNotice>> notices;
        std::vector<std::size_t> late;
        {
            const std::lock_guard noted{noted_mutex_};
            released = std::exchange(released_, {});
            notices = std::exchange(notices_, {});
            for (const auto& [port, deadline] : deadlines_)
                if (deadline <= Clock::now() && !released.contains(port)) late.push_back(port);
            for (const auto port : late)
                deadlines_.erase(port);
        }
        for (const auto port : released)
            if (outside_.topology.phase(port) != SlotPhase::Empty) take_out(port);
        for (const auto port : late)
            give_up(port);
        for (const auto& [id, noted] : notices)
            for (const auto notice : noted)
                handle(id, notice);
    }
}

}  // namespace tenon::vmm
