#include "cli/text/comparable.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bitset>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <ranges>
#include <unordered_set>

#include "base/json_place.hpp"
#include "base/text.hpp"
#include "base/unpack.hpp"
#include "capture/capture_json.hpp"
#include "capture/limits.hpp"
#include "library/words/device_argument.hpp"
#include "model/chosen/target.hpp"

namespace tenon::cli::text {
namespace {

constexpr std::size_t most_ports = 256;
constexpr std::size_t most_functions = 256;
constexpr std::size_t most_capabilities = 2048;
constexpr std::size_t most_bars = 7;
// Before the commands of a reason stand an object and a remedy.
constexpr std::size_t most_colons = 16;

// A plan and the name of the function meant in it.
struct PlanFile {
    std::string path;
    std::string content;
    std::string function;  ///< Empty: the only one.
};

// The plan in a file, packed or not; none if `named` means anything else. Plans are told by what
// they have.
std::optional<PlanFile> find_plan(const std::string& named) {
    std::error_code error;
    const auto mark = std::filesystem::exists(named, error)
                          ? named.size()
                          : std::min(named.rfind('#'), named.size());
    const auto path = named.substr(0, mark);
    if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
    auto content = read_unpacked(path, capture::longest_document);
    if (!content) return std::nullopt;
    const auto text = capture::without_mark(*content);
    if (!capture::is_json(text)) return std::nullopt;
    const auto document = JsonDocument::parse(text, path, capture::document_limits);
    if (!document || find_member(document->value(), "ports") == nullptr) return std::nullopt;
    return PlanFile{.path = path,
                    .content = std::string{text},
                    .function = mark < named.size() ? named.substr(mark + 1) : ""};
}

void check_bars(const JsonPlace& function) {
    std::bitset<most_bars> seen;
    for (const auto& bar : function.at("bars").items(most_bars)) {
        const auto index = bar.at("index").number(most_bars - 1);
        if (seen.test(index)) bar.at("index").wrong("a second time");
        seen.set(index);
    }
}

void read_capability(Comparable& read, const JsonPlace& place) {
    const auto at = place.at("guest_offset");
    const auto extended = place.at("list").text() == "extended";
    const auto id = static_cast<std::uint16_t>(place.at("id").hex(0xffff));
    const auto size = static_cast<std::uint16_t>(place.at("size").number(pci::express_size));
    if (at.is_null()) return;
    read.capabilities.push_back({.extended = extended,
                                 .id = id,
                                 .name = place.at("name").text(),
                                 .at = static_cast<std::uint16_t>(at.hex(0xfff)),
                                 .size = size});
}

// Rows of hex digits, as plan_json.hpp has them.
std::optional<pci::ConfigImage> read_config(const JsonPlace& function) {
    if (!function.has("config")) return std::nullopt;
    std::string digits;
    for (const auto& row : function.at("config").items(pci::express_size / config_row))
        digits += row.text();
    pci::ConfigImage config{std::min(digits.size() / 2, pci::express_size)};
    for (std::size_t at = 0; at < digits.size() / 2; ++at) {
        const auto byte = parse_hex(std::string_view{digits}.substr(2 * at, 2));
        if (!byte) function.at("config").wrong("rows of hex digits are wanted");
        config.write(at, static_cast<std::uint8_t>(byte.value_or(0)));
    }
    return config;
}

// BARs of unknown size have no place, and so their windows.
void forget_windows(std::vector<Leaf>& leaves) {
    const bool unknown = std::ranges::any_of(leaves, [](const Leaf& leaf) {
        return leaf.where.starts_with("bars[") && leaf.where.ends_with("].size") && !leaf.known &&
               !leaf.where.contains(".mapped");
    });
    for (auto& leaf : leaves)
        for (const std::string_view above :
             {"port.windows", "plan.guest.window64", "plan.guest.window64_needed"})
            if (unknown && is_within(leaf.where, above)) leaf.known = false;
}

// Whose facts its warnings come from is told by what stands beside them.
void forget_budgets(std::vector<Leaf>& leaves) {
    const auto host = std::ranges::find(leaves, "plan.interrupts.host_vectors", &Leaf::where);
    if (host == leaves.end() || host->known) return;
    for (auto& leaf : leaves)
        if (is_within(leaf.where, "plan.interrupts.warnings")) leaf.known = false;
}

// A sentence up to the first of these commands, which stand at its end: ": COMMAND; COMMAND".
std::string_view without_commands(std::string_view sentence,
                                  const std::unordered_set<std::string_view>& commands) {
    constexpr std::string_view before = ": ";
    auto at = sentence.find(before);
    for (std::size_t n = 0; n < most_colons && at != std::string_view::npos; ++n) {
        const auto rest = sentence.substr(at + before.size());
        if (commands.contains(rest.substr(0, rest.find("; ")))) return sentence.substr(0, at);
        at = sentence.find(before, at + before.size());
    }
    return sentence;
}

// The sentences of `key` without the commands that `mend` has: these follow from what stands in the
// way, and no guest sees them.
nlohmann::json reasons_alone(const nlohmann::json& object, std::string_view key) {
    std::unordered_set<std::string_view> commands;
    const auto* const mend = find_member(object, "mend");
    if (mend != nullptr && mend->is_array())
        for (const auto& command : *mend)
            if (command.is_string()) commands.insert(command.get_ref<const std::string&>());
    auto reasons = nlohmann::json::array();
    const auto* const texts = find_member(object, key);
    if (texts == nullptr || !texts->is_array()) return reasons;
    for (const auto& text : *texts)
        reasons.push_back(text.is_string() ? nlohmann::json(without_commands(
                                                 text.get_ref<const std::string&>(), commands))
                                           : text);
    return reasons;
}

void add_slot(std::vector<Leaf>& leaves, const JsonPlace& port) {
    std::vector<std::uint64_t> numbers;
    for (const auto& function : port.at("functions").items(most_functions))
        numbers.push_back(function.at("guest_function").number(7));
    leaves.push_back(
        {.where = "port.functions", .value = fmt::format("{}", fmt::join(numbers, ", "))});
}

Comparable read_function(const JsonPlace& plan, const JsonPlace& port, const JsonPlace& function) {
    Comparable read{.name = {},
                    .leaves = {},
                    .capabilities = {},
                    .config_known = function.at("config_known").number(pci::express_size),
                    .config = read_config(function)};
    check_bars(function);
    for (const auto& capability : function.at("capabilities").items(most_capabilities))
        read_capability(read, capability);
    constexpr std::string_view device = "DEVICE";
    std::vector<OwnName> names{{function.at("source").text(), device},
                               {function.at("host").text(), device},
                               {function.at("id").text(), device},
                               {port.at("name").text(), "PORT"}};
    // An address with its domain before one without.
    std::ranges::sort(names, std::ranges::greater{},
                      [](const OwnName& own) { return own.name.size(); });
    auto& leaves = read.leaves;
    add_leaves(leaves, function.value(), "", names,
               {"id", "host", "source", "config", "config_known", "reasons", "mend"});
    add_leaves(leaves, {{"reasons", reasons_alone(function.value(), "reasons")}}, "", names);
    add_slot(leaves, port);
    add_leaves(leaves, port.value(), "port", names, {"name", "functions"});
    add_leaves(leaves, plan.value(), "plan", names, {"ports", "problems", "mend"});
    add_leaves(leaves, {{"problems", reasons_alone(plan.value(), "problems")}}, "plan", names);
    if (leaves.size() >= most_leaves) plan.wrong("more values than a plan has");
    forget_windows(leaves);
    forget_budgets(leaves);
    return read;
}

// The function of a plan that `wanted` means: its host address or its id; empty: the only one.
Result<Comparable> choose(JsonDocument& document, std::string_view file, std::string_view wanted) {
    std::vector<Comparable> found;
    std::vector<std::string> all;
    const JsonPlace plan{document};
    for (const auto& port : plan.at("ports").items(most_ports))
        for (const auto& function : port.at("functions").items(most_functions)) {
            all.push_back(function.at("id").text());
            const auto on_host = function.at("host").text();
            const bool meant = wanted.empty() || wanted == all.back() || wanted == on_host;
            // One more than can be meant is enough to say so.
            if (meant && found.size() < 2) found.push_back(read_function(plan, port, function));
        }
    if (document.mistake()) return std::unexpected(*document.mistake());
    if (found.size() == 1) return std::move(found.front());
    return std::unexpected(
        Error{.kind = Error::Kind::NotFound,
              .what = wanted.empty() ? fmt::format("{}: a plan of {} functions", file, all.size())
                                     : fmt::format("{}: no single function is {}", file, wanted),
              .hint = fmt::format("Write FILE#ID with one of: {}{}",
                                  fmt::join(all | std::views::take(capture::most_shown), ", "),
                                  all.size() > capture::most_shown ? ", …" : "")});
}

// A slot has several, of which a plan's ids are not those of what was named.
Result<void> check_single(const std::string& named, const model::machine::MachinePlan& plan) {
    std::vector<std::string> hosts;
    for (const auto& port : plan.ports)
        for (const auto& function : port->functions)
            hosts.push_back(function.view.host);
    if (hosts.size() == 1) return {};
    return std::unexpected(Error{
        .kind = Error::Kind::Malformed,
        .what = fmt::format("{}: {} functions, and one is compared with one", named, hosts.size()),
        .hint = fmt::format("Name one of {}; or write `tenon plan -v --json` of all to a "
                            "file, and name FILE#ID",
                            fmt::join(hosts, ", "))});
}

// A side without its keys `target=` and, behind that, `place=`, which are of the machine, and what
// they say; empty: nothing.
struct Side {
    std::string device;
    std::string target;
};
Side without_target(const std::string& named) {
    constexpr std::string_view key = ",target=";
    constexpr std::string_view place = ",place=";
    const auto at = named.rfind(key);
    if (at == std::string::npos) return {.device = named, .target = {}};
    const auto value = at + key.size();
    auto end = std::min(named.find(',', value), named.size());
    if (named.substr(end).starts_with(place))
        end = std::min(named.find(',', end + place.size()), named.size());
    return {.device = named.substr(0, at) + named.substr(end),
            .target = named.substr(value, end - value)};
}

// The machine of one device: of the ports that were asked for, its own.
Result<MachineArguments> machine_of(const std::string& named, const MachineArguments& options) {
    const auto side = without_target(named);
    TENON_TRY(argument, words::parse_device_argument(side.device), "");
    auto machine = options;
    machine.devices = {side.device};
    if (!side.target.empty()) {
        TENON_TRY(version, model::chosen::version_of_target(side.target), "");
        machine.version = version;
    }
    std::erase_if(machine.ports, [&](const std::string& port) {
        return port.substr(0, port.find(',')) != argument.port;
    });
    return machine;
}

Result<Comparable> plan_device(const Host& host, const std::string& named,
                               const MachineArguments& options) {
    TENON_TRY(machine, machine_of(named, options), "");
    TENON_TRY(planned, plan_machine(host, machine), "");
    TENON_TRY_DO(check_single(named, planned.plan), "");
    return read_plan(render_json(planned.plan, Bytes::Shown), named, "");
}

}  // namespace

Result<Comparable> read_plan(std::string_view json, const std::string& file,
                             std::string_view wanted) {
    TENON_TRY(document, JsonDocument::parse(json, file, capture::document_limits), "");
    auto read = choose(document, file, wanted);
    if (read) read->name = file;
    return read;
}

Result<Comparable> read_comparable(const Host& host, const std::string& named,
                                   const MachineArguments& options) {
    const auto plan = find_plan(named);
    auto read = plan ? read_plan(plan->content, plan->path, plan->function)
                     : plan_device(host, named, options);
    if (read) read->name = named;
    return read;
}

bool is_plan_file(const std::string& named) { return find_plan(named).has_value(); }

}  // namespace tenon::cli::text
