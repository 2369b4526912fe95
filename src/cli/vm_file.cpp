#include "cli/vm_file.hpp"

// Errors as values, and all of it in this file.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/file.hpp"
#include "cli/library.hpp"
#include "library/device_argument.hpp"
#include "library/memory_argument.hpp"
#include "library/port_argument.hpp"
#include "model/machine_version.hpp"
#include "pci/address.hpp"

namespace tenon::cli {
namespace {

constexpr std::string_view ending = ".toml";
constexpr std::size_t longest_file = std::size_t{1} << 20;

// A table that stands for one option: what its first part is called, and how it is read.
struct TableKind {
    std::string_view key;
    std::string_view name;
    Result<void> (*check)(std::string_view text);
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

Result<void> check_machine(std::string_view text) {
    if (model::find_machine_version(text) != nullptr) return {};
    return malformed("\"{}\" is not known; see tenon plan --help", text);
}

constexpr std::array tables{TableKind{"device", "host", check_device},
                            TableKind{"port", "name", check_port}};

struct ScalarCheck {
    std::string_view key;
    Result<void> (*check)(std::string_view text);
};
constexpr std::array scalars{ScalarCheck{"memory", check_memory}, ScalarCheck{"cpus", check_cpus},
                             ScalarCheck{"vcpus", check_cpus},
                             ScalarCheck{"machine", check_machine}};

class Reader {
public:
    explicit Reader(std::string path) : path_{std::move(path)} {}

    Result<std::vector<FileOption>> read(const toml::table& root) {
        for (const auto& [key, node] : root) {
            const auto kind = std::ranges::find(tables, key.str(), &TableKind::key);
            if (kind != tables.end())
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

    // A value as one would type it; none for what has no such form.
    static std::optional<std::string> text_of(const toml::node& node, std::string_view yes,
                                              std::string_view no) {
        if (const auto* const text = node.as_string()) return text->get();
        if (const auto* const number = node.as_integer()) return fmt::format("{}", number->get());
        if (const auto* const flag = node.as_boolean()) return std::string{flag->get() ? yes : no};
        return std::nullopt;
    }

    Result<void> read_scalar(const toml::key& key, const toml::node& node) {
        auto text = text_of(node, "true", "false");
        if (!text) return malformed("{}: neither a text, a number, true nor false", where(key));
        const auto check = std::ranges::find(scalars, key.str(), &ScalarCheck::key);
        if (check != scalars.end()) TENON_TRY_DO(check->check(*text), where(key));
        options_.push_back({.key = std::string{key.str()},
                            .value = std::move(*text),
                            .where = where(key),
                            .is_flag = node.is_boolean()});
        return {};
    }

    Result<void> read_tables(const TableKind& kind, const toml::key& key, const toml::node& node) {
        const auto* const list = node.as_array();
        if (list == nullptr || !list->is_homogeneous<toml::table>())
            return malformed("{}: write it as a table: [[{}]]", where(key), kind.key);
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
            const auto value = text_of(node, "on", "off");
            if (!value)
                return malformed("{}: neither a text, a number, true nor false", where(key));
            if (value->contains(','))
                return malformed("{}: a value cannot contain a comma", where(key));
            const auto pair = fmt::format(",{}={}", key.str(), *value);
            // Each key alone, so that the message has its line.
            TENON_TRY_DO(kind.check(name->get() + pair), where(key));
            text += pair;
        }
        options_.push_back(
            {.key = std::string{kind.key}, .value = std::move(text), .where = place});
        return {};
    }

    std::string path_;
    std::vector<FileOption> options_;
};

// Whether both name one function, however its address is written.
bool same_device(const std::string& one, const std::string& other) {
    const auto a = pci::Address::parse(one);
    const auto b = pci::Address::parse(other);
    return a && b ? *a == *b : one == other;
}

template <typename Same>
std::vector<std::string> merge(const std::vector<std::string>& file,
                               const std::vector<std::string>& options, Same same) {
    std::vector<std::string> merged;
    for (const auto& text : file)
        if (std::ranges::none_of(options, [&](const auto& option) { return same(text, option); }))
            merged.push_back(text);
    merged.insert(merged.end(), options.begin(), options.end());
    return merged;
}

}  // namespace

bool is_vm_file(std::string_view word) { return word.ends_with(ending); }

Result<std::vector<FileOption>> read_vm_file(const std::string& path) {
    TENON_TRY(text, read_file(path, longest_file), "");
    const auto parsed = toml::parse(std::string_view{text}, std::string_view{path});
    if (!parsed) {
        const auto& error = parsed.error();
        return malformed("{}:{}: {}", path, error.source().begin.line, error.description());
    }
    return Reader{path}.read(parsed.table());
}

std::vector<std::string> merge_devices(const std::vector<std::string>& file,
                                       const std::vector<std::string>& options) {
    return merge(file, options, [](const std::string& one, const std::string& other) {
        const auto a = parse_device_argument(one);
        const auto b = parse_device_argument(other);
        if (!a || !b) return false;  // Said later, by who reads it.
        return same_device(a->name, b->name) || (!a->id.empty() && a->id == b->id);
    });
}

std::vector<std::string> merge_ports(const std::vector<std::string>& file,
                                     const std::vector<std::string>& options) {
    return merge(file, options, [](const std::string& one, const std::string& other) {
        return one.substr(0, one.find(',')) == other.substr(0, other.find(','));
    });
}

}  // namespace tenon::cli
