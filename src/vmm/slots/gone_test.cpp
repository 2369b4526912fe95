// A device that answers with ones is noticed, however wide the guest looks.
#include <gtest/gtest.h>

#include "tests/support/hot_plug_bench.hpp"

namespace tenon::vmm::slots {
namespace {

// Registers of the PCI Express capability at 0x80 that are the device's, and their bytes.
// Source: PCIe Base Spec 6.0, 7.5.3.3 and 7.5.3.5.
class GoneDevice : public testing::TestWithParam<std::pair<std::uint16_t, unsigned>> {};

TEST_P(GoneDevice, IsNoticedAndTakenAway) {
    const auto [offset, size] = GetParam();
    support::HotPlugBench bench;
    ASSERT_TRUE(bench.add(0, 0));
    bench.write_port(0x19, 1, 1);
    // It reads as ones from now on.
    for (std::size_t at = 0; at < pci::express_size; at += 4)
        bench.function(0).config().write<std::uint32_t>(at, ~0u);

    const auto seen = bench.topology().read({.bus = 1, .devfn = 0, .offset = offset}, size);

    EXPECT_EQ(seen, size == 4 ? ~0u : (1u << 8 * size) - 1);
    ASSERT_TRUE(bench.wait_for_events(2));
    EXPECT_EQ(bench.events().at(0), (PlugEvent{.kind = PlugEvent::Kind::Lost, .id = "f0"}));
    EXPECT_EQ(bench.events().at(1), (PlugEvent{.kind = PlugEvent::Kind::Deleted, .id = "f0"}));
}

INSTANTIATE_TEST_SUITE_P(Widths, GoneDevice,
                         testing::Values(std::pair{std::uint16_t{0x84}, 4u},
                                         std::pair{std::uint16_t{0x8a}, 2u},
                                         std::pair{std::uint16_t{0x8a}, 1u}));

}  // namespace
}  // namespace tenon::vmm::slots
