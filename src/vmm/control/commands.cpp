#include "vmm/control/commands.hpp"

#include <chrono>
#include <memory>
#include <utility>
#include <variant>

#include "base/mutex.hpp"

namespace tenon::vmm::control {
namespace {

using Json = nlohmann::json;
using Run = std::function<Result<Json>()>;

Json empty() { return Json::object(); }

Result<Json> done(const Result<void>& result) {
    if (!result) return std::unexpected(result.error());
    return empty();
}

// The words of QEMU's ShutdownCause.
Json reason(const board::MachineEvent& event) {
    const bool reset =
        event.kind == board::MachineEvent::Kind::Reset || event.end == board::MachineEnd::Reset;
    const auto by = [](bool guest, std::string_view word) {
        return Json{{"guest", guest}, {"reason", word}};
    };
    switch (event.cause) {
        case board::EndCause::Guest:
            return by(true, reset ? "guest-reset" : "guest-shutdown");
        case board::EndCause::Crash:
            return by(true, "guest-panic");
        case board::EndCause::HostSignal:
            return by(false, "host-signal");
        case board::EndCause::HostCommand:
            return by(false, reset ? "host-qmp-system-reset" : "host-qmp-quit");
        case board::EndCause::HostError:
            return by(false, "host-error");
    }
    return by(false, "none");
}

}  // namespace

QmpEvent make_event(std::string name, Json data) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return {.name = std::move(name),
            .data = std::move(data),
            .microseconds = std::chrono::duration_cast<std::chrono::microseconds>(now).count()};
}

std::vector<QmpCommand> make_commands(const Controlled& controlled) {
    auto& guest = controlled.guest;
    std::vector<QmpCommand> commands;
    const auto add = [&](std::string name, Run run) {
        commands.push_back(
            {.name = std::move(name),
             .arguments = {},
             .run = [run = std::move(run)](const Json&, QmpFiles&) { return run(); }});
    };
    // What may take time.
    const auto add_work = [&](std::string name, Run run) {
        commands.push_back({.name = std::move(name),
                            .arguments = {},
                            .begin = [run = std::move(run)](const Json&, QmpFiles&) {
                                return Result<QmpWork>{QmpWork{run}};
                            }});
    };
    // Of one after another, each finds the machine as the one before has left it.
    const auto one_pause = std::make_shared<Mutex>();
    add("query-version",
        [&version = controlled.version]() -> Result<Json> { return describe(version); });
    add("query-status", [&guest]() -> Result<Json> {
        const bool paused = guest.paused();
        return Json{{"running", !paused}, {"status", paused ? "paused" : "running"}};
    });
    add_work("query-pci", [pci = controlled.pci]() -> Result<Json> { return pci(); });
    add_work("stop", [&guest, one_pause] {
        const MutexLock lock{*one_pause};
        return done(guest.pause());
    });
    add_work("cont", [&guest, one_pause]() -> Result<Json> {
        const MutexLock lock{*one_pause};
        guest.resume();
        return empty();
    });
    add("system_powerdown", [&guest] { return done(guest.press_power_button()); });
    add("system_reset", [&guest]() -> Result<Json> {
        guest.stop(board::MachineEnd::Reset, board::EndCause::HostCommand);
        return empty();
    });
    add("quit", [&guest]() -> Result<Json> {
        guest.stop(board::MachineEnd::Interrupted, board::EndCause::HostCommand);
        return empty();
    });
    commands.insert(commands.end(), controlled.more.begin(), controlled.more.end());
    auto names = Json::array({{{"name", "qmp_capabilities"}}, {{"name", "query-commands"}}});
    for (const auto& command : commands)
        names.push_back({{"name", command.name}});
    add("query-commands", [names]() -> Result<Json> { return names; });
    return commands;
}

QmpEvent event_of(const board::MachineEvent& event) {
    switch (event.kind) {
        case board::MachineEvent::Kind::Paused:
            return make_event("STOP");
        case board::MachineEvent::Kind::Resumed:
            return make_event("RESUME");
        case board::MachineEvent::Kind::PowerButton:
            return make_event("POWERDOWN");
        case board::MachineEvent::Kind::Reset: {
            auto reset = make_event("RESET", reason(event));
            if (event.cause == board::EndCause::Guest) reset.series = "RESET";
            return reset;
        }
        case board::MachineEvent::Kind::Ended:
            return make_event("SHUTDOWN", reason(event));
    }
    return make_event("SHUTDOWN");
}

QmpEvent event_of(const board::DeviceEvent& event) {
    auto incident = make_event("TENON_DEVICE_INCIDENT", {{"device", event.function},
                                                         {"kind", event.kind},
                                                         {"vector", event.vector},
                                                         {"text", event.text}});
    incident.series = fmt::format("incident {} {}", event.kind, event.function);
    return incident;
}

QmpEvent event_of(const board::TranslationSwitch& event) {
    Json data{{"device", event.id},
              {"path", "/machine/peripheral/" + event.id},
              {"enabled", event.enabled}};
    if (const auto* const ats = std::get_if<board::AtsSwitch>(&event.of)) {
        data["capability"] = "ats";
        data["smallest-translation"] = ats->smallest_translation;
    } else if (const auto* const pages = std::get_if<board::PageRequestSwitch>(&event.of)) {
        data["capability"] = "page-requests";
        data["allocation"] = pages->allocation;
    } else if (const auto* const pasid = std::get_if<board::PasidSwitch>(&event.of)) {
        data["capability"] = "pasid";
        data["execute"] = pasid->execute;
        data["privileged"] = pasid->privileged;
    }
    auto series = fmt::format("translation {} {}", event.of.index(), event.id);
    auto told = make_event("TENON_DEVICE_TRANSLATION", std::move(data));
    told.series = std::move(series);
    return told;
}

}  // namespace tenon::vmm::control
