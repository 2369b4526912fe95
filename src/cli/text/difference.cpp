#include "cli/text/difference.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bitset>

#include "cli/text/library.hpp"
#include "pci/header.hpp"

namespace tenon::cli::text {
namespace {

// Entries of both lists that stand for the same: the nth one with an id on each side.
struct Pair {
    const ComparableCapability* a = nullptr;
    const ComparableCapability* b = nullptr;
};

std::string title(const ComparableCapability& capability) {
    return fmt::format("{} ({})", capability.name, hex(capability.id, capability.extended ? 4 : 2));
}

bool is_known(const ComparableCapability& capability, std::size_t config_known) {
    return config_known > (capability.extended ? pci::conventional_size : pci::header_size);
}

std::string place(const ComparableCapability* capability) {
    if (capability == nullptr) return "not there";
    if (!capability->at) return fmt::format("hidden: {}", capability->why);
    return fmt::format("at {}, {} bytes, {}", hex(*capability->at), capability->size,
                       capability->action);
}

class Comparer {
public:
    Comparer(const Comparable& a, const Comparable& b) : a_{a}, b_{b} {}

    Comparison run() {
        traits(a_.traits, b_.traits);
        traits(a_.bars, b_.bars);
        if (lists_are_known()) capabilities();
        config();
        return std::move(result_);
    }

private:
    void differ(std::string where, std::string a, std::string b) {
        result_.differences.push_back(
            {.where = std::move(where), .a = std::move(a), .b = std::move(b)});
    }

    void traits(const std::vector<Trait>& a, const std::vector<Trait>& b) {
        for (const auto& trait : a) {
            const auto other = std::ranges::find(b, trait.name, &Trait::name);
            if (other == b.end())
                differ(trait.name, trait.value.value_or("there"), "not there");
            else if (!trait.value || !other->value)
                result_.not_compared.push_back(fmt::format("{}: not known of both", trait.name));
            else if (*trait.value != *other->value)
                differ(trait.name, *trait.value, *other->value);
        }
        for (const auto& trait : b)
            if (std::ranges::find(a, trait.name, &Trait::name) == a.end())
                differ(trait.name, "not there", trait.value.value_or("there"));
    }

    bool lists_are_known() {
        for (const auto* const side : {&a_, &b_})
            if (side->config_known <= pci::header_size) {
                result_.not_compared.push_back(fmt::format(
                    "capabilities: of {} only {} bytes were read", side->name, side->config_known));
                return false;
            }
        const bool extended_a = a_.config_known > pci::conventional_size;
        const bool extended_b = b_.config_known > pci::conventional_size;
        if (extended_a == extended_b) return true;
        const auto& less = a_.config_known < b_.config_known ? a_ : b_;
        result_.not_compared.push_back(fmt::format(
            "extended capabilities: of {} only {} bytes were read", less.name, less.config_known));
        return true;
    }

    bool both_know(const ComparableCapability& capability) const {
        return is_known(capability, a_.config_known) && is_known(capability, b_.config_known);
    }

    void capabilities() {
        std::vector<bool> used(b_.capabilities.size());
        for (const auto& one : a_.capabilities) {
            if (!both_know(one)) continue;
            Pair pair{.a = &one};
            for (std::size_t n = 0; n < used.size() && pair.b == nullptr; ++n) {
                const auto& other = b_.capabilities[n];
                if (used[n] || other.extended != one.extended || other.id != one.id) continue;
                used[n] = true;
                pair.b = &other;
            }
            compare_pair(pair);
        }
        for (std::size_t n = 0; n < used.size(); ++n)
            if (!used[n] && both_know(b_.capabilities[n])) compare_pair({.b = &b_.capabilities[n]});
    }

    void compare_pair(const Pair& pair) {
        const bool seen_a = pair.a != nullptr && pair.a->at;
        const bool seen_b = pair.b != nullptr && pair.b->at;
        if (!seen_a && !seen_b) return;  // No guest sees either.
        own(owned_a_, pair.a);
        own(owned_b_, pair.b);
        const auto& any = pair.a != nullptr ? *pair.a : *pair.b;
        const bool same = seen_a && seen_b && pair.a->at == pair.b->at &&
                          pair.a->size == pair.b->size && pair.a->action == pair.b->action;
        if (!same) differ(title(any), place(pair.a), place(pair.b));
        if (seen_a && seen_b) registers(pair);
    }

    // Whether both sides have bytes to compare, as deep as `end`.
    bool both_read(std::size_t end) const {
        return a_.config && b_.config && end <= std::min(a_.config_known, b_.config_known);
    }

    // Ids and pointers of a list say no more than its order does.
    void registers(const Pair& pair) {
        const std::size_t begin = pair.a->extended ? 4 : 2;
        const auto end = std::min<std::size_t>(pair.a->size, pair.b->size);
        for (auto offset = begin; offset < end; offset += 4 - offset % 4) {
            const auto size = std::min(4 - offset % 4, end - offset);
            if (both_read(std::max(*pair.a->at, *pair.b->at) + offset + size))
                bytes(fmt::format("{}+{:#04x}", title(*pair.a), offset), *pair.a->at + offset,
                      *pair.b->at + offset, size);
        }
    }

    static void own(std::bitset<pci::express_size>& owned, const ComparableCapability* capability) {
        if (capability == nullptr || !capability->at) return;
        const auto end = std::min<std::size_t>(*capability->at + capability->size, owned.size());
        for (std::size_t byte = *capability->at; byte < end; ++byte)
            owned.set(byte);
    }

    void bytes(std::string where, std::size_t at_a, std::size_t at_b, std::size_t size) {
        std::string a;
        std::string b;
        // Most significant byte first, as a register is written.
        for (auto n = size; n-- > 0;) {
            a += fmt::format("{:02x}", a_.config->read8(at_a + n));
            b += fmt::format("{:02x}", b_.config->read8(at_b + n));
        }
        if (a != b) differ(std::move(where), "0x" + a, "0x" + b);
    }

    void config() {
        if (!a_.config || !b_.config) {
            result_.not_compared.emplace_back(
                "configuration bytes: a plan, or a function that no guest sees, has none");
            return;
        }
        // Ids, class and BARs were compared; the capability pointer is the list's.
        bytes("Command [0x04]", 0x04, 0x04, 2);
        bytes("Status [0x06]", 0x06, 0x06, 2);
        bytes("Header Type [0x0e]", 0x0e, 0x0e, 1);
        bytes("CardBus CIS [0x28]", 0x28, 0x28, 4);
        bytes("Subsystem ids [0x2c]", 0x2c, 0x2c, 4);
        bytes("Interrupt Line and Pin [0x3c]", 0x3c, 0x3c, 4);
        if (a_.config_known <= pci::header_size || b_.config_known <= pci::header_size) return;
        for (std::size_t at = pci::header_size; both_read(at + 4); at += 4)
            if (!is_owned(at)) bytes(fmt::format("outside of capabilities [{:#x}]", at), at, at, 4);
    }

    bool is_owned(std::size_t at) const {
        for (auto byte = at; byte < at + 4; ++byte)
            if (owned_a_[byte] || owned_b_[byte]) return true;
        return false;
    }

    const Comparable& a_;
    const Comparable& b_;
    std::bitset<pci::express_size> owned_a_;
    std::bitset<pci::express_size> owned_b_;
    Comparison result_;
};

}  // namespace

Comparison compare(const Comparable& a, const Comparable& b) { return Comparer{a, b}.run(); }

}  // namespace tenon::cli::text
