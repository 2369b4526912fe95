// Every order in which functions come to a slot and go from it: what stands afterwards depends on
// who is there alone. Plans are compared as a whole with one that is made of the same functions:
// registers and masks of the port and of each function, widths, reasons, gates, warnings, resets.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/running/config_state.hpp"
#include "model/slot/slot.hpp"
#include "tests/support/slot_functions.hpp"

namespace tenon::model::slot {
namespace {

using support::planned_port;
using support::SlotWidths;
using support::stored;
using support::with_resets;

constexpr unsigned all_four = 0b1111;

unsigned bit(unsigned number) { return 1u << number; }

// Which part of two plans differs: a plan is too long to be printed.
std::string difference(const PortPlan& one, const PortPlan& other) {
    if (one == other) return "";
    if (one.functions.size() != other.functions.size()) return "the number of functions";
    for (std::size_t n = 0; n < one.functions.size(); ++n) {
        const auto& left = one.functions[n];
        const auto& right = other.functions[n];
        if (left == right) continue;
        const auto id = left.view.id + ": ";
        if (left.reset != right.reset) return id + "how it is reset";
        if (left.view.map != right.view.map) return id + "its registers";
        if (left.view.warnings != right.view.warnings) return id + "its own warnings";
        if (left.view.intx != right.view.intx) return id + "its pin";
        return id + "the rest of it";
    }
    if (one.map != other.map) return "registers of the port";
    if (one.slot.atomic_completer != other.slot.atomic_completer) return "widths of the port";
    if (one.slot.functions != other.slot.functions) return "what the slot makes of a function";
    if (one.slot != other.slot) return "words of the slot";
    if (one.properties != other.properties) return "properties of the port";
    return "the rest of the port";
}

std::vector<chosen::AtomicsRule> every_rule() {
    std::vector<chosen::AtomicsRule> rules{{.mode = chosen::AtomicsMode::Auto},
                                           {.mode = chosen::AtomicsMode::AllFunctions},
                                           {.mode = chosen::AtomicsMode::LoneFunction},
                                           {.mode = chosen::AtomicsMode::Off}};
    for (std::uint32_t widths = 1; widths < 8; ++widths)
        rules.push_back({.mode = chosen::AtomicsMode::Fixed, .widths = widths});
    return rules;
}

// All orders of the functions in `whole`: any of them come one after another, then those that are
// there go one after another.
class Orders {
public:
    Orders(const chosen::AtomicsRule& rule, const SlotWidths& widths, unsigned whole)
        : widths_{widths}, whole_{whole} {
        for (unsigned set = 0; set <= whole; ++set)
            if ((set & ~whole) == 0) fresh_.emplace(set, planned_port(rule, widths, set));
    }

    void try_all() { arrive(fresh_.at(0), 0); }

    std::size_t steps() const { return steps_; }

private:
    void arrive(const PortPlan& port, unsigned set) {
        depart(port, set);
        for (unsigned n = 0; n < widths_.size(); ++n) {
            if ((whole_ & ~set & bit(n)) == 0) continue;
            const auto next = with_resets(with_function(port, stored(n, widths_.at(n))).value());
            expect(next, set | bit(n));
            if (!testing::Test::HasFailure()) arrive(next, set | bit(n));
        }
    }

    void depart(const PortPlan& port, unsigned set) {
        for (unsigned n = 0; n < widths_.size(); ++n) {
            if ((set & bit(n)) == 0) continue;
            const auto next = with_resets(support::without_function(port, n));
            expect(next, set & ~bit(n));
            if (!testing::Test::HasFailure()) depart(next, set & ~bit(n));
        }
    }

    void expect(const PortPlan& port, unsigned set) {
        ++steps_;
        EXPECT_EQ(difference(port, fresh_.at(set)), "") << "set " << set;
    }

    SlotWidths widths_;
    unsigned whole_;
    std::map<unsigned, PortPlan> fresh_;
    std::size_t steps_ = 0;
};

TEST(SlotOrder, IsForgottenByTwoFunctionsOfAnyWidthsByAnyRule) {
    std::size_t steps = 0;
    for (const unsigned pair : {0b0011u, 0b0101u, 0b1001u, 0b0110u, 0b1010u, 0b1100u})
        for (const auto& rule : every_rule())
            for (unsigned code = 0; code < 64 && !HasFailure(); ++code) {
                SlotWidths widths{};
                unsigned left = code;
                for (unsigned n = 0; n < widths.size(); ++n)
                    if ((pair & bit(n)) != 0) widths.at(n) = std::exchange(left, left >> 3) & 7;
                Orders orders{rule, widths, pair};
                orders.try_all();
                steps += orders.steps();
            }
    // Each of two comes, or both in two orders; whoever is there goes: 4 arrivals, 2 × 1 and 2 × 4
    // departures.
    EXPECT_EQ(steps, std::size_t{6} * 11 * 64 * 14);
}

TEST(SlotOrder, IsForgottenByFourFunctions) {
    std::size_t steps = 0;
    for (const auto& widths :
         {SlotWidths{3, 0, 7, 6}, {3, 4, 0, 3}, {0, 0, 3, 3}, {7, 7, 7, 7}, {1, 2, 4, 0}}) {
        Orders orders{{}, widths, all_four};
        orders.try_all();
        steps += orders.steps();
    }
    // Arrivals: 4 + 12 + 24 + 24. After each, all orders of departure: 1, 4, 15 or 64 steps.
    EXPECT_EQ(steps, std::size_t{5} * (64 + 4 * 1 + 12 * 4 + 24 * 15 + 24 * 64));
}

// A walk over all sets of four functions that takes each arrival to each set and each departure
// from each set once, and ends where it began. Each step is the number of who comes or goes.
std::vector<unsigned> walk_over_all_sets() {
    std::array<std::vector<unsigned>, all_four + 1> left;
    left.fill({0, 1, 2, 3});
    std::vector<std::pair<unsigned, unsigned>> open{{0, 0}};  // Set, and the step that led there.
    std::vector<unsigned> walk;
    while (!open.empty()) {
        const auto [set, step] = open.back();
        if (left.at(set).empty()) {
            walk.push_back(step);
            open.pop_back();
            continue;
        }
        const auto next = left.at(set).back();
        left.at(set).pop_back();
        open.emplace_back(set ^ bit(next), next);
    }
    walk.pop_back();  // What led to the beginning.
    std::ranges::reverse(walk);
    return walk;
}

PortPlan settled(PortPlan empty, const SlotWidths& widths, unsigned set) {
    for (unsigned n = 0; n < widths.size(); ++n)
        if ((set & bit(n)) != 0) empty.functions.push_back(stored(n, widths.at(n)));
    settle(empty);
    return empty;
}

// One plan that is changed all the way, so that what a step leaves behind meets all that follow.
TEST(SlotOrder, IsForgottenByFourFunctionsOfAnyWidths) {
    const auto walk = walk_over_all_sets();
    ASSERT_EQ(walk.size(), 16u * 4);
    const auto empty = planned_port({}, {}, 0);
    for (unsigned code = 0; code < 8 * 8 * 8 * 8; ++code) {
        SlotWidths widths{};
        for (unsigned n = 0; n < widths.size(); ++n)
            widths.at(n) = code >> (3 * n) & 7;
        std::array<PortPlan, all_four + 1> fresh;
        for (unsigned set = 0; set <= all_four; ++set)
            fresh.at(set) = settled(empty, widths, set);
        auto port = empty;
        unsigned set = 0;
        for (const auto number : walk) {
            port = (set & bit(number)) == 0
                       ? with_function(std::move(port), stored(number, widths.at(number))).value()
                       : support::without_function(std::move(port), number);
            set ^= bit(number);
            ASSERT_EQ(difference(port, fresh.at(set)), "") << "widths " << code << ", set " << set;
        }
    }
}

// Registers of a function, whose PCI Express capability is at 0x80, and its AtomicOp Requester
// Enable. Source: PCIe Base Spec 6.0, 7.5.1.1.9, 7.5.3.16.
constexpr std::size_t function_control_2 = 0xa8;
constexpr std::uint8_t requester_enable = 0x40;
constexpr std::size_t header_type = 0x0e;

bool passes_requester_enable(const function::FunctionView& view) {
    return (view.map.rules8(function_control_2).passed & requester_enable) != 0;
}

// A function while its guest runs, and the device's own AtomicOp Requester Enable.
struct Running {
    explicit Running(const FunctionPlan& plan) : config{plan.view, plan.start()} {}

    void carry_out(const std::vector<running::Effect>& effects) {
        for (const auto& effect : effects) {
            if (const auto* const write = std::get_if<running::effect::WriteDevice>(&effect);
                write != nullptr && write->offset == function_control_2)
                sends = (write->value & requester_enable) != 0;
            if (const auto* const update = std::get_if<running::effect::UpdateDevice>(&effect);
                update != nullptr && (update->mask & requester_enable) != 0)
                sends = (update->value & requester_enable) != 0;
        }
    }

    running::ConfigState config;
    bool sends = false;
};

// Whoever is there in both sets follows from one to the other, after its guest has set every bit of
// Device Control 2 that it may.
void follow(const PortPlan& from, const PortPlan& to) {
    running::ConfigState port{from.map};
    (void)port.follow(to.map);
    EXPECT_EQ(port.bytes(), to.map.start);
    for (const auto& before : from.functions)
        for (const auto& after : to.functions) {
            if (before.view.function != after.view.function) continue;
            Running running{before};
            running.carry_out(running.config.write(function_control_2, 2, 0x0440));
            EXPECT_EQ(running.sends, passes_requester_enable(before.view));
            running.carry_out(running.config.follow(after.view));
            EXPECT_EQ(running.config.bytes().read8(header_type),
                      after.view.map.start.read8(header_type));
            EXPECT_TRUE(!running.sends || passes_requester_enable(after.view));
        }
}

TEST(SlotOrder, IsForgottenByRegistersThatFollow) {
    for (const auto& widths : {SlotWidths{3, 0, 7, 6}, {3, 4, 0, 3}, {0, 0, 3, 3}}) {
        std::vector<PortPlan> fresh;
        for (unsigned set = 0; set <= all_four; ++set)
            fresh.push_back(planned_port({}, widths, set));
        for (const auto& from : fresh)
            for (const auto& to : fresh)
                follow(from, to);
    }
}

}  // namespace
}  // namespace tenon::model::slot
