#include "model/function/atomics_host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/config_builder.hpp"

namespace tenon::model::function {
namespace {

using support::ConfigBuilder;
using testing::HasSubstr;

// Device Capabilities 2. Source: PCIe Base Spec 6.0, 7.5.3.15.
constexpr std::uint32_t routing = 0x40;
constexpr std::uint32_t completes_32_64 = 0x180;
constexpr std::uint32_t completes_all = 0x380;

// Device/Port types. Source: PCIe Base Spec 6.0, 7.5.3.2.
constexpr std::uint16_t endpoint = 0;
constexpr std::uint16_t root_port = 4;
constexpr std::uint16_t upstream = 5;
constexpr std::uint16_t downstream = 6;
constexpr std::uint16_t integrated = 9;

pci::ConfigImage registers(std::uint16_t type, std::uint32_t capabilities_2,
                           std::uint16_t control_2 = 0) {
    return ConfigBuilder{}
        .head(0x80)
        .express(0x80, 0, type)
        .second_registers(0x80, capabilities_2, control_2)
        .image();
}

device::BridgeFacts bridge(std::uint8_t number, std::uint16_t type, std::uint32_t capabilities_2,
                           std::uint16_t control_2 = 0) {
    return {.address = {.device = number},
            .config = registers(type, capabilities_2, control_2),
            .driver = std::string{}};
}

// A function that was opened on a kernel of today, below a root port that completes everything.
device::DeviceFacts good() {
    device::DeviceFacts facts;
    facts.origin = device::Origin::Live;
    facts.physical = registers(endpoint, completes_32_64);
    facts.vfio = device::VfioFacts{};
    facts.kernel = std::string{"7.3.4-lab"};
    facts.path = std::vector{bridge(1, root_port, completes_all)};
    facts.atomics = Unknown{"VFIO does not tell"};
    return facts;
}

// Why no width completes.
std::string why(const device::DeviceFacts& facts) {
    const auto answer = explain_host_atomics(facts, walk_lists(facts));
    EXPECT_EQ(answer.widths, Known<std::uint32_t>{0u});
    return answer.why;
}

constexpr auto not_shown = "the host's kernel reports none, and its registers do not show why";

TEST(AtomicsObstacles, AreNoneWhereEverythingCompletes) { EXPECT_EQ(why(good()), not_shown); }

TEST(AtomicsObstacles, NameAFunctionThatDoesNotCompleteThemItself) {
    auto facts = good();
    facts.physical = registers(endpoint, 0);
    EXPECT_THAT(why(facts), HasSubstr("it does not complete AtomicOps itself"));
}

TEST(AtomicsObstacles, NameAConventionalFunction) {
    auto facts = good();
    facts.physical = ConfigBuilder{}.image();
    EXPECT_THAT(why(facts), HasSubstr("no PCI Express function"));
}

TEST(AtomicsObstacles, NameATypeThatTheKernelDoesNotReport) {
    auto facts = good();
    facts.physical = registers(integrated, completes_all);
    EXPECT_THAT(why(facts), HasSubstr("a Root Complex Integrated Endpoint"));
}

TEST(AtomicsObstacles, NameACapabilityOfVersionOne) {
    auto facts = good();
    facts.physical = ConfigBuilder{}
                         .head(0x80)
                         .express(0x80, 0)
                         .put16(0x82, 1)
                         .second_registers(0x80, 0x380)
                         .image();
    EXPECT_THAT(why(facts), HasSubstr("version 1"));
}

TEST(AtomicsObstacles, NameARootPortThatCompletesNone) {
    auto facts = good();
    facts.path = std::vector{bridge(1, root_port, 0)};
    EXPECT_THAT(why(facts), HasSubstr("root port 0000:00:01.0 completes no AtomicOps"));
}

TEST(AtomicsObstacles, NameARootPortThatCompletesOthers) {
    auto facts = good();
    facts.physical = registers(endpoint, 0x200);
    facts.path = std::vector{bridge(1, root_port, completes_32_64)};
    EXPECT_THAT(why(facts), HasSubstr("completes 32 and 64 bit AtomicOps, the function 128 bit"));
}

TEST(AtomicsObstacles, NameAHostWithoutAVisibleRootPort) {
    auto facts = good();
    facts.path = std::vector<device::BridgeFacts>{};
    EXPECT_THAT(why(facts), HasSubstr("no root port is visible"));
}

TEST(AtomicsObstacles, NameSwitchPortsThatDoNotRoute) {
    auto facts = good();
    facts.path = std::vector{bridge(3, downstream, 0), bridge(2, upstream, routing),
                             bridge(1, root_port, completes_all)};
    EXPECT_THAT(why(facts), HasSubstr("Downstream Port of a switch 0000:00:03.0 does not route"));
}

TEST(AtomicsObstacles, NameAnUpstreamPortThatBlocksEgress) {
    auto facts = good();
    facts.path =
        std::vector{bridge(3, downstream, routing, 0x80), bridge(2, upstream, routing, 0x80),
                    bridge(1, root_port, completes_all)};
    EXPECT_THAT(why(facts), HasSubstr("0000:00:02.0 blocks AtomicOps"));
}

TEST(AtomicsObstacles, ProveNothingFromRegistersThatNobodyRead) {
    auto facts = good();
    facts.path =
        std::vector{device::BridgeFacts{.address = {.device = 1}, .config = {}, .driver = {}}};
    EXPECT_EQ(why(facts), not_shown);
    facts.path = std::vector{device::BridgeFacts{
        .address = {.device = 1}, .config = pci::ConfigImage{64}, .driver = {}}};
    facts.physical = pci::ConfigImage{64};
    EXPECT_EQ(why(facts), not_shown);
}

TEST(AtomicsObstacles, OfAVirtualFunctionAreThoseOfItsPhysicalOne) {
    auto facts = good();
    facts.physical = registers(endpoint, completes_all);
    facts.physical_function =
        device::PhysicalFunctionFacts{.address = {.bus = 2}, .config = registers(endpoint, 0)};
    EXPECT_THAT(why(facts),
                HasSubstr("its physical function 0000:02:00.0 does not complete AtomicOps"));
}

TEST(HostAtomics, AreWhatTheKernelReports) {
    auto facts = good();
    facts.atomics = 3u;
    const auto atomics = explain_host_atomics(facts, walk_lists(facts));
    EXPECT_EQ(atomics.widths.value_or(0), 3u);
    EXPECT_EQ(atomics.why,
              "root port 0000:00:01.0 of this host completes them; it completes 128 bit too, but "
              "the kernel reports only what the function completes itself");
}

TEST(HostAtomics, AreNoneWhereARegisterShowsWhy) {
    auto facts = good();
    facts.path = std::vector{bridge(1, root_port, 0)};
    const auto atomics = explain_host_atomics(facts, walk_lists(facts));
    EXPECT_EQ(atomics.widths, Known<std::uint32_t>{0u});
    EXPECT_THAT(atomics.change, HasSubstr("root port completes AtomicOps"));
}

TEST(HostAtomics, AreNotKnownFromAnOldKernel) {
    for (const auto* const kernel : {"6.1.0-44-amd64", "6.4.16", "5.15.0"}) {
        auto facts = good();
        facts.kernel = std::string{kernel};
        const auto atomics = explain_host_atomics(facts, walk_lists(facts));
        EXPECT_FALSE(atomics.widths) << kernel;
        EXPECT_THAT(atomics.why, HasSubstr("6.5 is the first that does"));
    }
}

TEST(HostAtomics, AreNoneWhereAKernelThatReportsThemDoesNot) {
    for (const auto* const kernel : {"6.5.0", "6.12.1", "10.0", "odd"}) {
        auto facts = good();
        facts.kernel = std::string{kernel};
        EXPECT_EQ(explain_host_atomics(facts, walk_lists(facts)).widths, Known<std::uint32_t>{0u})
            << kernel;
    }
}

TEST(HostAtomics, AreNotKnownOfAFunctionThatNobodyOpened) {
    auto facts = good();
    facts.vfio = Unknown{"busy"};
    facts.atomics = Unknown{"the function was not opened"};
    const auto atomics = explain_host_atomics(facts, walk_lists(facts));
    EXPECT_FALSE(atomics.widths);
    EXPECT_EQ(atomics.why, "the function was not opened");
}

// A virtual function of which the kernel reported something.
device::DeviceFacts reported_virtual_function(std::uint16_t control_2_of_physical) {
    auto facts = good();
    facts.vfio->info.atomic_completer = 3;
    facts.physical_function = device::PhysicalFunctionFacts{
        .address = {.bus = 2},
        .config = registers(endpoint, completes_32_64, control_2_of_physical)};
    return facts;
}

TEST(PhysicalFunction, IsNamedWhereAskingEnabledIt) {
    EXPECT_THAT(note_physical_function(reported_virtual_function(0)).value_or(""),
                HasSubstr("physical function 0000:02:00.0"));
}

TEST(PhysicalFunction, IsNotWhereItWasEnabledOrNothingWasReported) {
    EXPECT_FALSE(note_physical_function(reported_virtual_function(0x40)));
    auto silent = reported_virtual_function(0);
    silent.vfio->info.atomic_completer.reset();
    EXPECT_FALSE(note_physical_function(silent));
    EXPECT_FALSE(note_physical_function(good()));
}

TEST(HostAtomics, OfADumpAreStated) {
    device::DeviceFacts facts;
    facts.physical = registers(endpoint, 0);
    facts.atomics = 3u;
    EXPECT_THAT(explain_host_atomics(facts, walk_lists(facts)).why,
                HasSubstr("by its registers a kernel would report none"));
}

// A dump of an endpoint below the switch and the root port of the same input.
device::DeviceFacts dump_with_path() {
    device::DeviceFacts facts;
    facts.physical = registers(endpoint, completes_32_64);
    facts.atomics = Unknown{"a dump does not tell"};
    facts.path = std::vector{bridge(3, downstream, routing), bridge(2, upstream, routing),
                             bridge(1, root_port, completes_all)};
    return facts;
}

TEST(HostAtomics, OfADumpFollowFromThePortsInTheSameInput) {
    const auto facts = dump_with_path();
    const auto answer = explain_host_atomics(facts, walk_lists(facts));

    EXPECT_EQ(answer.widths, Known<std::uint32_t>{device::atomics_32 | device::atomics_64});
    EXPECT_THAT(answer.why, HasSubstr("root port 0000:00:01.0 of its host completes them"));
}

TEST(HostAtomics, OfADumpFollowFromWordsAboutPorts) {
    auto facts = dump_with_path();
    auto& port = facts.path->back();
    port.config = Unknown{"no bytes"};
    port.words = device::ExpressWords{.type = pci::PortType::RootPort,
                                      .second_registers = true,
                                      .completers = device::atomics_64};
    EXPECT_EQ(explain_host_atomics(facts, walk_lists(facts)).widths,
              Known<std::uint32_t>{device::atomics_64});
    port.words->completers = 0;
    EXPECT_THAT(why(facts), HasSubstr("root port 0000:00:01.0 completes no AtomicOps"));
}

TEST(HostAtomics, OfADumpAreNotKnownWhereAPortIsNot) {
    auto facts = dump_with_path();
    facts.path->at(1).config = Unknown{"no bytes"};
    EXPECT_FALSE(explain_host_atomics(facts, walk_lists(facts)).widths);
    facts = dump_with_path();
    facts.path = Unknown{"a dump does not tell"};
    EXPECT_FALSE(explain_host_atomics(facts, walk_lists(facts)).widths);
}

}  // namespace
}  // namespace tenon::model::function
