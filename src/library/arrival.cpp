#include "library/arrival.hpp"

#include <array>
#include <utility>

#include "library/device_list.hpp"
#include "library/slot_argument.hpp"
#include "library/words/device_argument.hpp"

namespace tenon::library {
namespace {

Result<void> check_is_new(const model::machine::RunningMachine& machine,
                          const device::DeviceFacts& facts) {
    for (const auto& port : machine.ports)
        for (const auto& function : port->functions)
            if (function.facts.address == facts.address)
                return fail(Error::Kind::Busy, "{}: this machine has it already, as {}",
                            facts.source, function.view.id);
    return {};
}

}  // namespace

Result<model::machine::Arrival> plan_arrival(const Host& host, const std::string& device,
                                             std::optional<int> iommufd,
                                             const model::machine::RunningMachine& machine,
                                             device::OpenedFunctions& opened) {
    TENON_TRY(named, words::parse_device_argument(device), "");
    if (is_slot(named.name))
        return malformed("{}: functions of a slot come one by one, function 0 last", device);
    // Before it is read: a pipe, or a large file, would hold whoever waits for the plug.
    if (!named.name.empty() && !is_of_this_host(host, named.name))
        return malformed("{}: a file can be planned, not assigned", named.name);
    TENON_TRY(list, DeviceList::read(host, {device}), "");
    TENON_TRY_DO(list.apply_stated(), "");
    auto& request = list.requests().front();
    auto& facts = request.facts;
    TENON_TRY_DO(check_is_new(machine, facts), "");
    if (request.access.interface == device::Interface::Iommufd) request.access.iommufd = iommufd;
    if (can_be_asked(facts))
        ask(opened, std::array{Asking{.facts = &facts, .access = request.access}});
    else
        note_unasked(facts, Opening::Allowed);
    const auto address = facts.address.value_or({});
    auto arrival = model::machine::plan_arrival(machine, std::move(request));
    if (!arrival) opened.take(address);
    return arrival;
}

}  // namespace tenon::library
