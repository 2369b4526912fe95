#include "library/request.hpp"

#include <unistd.h>

#include <algorithm>
#include <set>

#include "library/device_argument.hpp"
#include "model/machine_version.hpp"

namespace tenon::library {
namespace {

Result<model::DeviceRequest> request_of(const Host& host, const std::string& text,
                                        Opening opening) {
    TENON_TRY(argument, parse_device_argument(text), "");
    TENON_TRY(facts, gather_facts(host, argument.name, argument.interface, opening), "");
    TENON_TRY_DO(apply_stated(argument.stated, facts), "");
    return model::DeviceRequest{.facts = std::move(facts),
                                .id = std::move(argument.id),
                                .port = std::move(argument.port),
                                .function = argument.function,
                                .interface = argument.interface,
                                .keys = argument.keys};
}

// A function of this host can be given once; files may be planned as often as wanted.
Result<void> check_given_once(const model::MachineRequest& request) {
    std::set<pci::Address> addresses;
    for (const auto& device : request.devices) {
        const auto& facts = device.facts;
        if (facts.origin == device::Origin::Live && facts.address &&
            !addresses.insert(*facts.address).second)
            return malformed("{} is given twice", to_string(*facts.address));
    }
    return {};
}

// Of this host, where one of its devices is named.
Known<unsigned> processors_for(const model::MachineRequest& request) {
    const bool live = std::ranges::any_of(request.devices, [](const auto& device) {
        return device.facts.origin == device::Origin::Live;
    });
    const auto online = ::sysconf(_SC_NPROCESSORS_ONLN);
    if (!live || online <= 0) return Unknown{"no device of this host is named"};
    return static_cast<unsigned>(online);
}

// Of the host that is to run the guest: this one, if its devices are.
Known<unsigned> physical_bits(const Host& host, const model::MachineRequest& request) {
    const bool here = std::ranges::all_of(request.devices, [](const model::DeviceRequest& device) {
        return device.facts.origin == device::Origin::Live;
    });
    if (here) return host.physical_bits();
    return Unknown{"the devices are described by a file, and it does not tell"};
}

}  // namespace

Result<model::MachinePlan> plan_machine(const Host& host, const MachineArguments& arguments) {
    model::MachineRequest request;
    TENON_TRY(memory, parse_memory_argument(arguments.memory), "--memory");
    request.memory = memory;
    TENON_TRY(cpus, parse_cpus_argument(arguments.cpus), "--cpus");
    request.vcpus = cpus;
    request.version = arguments.version.empty()
                          ? std::string{model::machine_versions().front().name}
                          : arguments.version;
    for (const auto& text : arguments.ports) {
        TENON_TRY(port, parse_port_argument(text), "");
        request.ports.push_back(std::move(port));
    }
    for (const auto& text : arguments.devices) {
        TENON_TRY(device, request_of(host, text, arguments.opening), "");
        request.devices.push_back(std::move(device));
    }
    TENON_TRY_DO(check_given_once(request), "");
    request.processors = processors_for(request);
    request.physical_bits = physical_bits(host, request);
    return model::make_plan(std::move(request));
}

}  // namespace tenon::library
