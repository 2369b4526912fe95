#include "cli/hand_over.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <string_view>
#include <utility>

#include "base/input.hpp"
#include "host/advice.hpp"
#include "library/words/backend_options.hpp"
#include "library/words/device_argument.hpp"

namespace tenon::cli {
namespace {

constexpr std::string_view given = "fd=";

// Keeps a file, and names it as options do.
std::string keep(std::vector<Fd>& files, Fd file) {
    auto name = fmt::format("{}{}", given, file.number());
    files.push_back(std::move(file));
    return name;
}

Result<Fd> open_node(const std::string& path) {
    Fd file{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
    if (!file) return std::unexpected(host::cannot_open(errno, path));
    return file;
}

Result<void> hand_over_file(std::string& name, std::vector<Fd>& files) {
    if (name.empty() || name.starts_with(given)) return {};
    TENON_TRY(file, open_regular(name), "");
    name = keep(files, std::move(file));
    return {};
}

Result<void> hand_over_node(const std::string& path, std::string& option, std::vector<Fd>& files) {
    if (!option.empty()) return {};
    TENON_TRY(file, open_node(path), "");
    option = keep(files, std::move(file));
    return {};
}

Result<std::string> node_of(const Host& host, const std::string& named) {
    TENON_TRY(facts, host.sysfs.read_facts(named), "");
    if (facts.nodes && !facts.nodes->cdev.empty()) return facts.nodes->cdev;
    return std::unexpected(
        Error{.kind = Error::Kind::NotFound,
              .what = fmt::format("{}: it has no node in /dev/vfio/devices", named),
              .hint = "It has one while it is bound to vfio-pci, where the kernel has "
                      "VFIO_DEVICE_CDEV (Linux 6.6 and newer)"});
}

std::unexpected<Error> takes_a_path(std::string_view what) {
    return std::unexpected(
        Error{.kind = Error::Kind::Unsupported,
              .what = fmt::format("{}: not with --nobody, which has no path to "
                                  "it",
                                  what),
              .hint = "Leave --nobody away: the machine is sealed all the same"});
}

Result<void> hand_over_device(const Host& host, std::string& text, std::vector<Fd>& files) {
    TENON_TRY(device, words::parse_device_argument(text), "");
    if (!device.rom.empty() && device.rom != "on" && device.rom != "off")
        return takes_a_path(fmt::format("rom={}", device.rom));
    if (device.access.file) return {};
    if (!is_of_this_host(host, device.name))
        return malformed("{}: a file can be planned, not run", device.name);
    TENON_TRY(node, node_of(host, device.name), "");
    TENON_TRY(file, open_node(node), "");
    text += ',' + keep(files, std::move(file));
    return {};
}

// Sockets are made, and removed, by who is there.
Result<void> hand_over_control(RunArguments& arguments, vmm::seal::Nowhere& where) {
    if (arguments.control.empty()) return {};
    std::error_code error;
    const auto path = std::filesystem::absolute(arguments.control, error);
    const auto folder = std::filesystem::canonical(path.parent_path(), error);
    if (error) return fail_system(error.value(), arguments.control);
    struct stat owner{};
    if (::stat(folder.c_str(), &owner) < 0) return fail_system(errno, folder.string());
    if (folder == "/" || folder.string().starts_with("/sys"))
        return malformed("{}: the control socket needs a folder of its own", arguments.control);
    if (owner.st_uid != 0) {
        where.user = owner.st_uid;
        where.group = owner.st_gid;
    }
    where.folders.push_back(folder.string());
    arguments.control = (folder / path.filename()).string();
    return {};
}

}  // namespace

Result<HandedOver> hand_over(const Host& host, const RunArguments& arguments) {
    HandedOver all{.arguments = arguments, .files = {}, .where = {}};
    auto& [run, files, where] = all;
    auto& machine = run.machine;
    if (const auto processes = words::parse_backends(machine.backends); !processes)
        return std::unexpected(processes.error());
    else if (!processes->empty())
        return takes_a_path(name_of(processes->front().backend));
    if (machine.firmware.empty())
        TENON_TRY_DO(hand_over_file(run.kernel, files), "kernel");
    else
        TENON_TRY_DO(hand_over_file(machine.firmware, files), "firmware");
    TENON_TRY_DO(hand_over_file(run.initrd, files), "initrd");
    TENON_TRY_DO(hand_over_control(run, where), "control socket");
    const auto& dev = host.sysfs.paths().dev;
    for (auto& text : machine.devices)
        TENON_TRY_DO(hand_over_device(host, text, files), "");
    TENON_TRY_DO(hand_over_node(dev + "/kvm", machine.kvm, files), "");
    if (!machine.devices.empty())
        TENON_TRY_DO(hand_over_node(dev + "/iommu", machine.iommufd, files), "");
    // There is no node that a process beside it could open.
    if (run.seal == "auto") run.seal = "full";
    return all;
}

Outcome run_as_nobody(const Host& host, const GuestRunner& run_plan, const RunArguments& arguments,
                      const text::TextStyle& style) {
    const auto handed = hand_over(host, arguments);
    if (!handed)
        return ended_with(
            handed.error().kind == Error::Kind::Malformed ? status::wrong : status::refused,
            handed.error());
    const auto gone = vmm::seal::go_nowhere(handed->where);
    if (!gone) return ended_with(status::refused, gone.error());
    if (*gone) return {.status = **gone};
    return run_guest(host, run_plan, handed->arguments, style);
}

}  // namespace tenon::cli
