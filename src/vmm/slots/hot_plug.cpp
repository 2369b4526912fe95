#include "vmm/slots/hot_plug.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

namespace tenon::vmm::slots {

using model::running::SlotPhase;

HotPlug::HotPlug(Outside outside, std::chrono::milliseconds patience)
    : outside_{std::move(outside)},
      patience_{patience},
      errors_{{.chassis = outside_.chassis,
               .warnings = outside_.warnings,
               .pause = outside_.pause,
               .tell = [this](const PlugEvent& event) {
                   turn_.assume_held();
                   tell(event);
               }}} {
    // A vCPU tells, which must not wait for a device to be reset.
    outside_.topology.on_release([this](std::size_t port) {
        const MutexLock lock{noted_mutex_};
        released_.insert(port);
        noted_.wake();
    });
    outside_.topology.on_restart([this] { before_restart(); });
    outside_.assignment.on_notice([this](const std::string& id, DeviceNotice notice) {
        const MutexLock lock{noted_mutex_};
        notices_[id].insert(notice);
        noted_.wake();
    });
    thread_ = seal::Thread::start(seal::ThreadKind::HotPlug, [this] { run(); });
}

HotPlug::~HotPlug() {
    outside_.topology.on_release({});
    outside_.topology.on_restart({});
    outside_.assignment.on_notice({});
    {
        const MutexLock lock{noted_mutex_};
        ending_ = true;
        noted_.wake();
    }
    thread_.join();
}

Result<std::size_t> HotPlug::port_of(const std::string& id) const {
    if (const auto found = outside_.chassis.find(id)) return found->port;
    return fail(Error::Kind::NotFound, "Device '{}' not found", id);
}

Result<void> HotPlug::check_slot_open(const model::machine::Arrival& arrival) const {
    switch (outside_.chassis.slot(arrival.port).phase()) {
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

Result<Plugged> HotPlug::add(const PlugRequest& request) {
    const MutexLock lock{turn_};
    // What opens a function works on the address space that is being filled.
    outside_.assignment.wait_for_memory();
    Undo leave;
    leave.add([this] { outside_.assignment.close_unused(); });
    TENON_TRY(
        arrival,
        outside_.plan_arrival(request, {.plan = outside_.plan, .ports = outside_.chassis.plans()},
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
    Plugged plugged{.id = arriving->view.id, .warnings = arrival.warnings};
    warn(plugged.id, arrival.warnings);
    for (const auto& other : arrival.of_others) {
        warn(other.id, other.warnings);
        std::ranges::copy(other.warnings, std::back_inserter(plugged.warnings));
    }
    return plugged;
}

Result<void> HotPlug::remove(const std::string& id) {
    const MutexLock lock{turn_};
    return ask(id);
}

Result<void> HotPlug::ask(const std::string& id) {
    TENON_TRY(port, port_of(id), "");
    const auto plan = outside_.chassis.slot(port).content()->plan;
    switch (outside_.chassis.slot(port).phase()) {
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
        const MutexLock noted{noted_mutex_};
        deadlines_[port] = Clock::now() + patience_;
        noted_.wake();
    }
    outside_.chassis.slot(port).ask_to_leave();
    return {};
}

Result<void> HotPlug::pull_out(const std::string& id) {
    const MutexLock lock{turn_};
    return take_away(id);
}

Result<void> HotPlug::take_away(const std::string& id) {
    TENON_TRY(port, port_of(id), "");
    take_out(port);
    return {};
}

void HotPlug::listen(PlugListener listener) {
    const MutexLock lock{turn_};
    listener_ = std::move(listener);
}

void HotPlug::tell(const PlugEvent& event) {
    if (listener_) listener_(event);
}

void HotPlug::tell_all(PlugEvent::Kind kind, const model::slot::PortPlan& port) {
    for (const auto& function : port.functions)
        tell({.kind = kind, .id = function.view.id});
}

void HotPlug::warn(const std::string& id, const std::vector<std::string>& warnings) {
    if (!warnings.empty()) tell({.kind = PlugEvent::Kind::Warned, .id = id, .warnings = warnings});
}

// The guest starts again: slots that it was asked to let go of are empty then.
void HotPlug::before_restart() {
    const MutexLock lock{turn_};
    const auto ports = outside_.chassis.size();
    for (std::size_t port = 0; port < ports; ++port) {
        const auto phase = outside_.chassis.slot(port).phase();
        if (phase == SlotPhase::LeavingSoon || phase == SlotPhase::Leaving) take_out(port);
    }
}

void HotPlug::take_out(std::size_t port) {
    const auto plan = outside_.chassis.slot(port).content()->plan;
    outside_.assignment.wait_for_memory();
    const auto of_others = outside_.assignment.take_out(port);
    {
        // What was noted of those who were there is not for those to come.
        const MutexLock noted{noted_mutex_};
        deadlines_.erase(port);
        released_.erase(port);
        for (const auto& function : plan->functions)
            notices_.erase(function.view.id);
    }
    tell_all(PlugEvent::Kind::Deleted, *plan);
    for (const auto& other : of_others)
        warn(other.id, other.warnings);
}

void HotPlug::give_up(std::size_t port) {
    outside_.chassis.slot(port).stop_asking();
    tell_all(PlugEvent::Kind::NotLetGo, *outside_.chassis.slot(port).content()->plan);
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

void HotPlug::handle(const std::string& id, DeviceNotice notice) {
    bool away = false;
    switch (notice) {
        case DeviceNotice::WantedBack:
            give_back(id);
            break;
        case DeviceNotice::Error:
            away = errors_.failed(id);
            break;
        case DeviceNotice::Gone:
            away = errors_.missed(id);
            break;
    }
    // It was there a moment ago, and nobody else changes that.
    if (away) outside_.warnings.check(take_away(id), "taking a device away from the guest");
}

// Until there is something to do. False: the end.
bool HotPlug::wait() {
    const MutexLock lock{noted_mutex_};
    while (!ending_ && released_.empty() && notices_.empty()) {
        const auto next =
            std::ranges::min_element(deadlines_, {}, [](const auto& one) { return one.second; });
        if (next == deadlines_.end())
            noted_.wait(noted_mutex_);
        else if (const auto due = next->second;
                 due <= Clock::now() || !noted_.wait_until(noted_mutex_, due))
            break;
    }
    return !ending_;
}

void HotPlug::run() {
    while (wait()) {
        const MutexLock lock{turn_};
        std::set<std::size_t> released;
        std::map<std::string, std::set<DeviceNotice>> notices;
        std::vector<std::size_t> late;
        {
            const MutexLock noted{noted_mutex_};
            released = std::exchange(released_, {});
            notices = std::exchange(notices_, {});
            for (const auto& [port, deadline] : deadlines_)
                if (deadline <= Clock::now() && !released.contains(port)) late.push_back(port);
            for (const auto port : late)
                deadlines_.erase(port);
        }
        for (const auto port : released)
            if (outside_.chassis.slot(port).phase() != SlotPhase::Empty) take_out(port);
        for (const auto port : late)
            give_up(port);
        for (const auto& [id, noted] : notices)
            for (const auto notice : noted)
                handle(id, notice);
    }
}

}  // namespace tenon::vmm::slots
