#include "model/slot/atomics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

namespace tenon::model::slot {
namespace {

// Widths as masks: 1 is 32 bit, 2 is 64 bit, 4 is 128 bit.
constexpr std::uint32_t w32 = 1;
constexpr std::uint32_t w64 = 2;
constexpr std::uint32_t w128 = 4;

AtomicsDecision decide(chosen::AtomicsMode mode, std::vector<AtomicsMember> members,
                       std::uint32_t fixed = 0) {
    return decide_atomics({.mode = mode, .widths = fixed}, true, members);
}

TEST(DecideAtomics, GivesALoneFunctionWhatItsHostCompletes) {
    const auto decision = decide(chosen::AtomicsMode::Auto, {{.function = 0, .widths = w32 | w64}});
    EXPECT_EQ(decision.completer, w32 | w64);
    EXPECT_EQ(decision.participants, 0b1);
}

TEST(DecideAtomics, LetsAFunctionWithoutAnyNotStopTheOthers) {
    const auto decision =
        decide(chosen::AtomicsMode::Auto, {{.function = 0, .widths = w32 | w64}, {.function = 1}});
    EXPECT_EQ(decision.completer, w32 | w64);
    EXPECT_EQ(decision.participants, 0b01);
}

TEST(DecideAtomics, LetsFunctionZeroBeTheOneWithoutAny) {
    const auto decision =
        decide(chosen::AtomicsMode::Auto, {{.function = 0}, {.function = 5, .widths = w64}});
    EXPECT_EQ(decision.completer, w64);
    EXPECT_EQ(decision.participants, 0b100000);
}

TEST(DecideAtomics, CompletesOnlyWhatAllWithAnyHaveInCommon) {
    const auto decision =
        decide(chosen::AtomicsMode::Auto,
               {{.function = 0, .widths = w32 | w64 | w128}, {.function = 1, .widths = w32 | w64}});
    EXPECT_EQ(decision.completer, w32 | w64);
    EXPECT_EQ(decision.participants, 0b11);
}

TEST(DecideAtomics, CompletesNothingWhereNothingIsCommon) {
    EXPECT_EQ(decide(chosen::AtomicsMode::Auto,
                     {{.function = 0, .widths = w32}, {.function = 1, .widths = w64}}),
              AtomicsDecision{});
}

TEST(DecideAtomics, TakesEmulatedFunctionsForSilentOnesUnlessAllMustReport) {
    const std::vector<AtomicsMember> members{{.function = 0, .assigned = false},
                                             {.function = 1, .widths = w32 | w64}};
    EXPECT_EQ(decide(chosen::AtomicsMode::Auto, members).completer, w32 | w64);
    EXPECT_EQ(decide(chosen::AtomicsMode::Auto, members).participants, 0b10);
    EXPECT_EQ(decide(chosen::AtomicsMode::AllFunctions, members), AtomicsDecision{});
}

TEST(DecideAtomics, GatesWhoLacksAWidthThatWasAskedFor) {
    const auto decision =
        decide(chosen::AtomicsMode::Fixed,
               {{.function = 0, .widths = w32 | w64}, {.function = 1, .widths = w32 | w64 | w128}},
               w32 | w64 | w128);
    EXPECT_EQ(decision.completer, w32 | w64 | w128);
    EXPECT_EQ(decision.participants, 0b10);
}

TEST(DecideAtomics, LeavesWhatWasAskedForInAnEmptySlot) {
    EXPECT_EQ(decide(chosen::AtomicsMode::Fixed, {}, w64).completer, w64);
}

TEST(DecideAtomics, HasNothingToSayItInWithVersionOne) {
    const std::vector<AtomicsMember> members{{.function = 0, .widths = w32 | w64}};
    EXPECT_EQ(decide_atomics({.mode = chosen::AtomicsMode::Auto}, false, members),
              AtomicsDecision{});
}

TEST(DecideAtomics, KeepsQemusRuleForItsVersions) {
    EXPECT_EQ(decide(chosen::AtomicsMode::LoneFunction, {{.function = 0, .widths = w64}}).completer,
              w64);
    EXPECT_EQ(decide(chosen::AtomicsMode::LoneFunction, {{.function = 1, .widths = w64}}).completer,
              0u);
    EXPECT_EQ(decide(chosen::AtomicsMode::LoneFunction,
                     {{.function = 0, .widths = w64}, {.function = 1, .widths = w64}})
                  .completer,
              0u);
}

// What the rule says of a set in words, for the exhaustive test; written without the code under
// test.
std::uint32_t expected_widths(const chosen::AtomicsRule& rule,
                              const std::vector<AtomicsMember>& members) {
    const auto mode = rule.mode;
    if (mode == chosen::AtomicsMode::Fixed) return rule.widths;
    std::uint32_t widths = 0;
    for (const auto width : {w32, w64, w128}) {
        const auto has = [width](const AtomicsMember& member) {
            return (member.widths & width) != 0;
        };
        const auto has_or_silent = [&](const AtomicsMember& member) {
            return member.widths == 0 || has(member);
        };
        const bool one = std::ranges::any_of(members, has);
        const bool all = !members.empty() && std::ranges::all_of(members, has);
        if (mode == chosen::AtomicsMode::Auto && one && std::ranges::all_of(members, has_or_silent))
            widths |= width;
        if (mode == chosen::AtomicsMode::AllFunctions && all) widths |= width;
        if (mode == chosen::AtomicsMode::LoneFunction && all && members.size() == 1 &&
            members.front().function == 0)
            widths |= width;
    }
    return widths;
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

// Every set of at most four functions with every set of widths, put in in every order and taken out
// in every order, by every rule: what comes of it depends on who is there alone.
TEST(DecideAtomics, DependsOnWhoIsThereAndNeverOnTheOrder) {
    std::size_t checked = 0;
    for (unsigned code = 0; code < 8 * 8 * 8 * 8; ++code) {
        std::array<AtomicsMember, 4> all{};
        for (unsigned n = 0; n < 4; ++n)
            all.at(n) = {.function = n, .widths = code >> (3 * n) & 7};
        for (const auto& rule : every_rule()) {
            std::array<AtomicsDecision, 16> by_set;
            for (unsigned set = 0; set < 16; ++set) {
                std::vector<AtomicsMember> present;
                for (unsigned n = 0; n < 4; ++n)
                    if ((set >> n & 1) != 0) present.push_back(all.at(n));
                auto& decision = by_set.at(set);
                decision = decide_atomics(rule, true, present);
                ASSERT_EQ(decision.completer, expected_widths(rule, present));
                std::bitset<8> takes_part;
                for (unsigned n = 0; n < 4; ++n)
                    takes_part[n] = (set >> n & 1) != 0 && decision.completer != 0 &&
                                    (decision.completer & all.at(n).widths) == decision.completer;
                ASSERT_EQ(decision.participants, takes_part);
            }
            std::array<unsigned, 4> order{0, 1, 2, 3};
            do {
                std::array<AtomicsMember, 4> arrived;
                unsigned set = 0;
                for (std::size_t n = 0; n < 4; ++n) {  // They come in this order …
                    arrived.at(n) = all.at(order.at(n));
                    set |= 1u << order.at(n);
                    const auto now = decide_atomics(rule, true, std::span{arrived}.first(n + 1));
                    if (now != by_set.at(set)) FAIL() << "after an arrival";
                }
                for (std::size_t n = 0; n < 4; ++n) {  // … and go in it: first who came first.
                    set &= ~(1u << order.at(n));
                    const auto now = decide_atomics(rule, true, std::span{arrived}.subspan(n + 1));
                    if (now != by_set.at(set)) FAIL() << "after a departure";
                    ++checked;
                }
            } while (std::ranges::next_permutation(order).found);
        }
    }
    EXPECT_EQ(checked, 4096u * 11 * 24 * 4);
}

}  // namespace
}  // namespace tenon::model::slot
