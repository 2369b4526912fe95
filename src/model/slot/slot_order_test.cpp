// Every order in which functions come to a slot and go from it: what stands afterwards depends on
// who is there alone. Plans are compared as a whole with one that is made of the same functions:
// registers and masks of the port and of each function, widths, reasons, gates, warnings, resets.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
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
            const auto next = with_resets(without_function(port, n).value());
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
                       : without_function(std::move(port), number).value();
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

// A slot that runs: what the guest can read of the port and of each function, and the devices' own
// bits. A change takes steps, and may fail at each.
class RunningSlot {
public:
    explicit RunningSlot(const SlotWidths& widths)
        : widths_{widths}, plan_{planned_port({}, widths, 0)}, port_{plan_.map} {}

    PortPlan with(unsigned number) const {
        return with_resets(with_function(plan_, stored(number, widths_.at(number))).value());
    }
    PortPlan without(unsigned number) const {
        return with_resets(without_function(plan_, number).value());
    }

    // Steps of a change: each function that stays, the port, the announcement. Returns whether all
    // went well; `fails_at` is the number of the step that does not.
    bool change(PortPlan next, std::optional<unsigned> fails_at = {}) {
        unsigned step = 0;
        const auto before = plan_;
        if (!go(next, fails_at, step)) {
            unsigned none = 0;
            (void)go(before, {}, none);
            follow_all();
            return false;
        }
        plan_ = std::move(next);
        seat();
        follow_all();
        return true;
    }

    // Makes a change fail at each of its steps. Returns how many it has.
    unsigned fail_at_each_step(const PortPlan& next) {
        unsigned step = 0;
        for (; !change(next, step); ++step) {
            expect_as_if_made_afresh();
            if (testing::Test::HasFailure()) break;
        }
        return step;
    }

    void expect_as_if_made_afresh() const {
        unsigned set = 0;
        for (const auto& [number, running] : functions_)
            set |= bit(number);
        const auto fresh = planned_port({}, widths_, set);
        EXPECT_EQ(difference(plan_, fresh), "");
        EXPECT_EQ(port_.bytes(), fresh.map.start);
        for (const auto& one : fresh.functions) {
            const auto& running = functions_.at(one.view.function);
            EXPECT_EQ(running.config.bytes().read8(header_type),
                      one.view.map.start.read8(header_type));
            EXPECT_TRUE(!running.sends || passes_requester_enable(one.view));
        }
    }

    // The guest sets every bit of Device Control 2 that it may.
    void guest_enables_all() {
        for (auto& [number, running] : functions_)
            for (const auto& effect : running.config.write(function_control_2, 2, 0x0440))
                if (const auto* const write = std::get_if<running::effect::WriteDevice>(&effect);
                    write != nullptr && write->offset == function_control_2)
                    running.sends = (write->value & requester_enable) != 0;
    }

    bool sends(unsigned number) const { return functions_.at(number).sends; }
    const PortPlan& plan() const { return plan_; }

private:
    struct Running {
        running::ConfigState config;
        bool sends = false;  // The device's own AtomicOp Requester Enable.
    };

    static void carry_out(Running& running, const function::FunctionView& view) {
        for (const auto& effect : running.config.follow(view))
            if (const auto* const update = std::get_if<running::effect::UpdateDevice>(&effect);
                update != nullptr && (update->mask & requester_enable) != 0)
                running.sends = (update->value & requester_enable) != 0;
    }

    bool go(const PortPlan& next, std::optional<unsigned> fails_at, unsigned& step) {
        for (const auto& one : next.functions) {
            const auto running = functions_.find(one.view.function);
            if (running == functions_.end()) continue;
            if (fails_at == step++) return false;
            carry_out(running->second, one.view);
        }
        if (fails_at == step++) return false;
        (void)port_.follow(next.map);
        return fails_at != step++;
    }

    // Those who left go, those who came begin.
    void seat() {
        std::erase_if(functions_, [this](const auto& entry) {
            return std::ranges::none_of(plan_.functions, [&](const FunctionPlan& one) {
                return one.view.function == entry.first;
            });
        });
        for (const auto& one : plan_.functions)
            functions_.try_emplace(one.view.function, running::ConfigState{one.view, one.start()});
    }

    // The rules live in the plan that stands.
    void follow_all() {
        (void)port_.follow(plan_.map);
        for (const auto& one : plan_.functions)
            carry_out(functions_.at(one.view.function), one.view);
    }

    SlotWidths widths_;
    PortPlan plan_;
    running::ConfigState port_;
    std::map<unsigned, Running> functions_;
};

// Functions come in one order and go in another, each change failing at each of its steps before
// it succeeds.
void try_failures(const SlotWidths& widths, const std::vector<unsigned>& arrival,
                  const std::vector<unsigned>& departure) {
    RunningSlot slot{widths};
    unsigned present = 0;
    for (const auto number : arrival) {
        // Who is there follows, the port does, the presence is announced.
        EXPECT_EQ(slot.fail_at_each_step(slot.with(number)), present + 2);
        ++present;
        slot.guest_enables_all();
        slot.expect_as_if_made_afresh();
    }
    for (const auto number : departure) {
        --present;
        EXPECT_EQ(slot.fail_at_each_step(slot.without(number)), present + 2);
        slot.expect_as_if_made_afresh();
    }
    EXPECT_TRUE(slot.plan().functions.empty());
}

TEST(RunningSlot, KeepsNoTraceOfAChangeThatFailed) {
    for (const auto& widths : {SlotWidths{3, 0, 7, 6}, {3, 4, 0, 3}, {0, 0, 3, 3}}) {
        std::vector<unsigned> order{0, 1, 2, 3};
        do {
            try_failures(widths, order, order);
            try_failures(widths, order, {order.rbegin(), order.rend()});
        } while (!HasFailure() && std::ranges::next_permutation(order).found);
    }
}

TEST(RunningSlot, TakesTheBitFromWhoIsNoParticipantAnyMore) {
    RunningSlot slot{{3, 4, 0, 0}};
    ASSERT_TRUE(slot.change(slot.with(0)));
    slot.guest_enables_all();
    EXPECT_TRUE(slot.sends(0));
    // Nothing in common: both are gated, and the device that was enabled is not any more.
    ASSERT_TRUE(slot.change(slot.with(1)));
    EXPECT_EQ(slot.plan().slot.atomic_completer, 0u);
    EXPECT_FALSE(slot.sends(0));
    slot.expect_as_if_made_afresh();
}

}  // namespace
}  // namespace tenon::model::slot
