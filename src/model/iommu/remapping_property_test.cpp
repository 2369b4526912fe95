// A remapping unit against guests out of random bytes and a reference that walks page by page.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

#include "tests/support/interrupt_guest.hpp"
#include "tests/support/iommu_guest.hpp"

namespace tenon::support {
namespace {

std::vector<std::uint8_t> noise(std::uint32_t seed, std::size_t size) {
    std::mt19937 source{seed};
    std::vector<std::uint8_t> bytes(size);
    for (auto& byte : bytes)
        byte = static_cast<std::uint8_t>(source());
    return bytes;
}

GuestStory orderly(std::uint32_t seed) {
    const auto bytes = noise(seed, 1000);
    ByteSource source{bytes};
    return run_orderly_guest(source);
}

GuestStory hostile(std::uint32_t seed) {
    const auto bytes = noise(seed, 4000);
    ByteSource source{bytes};
    return run_hostile_guest(source);
}

InterruptStory interrupts(std::uint32_t seed) {
    const auto bytes = noise(seed, 6000);
    ByteSource source{bytes};
    return run_interrupt_guest(source);
}

RC_GTEST_PROP(RemappingProperty, InterruptsLeadWhereTheReferenceSays, (std::uint32_t seed)) {
    RC_ASSERT(interrupts(seed).misdeed == "");
}

RC_GTEST_PROP(RemappingProperty, AfterEachWaitDevicesReachWhatTheReferenceSays,
              (std::uint32_t seed)) {
    RC_ASSERT(orderly(seed).misdeed == "");
}

RC_GTEST_PROP(RemappingProperty, NoGuestReachesMoreThanMemory, (std::uint32_t seed)) {
    RC_ASSERT(hostile(seed).misdeed == "");
}

// The guests are worth running: they get devices into domains, and the hostile ones find ways
// there.
TEST(RandomGuests, GetFar) {
    GuestStory good;
    GuestStory bad;
    for (std::uint32_t seed = 0; seed < 20; ++seed) {
        good.mapped += orderly(seed).mapped;
        good.moved += orderly(seed).moved;
        bad.mapped += hostile(seed).mapped;
        bad.moved += hostile(seed).moved;
        bad.faults += hostile(seed).faults;
    }
    EXPECT_GT(good.mapped, 200u);
    EXPECT_GT(good.moved, 100u);
    EXPECT_GT(bad.mapped, 50u);
    EXPECT_GT(bad.moved, 2u);
    EXPECT_GT(bad.faults, 20u);
}

TEST(RandomInterruptGuests, GetFar) {
    InterruptStory all;
    for (std::uint32_t seed = 0; seed < 20; ++seed) {
        const auto one = interrupts(seed);
        all.delivered += one.delivered;
        all.refused += one.refused;
        all.resolved += one.resolved;
        all.spared += one.spared;
    }
    EXPECT_GT(all.delivered, 200u);
    EXPECT_GT(all.refused, 200u);
    EXPECT_GT(all.resolved, 500u);
    EXPECT_GT(all.spared, 500u);
}

}  // namespace
}  // namespace tenon::support
