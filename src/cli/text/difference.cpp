#include "cli/text/difference.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "cli/text/register_difference.hpp"

namespace tenon::cli::text {
namespace {

constexpr std::size_t most_differences = 4096;
constexpr std::size_t most_named = 64;

// What no guest sees: the host, and what is said of it. Anything else is taken for the guest's.
constexpr auto of_host = std::to_array<std::string_view>({"assignable",
                                                          "reasons",
                                                          "mend",
                                                          "warnings",
                                                          "unknowns",
                                                          "told",
                                                          "driver",
                                                          "iommu_group",
                                                          "opened",
                                                          "host_facts",
                                                          "reset",
                                                          "atomics.host",
                                                          "atomics.why",
                                                          "port.reasons",
                                                          "port.warnings",
                                                          "port.link.why",
                                                          "plan.assignable",
                                                          "plan.problems",
                                                          "plan.mend",
                                                          "plan.interrupts",
                                                          "plan.dma",
                                                          "plan.proposals",
                                                          "plan.guest.memory.numa_node",
                                                          "plan.guest.memory.numa_why"});
// The last part of a name: words about what stands beside them.
constexpr auto words_about = std::to_array<std::string_view>(
    {".why", ".source", ".host", ".effect", ".change", ".origin", ".host_offset"});

bool is_on_host(std::string_view where) {
    return std::ranges::any_of(of_host, [&](auto above) { return is_within(where, above); }) ||
           std::ranges::any_of(words_about, [&](auto end) { return where.ends_with(end); });
}

class Comparer {
public:
    Comparer(const Comparable& a, const Comparable& b) : a_{a}, b_{b} {}

    Comparison run() {
        std::unordered_map<std::string_view, const Leaf*> in_b;
        for (const auto& leaf : b_.leaves)
            in_b.emplace(leaf.where, &leaf);
        std::unordered_set<std::string_view> in_a;
        std::unordered_set<std::string_view> told;  // With all that is within them.
        walk(a_.leaves, told, [&](const Leaf& leaf) {
            in_a.insert(leaf.where);
            const auto other = in_b.find(leaf.where);
            return pair(&leaf, other == in_b.end() ? nullptr : other->second);
        });
        walk(b_.leaves, told, [&](const Leaf& leaf) {
            return in_a.contains(leaf.where) ? Told::No : pair(nullptr, &leaf);
        });
        if (a_.config_known != b_.config_known) say_what_was_read();
        compare_registers(a_, b_, result_);
        result_.unknown_of_both.assign(unknown_of_both_.begin(), unknown_of_both_.end());
        result_.config_known = std::min(a_.config_known, b_.config_known);
        say_unknown(a_.name, unknown_of_a_);
        say_unknown(b_.name, unknown_of_b_);
        return finished();
    }

private:
    enum class Told { No, WithAllWithin };

    // Passes over what lies in something that was told of. Containers stand before their content.
    template <typename Take>
    static void walk(const std::vector<Leaf>& leaves, std::unordered_set<std::string_view>& told,
                     Take take) {
        std::string_view above;
        for (const auto& leaf : leaves) {
            if (!above.empty() && is_within(leaf.where, above)) continue;
            above = told.contains(leaf.where) ? std::string_view{leaf.where} : std::string_view{};
            if (!above.empty() || take(leaf) == Told::No) continue;
            above = leaf.where;
            told.insert(leaf.where);
        }
    }

    Told pair(const Leaf* a, const Leaf* b) {
        const auto& any = a != nullptr ? *a : *b;
        const bool known_a = a != nullptr ? is_known(*a, a_) : any.needs <= a_.config_known;
        const bool known_b = b != nullptr ? is_known(*b, b_) : any.needs <= b_.config_known;
        const bool containers = a != nullptr && b != nullptr && a->container && b->container;
        const bool same = a != nullptr && b != nullptr && a->container == b->container &&
                          (a->container || a->value == b->value);
        if (!known_a && !known_b) {
            // Words about what is not known say it once more.
            if (!any.sentence) unknown_of_both_.push_back(any.where);
            return Told::WithAllWithin;
        }
        if (known_a && known_b && containers) return Told::No;
        if (same) return Told::WithAllWithin;
        if (!known_a)
            unknown_of_a_.push_back(any.where);
        else if (!known_b)
            unknown_of_b_.push_back(any.where);
        else
            result_.differences.push_back({.where = any.where,
                                           .a = shown(a, any),
                                           .b = shown(b, any),
                                           .on_host = is_on_host(any.where)});
        return Told::WithAllWithin;
    }

    // `one` is null where a side has nothing like `any`, which the other one has.
    static std::string shown(const Leaf* one, const Leaf& any) {
        if (one == nullptr) return any.value == said ? "not said" : "not there";
        return one->value.empty() ? "none" : one->value;
    }

    static bool is_known(const Leaf& leaf, const Comparable& side) {
        return leaf.known && leaf.needs <= side.config_known;
    }

    void say_what_was_read() {
        const auto& less = a_.config_known < b_.config_known ? a_ : b_;
        result_.not_compared.push_back(fmt::format(
            "{}: of {} only {} bytes were read",
            less.config_known <= pci::header_size ? "capabilities" : "extended capabilities",
            less.name, less.config_known));
    }

    void say_unknown(std::string_view of, const std::vector<std::string_view>& names) {
        if (names.empty()) return;
        const auto shown = std::min(names.size(), most_named);
        auto text = fmt::format(
            "not known of {}: {}", of,
            fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
        if (names.size() > shown) text += fmt::format(", and {} more", names.size() - shown);
        result_.not_compared.push_back(std::move(text));
    }

    Comparison finished() {
        auto& differences = result_.differences;
        std::ranges::stable_partition(differences,
                                      [](const Difference& one) { return !one.on_host; });
        if (differences.size() > most_differences) {
            result_.not_compared.push_back(fmt::format("{} more differences are not shown",
                                                       differences.size() - most_differences));
            differences.resize(most_differences);
        }
        return std::move(result_);
    }

    const Comparable& a_;
    const Comparable& b_;
    std::vector<std::string_view> unknown_of_both_;
    std::vector<std::string_view> unknown_of_a_;
    std::vector<std::string_view> unknown_of_b_;
    Comparison result_;
};

}  // namespace

Comparison compare(const Comparable& a, const Comparable& b) { return Comparer{a, b}.run(); }

}  // namespace tenon::cli::text
