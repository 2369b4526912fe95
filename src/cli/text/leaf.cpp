#include "cli/text/leaf.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "base/json_place.hpp"
#include "pci/config_image.hpp"

namespace tenon::cli::text {
namespace {

using nlohmann::json;

constexpr std::size_t longest_where = 500;

// Where null means not known, as docs/plan.schema.json has it. Elsewhere it means: not there.
constexpr auto unknown_if_null = std::to_array<std::string_view>(
    {"driver", "iommu_group", "iommu_group.members[].driver", "atomics.host", "reset.way",
     "reset.method", "bars[].size", "bars[].guest_address", "plan.guest.physical_bits",
     "plan.interrupts.host_vectors"});
constexpr std::string_view host_facts = "host_facts.";
// Not of the device: of who would run the guest, where that was asked.
constexpr std::string_view unknown_if_empty = "plan.dma";
constexpr std::string_view unknown_always = "unknowns";

// What lies past the header, and what past the space of conventional PCI.
constexpr auto after_header =
    std::to_array<std::string_view>({"config_size", "msi", "msix", "port.link"});
constexpr auto after_conventional = std::to_array<std::string_view>({"pasid"});

// Members that name an element of a list, the best one first.
constexpr auto naming_keys =
    std::to_array<std::string_view>({"name", "id", "host", "address", "host_slot", "index",
                                     "interface", "offset", "base", "first", "port"});

bool is_letter(char letter) { return std::isalpha(static_cast<unsigned char>(letter)) != 0; }

bool is_digit(char letter) { return std::isdigit(static_cast<unsigned char>(letter)) != 0; }

bool is_word_letter(char letter) {
    return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_' || letter == '-';
}

bool says_unknown(std::string_view text) {
    for (const std::string_view words : {"not known", "unknown", "as far as known"})
        if (text.find(words) != std::string_view::npos) return true;
    return false;
}

bool is_sentence(const json& value) {
    return value.is_string() && value.get_ref<const std::string&>().contains(' ');
}

std::string word_of(const json& value) {
    if (value.is_null()) return "none";
    if (value.is_string()) return value.get<std::string>();
    if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// Some of what is in a container, where the other side has none.
std::string summary(const json& value) {
    constexpr std::size_t enough = 100;
    std::string text;
    for (const auto& [key, member] : value.items()) {
        if (text.size() > enough) break;
        if (member.is_structured() || member.is_null() || word_of(member).empty() ||
            (value.is_object() && is_sentence(member)))
            continue;
        text += text.empty() ? "" : ", ";
        text += value.is_object() ? fmt::format("{} {}", key, word_of(member)) : word_of(member);
    }
    return text.empty() ? value.empty() ? "none" : "there" : text;
}

// What stands in the names of all that is within it. The end tells long ones apart.
std::string cut(std::string name) {
    constexpr std::size_t longest = 100;
    if (name.size() <= longest) return name;
    const auto end = std::hash<std::string>{}(name);
    return fmt::format("{}...{:x}", std::string_view{name}.substr(0, longest), end);
}

class Flattener {
public:
    Flattener(std::vector<Leaf>& leaves, const std::vector<OwnName>& names)
        : leaves_{leaves}, names_{names} {}

    // `rule` is `where` without what tells elements of a list apart.
    void add(const json& value, const std::string& where, const std::string& rule,
             std::size_t needs) {
        if (leaves_.size() >= most_leaves) return;
        if (value.is_structured() && where.size() > longest_where) {
            leaves_.push_back({.where = where, .value = word_of(value), .needs = needs});
            return;
        }
        needs = std::max(needs, needs_of(value, rule));
        const bool words = value.is_array() && std::ranges::none_of(value, &json::is_structured) &&
                           std::ranges::none_of(value, is_sentence);
        if (!value.is_structured() || (words && !value.empty())) {
            add_value(value, where, rule, needs);
            return;
        }
        leaves_.push_back({.where = where,
                           .value = summary(value),
                           .container = true,
                           .known = rule != unknown_if_empty || !value.empty(),
                           .needs = needs});
        if (value.is_object())
            add_members(value, where, rule, needs, {});
        else
            add_elements(value, where, rule, needs);
    }

    void add_members(const json& value, const std::string& where, const std::string& rule,
                     std::size_t needs, const std::vector<std::string_view>& without) {
        const auto first = leaves_.size();
        for (const auto& [key, member] : value.items()) {
            if (std::ranges::find(without, key) != without.end()) continue;
            const auto dot = where.empty() ? "" : ".";
            const auto name = cut(key);
            add(member, where + dot + name, rule + (rule.empty() ? "" : ".") + name, needs);
        }
        // What is said of something unknown is not known either.
        if (!rule.ends_with("[]") && rule != "atomics" && rule != "reset") return;
        const auto direct = [&](const Leaf& leaf) {
            return leaf.where.find_first_of(".[", where.size() + 1) == std::string::npos;
        };
        bool unknown = false;
        for (auto n = first; n < leaves_.size(); ++n)
            unknown = unknown || (direct(leaves_[n]) && !leaves_[n].known);
        for (auto n = first; unknown && n < leaves_.size(); ++n)
            if (leaves_[n].sentence || leaves_[n].container || leaves_[n].value.empty() ||
                !direct(leaves_[n]))
                leaves_[n].known = false;
    }

private:
    static std::size_t needs_of(const json& value, std::string_view rule) {
        if (std::ranges::find(after_header, rule) != after_header.end())
            return pci::header_size + 1;
        if (std::ranges::find(after_conventional, rule) != after_conventional.end())
            return pci::conventional_size + 1;
        if (rule != "capabilities[]") return 0;
        const auto* const list = find_member(value, "list");
        return list != nullptr && *list == "extended" ? pci::conventional_size + 1
                                                      : pci::header_size + 1;
    }

    void add_value(const json& value, const std::string& where, std::string_view rule,
                   std::size_t needs) {
        Leaf leaf{.where = where, .value = {}, .needs = needs};
        if (value.is_array()) {
            for (const auto& element : value)
                leaf.value += (leaf.value.empty() ? "" : ", ") + own_word_of(element);
        } else {
            // An address in the guest may read as one of the host.
            const bool in_guest = rule == "guest" || rule.ends_with(".guest");
            leaf.value = in_guest ? word_of(value) : own_word_of(value);
        }
        leaf.sentence = is_sentence(value) || rule.ends_with("[]");
        leaf.known = !says_unknown(leaf.value) && !rule.ends_with(unknown_always);
        if (value.is_null() && (std::ranges::find(unknown_if_null, rule) != unknown_if_null.end() ||
                                rule.starts_with(host_facts)))
            leaf.known = false;
        leaves_.push_back(std::move(leaf));
    }

    // Elements by their names; sentences are their own.
    void add_elements(const json& value, const std::string& where, const std::string& rule,
                      std::size_t needs) {
        std::map<std::string, unsigned> seen;
        std::size_t next = 0;
        for (const auto& element : value) {
            const auto number = next++;
            const bool plain = !element.is_structured();
            auto name = plain ? own_word_of(element) : name_of(element, number);
            const auto again = ++seen[name];
            if (again > 1) name += fmt::format(" #{}", again);
            if (!plain) {
                add(element, fmt::format("{}[{}]", where, cut(name)), rule + "[]", needs);
                continue;
            }
            leaves_.push_back({.where = fmt::format("{}: {}", where, name),
                               .value = std::string{said},
                               .known = !says_unknown(name) && !rule.ends_with(unknown_always),
                               .sentence = true,
                               .needs = needs});
        }
    }

    std::string name_of(const json& element, std::size_t number) const {
        std::string name;
        for (const auto key : naming_keys) {
            const auto* const member = find_member(element, key);
            if (member == nullptr || member->is_structured()) continue;
            const bool second = !name.empty();
            if (second && key != "id") break;
            name += (second ? " " : "") + own_word_of(*member);
        }
        return name.empty() ? std::to_string(number) : name;
    }

    // The device's own names, where they are whole words, stand for the device. One that two names
    // in a row name ("dev0 0000:65:00.0") is one.
    std::string own_word_of(const json& value) const {
        auto text = word_of(value);
        if (!value.is_string()) return text;
        for (const auto& own : names_)
            if (is_telling(own.name)) text = without_name(text, own);
        for (const auto& own : names_) {
            const auto twice = fmt::format("{0} {0}", own.stand_in);
            for (auto at = text.find(twice); at != std::string::npos; at = text.find(twice, at))
                text.erase(at, own.stand_in.size() + 1);
        }
        return text;
    }

    // Not a name that may be a word or a number of the sentence.
    static bool is_telling(const std::string& name) {
        return name.size() > 2 && !std::ranges::all_of(name, is_letter) &&
               !std::ranges::all_of(name, is_digit);
    }

    static std::string without_name(const std::string& text, const OwnName& own) {
        const auto& name = own.name;
        std::string changed;
        std::size_t done = 0;
        for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at)) {
            const auto end = at + name.size();
            const bool whole = (at == 0 || !is_word_letter(text[at - 1])) &&
                               (end == text.size() || !is_word_letter(text[end]));
            changed.append(text, done, at - done);
            changed += whole ? own.stand_in : name;
            at = done = end;
        }
        return changed.append(text, done);
    }

    std::vector<Leaf>& leaves_;
    const std::vector<OwnName>& names_;
};

}  // namespace

bool is_within(std::string_view where, std::string_view above) {
    if (!where.starts_with(above) || where.size() == above.size()) return where == above;
    const auto next = where[above.size()];
    return next == '.' || next == '[' || next == ':';
}

void add_leaves(std::vector<Leaf>& leaves, const nlohmann::json& value, const std::string& where,
                const std::vector<OwnName>& names, const std::vector<std::string_view>& without) {
    Flattener{leaves, names}.add_members(value, where, where, 0, without);
}

}  // namespace tenon::cli::text
