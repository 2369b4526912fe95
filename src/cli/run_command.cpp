#include "cli/run_command.hpp"

#include <fmt/core.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <utility>

#include "base/file_limit.hpp"
#include "base/input.hpp"
#include "base/printable.hpp"
#include "base/shell.hpp"
#include "base/text.hpp"
#include "cli/text/machine_text.hpp"
#include "cli/text/timing_text.hpp"
#include "cli/text/verdict_text.hpp"
#include "host/kernel.hpp"
#include "library/arrival.hpp"
#include "library/backends.hpp"
#include "library/plan_json.hpp"
#include "library/slot_argument.hpp"
#include "library/version.hpp"
#include "library/words/backend_options.hpp"
#include "library/words/device_argument.hpp"
#include "model/machine/plan_warnings.hpp"
#include "vmm/virtio/program.hpp"

namespace tenon::cli {
namespace {

// Files and programs are looked at before a device is opened, which resets it.
Result<void> check_files(const RunArguments& arguments) {
    const bool firmware = !arguments.machine.firmware.empty();
    TENON_TRY_DO(open_regular_or_given(firmware ? arguments.machine.firmware : arguments.kernel),
                 firmware ? "firmware" : "kernel");
    if (!arguments.initrd.empty()) TENON_TRY_DO(open_regular_or_given(arguments.initrd), "initrd");
    TENON_TRY(backends, words::parse_backends(arguments.machine.backends), "");
    for (const auto& said : backends)
        TENON_TRY_DO(vmm::virtio::check_program(said.backend), "");
    return {};
}

// A proposal is for people to take or to change; what a guest gets does not depend on one.
Result<void> check_no_slot(const std::vector<std::string>& devices) {
    for (const auto& text : devices) {
        TENON_TRY(device, words::parse_device_argument(text), "");
        if (is_slot(device.name))
            return std::unexpected(Error{
                .kind = Error::Kind::Malformed,
                .what = fmt::format("{}: a whole slot can be planned, not run", device.name),
                .hint =
                    fmt::format("tenon plan {} proposes the arguments", shell_word(device.name))});
    }
    return {};
}

Result<void> check_live(const model::machine::MachinePlan& plan) {
    for (const auto& port : plan.ports)
        for (const auto& function : port->functions)
            if (!function.backend && function.facts.origin != device::Origin::Live)
                return std::unexpected(Error{
                    .kind = Error::Kind::Malformed,
                    .what =
                        fmt::format("{}: a file can be planned, not run", function.facts.source),
                    .hint = "Name a device of this host; lspci -D lists them"});
    return {};
}

Result<PlannedMachine> plan_run(const Host& host, const RunArguments& arguments) {
    TENON_TRY_DO(check_no_slot(arguments.machine.devices), "");
    TENON_TRY_DO(check_files(arguments), "");
    auto machine = arguments.machine;
    machine.timeline = arguments.timeline;
    TENON_TRY(planned, plan_machine(host, machine), "");
    TENON_TRY_DO(check_live(planned.plan), "");
    return std::move(planned);
}

// The numbers of our version, as far as they are numbers.
vmm::control::QmpVersion version_for_clients() {
    std::array<int, 3> numbers{};
    std::size_t at = 0;
    for (const auto part : split(version_number, '.'))
        if (at < numbers.size())
            numbers.at(at++) = static_cast<int>(parse_number(part).value_or(0));
    return {.major = numbers[0],
            .minor = numbers[1],
            .micro = numbers[2],
            .package = std::string{version_line}};
}

Outcome ended(vmm::board::MachineEnd end) {
    switch (end) {
        case vmm::board::MachineEnd::PoweredOff:
            return {};
        case vmm::board::MachineEnd::Reset:
            return {.status = status::reset,
                    .err = "tenon: the guest reset itself, and --no-reboot ends it there\n"};
        case vmm::board::MachineEnd::Interrupted:
            return {
                .status = status::refused,
                .err = "tenon: the guest was ended from outside, without switching itself off\n"};
    }
    return {.status = status::refused};
}

// Before the guest has the terminal: what a user should know of it is for the start, not the end.
void print_warnings(const model::machine::MachinePlan& plan) {
    for (const auto& warning : model::machine::warnings_of(plan))
        fmt::print(stderr, "tenon: warning: {}\n", printable_line(warning));
}

Result<vmm::seal::Level> parse_seal(std::string_view text) {
    using enum vmm::seal::Level;
    constexpr std::array<std::pair<std::string_view, vmm::seal::Level>, 4> words{
        {{"auto", Auto}, {"full", Full}, {"log", Log}, {"off", Off}}};
    for (const auto& [word, level] : words)
        if (word == text) return level;
    return malformed("--seal={}: it is auto, full, log or off", text);
}

// What a sealed machine cannot open was there to be opened before the start.
Error told_of_seal(vmm::seal::Level level, Error why) {
    if (level != vmm::seal::Level::Off && why.os_error == EACCES && why.hint.empty())
        why.hint =
            "The machine is sealed and opens no file but the nodes of devices; where it must, "
            "start "
            "it with --seal=off";
    return why;
}

// In a sealed machine nobody starts a program or a connection; in one that is all sealed nobody
// opens the node of a device.
Result<void> check_can_come(vmm::seal::Level level, const vmm::slots::PlugRequest& asked) {
    if (level == vmm::seal::Level::Off) return {};
    if (!asked.option.empty())
        return std::unexpected(
            Error{.kind = Error::Kind::Denied,
                  .what = "this machine is sealed: it starts no program and connects to none",
                  .hint = "Say the device at the start, or start with --seal=off"});
    if (level != vmm::seal::Level::Full) return {};
    TENON_TRY(named, words::parse_device_argument(asked.device), "");
    if (named.name.empty()) return {};
    return std::unexpected(
        Error{.kind = Error::Kind::Denied,
              .what = fmt::format("{}: this machine is sealed and opens no device", named.name),
              .hint = "Pass the device's open file by getfd, or start with --seal=auto"});
}

Outcome plan_and_run(const Host& host, const GuestRunner& run_plan, const RunArguments& arguments,
                     const text::TextStyle& style) {
    const auto level = parse_seal(arguments.seal);
    if (!level) return ended_with(status::wrong, level.error());
    raise_file_limit();
    auto planned = plan_run(host, arguments);
    // Wrong words are a usage error; a kernel or device that is not there is a start that failed.
    if (!planned)
        return ended_with(
            planned.error().kind == Error::Kind::Malformed ? status::wrong : status::refused,
            planned.error());
    if (!planned->plan.assignable())
        return {.status = status::refused,
                .err = "tenon: the guest is not started:\n" +
                       text::render_refusal(planned->plan, {.width = style.width})};
    mark(arguments.timeline, "devices read, plan made");
    const auto& plan = planned->plan;
    // Now, not at the end: where the memory is taken from tells why a host runs short of it.
    if (plan.memory.node || plan.memory.page != 0)
        fmt::print(stderr, "tenon: guest memory: {}\n",
                   printable_line(text::memory_words(plan.memory)));
    if (!arguments.quiet) print_warnings(plan);
    vmm::RunRequest request{
        .boot = {.kernel = plan.firmware ? arguments.machine.firmware : arguments.kernel,
                 .initrd = arguments.initrd,
                 .append = arguments.append},
        .kvm = planned->kvm,
        .restarts = !arguments.no_reboot,
        .seal = *level,
        .control = {},
        .open_nodes_by = host::open_nodes_by,
        .plan_arrival = [&host, level = *level](
                            const vmm::slots::PlugRequest& asked,
                            const model::machine::RunningMachine& machine,
                            device::OpenedFunctions& opened) -> Result<model::machine::Arrival> {
            TENON_TRY_DO(check_can_come(level, asked), "");
            if (!asked.option.empty())
                return library::plan_process_arrival(asked.option, asked.device, machine);
            auto arrival =
                library::plan_arrival(host, asked.device, asked.iommufd, machine, opened);
            if (!arrival) return std::unexpected(told_of_seal(level, std::move(arrival).error()));
            return arrival;
        },
        .timeline = arguments.timeline};
    if (!arguments.control.empty())
        request.control =
            vmm::ControlRequest{.path = arguments.control,
                                .version = version_for_clients(),
                                .describe_port = [](const model::slot::PortPlan& port) {
                                    return library::render_json(port);
                                }};
    const auto end = run_plan(plan, request, planned->opened);
    return end ? ended(*end) : ended_with(status::refused, end.error());
}

}  // namespace

Outcome run_guest(const Host& host, const GuestRunner& run_plan, const RunArguments& arguments,
                  const text::TextStyle& style) {
    auto outcome = plan_and_run(host, run_plan, arguments, style);
    if (arguments.timeline != nullptr)
        outcome.err = text::render_timeline(arguments.timeline->moments()) + outcome.err;
    return outcome;
}

}  // namespace tenon::cli
