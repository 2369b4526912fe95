#include "cli/app.hpp"

#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <filesystem>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "base/printable.hpp"
#include "cli/capture_command.hpp"
#include "cli/check_command.hpp"
#include "cli/ctl_command.hpp"
#include "cli/diff_command.hpp"
#include "cli/file_options.hpp"
#include "cli/hand_over.hpp"
#include "cli/help.hpp"
#include "cli/list_command.hpp"
#include "cli/nameless_error.hpp"
#include "cli/plan_command.hpp"
#include "cli/usage.hpp"
#include "library/emit.hpp"
#include "library/version.hpp"
#include "library/words/backend_options.hpp"
#include "library/words/vm_file.hpp"
#include "model/chosen/target.hpp"

namespace tenon::cli {
namespace {

struct Options {
    MachineArguments machine;
    RunArguments run;
    std::string vm_file;  // Of `run`.
    bool timing = false;
    Timeline timeline;
    CaptureArguments capture;
    DiffArguments diff;
    ListArguments list;
    CtlArguments ctl;
    CheckArguments check;
    bool no_open = false;
    bool anonymize = false;
    bool json = false;
    bool verbose = false;
    std::string target;
    std::string emit;
    std::string prefer;
    std::string map;
    std::string report;
};

void set_help(CLI::App& app, const std::string& text) {
    app.formatter_fn(
        [text](const CLI::App*, const std::string&, CLI::AppFormatMode) { return text; });
}

void add_machine_options(CLI::App& command, MachineArguments& machine) {
    command.add_option("--machine", machine.version);
    command.add_option("--viommu", machine.viommu);
    command.add_option("--port", machine.ports)->allow_extra_args(false);
    command.add_option("--memory", machine.memory);
    command.add_option("--cpus,--vcpus", machine.cpus);
    command.add_option("--firmware", machine.firmware);
    command.add_option("--iommufd", machine.iommufd);
    command.add_option("--kvm", machine.kvm);
}

void add_backend_options(CLI::App& command, MachineArguments& machine) {
    for (const auto& option : words::backend_options())
        command
            .add_option(fmt::format("--{}", option.name),
                        machine.backends[std::string{option.name}])
            ->allow_extra_args(false);
}

CLI::App* add_plan(CLI::App& app, Options& options) {
    auto* const command = app.add_subcommand("plan");
    add_machine_options(*command, options.machine);
    command->add_flag("--json", options.json);
    command->add_flag("-v,--verbose", options.verbose);
    command->add_option("--target", options.target);
    command->add_option("--emit", options.emit);
    command->add_option("--prefer", options.prefer);
    command->add_option("--map", options.map);
    command->add_option("--report", options.report);
    command->add_flag("--no-open", options.no_open);
    command->add_flag("--anonymize", options.anonymize);
    add_backend_options(*command, options.machine);
    // A device is named with or without --device, as `run` wants it.
    command->add_option("--device,DEVICE", options.machine.devices);
    set_help(*command, plan_help());
    return command;
}

CLI::App* add_run(CLI::App& app, Options& options) {
    auto& run = options.run;
    auto* const command = app.add_subcommand("run");
    command->add_option("FILE", options.vm_file);
    add_machine_options(*command, run.machine);
    command->add_option("--kernel", run.kernel);
    command->add_option("--initrd", run.initrd);
    command->add_option("--append", run.append);
    command->add_flag("--no-reboot", run.no_reboot);
    command->add_flag("--nobody", run.nobody);
    command->add_flag("--quiet", run.quiet);
    command->add_option("--control", run.control);
    command->add_option("--seal", run.seal);
    command->add_flag("--timing", options.timing);
    command->add_option("--device", run.machine.devices)->allow_extra_args(false);
    add_backend_options(*command, run.machine);
    set_help(*command, run_help());
    return command;
}

CLI::App* add_capture(CLI::App& app, Options& options) {
    auto* const command = app.add_subcommand("capture");
    command->add_option("-o", options.capture.output);
    command->add_flag("--anonymize", options.anonymize);
    command->add_flag("--no-open", options.no_open);
    command->add_option("ADDRESS", options.capture.devices)->required();
    set_help(*command, capture_help());
    return command;
}

CLI::App* add_ctl(CLI::App& app, Options& options) {
    auto* const command = app.add_subcommand("ctl");
    command->add_option("SOCKET", options.ctl.socket)->required();
    command->add_option("COMMAND", options.ctl.words);
    set_help(*command, ctl_help());
    return command;
}

CLI::App* add_check(CLI::App& app, Options& options) {
    auto* const command = app.add_subcommand("check");
    command->add_option("FILE", options.check.request.file);
    command->add_option("--pid", options.check.request.process);
    command->add_option("--host", options.check.request.host);
    command->add_option("--target", options.target);
    command->add_flag("--json", options.check.json);
    command->add_option("--report", options.check.report);
    set_help(*command, check_help());
    return command;
}

CLI::App* add_list(CLI::App& app, Options& options) {
    auto* const command = app.add_subcommand("list");
    command->add_option("FILE", options.list.file);
    command->add_flag("--json", options.list.json);
    command->add_flag("--tree", options.list.tree);
    command->add_option("--report", options.list.report);
    command->add_flag("--anonymize", options.anonymize);
    set_help(*command, list_help());
    return command;
}

CLI::App* add_diff(CLI::App& app, Options& options) {
    auto* const command = app.add_subcommand("diff");
    add_machine_options(*command, options.diff.machine);
    command->add_option("--target", options.target);
    command->add_flag("--json", options.diff.json);
    command->add_flag("--no-open", options.no_open);
    command->add_option("A", options.diff.a)->required();
    command->add_option("B", options.diff.b)->required();
    set_help(*command, diff_help());
    return command;
}

constexpr std::string_view picture_ending = ".svg";
constexpr std::string_view page_ending = ".html";

// Of `check`, words behind "--" are those of another program: the library is not to see them.
int count_own(int count, const char* const* arguments) {
    if (count < 2 || std::string_view{arguments[1]} != "check") return count;
    for (int n = 2; n < count; ++n)
        if (std::string_view{arguments[n]} == "--") return n;
    return count;
}

// `--map` alone is for the terminal, `--map FILE.svg` a file: the next word decides, which is a
// device otherwise. The library cannot tell the two, so each becomes one word. In reverse, as it
// takes them.
std::vector<std::string> words_of(int count, const char* const* arguments) {
    std::vector<std::string> words;
    for (int n = 1; n < count; ++n) {
        std::string word{arguments[n]};
        if (word == "--map" && !words.empty() && words.front() == "plan") {
            const std::string next = n + 1 < count ? arguments[n + 1] : "";
            const bool named = next.ends_with(picture_ending);
            word += named ? "=" + next : "=text";
            n += named ? 1 : 0;
        }
        words.push_back(std::move(word));
    }
    std::ranges::reverse(words);
    return words;
}

Outcome wrong_input(const Error& error) { return ended_with(status::wrong, error); }

// Fills in what a VM file says and the command line does not. `complete` has all options that a
// file may have.
Result<void> take_file(CLI::App& command, const CLI::App& complete, const std::string& path,
                       MachineArguments& machine) {
    if (path.empty()) return {};
    TENON_TRY(file, words::read_vm_file(path), "");
    TENON_TRY_DO(apply_file(command, complete, file), "");
    machine.devices = words::merge_devices(words::tables_of(file, "device"), machine.devices);
    machine.ports = words::merge_ports(words::tables_of(file, "port"), machine.ports);
    for (const auto& option : words::backend_options()) {
        auto& texts = machine.backends[std::string{option.name}];
        texts = words::merge_backends(option, words::tables_of(file, option.name), texts);
    }
    return {};
}

// `plan` finds its VM file among the devices.
Result<std::string> file_among(std::vector<std::string>& devices) {
    std::vector<std::string> files;
    std::ranges::copy_if(devices, std::back_inserter(files), words::is_vm_file);
    std::erase_if(devices, words::is_vm_file);
    if (files.size() > 1)
        return malformed("{} and {}: a machine is described by one file", files[0], files[1]);
    return files.empty() ? std::string{} : files.front();
}

// Inside, the name of a target stands where a version's does; --machine is not the way there, and a
// guest cannot be started by QEMU's rules.
std::optional<Outcome> check_machine(std::string_view command, const MachineArguments& machine) {
    if (!model::chosen::find_target(machine.version)) return std::nullopt;
    return wrong_usage(command, fmt::format("--machine {}: this is no machine version; plan and "
                                            "diff have --target for QEMU itself",
                                            machine.version));
}

// Where Debian's package puts it.
constexpr const char* packaged_firmware = "/usr/share/cloudhv-efi-x86-64/CLOUDHV.fd";

// With a disk and without a word of how to boot, the firmware that is installed finds a system.
std::optional<Outcome> find_firmware(MachineArguments& machine) {
    const auto disks = machine.backends.find("disk");
    if (disks == machine.backends.end() || disks->second.empty())
        return wrong_usage("run", "--kernel or --firmware is required");
    if (std::error_code none; !std::filesystem::exists(packaged_firmware, none))
        return wrong_usage("run", fmt::format("without --kernel, firmware boots from the disk, and "
                                              "{} is not there: install Debian's package "
                                              "cloudhv-efi-x86-64 (forky and later), or say "
                                              "--firmware FILE",
                                              packaged_firmware));
    machine.firmware = packaged_firmware;
    return std::nullopt;
}

// A guest begins with a kernel or with firmware, which finds its kernel itself.
std::optional<Outcome> check_boot(RunArguments& run) {
    if (run.machine.firmware.empty() && !run.kernel.empty()) return std::nullopt;
    if (run.machine.firmware.empty())
        if (auto refused = find_firmware(run.machine)) return refused;
    if (!run.kernel.empty())
        return wrong_usage("run",
                           "--kernel and --firmware: a guest begins with one of them; firmware "
                           "finds the kernel on a disk");
    if (!run.initrd.empty() || !run.append.empty())
        return wrong_usage("run", fmt::format("{} is for --kernel: firmware takes all of that "
                                              "from a disk",
                                              run.initrd.empty() ? "--append" : "--initrd"));
    return std::nullopt;
}

Outcome start(CLI::App& command, Options& options, const Host& host, const GuestRunner& run_plan,
              const text::TextStyle& style) {
    auto& arguments = options.run;
    if (const auto taken = take_file(command, command, options.vm_file, arguments.machine); !taken)
        return wrong_input(taken.error());
    if (const auto refused = check_boot(arguments)) return *refused;
    if (const auto refused = check_machine("run", arguments.machine)) return *refused;
    if (options.timing) arguments.timeline = &options.timeline;
    return (arguments.nobody ? run_as_nobody : run_guest)(host, run_plan, arguments, style);
}

// The ending keeps a page from taking the place of a device's file that stands behind --report.
std::optional<Outcome> check_report(std::string_view command, const std::string& file) {
    if (file.empty() || file.ends_with(page_ending)) return std::nullopt;
    return wrong_usage(command, fmt::format("--report {}: a page's file ends in .html", file));
}

Outcome list(const Host& host, const ListArguments& arguments, const text::TextStyle& style) {
    if (int{arguments.json} + int{arguments.tree} + int{!arguments.report.empty()} > 1)
        return wrong_usage("list", "--json, --tree and --report: give one of them");
    if (const auto refused = check_report("list", arguments.report)) return *refused;
    return run_list(host, arguments, style);
}

Outcome check(const Host& host, CheckArguments& arguments, const std::string& target,
              std::span<const char* const> words, const text::TextStyle& style) {
    auto& request = arguments.request;
    if (!target.empty()) {
        const auto version = target_of_check(target);
        if (!version) return wrong_usage("check", version.error().what);
        request.target = *version;
    }
    request.words.assign(words.begin(), words.end());
    const int given =
        int{!request.file.empty()} + int{request.process.has_value()} + int{!request.words.empty()};
    if (given != 1)
        return wrong_usage("check", "give one of FILE, --pid and -- with a command behind it");
    if (arguments.json && !arguments.report.empty())
        return wrong_usage("check", "--json and --report: give one of them");
    if (const auto refused = check_report("check", arguments.report)) return *refused;
    return run_check(host, arguments, style);
}

// QEMU itself has no defaults of Tenon's: its name stands where a machine version's does.
std::optional<Outcome> take_target(std::string_view command, const std::string& target,
                                   MachineArguments& machine) {
    if (auto refused = check_machine(command, machine)) return refused;
    if (target.empty()) return std::nullopt;
    const auto version = model::chosen::version_of_target(target);
    if (!version) return wrong_usage(command, version.error().what);
    if (version->empty()) return std::nullopt;
    if (!machine.version.empty())
        return wrong_usage(command,
                           "--target qemu is QEMU itself, --machine qemu-… Tenon with its "
                           "defaults: give one of them");
    machine.version = *version;
    return std::nullopt;
}

Outcome plan(const Host& host, const Options& options, const text::TextStyle& style) {
    const auto manager = find_emitted(options.emit);
    if (!options.emit.empty() && options.emit != "lspci" && !manager)
        return wrong_usage("plan", fmt::format("--emit {}: known are lspci, {}", options.emit,
                                               fmt::join(emitted_managers(), ", ")));
    const auto prefer = parse_prefer(options.prefer);
    if (!prefer) return wrong_usage("plan", prefer.error().what);
    if (!options.prefer.empty() && !manager)
        return wrong_usage("plan", "--prefer belongs to --emit with the name of a manager");
    if (!options.emit.empty() && options.json)
        return wrong_usage("plan", "--json and --emit print one thing each: give one of them");
    if (!options.map.empty() && (options.json || !options.emit.empty()))
        return wrong_usage("plan", "--map draws a picture: give it without --json and --emit");
    if (!options.report.empty() && (options.json || !options.emit.empty() || !options.map.empty()))
        return wrong_usage("plan",
                           "--report writes a page: give it without --json, --emit and --map");
    if (const auto refused = check_report("plan", options.report)) return *refused;
    const bool picture = options.map.ends_with(picture_ending);
    if (!picture && !options.map.empty() && options.map != "text")
        return wrong_usage("plan",
                           fmt::format("--map {}: a picture's file ends in .svg", options.map));
    auto arguments = options.machine;
    if (const auto refused = take_target("plan", options.target, arguments)) return *refused;
    arguments.opening = options.no_open ? Opening::Forbidden : Opening::Allowed;
    arguments.anonymize = options.anonymize;
    if (picture) return draw_plan(host, arguments, options.map);
    if (!options.report.empty()) return report_plan(host, arguments, options.report);
    if (manager) return emit_plan(host, arguments, *manager, *prefer);
    using enum PlanForm;
    auto form = options.verbose ? Text : Summary;
    if (options.json) form = options.verbose ? JsonWithBytes : Json;
    if (!options.emit.empty()) form = Lspci;
    if (!options.map.empty()) form = Map;
    return run_plan(host, arguments, form, style);
}

// Whoever asks for no names means those in errors too.
Outcome anonymized(Outcome outcome, const Options& options) {
    if (!options.anonymize || outcome.status != status::wrong) return outcome;
    auto typed = options.machine.devices;
    for (const auto& [option, texts] : options.machine.backends)
        typed.insert(typed.end(), texts.begin(), texts.end());
    typed.insert(typed.end(), options.capture.devices.begin(), options.capture.devices.end());
    for (const auto& file : {options.list.file, options.list.report, options.report,
                             options.capture.output, options.vm_file})
        typed.push_back(file);
    outcome.err = nameless_error(std::move(outcome.err), typed);
    return outcome;
}

Outcome dispatch(int count, const char* const* arguments, const Host& host,
                 const GuestRunner& run_plan, const text::TextStyle& style) {
    CLI::App app{"", "tenon"};
    app.set_version_flag("--version", std::string{version_line});
    set_help(app, program_help());
    Options options;
    auto* const plan_command = add_plan(app, options);
    auto* const run_command = add_run(app, options);
    const auto* const capture_command = add_capture(app, options);
    const auto* const list_command = add_list(app, options);
    const auto* const diff_command = add_diff(app, options);
    const auto* const ctl_command = add_ctl(app, options);
    const auto* const check_command = add_check(app, options);
    const int own = count_own(count, arguments);
    try {
        app.parse(words_of(own, arguments));
    } catch (const CLI::ParseError& error) {
        return parsing_ended(error, app);
    }
    if (plan_command->parsed()) {
        if (options.machine.devices.empty() && options.machine.ports.empty() &&
            words::count_of(options.machine.backends) == 0)
            return wrong_usage("plan", "DEVICE, --disk, --vhost-user or --port is required");
        const auto file = file_among(options.machine.devices);
        if (!file) return anonymized(wrong_input(file.error()), options);
        options.vm_file = *file;
        const auto taken = take_file(*plan_command, *run_command, *file, options.machine);
        return anonymized(taken ? plan(host, options, style) : wrong_input(taken.error()), options);
    }
    if (run_command->parsed()) return start(*run_command, options, host, run_plan, style);
    const auto opening = options.no_open ? Opening::Forbidden : Opening::Allowed;
    options.capture.opening = opening;
    options.capture.anonymize = options.anonymize;
    options.diff.machine.opening = opening;
    options.list.names = options.anonymize ? Names::Taken : Names::Told;
    if (capture_command->parsed()) return anonymized(run_capture(host, options.capture), options);
    if (list_command->parsed()) return anonymized(list(host, options.list, style), options);
    if (diff_command->parsed()) {
        const auto refused = take_target("diff", options.target, options.diff.machine);
        return refused ? *refused : run_diff(host, options.diff, style);
    }
    if (ctl_command->parsed()) return run_ctl(options.ctl);
    if (check_command->parsed()) {
        const std::span all{arguments, static_cast<std::size_t>(count)};
        const auto behind = all.subspan(static_cast<std::size_t>(std::min(own + 1, count)));
        return check(host, options.check, options.target, behind, style);
    }
    return wrong_usage("", "no command");
}

// Libraries may throw (no memory, a file that vanishes); we do not.
Outcome dispatch_safely(int count, const char* const* arguments, const Host& host,
                        const GuestRunner& run_plan, const text::TextStyle& style) {
    try {
        return dispatch(count, arguments, host, run_plan, style);
    } catch (const std::exception& error) {
        return ended_with(status::refused, error.what());
    }
}

}  // namespace

Outcome run(int count, const char* const* arguments, const Host& host, const GuestRunner& run_plan,
            const text::TextStyle& style) {
    auto outcome = dispatch_safely(count, arguments, host, run_plan, style);
    // What all commands print passes here: names of files, drivers, devices are other people's.
    outcome.out = printable(outcome.out, style.colour ? Colours::Kept : Colours::Escaped);
    outcome.err = printable(outcome.err);
    return outcome;
}

}  // namespace tenon::cli
