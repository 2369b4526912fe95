// How long configuration space takes: to read, to plan, to emulate. Goals: walk, extents and owners
// 20 us; parsing a dump 200 us; the plan of a function 50 us, linear in the number of functions; a
// dword read 30 ns, written 50 ns, both without the kernel's part.
#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <string>
#include <utility>

#include "capture/text/dump.hpp"
#include "model/machine/machine_plan.hpp"
#include "model/running/config_state.hpp"
#include "pci/ownership.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon {
namespace {

// A controller with every kind of interrupt and 16 capabilities, as large cards have them.
pci::ConfigImage many_capabilities() {
    support::ConfigBuilder config;
    config.put32(0x10, 0xfe800004).head(0x40).standard(0x40, 0x01, 0x50);
    config.standard(0x50, 0x05, 0x70).put16(0x52, 0x0186).standard(0x70, 0x09, 0x80);
    config.put8(0x72, 0x10).express(0x80, 0xc0).msix(0xc0, 0xd0, 64).standard(0xd0, 0x03, 0);
    constexpr std::uint16_t ids[]{0x01, 0x03, 0x04, 0x0e, 0x10, 0x19, 0x15, 0x26, 0x27, 0x0d, 0x0b};
    std::uint16_t at = 0x100;
    for (const auto id : ids) {
        const bool last = id == ids[std::size(ids) - 1];
        const auto next = static_cast<std::uint16_t>(last ? 0 : at + 0x80);
        config.extended(at, id, next);
        at = next;
    }
    return config.put32(0x604, 0x01810001).image();
}

std::string dump_of(const pci::ConfigImage& image) {
    std::string text = "0000:65:00.0 0108: 1b36:0010\n";
    for (std::size_t at = 0; at < image.known(); at += 16) {
        text += fmt::format("{:02x}:", at);
        for (std::size_t n = 0; n < 16; ++n)
            text += fmt::format(" {:02x}", image.read8(at + n));
        text += '\n';
    }
    return text;
}

device::DeviceFacts facts_of(const pci::ConfigImage& image) {
    device::DeviceFacts facts{"bench"};
    facts.physical = image;
    std::array<device::ResourceFacts, device::bar_count + 1> resources{};
    resources[0] = {.size = 0x4000, .flags = device::resource_memory | device::resource_64bit};
    facts.resources = resources;
    return facts;
}

model::machine::MachinePlan plan_of(const pci::ConfigImage& image) {
    model::machine::MachineRequest request;
    request.devices.push_back({.facts = facts_of(image)});
    return model::machine::make_plan(std::move(request)).value();
}

void walk_extents_owners(benchmark::State& state) {
    const auto image = many_capabilities();
    for (auto _ : state)
        benchmark::DoNotOptimize(pci::find_owners(image, pci::list_capabilities(image)));
}
BENCHMARK(walk_extents_owners)->Unit(benchmark::kMicrosecond);

void find_holes(benchmark::State& state) {
    const auto image = many_capabilities();
    const auto owners = pci::find_owners(image, pci::list_capabilities(image));
    for (auto _ : state)
        benchmark::DoNotOptimize(pci::find_holes(owners, 8, 4));
}
BENCHMARK(find_holes)->Unit(benchmark::kMicrosecond);

void parse_dump(benchmark::State& state) {
    const auto text = dump_of(many_capabilities());
    for (auto _ : state)
        benchmark::DoNotOptimize(capture::text::read_dump(text, "dump"));
}
BENCHMARK(parse_dump)->Unit(benchmark::kMicrosecond);

// The whole decision, from facts to the plan of a machine: slots of eight functions each. Facts are
// gathered before; handing them over is not measured either.
void plan_functions(benchmark::State& state) {
    const auto facts = facts_of(many_capabilities());
    const auto count = static_cast<std::size_t>(state.range(0));
    for (auto _ : state) {
        state.PauseTiming();
        model::machine::MachineRequest request;
        for (std::size_t n = 0; n < count; ++n)
            request.devices.push_back({.facts = facts, .port = fmt::format("slot{}", n / 8)});
        state.ResumeTiming();
        auto plan = model::machine::make_plan(std::move(request));
        benchmark::DoNotOptimize(plan);
        state.PauseTiming();
        plan = fail(Error::Kind::NotFound, "");  // Taking it down is not the plan's cost.
        state.ResumeTiming();
    }
    state.counters["per_function"] = benchmark::Counter(
        static_cast<double>(count),
        benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
    state.SetComplexityN(state.range(0));
}
BENCHMARK(plan_functions)
    ->Arg(1)
    ->Arg(8)
    ->Arg(64)
    ->Arg(256)
    ->Unit(benchmark::kMicrosecond)
    ->Complexity(benchmark::oN);

// One access again and again. The argument is its offset: a register of ours (a BAR), one of the
// device (Device Control), one that nobody has.
void read_dword(benchmark::State& state) {
    const auto plan = plan_of(many_capabilities());
    const auto& function = plan.ports.front()->functions.front();
    const model::running::ConfigState config{function.view, function.start()};
    auto at = static_cast<std::uint16_t>(state.range(0));
    for (auto _ : state) {
        benchmark::DoNotOptimize(at);
        auto pieces = config.device_pieces(at, 4);
        benchmark::DoNotOptimize(pieces);
        benchmark::DoNotOptimize(config.read(at, 4, 0x12345678));
    }
}
BENCHMARK(read_dword)->Arg(0x10)->Arg(0x88)->Arg(0xf00);

void write_dword(benchmark::State& state) {
    const auto plan = plan_of(many_capabilities());
    const auto& function = plan.ports.front()->functions.front();
    model::running::ConfigState config{function.view, function.start()};
    auto at = static_cast<std::uint16_t>(state.range(0));
    for (auto _ : state) {
        benchmark::DoNotOptimize(at);
        benchmark::DoNotOptimize(config.write(at, 4, 0x00000810));
    }
}
BENCHMARK(write_dword)->Arg(0x10)->Arg(0x88)->Arg(0xf00);

}  // namespace
}  // namespace tenon
