#include "library/function_list.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <utility>

#include "capture/anonymize.hpp"
#include "device/driver.hpp"
#include "device/uses.hpp"
#include "host/pci_ids.hpp"
#include "host/sysfs/users.hpp"
#include "library/recorded.hpp"
#include "library/words.hpp"
#include "model/function/assignability.hpp"
#include "model/function/function_view.hpp"
#include "pci/express.hpp"
#include "pci/header.hpp"

namespace tenon::library {
namespace {

// What the registers of nobody, or of a virtual function, have as their vendor.
constexpr std::uint16_t no_vendor = 0xffff;

bool is_bridge(const device::DeviceFacts& facts) {
    if (!facts.physical) return facts.words && facts.words->is_bridge;
    const pci::HeaderType type{facts.physical->read8(pci::header::header_type)};
    return type.get<pci::HeaderLayout>() != pci::layout_endpoint;
}

std::string name_of(const ListedFunction& function, const host::PciIds& ids) {
    if (!function.ids_known) return std::string{class_name(function.class_code)};
    auto name = ids.name(function.vendor, function.device);
    if (!name.empty()) return name;
    return fmt::format("{:04x}:{:04x} {}", function.vendor, function.device,
                       class_name(function.class_code));
}

void read_registers(const pci::ConfigImage& config, ListedFunction& function) {
    if (function.bridge) function.bus_behind = config.read8(pci::header::secondary_bus);
    const auto express = pci::find_express(config);
    const auto at = express ? express->at + pci::express::device_capabilities_2 : 0;
    if (!express || !express->has_second_registers() || at + 4 > config.known()) return;
    const pci::DeviceCapabilities2 registers{config.read32(at)};
    function.completes = registers.get<pci::AtomicOpCompleters>();
    function.routes = registers.get<pci::AtomicOpRouting>() != 0;
}

void read_words(const device::ExpressWords& words, ListedFunction& function) {
    if (!words.second_registers) return;
    function.completes = words.completers;
    function.routes = words.routes_atomics;
}

// What a file may not tell of its host, where this host always does.
void note_untold(const device::DeviceFacts& facts, ListedFunction& function) {
    if (function.stays()) return;
    if (!facts.group)
        function.unknowns.push_back("its IOMMU group: " + facts.group.why());
    else
        for (const auto& member : facts.group->members)
            if (!member.driver_known && !member.is_bridge)
                function.unknowns.push_back("the driver of " + to_string(member.address));
}

ListedFunction list_function(const device::DeviceFacts& facts, const host::PciIds& ids) {
    const auto view = model::function::build_function_view(facts);
    ListedFunction function{
        .address = facts.address.value_or({}),
        .name = {},
        .vendor = view.vendor,
        .device = view.device,
        .class_code = view.class_code,
        .ids_known = facts.identity || (facts.physical && view.vendor != no_vendor),
        .class_known = facts.identity || facts.physical || (facts.words && facts.words->class_code),
        .driver = facts.driver,
        .group = {},
        .bridge = is_bridge(facts),
        .host_part = model::function::reason_by_class(view.class_code) && !is_bridge(facts),
        .above = {},
        .bus_behind = {},
        .numa_node = {},
        .completes = {},
        .assignable = view.assignable,
        .reasons = view.reasons,
        .unknowns = {}};
    if (facts.uses && !facts.uses->empty()) function.use = device::words_of(facts.uses->front());
    if (facts.group) function.group = facts.group->number;
    if (facts.path && !facts.path->empty()) function.above = facts.path->front().address;
    if (facts.numa_node && *facts.numa_node >= 0)
        function.numa_node = static_cast<unsigned>(*facts.numa_node);
    if (facts.physical)
        read_registers(*facts.physical, function);
    else if (facts.words && facts.words->express)
        read_words(*facts.words->express, function);
    // Nothing was opened, so what only VFIO knows is unknown of every function alike.
    const bool short_read = facts.physical && facts.physical->known() <= pci::header_size;
    if (short_read)
        function.unknowns.emplace_back(
            "only the first 64 bytes of its configuration space could be read");
    if (!facts.driver) function.unknowns.push_back("its driver: " + facts.driver.why());
    if (facts.origin != device::Origin::Live) note_untold(facts, function);
    function.name = name_of(function, ids);
    const bool named = function.ids_known && !ids.name(view.vendor, view.device).empty();
    if (facts.words && !named && !facts.words->name.empty()) function.name = facts.words->name;
    return function;
}

// Of an address that a file has several times nobody knows which one is meant.
void note_times(FunctionList& list, const std::map<pci::Address, std::size_t>& times) {
    for (auto& function : list.functions) {
        function.times = times.at(function.address);
        if (function.times == 1) continue;
        const auto address = to_string(function.address);
        function.unknowns.insert(
            function.unknowns.begin(),
            fmt::format("{0} is in the file {1} times, and this is the first: FILE#{0}@2 is the "
                        "second",
                        address, function.times));
    }
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

bool lacks_iommu(const ListedFunction& function) {
    return std::ranges::any_of(function.reasons, model::function::is_lack_of_iommu);
}

bool is_bound_to_vfio(const ListedFunction& function) {
    return function.driver && device::is_vfio_driver(*function.driver);
}

// How hard it is to mend: by commands, by something else, by nothing.
int rank_of(const model::chosen::Reason& reason) {
    if (!reason.remedy.empty()) return 1;
    return reason.commands.empty() ? 2 : 0;
}

std::vector<const ListedFunction*> movable_of(const FunctionList& list) {
    std::vector<const ListedFunction*> movable;
    for (const auto& function : list.functions)
        if (!function.stays()) movable.push_back(&function);
    return movable;
}

std::vector<model::chosen::Reason> problems_of_all(
    const std::vector<const ListedFunction*>& movable, std::string_view host) {
    std::vector<model::chosen::Reason> problems;
    if (!movable.empty() &&
        std::ranges::all_of(movable, [](const auto* function) { return lacks_iommu(*function); }))
        problems.push_back({.what = fmt::format("no IOMMU translates the DMA of any function of "
                                                "{}, so none can be assigned",
                                                host),
                            .remedy = std::string{model::function::switch_iommu_on},
                            .commands = {}});
    return problems;
}

std::vector<model::chosen::Reason> problems_of(const FunctionList& list, const Host& host) {
    const auto movable = movable_of(list);
    auto problems = problems_of_all(movable, "this host");
    if (movable.empty()) return problems;
    std::error_code error;
    const auto driver = host.sysfs.paths().sysfs + "/bus/pci/drivers/vfio-pci";
    if (!std::filesystem::exists(driver, error) &&
        std::ranges::none_of(movable,
                             [](const auto* function) { return is_bound_to_vfio(*function); }))
        problems.push_back({.what =
                                "the kernel has no vfio-pci now, the driver that gives functions "
                                "to a guest",
                            .remedy = "",
                            .commands = {"modprobe vfio-pci"}});
    return problems;
}

}  // namespace

const model::chosen::Reason* FunctionList::last_reason(const ListedFunction& function) const {
    const bool all_lack_iommu =
        std::ranges::any_of(problems, [](const auto& one) { return !one.remedy.empty(); });
    const model::chosen::Reason* last = nullptr;
    for (const auto& reason : function.reasons) {
        if (all_lack_iommu && model::function::is_lack_of_iommu(reason)) continue;
        if (last == nullptr || rank_of(reason) >= rank_of(*last)) last = &reason;
    }
    return last;
}

std::map<unsigned, std::vector<pci::Address>> FunctionList::moved_together() const {
    std::map<unsigned, std::vector<pci::Address>> groups;
    for (const auto& function : functions)
        if (function.group && !function.stays())
            groups[*function.group].push_back(function.address);
    std::erase_if(groups, [](const auto& group) { return group.second.size() < 2; });
    return groups;
}

Result<FunctionList> list_functions(const Host& host, Names names) {
    TENON_TRY(addresses, host.sysfs.list_functions(), "");
    const auto ids = host::PciIds::installed(host.sysfs.paths());
    FunctionList list;
    capture::Anonymizer anonymizer;
    const host::sysfs::Users users{host.sysfs.paths()};
    for (const auto& address : addresses) {
        // One that was unplugged meanwhile is not there any more.
        auto facts = host.sysfs.read_facts(to_string(address));
        if (!facts) continue;
        users.add_to(*facts);
        if (names == Names::Taken) anonymizer.take_names(*facts);
        list.functions.push_back(list_function(*facts, ids));
    }
    gather_groups(list.functions);
    list.problems = problems_of(list, host);
    return list;
}

Result<FunctionList> list_functions_of_file(const Host& host, const std::string& path,
                                            Names names) {
    TENON_TRY(entries, list_recorded(path), "");
    const auto ids = host::PciIds::installed(host.sysfs.paths());
    FunctionList list{.file = path, .functions = {}, .problems = {}};
    capture::Anonymizer anonymizer;
    std::map<pci::Address, std::size_t> times;
    for (const auto& entry : entries) {
        if (!entry.address || ++times[*entry.address] != 1) continue;
        // Too large for a frame.
        const auto facts = std::make_unique<device::DeviceFacts>();
        if (const auto filled = entry.facts(*facts); !filled)
            facts->physical = Unknown{filled.error().what};
        facts->address = entry.address;
        // As if it were the host: what the file tells of that counts.
        if (facts->origin == device::Origin::File) facts->origin = device::Origin::Capture;
        if (names == Names::Taken) anonymizer.take_names(*facts);
        list.functions.push_back(list_function(*facts, ids));
    }
    if (list.functions.empty())
        return fail(Error::Kind::NotFound, "{}: no function in it has an address", path);
    note_times(list, times);
    gather_groups(list.functions);
    list.problems = problems_of_all(movable_of(list), "its host");
    return list;
}

}  // namespace tenon::library
