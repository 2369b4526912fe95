#include "library/words/vm_file.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "base/input.hpp"
#include "library/words/device_argument.hpp"
#include "library/words/limits.hpp"
#include "library/words/memory_argument.hpp"
#include "library/words/port_argument.hpp"
#include "library/words/toml.hpp"
#include "library/words/toml_depth.hpp"
#include "library/words/viommu_argument.hpp"
#include "model/chosen/machine_version.hpp"
#include "pci/address.hpp"

namespace tenon::library::words {
namespace {

constexpr std::string_view ending = ".toml";
constexpr std::size_t longest_file = std::size_t{1} << 20;

// A table that stands for one option: what its first part is called, and how it is read.
struct TableKind {
    std::string_view key;
    std::string_view name;
    std::size_t most;
    Result<void> (*check)(std::string_view text);  // Of the name with one key, or none.
    Result<void> (*check_whole)(std::string_view text) = nullptr;
};

Result<void> check_device(std::string_view text) {
    TENON_TRY_DO(parse_device_argument(text), "");
    return {};
}
Result<void> check_port(std::string_view text) {
    TENON_TRY_DO(parse_port_argument(text), "");
    return {};
}
Result<void> check_memory(std::string_view text) {
    TENON_TRY_DO(parse_memory_argument(text), "");
    return {};
}
Result<void> check_cpus(std::string_view text) {
    TENON_TRY_DO(parse_cpus_argument(text), "");
    return {};
}
Result<void> check_viommu(std::string_view text) {
    TENON_TRY_DO(parse_viommu(text), "");
    return {};
}

Result<void> check_machine(std::string_view text) {
    if (model::chosen::find_machine_version(text) != nullptr) return {};
    return malformed("\"{}\" is not known; see tenon plan --help", text);
}

constexpr std::array own_tables{TableKind{"device", "host", most_devices, check_device},
                                TableKind{"port", "name", most_ports, check_port}};

std::optional<TableKind> find_table(std::string_view key) {
    const auto* const own = std::ranges::find(own_tables, key, &TableKind::key);
    if (own != own_tables.end()) return *own;
    const auto* const option = find_backend_option(key);
    if (option == nullptr) return std::nullopt;
    return TableKind{.key = option->name,
                     .name = option->first,
                     .most = most_devices,
                     .check = option->check,
                     .check_whole = option->check_whole};
}

struct ScalarCheck {
    std::string_view key;
    Result<void> (*check)(std::string_view text);
};
constexpr std::array scalars{ScalarCheck{"memory", check_memory}, ScalarCheck{"cpus", check_cpus},
                             ScalarCheck{"vcpus", check_cpus},
                             ScalarCheck{"machine", check_machine},
                             ScalarCheck{"viommu", check_viommu}};

class Reader {
public:
    explicit Reader(std::string path) : path_{std::move(path)} {}

    Result<std::vector<FileOption>> read(const toml::table& root) {
        for (const auto& [key, node] : root) {
            const auto kind = find_table(key.str());
            if (kind)
                TENON_TRY_DO(read_tables(*kind, key, node), "");
            else
                TENON_TRY_DO(read_scalar(key, node), "");
        }
        return std::move(options_);
    }

private:
    std::string where(const toml::key& key) const {
        return fmt::format("{}:{}: {}", path_, key.source().begin.line, key.str());
    }

    // A value as one would type it. No command line can have a zero byte, at which the kernel would
    // end the name of a file.
    Result<std::string> text_of(const toml::key& key, const toml::node& node, std::string_view yes,
                                std::string_view no) const {
        if (key.str().empty())
            return malformed("{}:{}: a key without a name", path_, key.source().begin.line);
        if (const auto* const number = node.as_integer()) return fmt::format("{}", number->get());
        if (const auto* const flag = node.as_boolean()) return std::string{flag->get() ? yes : no};
        const auto* const text = node.as_string();
        if (text == nullptr)
            return malformed("{}: neither a text, a number, true nor false", where(key));
        if (key.str().contains('\0') || text->get().contains('\0'))
            return malformed("{}: a zero byte cannot be in it", where(key));
        return text->get();
    }

    Result<void> read_scalar(const toml::key& key, const toml::node& node) {
        TENON_TRY(text, text_of(key, node, "true", "false"), "");
        const auto check = std::ranges::find(scalars, key.str(), &ScalarCheck::key);
        if (check != scalars.end()) TENON_TRY_DO(check->check(text), where(key));
        options_.push_back({.key = std::string{key.str()},
                            .value = std::move(text),
                            .where = where(key),
                            .is_flag = node.is_boolean()});
        return {};
    }

    Result<void> read_tables(const TableKind& kind, const toml::key& key, const toml::node& node) {
        const auto* const list = node.as_array();
        if (list == nullptr || !list->is_homogeneous<toml::table>())
            return malformed("{}: write it as a table: [[{}]]", where(key), kind.key);
        if (list->size() > kind.most)
            return malformed("{}: a machine has at most {}", where(key), kind.most);
        for (const auto& element : *list)
            TENON_TRY_DO(read_table(kind, *element.as_table()), "");
        return {};
    }

    Result<void> read_table(const TableKind& kind, const toml::table& table) {
        const auto place = fmt::format("{}:{}: {}", path_, table.source().begin.line, kind.key);
        const auto* const name = table.get_as<std::string>(kind.name);
        if (name == nullptr) return malformed("{}: {} = \"...\" is missing", place, kind.name);
        TENON_TRY_DO(kind.check(name->get()), place);
        auto text = name->get();
        for (const auto& [key, node] : table) {
            if (key.str() == kind.name) continue;
            TENON_TRY(value, text_of(key, node, "on", "off"), "");
            if (value.contains(','))
                return malformed("{}: a value cannot contain a comma", where(key));
            const auto pair = fmt::format(",{}={}", key.str(), value);
            // Each key alone, so that the message has its line.
            TENON_TRY_DO(kind.check(name->get() + pair), where(key));
            text += pair;
        }
        if (kind.check_whole != nullptr) TENON_TRY_DO(kind.check_whole(text), place);
        options_.push_back(
            {.key = std::string{kind.key}, .value = std::move(text), .where = place});
        return {};
    }

    std::string path_;
    std::vector<FileOption> options_;
};

// The device that `name` means, however its address is written.
std::string device_of(const std::string& name) {
    const auto address = pci::Address::parse(name);
    return address ? to_string(*address) : name;
}

std::string port_of(const std::string& text) { return text.substr(0, text.find(',')); }

}  // namespace

bool is_vm_file(std::string_view word) { return word.ends_with(ending); }

Result<std::vector<FileOption>> read_vm_file(const std::string& path) {
    TENON_TRY(text, read_input(path, longest_file), "");
    if (const auto line = find_too_deep(text))
        return malformed("{}:{}: nested more than {} deep", path, *line, deepest_toml);
    const auto parsed = toml::parse(std::string_view{text}, std::string_view{path});
    if (!parsed) {
        const auto& error = parsed.error();
        return malformed("{}:{}: {}", path, error.source().begin.line, error.description());
    }
    return Reader{path}.read(parsed.table());
}

std::vector<std::string> tables_of(const std::vector<FileOption>& file, std::string_view key) {
    std::vector<std::string> values;
    for (const auto& entry : file)
        if (entry.key == key) values.push_back(entry.value);
    return values;
}

std::vector<std::string> merge_devices(const std::vector<std::string>& file,
                                       const std::vector<std::string>& options) {
    std::set<std::string> devices;
    std::set<std::string> ids;
    for (const auto& text : options) {
        const auto option = parse_device_argument(text);
        if (!option) continue;  // Said later, by who reads it.
        devices.insert(device_of(option->name));
        if (!option->id.empty()) ids.insert(option->id);
    }
    std::vector<std::string> merged;
    for (const auto& text : file) {
        const auto one = parse_device_argument(text);
        if (!one || (!devices.contains(device_of(one->name)) && !ids.contains(one->id)))
            merged.push_back(text);
    }
    merged.insert(merged.end(), options.begin(), options.end());
    return merged;
}

std::vector<std::string> merge_backends(const BackendOption& option,
                                        const std::vector<std::string>& file,
                                        const std::vector<std::string>& options) {
    std::set<std::string> names;
    std::set<std::string> ids;
    for (const auto& text : options) {
        const auto typed = option.parse(text);
        if (!typed) continue;  // Said later, by who reads it.
        names.insert(name_of(typed->backend));
        if (!typed->id.empty()) ids.insert(typed->id);
    }
    std::vector<std::string> merged;
    for (const auto& text : file) {
        const auto one = option.parse(text);
        if (!one || (!names.contains(name_of(one->backend)) && !ids.contains(one->id)))
            merged.push_back(text);
    }
    merged.insert(merged.end(), options.begin(), options.end());
    return merged;
}

std::vector<std::string> merge_ports(const std::vector<std::string>& file,
                                     const std::vector<std::string>& options) {
    std::set<std::string> names;
    for (const auto& text : options)
        names.insert(port_of(text));
    std::vector<std::string> merged;
    for (const auto& text : file)
        if (!names.contains(port_of(text))) merged.push_back(text);
    merged.insert(merged.end(), options.begin(), options.end());
    return merged;
}

}  // namespace tenon::library::words
