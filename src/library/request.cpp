#include "library/request.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include "library/backends.hpp"
#include "library/device_list.hpp"
#include "library/words/device_argument.hpp"
#include "library/words/keys.hpp"
#include "library/words/limits.hpp"
#include "library/words/port_argument.hpp"
#include "library/words/viommu_argument.hpp"
#include "model/chosen/machine_version.hpp"
#include "model/chosen/target.hpp"

namespace tenon::library {
namespace {

// A file that somebody opened is for iommufd, and one address space for all is what they want.
void prefer_iommufd(std::vector<model::machine::DeviceRequest>& devices,
                    std::optional<int> iommufd) {
    const bool given = iommufd || std::ranges::any_of(devices, [](const auto& device) {
                           return device.access.file.has_value();
                       });
    for (auto& device : devices) {
        if (given && device.access.interface == device::Interface::Automatic)
            device.access.interface = device::Interface::Iommufd;
        if (device.access.interface == device::Interface::Iommufd) device.access.iommufd = iommufd;
    }
}

void ask_about(device::OpenedFunctions& opened, std::vector<model::machine::DeviceRequest>& devices,
               Opening opening) {
    std::vector<Asking> asking;
    for (auto& device : devices) {
        if (opening == Opening::Allowed && can_be_asked(device.facts))
            asking.push_back({.facts = &device.facts, .access = device.access});
        else
            note_unasked(device.facts, opening);
    }
    ask(opened, asking);
}

// A file that somebody else opened, as `text` of `option` says; `check`: whether it is the one.
Result<std::optional<int>> file_of(std::string_view option, const std::string& text,
                                   const std::function<Result<void>(int)>& check) {
    if (text.empty()) return std::nullopt;
    constexpr std::array keys{
        words::KeyWords{.name = "fd", .value = "N", .what = "a file of this process"}};
    TENON_TRY(pairs, words::parse_keys(text, option, keys), "");
    TENON_TRY(file, words::parse_file(option, pairs.front().value), "");
    TENON_TRY_DO(check(file), "");
    return file;
}

// A function of this host can be given once; files may be planned as often as wanted.
Result<void> check_given_once(const std::vector<model::machine::DeviceRequest>& devices) {
    std::set<pci::Address> addresses;
    for (const auto& device : devices) {
        const auto& facts = device.facts;
        if (facts.origin == device::Origin::Live && facts.address &&
            !addresses.insert(*facts.address).second)
            return malformed("{} is given twice", to_string(*facts.address));
    }
    return {};
}

// Of this host, where one of its devices is named.
Known<unsigned> processors_for(const model::machine::MachineRequest& request) {
    const bool live = std::ranges::any_of(request.devices, [](const auto& device) {
        return device.facts.origin == device::Origin::Live;
    });
    const auto online = ::sysconf(_SC_NPROCESSORS_ONLN);
    if (!live || online <= 0) return Unknown{"no device of this host is named"};
    return static_cast<unsigned>(online);
}

// Of the process, once it has raised its limit: the plan's is that of the guest.
Known<std::uint64_t> files_for(const model::machine::MachineRequest& request) {
    ::rlimit limit{};
    if (!request.processors || ::getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return Unknown{"no device of this host is named"};
    return std::uint64_t{limit.rlim_max};
}

// Of the host that is to run the guest: this one, if its devices are.
Known<unsigned> physical_bits(const Host& host, const model::machine::MachineRequest& request,
                              std::optional<int> kvm) {
    const bool here =
        std::ranges::all_of(request.devices, [](const model::machine::DeviceRequest& device) {
            return device.backend || device.facts.origin == device::Origin::Live;
        });
    if (here) return host.physical_bits(kvm);
    return Unknown{"the devices are described by a file, and it does not tell"};
}

// All that is said of the machine but its devices.
Result<void> read_words(const MachineArguments& arguments,
                        model::machine::MachineRequest& request) {
    TENON_TRY(memory, words::parse_memory_argument(arguments.memory), "--memory");
    request.memory = memory;
    TENON_TRY(cpus, words::parse_cpus_argument(arguments.cpus), "--cpus");
    request.vcpus = cpus.count;
    request.firmware = !arguments.firmware.empty();
    if (request.firmware && model::chosen::find_target(arguments.version))
        return malformed("--firmware with --target qemu: it is Tenon's own way to start a guest");
    request.apic_step = cpus.apic_step;
    request.version = arguments.version.empty()
                          ? std::string{model::chosen::machine_versions().front().name}
                          : arguments.version;
    if (!arguments.viommu.empty()) {
        TENON_TRY(viommu, words::parse_viommu(arguments.viommu), "");
        request.viommu_pasid_width = viommu.pasid_width;
        request.vtd = viommu.vtd;
    }
    for (const auto& text : arguments.ports) {
        TENON_TRY(port, words::parse_port_argument(text), "");
        request.ports.push_back(std::move(port));
    }
    return {};
}

// Processes that are devices: all that is known of them is what was said.
Result<void> add_backends(const MachineArguments& arguments,
                          model::machine::MachineRequest& request) {
    TENON_TRY(backends, words::parse_backends(arguments.backends), "");
    if (!backends.empty() && model::chosen::find_target(request.version))
        return malformed(
            "{} with --target qemu: such a device is Tenon's own; QEMU's vhost-user "
            "devices have other registers, which are not predicted",
            name_of(backends.front().backend));
    std::set<std::string> claims;
    std::set<model::virtio::MacAddress> addresses;
    for (const auto& said : backends)
        if (said.backend.mac) addresses.insert(*said.backend.mac);
    for (auto& said : backends) {
        give_address(said.backend, addresses);
        const auto claim = claim_of(said.backend);
        if (!claim.empty() && !claims.insert(claim).second)
            return malformed("{} is given twice", claim);
        if (arguments.anonymize) said.backend = without_names(std::move(said.backend));
        request.devices.push_back(request_of(said));
    }
    return {};
}

// Asks the devices, and plans the machine with them; `request` has all else.
Result<PlannedMachine> plan_with(const Host& host, const MachineArguments& arguments,
                                 DeviceList&& devices, model::machine::MachineRequest& request) {
    TENON_TRY(kvm, file_of("--kvm", arguments.kvm, host.check_is_kvm), "");
    const bool apart = request.vtd && host.make_opener_behind_iommu;
    device::OpenedFunctions opened{
        [make = apart ? host.make_opener_behind_iommu : host.make_opener,
         timeline = arguments.timeline](device::Interface interface,
                                        std::span<const device::DeviceFacts> functions,
                                        std::optional<int> their_iommufd) {
            auto opener = make(interface, functions, their_iommufd);
            mark(timeline, "VFIO container or iommufd");
            return opener;
        }};
    ask_about(opened, devices.requests(), arguments.opening);
    mark(arguments.timeline, "functions opened and attached");
    TENON_TRY_DO(devices.apply_stated(), "");
    if (arguments.anonymize) devices.anonymize();
    std::move(devices).propose(request);
    TENON_TRY_DO(add_backends(arguments, request), "");
    request.processors = processors_for(request);
    request.files = files_for(request);
    request.physical_bits = physical_bits(host, request, kvm);
    request.interfaces = opened.interfaces();
    if (!request.interfaces.empty()) request.limits = host.dma_limits();
    auto plan = model::machine::make_plan(std::move(request));
    if (!plan) return std::unexpected(std::move(plan).error());
    return PlannedMachine{.plan = *std::move(plan), .opened = std::move(opened), .kvm = kvm};
}

}  // namespace

Result<PlannedMachine> plan_machine(const Host& host, const MachineArguments& arguments) {
    const auto count = arguments.devices.size() + words::count_of(arguments.backends);
    if (count > words::most_devices)
        return malformed("{} devices: a machine has at most {}", count, words::most_devices);
    if (arguments.ports.size() > words::most_ports)
        return malformed("{} ports: a machine has at most {}", arguments.ports.size(),
                         words::most_ports);
    model::machine::MachineRequest request;
    TENON_TRY_DO(read_words(arguments, request), "");
    TENON_TRY(devices, DeviceList::read(host, arguments.devices), "");
    TENON_TRY_DO(check_given_once(devices.requests()), "");
    TENON_TRY(iommufd, file_of("--iommufd", arguments.iommufd, host.check_is_iommufd), "");
    prefer_iommufd(devices.requests(), iommufd);
    return plan_with(host, arguments, std::move(devices), request);
}

}  // namespace tenon::library
