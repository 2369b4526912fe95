#include "library/backends.hpp"

#include <optional>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "library/words/backend_options.hpp"
#include "library/words/keys.hpp"
#include "model/virtio/device_type.hpp"
#include "model/virtio/facts.hpp"

namespace tenon::library {
namespace {

// As it would be typed: what is first has no key there.
Result<std::string> typed(const words::BackendOption& option, std::string_view keys) {
    TENON_TRY_DO(words::check_argument(keys, option.name), "");
    std::optional<std::string_view> first;
    std::string rest;
    for (const auto part : split(keys, ',')) {
        const auto equals = part.find('=');
        if (!first && equals != std::string_view::npos && part.substr(0, equals) == option.first)
            first = part.substr(equals + 1);
        else
            rest += fmt::format(",{}", part);
    }
    if (!first) return malformed("Parameter '{}' is missing", option.first);
    return std::string{*first} + rest;
}

Result<void> check_is_free(const model::virtio::Backend& backend,
                           const model::machine::RunningMachine& machine) {
    const auto claim = claim_of(backend);
    if (claim.empty()) return {};
    for (const auto& port : machine.ports)
        for (const auto& function : port->functions)
            if (function.backend && claim_of(*function.backend) == claim)
                return fail(Error::Kind::Busy, "{}: this machine has it already, as {}", claim,
                            function.view.id);
    return {};
}

std::set<model::virtio::MacAddress> addresses_in(const model::machine::RunningMachine& machine) {
    std::set<model::virtio::MacAddress> all;
    for (const auto& port : machine.ports)
        for (const auto& function : port->functions)
            if (function.backend && function.backend->mac) all.insert(*function.backend->mac);
    return all;
}

}  // namespace

model::machine::DeviceRequest request_of(const words::BackendArgument& said) {
    model::machine::DeviceRequest device;
    device.facts = model::virtio::make_facts(said.backend);
    device.id = said.id;
    device.port = said.port;
    device.function = said.function;
    device.backend = said.backend;
    return device;
}

void give_address(model::virtio::Backend& backend, std::set<model::virtio::MacAddress>& taken) {
    if (!backend.program || backend.type != model::virtio::network || backend.mac) return;
    model::virtio::MacAddress next{0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    while (!taken.insert(next).second)
        ++next.back();
    backend.mac = next;
}

Result<model::machine::Arrival> plan_process_arrival(
    std::string_view option, std::string_view keys, const model::machine::RunningMachine& machine) {
    const auto* const known = words::find_backend_option(option);
    if (known == nullptr) return malformed("no option --{}", option);
    TENON_TRY(text, typed(*known, keys), "");
    TENON_TRY(said, known->parse(text), "");
    TENON_TRY_DO(check_is_free(said.backend, machine), "");
    auto taken = addresses_in(machine);
    give_address(said.backend, taken);
    return model::machine::plan_arrival(machine, request_of(said));
}

}  // namespace tenon::library
