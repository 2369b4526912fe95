// What `tenon check` takes for a guest of 200 devices: from its text to the findings. The goal is
// 50 ms.
#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <string>

#include "managed/guest/tree.hpp"
#include "managed/libvirt/domain.hpp"
#include "managed/qemu/command_line.hpp"
#include "managed/traps/diagnose.hpp"

namespace tenon {
namespace {

constexpr unsigned functions = 100;  // And a port for each.

std::string command() {
    std::string text = "kvm -M q35 -nodefaults -cpu host -m 64G";
    for (unsigned n = 0; n < functions; ++n)
        text += fmt::format(
            " -device pcie-root-port,id=rp{0},chassis={0},addr={1:x}.{2}{3} "
            "-device vfio-pci,host={4:02x}:00.0,bus=rp{0}",
            n, n / 8 + 1, n % 8, n % 8 == 0 ? ",multifunction=on" : "", n + 1);
    return text;
}

std::string domain() {
    std::string text =
        "<domain type='kvm'><memory unit='GiB'>64</memory><os><type "
        "machine='q35'>hvm</type></os><cpu mode='host-passthrough'/><devices>\n";
    for (unsigned n = 0; n < functions; ++n)
        text += fmt::format(
            "<hostdev mode='subsystem' type='pci' managed='yes'>\n<source><address "
            "domain='0x0000' bus='0x{:02x}' slot='0x00' function='0x0'/></source></hostdev>\n",
            n + 1);
    return text + "</devices></domain>\n";
}

void judge(benchmark::State& state, const Result<managed::said::Configuration>& configuration) {
    using namespace managed;
    if (!configuration) return state.SkipWithError("cannot be read");
    const auto tree = guest::make_tree(*configuration);
    const traps::HostView nobody;
    auto found = traps::diagnose(traps::Case{*configuration, tree, nobody});
    benchmark::DoNotOptimize(found);
}

void check_command(benchmark::State& state) {
    const auto text = command();
    for (auto _ : state) {
        const auto words = managed::qemu::read_command(text, "bench");
        if (!words) return state.SkipWithError("cannot be read");
        judge(state, managed::qemu::read_command_line(*words, nullptr));
    }
}
BENCHMARK(check_command)->Unit(benchmark::kMillisecond);

void check_domain(benchmark::State& state) {
    const auto text = domain();
    for (auto _ : state)
        judge(state, managed::libvirt::read_domain(text, "bench", nullptr));
}
BENCHMARK(check_domain)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tenon
