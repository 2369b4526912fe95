// The state machine of interrupts against the specification: every state that two vectors can be
// in, and long random sequences over many.
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <functional>
#include <set>

#include "tests/support/interrupt_bench.hpp"

namespace tenon::model::running {
namespace {

using support::InterruptBench;

constexpr std::uint64_t lapic = 0xfee00000;
constexpr std::uint64_t memory = 0x1000;

struct Step {
    std::string name;
    std::function<void(InterruptBench&)> run;
};

using Steps = std::vector<Step>;

void add_msix(Steps& steps) {
    for (const bool enable : {false, true})
        for (const bool mask : {false, true})
            steps.push_back({fmt::format("MSI-X {} {}", enable, mask),
                             [=](InterruptBench& bench) { bench.set_msix(enable, mask); }});
    steps.push_back({"FLR", [](InterruptBench& bench) { bench.reset(); }});
}

void add_vector(Steps& steps, std::uint32_t vector) {
    const auto add = [&](std::string_view name, std::function<void(InterruptBench&)> run) {
        steps.push_back({fmt::format("vector {}: {}", vector, name), std::move(run)});
    };
    add("mask", [=](InterruptBench& bench) { bench.set_mask(vector, true); });
    add("unmask", [=](InterruptBench& bench) { bench.set_mask(vector, false); });
    add("message", [=](InterruptBench& bench) { bench.set_message(vector, lapic, 0x31); });
    add("raise", [=](InterruptBench& bench) { bench.raise(vector); });
}

void add_messages(Steps& steps) {
    steps.push_back({"another message",
                     [](InterruptBench& bench) { bench.set_message(0, lapic | 0x3000, 0x52); }});
    steps.push_back(
        {"no interrupt", [](InterruptBench& bench) { bench.set_message(0, memory, 0x31); }});
}

void add_modes(Steps& steps) {
    const auto add = [&steps](std::string name, std::function<void(InterruptBench&)> run) {
        steps.push_back({std::move(name), std::move(run)});
    };
    add("MSI off", [](InterruptBench& bench) { bench.set_msi(false, lapic, 0x41, false); });
    add("MSI with one", [](InterruptBench& bench) { bench.set_msi(true, lapic, 0x41, false); });
    add("MSI with two", [](InterruptBench& bench) { bench.set_msi(true, lapic, 0x41, true); });
    add("MSI elsewhere", [](InterruptBench& bench) { bench.set_msi(true, memory, 0x41, true); });
    // Nothing on; decoding, with and without Interrupt Disable; bus master off.
    for (const std::uint16_t command : std::initializer_list<std::uint16_t>{0, 6, 0x406, 2})
        add(fmt::format("Command {:x}", command),
            [=](InterruptBench& bench) { bench.set_command(command); });
}

// The vectors of MSI-X in every state.
Steps vector_steps() {
    Steps steps;
    add_msix(steps);
    add_vector(steps, 0);
    add_vector(steps, 1);
    add_messages(steps);
    return steps;
}

// INTx, MSI and MSI-X in every order.
Steps mode_steps() {
    Steps steps;
    add_msix(steps);
    add_vector(steps, 1);
    add_modes(steps);
    return steps;
}

// Each step as it is, and with one of its first three calls refused.
Steps with_refusals(const Steps& plain) {
    Steps steps;
    for (const auto& step : plain)
        for (const unsigned refused : {0u, 1u, 2u, 3u})
            steps.push_back({fmt::format("{}, call {} refused", step.name, refused),
                             [=](InterruptBench& bench) {
                                 if (refused != 0) bench.host.refuse(refused);
                                 step.run(bench);
                             }});
    return steps;
}

// Runs every step from every state that can be reached; states that are equal are one.
std::size_t explore(const InterruptBench& start, const std::vector<Step>& steps) {
    std::set<InterruptBench> seen{start};
    std::deque<const InterruptBench*> open{&*seen.begin()};
    while (!open.empty()) {
        const auto* const from = open.front();
        open.pop_front();
        for (const auto& step : steps) {
            auto next = *from;
            step.run(next);
            if (!next.fault.empty()) {
                ADD_FAILURE() << next.fault << " after " << step.name << ", state " << seen.size();
                return seen.size();
            }
            next.host.reports.clear();
            const auto [where, is_new] = seen.insert(std::move(next));
            if (is_new) open.push_back(&*where);
        }
    }
    fmt::print("{} states, {} steps each\n", seen.size(), steps.size());
    return seen.size();
}

TEST(InterruptModel, IsAsSpecifiedInEveryStateOfTwoVectors) {
    EXPECT_GT(explore(InterruptBench{2, false}, vector_steps()), 1000u);
}

TEST(InterruptModel, IsAsSpecifiedInEveryStateOfTwoVectorsWhereTheHostCannotGrow) {
    InterruptBench start{2, true};
    start.raised_while_off = 0;

    EXPECT_GT(explore(start, vector_steps()), 1000u);
}

TEST(InterruptModel, IsAsSpecifiedInEveryOrderOfModes) {
    EXPECT_GT(explore(InterruptBench{2, false}, mode_steps()), 1000u);
}

TEST(InterruptModel, SurvivesEveryRefusalInEveryStateOfOneVector) {
    Steps steps;
    add_msix(steps);
    add_vector(steps, 0);
    EXPECT_GT(explore(InterruptBench{2, false}, with_refusals(steps)), 100u);
}

TEST(InterruptModel, SurvivesEveryRefusalWhereTheHostCannotGrow) {
    Steps steps;
    add_msix(steps);
    add_vector(steps, 1);
    EXPECT_GT(explore(InterruptBench{2, true}, with_refusals(steps)), 100u);
}

TEST(InterruptModel, SurvivesEveryRefusalInEveryOrderOfModes) {
    Steps steps;
    add_msix(steps);
    add_modes(steps);
    EXPECT_GT(explore(InterruptBench{2, false}, with_refusals(steps)), 100u);
}

// A guest that does anything in any order, with up to as many vectors as there can be.
void random_guest(bool refusals) {
    const auto vectors = static_cast<std::uint16_t>(*rc::gen::weightedElement<int>(
        {{4, 1}, {4, 2}, {4, 3}, {4, 17}, {2, 64}, {1, 333}, {1, 2048}}));
    InterruptBench bench{vectors, *rc::gen::arbitrary<bool>()};
    if (*rc::gen::arbitrary<bool>()) bench.raised_while_off = *rc::gen::inRange(0, int{vectors});
    const auto seed = *rc::gen::arbitrary<std::uint32_t>();
    std::uint64_t state = seed * 2862933555777941757ull + 1;
    const auto pick = [&state](std::uint32_t below) {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        return static_cast<std::uint32_t>(state >> 33) % below;
    };
    const unsigned length = vectors > 100 ? 300 : 600;
    for (unsigned n = 0; n < length && bench.fault.empty(); ++n) {
        if (refusals && pick(6) == 0)
            bench.host.refuse(1 + pick(4), pick(2) == 0 ? std::optional<std::uint32_t>{}
                                                        : std::optional{pick(vectors + 1u)});
        const auto vector = pick(vectors);
        switch (const auto kind = pick(64); kind) {
            case 0:
                bench.reset();
                break;
            case 1:
            case 2:
                bench.set_msi(pick(2) != 0, pick(8) == 0 ? memory : lapic,
                              static_cast<std::uint16_t>(pick(0x10000)), pick(2) != 0);
                break;
            case 3:
            case 4:
                bench.set_command(static_cast<std::uint16_t>(pick(8) | pick(2) << 10));
                break;
            default:
                if (kind < 12)
                    bench.set_msix(kind != 5, pick(3) == 0);
                else if (kind < 24)
                    bench.set_message(vector, pick(16) == 0 ? memory : lapic | pick(256) << 12,
                                      pick(256));
                else if (kind < 46)
                    bench.set_mask(vector, pick(3) == 0);
                else
                    bench.raise(vector);
        }
    }
    RC_TAG(bench.host.refusals != 0 ? "refusals" : "no refusals",
           bench.announced != 0 ? "fired" : "not fired");
    RC_ASSERT(bench.fault == "");
    RC_ASSERT(bench.spurious <= bench.announced);
}

RC_GTEST_PROP(InterruptModel, IsAsSpecifiedOverLongSequences, ()) { random_guest(false); }

RC_GTEST_PROP(InterruptModel, KeepsWhatWorksWhateverIsRefused, ()) { random_guest(true); }

}  // namespace
}  // namespace tenon::model::running
