#include "cli/text/comparable.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <array>
#include <bitset>
#include <filesystem>
#include <ranges>
#include <span>

#include "base/file.hpp"
#include "base/json_place.hpp"
#include "base/text.hpp"
#include "capture/capture_json.hpp"
#include "capture/limits.hpp"
#include "cli/text/library.hpp"

namespace tenon::cli::text {
namespace {

constexpr std::size_t most_ports = 256;
constexpr std::size_t most_functions = 256;
constexpr std::size_t most_capabilities = 2048;
constexpr std::size_t most_bars = 7;

// A plan and the name of the function meant in it.
struct PlanFile {
    std::string path;
    std::string content;
    std::string function;  ///< Empty: the only one.
};

// The plan in a file; none if `named` means anything else. Plans are told by their first key.
std::optional<PlanFile> find_plan(const std::string& named) {
    std::error_code error;
    const auto mark = std::filesystem::exists(named, error)
                          ? named.size()
                          : std::min(named.rfind('#'), named.size());
    const auto path = named.substr(0, mark);
    if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
    auto content = read_file(path, capture::longest_document);
    if (!content) return std::nullopt;
    const auto text = capture::without_mark(*content);
    if (!capture::is_json(text)) return std::nullopt;
    const auto document = JsonDocument::parse(text, path, capture::document_limits);
    if (!document || find_member(document->value(), "ports") == nullptr) return std::nullopt;
    return PlanFile{.path = path,
                    .content = std::string{text},
                    .function = mark < named.size() ? named.substr(mark + 1) : ""};
}

std::string whole_number(const JsonPlace& place) { return std::to_string(place.number()); }

std::string yes_or_no(const JsonPlace& place) { return place.flag() ? "yes" : "no"; }

std::string size_words(const JsonPlace& place) { return format_size(place.number()); }

std::string text_of(const JsonPlace& place) { return place.text(); }

// A field of an object and its name for people.
struct Field {
    std::string_view key;
    std::string_view name;
    std::string (*read)(const JsonPlace&);
};

// The fields of an object that may be absent: "none" then.
void add_object(std::vector<Trait>& traits, const JsonPlace& place, std::span<const Field> fields) {
    for (const auto& field : fields)
        traits.push_back({.name = std::string{field.name},
                          .value = place.is_null() ? "none" : field.read(place.at(field.key))});
}

constexpr std::array link_fields{
    Field{"speed", "port's link speed", text_of},
    Field{"width", "port's link width", whole_number},
    Field{"max_payload", "port's largest payload", size_words},
};
constexpr std::array msi_fields{
    Field{"vectors", "MSI vectors", whole_number},
    Field{"wide_address", "MSI 64-bit address", yes_or_no},
    Field{"maskable", "MSI masks each vector", yes_or_no},
};
constexpr std::array msix_fields{
    Field{"vectors", "MSI-X vectors", whole_number},
    Field{"table_bar", "MSI-X table in BAR", whole_number},
    Field{"table_offset", "MSI-X table at", text_of},
    Field{"pba_bar", "MSI-X pending bits in BAR", whole_number},
    Field{"pba_offset", "MSI-X pending bits at", text_of},
};

std::vector<Trait> read_traits(const JsonPlace& port, const JsonPlace& function) {
    std::vector<Trait> traits;
    for (const auto* const key : {"vendor", "device", "class", "revision"})
        traits.push_back({.name = key, .value = function.at(key).text()});
    const auto size = function.at("config_size");
    traits.push_back({.name = "configuration space",
                      .value = size.is_null() ? "not for a guest" : size_words(size)});
    add_object(traits, port.at("link"), link_fields);
    std::vector<std::string> widths;
    for (const auto& width : port.at("atomic_completer").items(3))
        widths.push_back(whole_number(width));
    traits.push_back(
        {.name = "AtomicOps that the port completes",
         .value = widths.empty() ? "none" : fmt::format("{}", fmt::join(widths, ", "))});
    add_object(traits, function.at("msi"), msi_fields);
    add_object(traits, function.at("msix"), msix_fields);
    return traits;
}

std::vector<Trait> read_bars(const JsonPlace& function) {
    std::vector<Trait> bars;
    std::bitset<most_bars> seen;
    for (const auto& bar : function.at("bars").items(most_bars)) {
        const auto index = bar.at("index").number(most_bars - 1);
        if (seen.test(index)) bar.at("index").wrong("a second time");
        seen.set(index);
        const auto name = index == 6 ? std::string{"option ROM"} : fmt::format("BAR {}", index);
        bars.push_back({.name = name + " kind",
                        .value = bar.at("kind").text() +
                                 (bar.at("prefetchable").flag() ? ", prefetchable" : "")});
        const auto size = bar.at("size");
        bars.push_back({.name = name + " size",
                        .value = size.is_null() ? std::nullopt : std::optional{size_words(size)}});
    }
    return bars;
}

ComparableCapability read_capability(const JsonPlace& place) {
    const auto at = place.at("guest_offset");
    return {.extended = place.at("list").text() == "extended",
            .id = static_cast<std::uint16_t>(place.at("id").hex(0xffff)),
            .name = place.at("name").text(),
            .at = at.is_null() ? std::nullopt
                               : std::optional{static_cast<std::uint16_t>(at.hex(0xfff))},
            .size = static_cast<std::uint16_t>(place.at("size").number(pci::express_size)),
            .action = place.at("action").text(),
            .why = place.at("why").text()};
}

Comparable read_function(const JsonPlace& port, const JsonPlace& function) {
    Comparable read{.name = {},
                    .traits = read_traits(port, function),
                    .bars = read_bars(function),
                    .capabilities = {},
                    .config_known = function.at("config_known").number(pci::express_size),
                    .config = {}};
    for (const auto& capability : function.at("capabilities").items(most_capabilities))
        read.capabilities.push_back(read_capability(capability));
    return read;
}

// The function of a plan that `wanted` means: its host address or its id; empty: the only one.
Result<Comparable> choose(JsonDocument& document, std::string_view file, std::string_view wanted) {
    std::vector<Comparable> found;
    std::vector<std::string> all;
    for (const auto& port : JsonPlace{document}.at("ports").items(most_ports))
        for (const auto& function : port.at("functions").items(most_functions)) {
            all.push_back(function.at("id").text());
            const auto on_host = function.at("host").text();
            const bool meant = wanted.empty() || wanted == all.back() || wanted == on_host;
            // One more than can be meant is enough to say so.
            if (meant && found.size() < 2) found.push_back(read_function(port, function));
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

Result<Comparable> read_plan_file(const PlanFile& plan) {
    TENON_TRY(document, JsonDocument::parse(plan.content, plan.path, capture::document_limits), "");
    return choose(document, plan.path, plan.function);
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
        .hint = fmt::format("Name one of {}; or write `tenon plan --json` of all to a file, "
                            "and name FILE#ID",
                            fmt::join(hosts, ", "))});
}

Result<Comparable> plan_device(const Host& host, const std::string& named, Opening opening) {
    TENON_TRY(planned, plan_machine(host, {.devices = {named}, .opening = opening}), "");
    const auto& plan = planned.plan;
    TENON_TRY_DO(check_single(named, plan), "");
    TENON_TRY(document, JsonDocument::parse(render_json(plan), named, capture::document_limits),
              "");
    TENON_TRY(read, choose(document, named, ""), "");
    const auto& function = plan.ports.front()->functions.front();
    if (function.view.guest_view) read.config = function.view.map.start;
    return std::move(read);
}

}  // namespace

Result<Comparable> read_comparable(const Host& host, const std::string& named, Opening opening) {
    const auto plan = find_plan(named);
    auto read = plan ? read_plan_file(*plan) : plan_device(host, named, opening);
    if (read) read->name = named;
    return read;
}

}  // namespace tenon::cli::text
