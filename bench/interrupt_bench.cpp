// How long the state machine of interrupts takes: goal 100 ns a step. The enable of 2048 vectors
// has one commit of routes, which the counter shows.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <variant>

#include "model/running/interrupt_state.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::model {
namespace {

constexpr std::uint64_t lapic = 0xfee00000;

function::FunctionView with_msix(std::uint16_t vectors) {
    function::FunctionView view;
    view.msix = function::MsixPlan{.at = 0xc0, .vectors = vectors};
    return view;
}

pci::ConfigImage msix_control(std::uint16_t value) {
    return support::ConfigBuilder{}.put16(0xc2, value).image();
}

// All vectors programmed and unmasked, MSI-X off.
running::InterruptState programmed(std::uint16_t vectors) {
    running::InterruptState state{with_msix(vectors), false};
    for (std::uint32_t vector = 0; vector < vectors; ++vector) {
        (void)state.write_table(vector * 16, 8, lapic);
        (void)state.write_table(vector * 16 + 8, 8, vector);
    }
    return state;
}

// One vector masked and unmasked, of as many as the argument says: two steps.
void mask_and_unmask(benchmark::State& state) {
    auto interrupts = programmed(static_cast<std::uint16_t>(state.range(0)));
    (void)interrupts.config_changed(msix_control(0x8000));
    for (auto _ : state) {
        benchmark::DoNotOptimize(interrupts.write_table(12, 4, 1));
        benchmark::DoNotOptimize(interrupts.write_table(12, 4, 0));
    }
    state.SetItemsProcessed(2 * state.iterations());
}
BENCHMARK(mask_and_unmask)->Arg(1)->Arg(64)->Arg(2048);

// An open vector gets another message, as when it moves to another processor.
void move_vector(benchmark::State& state) {
    auto interrupts = programmed(64);
    (void)interrupts.config_changed(msix_control(0x8000));
    std::uint64_t data = 0;
    for (auto _ : state)
        benchmark::DoNotOptimize(interrupts.write_table(16 + 8, 4, ++data & 0xff));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(move_vector);

void read_table(benchmark::State& state) {
    const auto interrupts = programmed(64);
    for (auto _ : state)
        benchmark::DoNotOptimize(interrupts.read_table(16 + 8, 4));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(read_table);

void enable_and_disable(benchmark::State& state) {
    auto interrupts = programmed(static_cast<std::uint16_t>(state.range(0)));
    const auto on = msix_control(0x8000);
    const auto off = msix_control(0);
    std::ptrdiff_t commits = 0;
    for (auto _ : state) {
        const auto actions = interrupts.config_changed(on);
        commits = std::ranges::count_if(actions, [](const running::InterruptAction& action) {
            return std::holds_alternative<running::action::CommitRoutes>(action);
        });
        benchmark::DoNotOptimize(interrupts.config_changed(off));
    }
    state.counters["commits"] = static_cast<double>(commits);
}
BENCHMARK(enable_and_disable)->Arg(2048)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tenon::model
