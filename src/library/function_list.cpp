#include "library/function_list.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "capture/anonymize.hpp"
#include "host/pci_ids.hpp"
#include "library/words.hpp"
#include "model/function/function_view.hpp"
#include "pci/header.hpp"

namespace tenon::library {
namespace {

bool is_bridge(const device::DeviceFacts& facts) {
    if (!facts.physical) return false;
    const pci::HeaderType type{facts.physical->read8(pci::header::header_type)};
    return type.get<pci::HeaderLayout>() != pci::layout_endpoint;
}

std::string name_of(const ListedFunction& function, const host::PciIds& ids) {
    auto name = ids.name(function.vendor, function.device);
    if (!name.empty()) return name;
    return fmt::format("{:04x}:{:04x} {}", function.vendor, function.device,
                       class_name(function.class_code));
}

ListedFunction list_function(const device::DeviceFacts& facts, const host::PciIds& ids) {
    const auto view = model::function::build_function_view(facts);
    ListedFunction function{.address = facts.address.value_or({}),
                            .name = {},
                            .vendor = view.vendor,
                            .device = view.device,
                            .class_code = view.class_code,
                            .driver = facts.driver,
                            .group = {},
                            .bridge = is_bridge(facts),
                            .assignable = view.assignable,
                            .reasons = view.reasons,
                            .unknowns = {}};
    if (facts.group) function.group = facts.group->number;
    // Nothing was opened, so what only VFIO knows is unknown of every function alike.
    const bool short_read = facts.physical && facts.physical->known() <= pci::header_size;
    if (short_read)
        function.unknowns.emplace_back(
            "only the first 64 bytes of its configuration space could be read");
    if (!facts.driver) function.unknowns.push_back("its driver: " + facts.driver.why());
    function.name = name_of(function, ids);
    return function;
}

// Puts the members of a group behind its first one.
void gather_groups(std::vector<ListedFunction>& functions) {
    std::map<unsigned, pci::Address> first;
    for (const auto& function : functions)
        if (function.group) first.emplace(*function.group, function.address);
    std::ranges::sort(functions, {}, [&](const ListedFunction& function) {
        const auto& leader = function.group ? first.at(*function.group) : function.address;
        return std::pair{leader, function.address};
    });
}

}  // namespace

std::map<unsigned, std::vector<pci::Address>> FunctionList::moved_together() const {
    std::map<unsigned, std::vector<pci::Address>> groups;
    for (const auto& function : functions)
        if (function.group && !function.bridge) groups[*function.group].push_back(function.address);
    std::erase_if(groups, [](const auto& group) { return group.second.size() < 2; });
    return groups;
}

Result<FunctionList> list_functions(const Host& host, Names names) {
    TENON_TRY(addresses, host.sysfs.list_functions(), "");
    const auto ids = host::PciIds::installed(host.sysfs.paths());
    FunctionList list;
    capture::Anonymizer anonymizer;
    for (const auto& address : addresses) {
        // One that was unplugged meanwhile is not there any more.
        auto facts = host.sysfs.read_facts(to_string(address));
        if (!facts) continue;
        if (names == Names::Taken) anonymizer.take_names(*facts);
        list.functions.push_back(list_function(*facts, ids));
    }
    gather_groups(list.functions);
    return list;
}

}  // namespace tenon::library
