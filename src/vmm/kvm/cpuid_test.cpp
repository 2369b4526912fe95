#include "vmm/kvm/cpuid.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "vmm/kvm/kvm.hpp"

namespace tenon::vmm::kvm {
namespace {

kvm_cpuid_entry2 leaf(std::uint32_t function, std::uint32_t index = 0) {
    kvm_cpuid_entry2 entry{};
    entry.function = function;
    entry.index = index;
    return entry;
}

kvm_cpuid_entry2 find(const std::vector<kvm_cpuid_entry2>& leaves, std::uint32_t function,
                      std::uint32_t index = 0) {
    const auto found = std::ranges::find_if(leaves, [&](const kvm_cpuid_entry2& entry) {
        return entry.function == function && entry.index == index;
    });
    return found == leaves.end() ? kvm_cpuid_entry2{} : *found;
}

TEST(GuestCpuid, SaysThatAHypervisorIsPresentAndTheTimerHasDeadlines) {
    const auto leaves = guest_cpuid({leaf(1)}, 0, {.count = 1});
    EXPECT_EQ(find(leaves, 1).ecx, 0x81000000u);
}

TEST(GuestCpuid, NumbersProcessorsInLeaf1) {
    auto host = leaf(1);
    host.ebx = 0x7f10'0800;

    const auto leaves = guest_cpuid({host}, 2, {.count = 3});

    // APIC id 2, four ids for three processors, CLFLUSH size kept.
    EXPECT_EQ(find(leaves, 1).ebx, 0x0204'0800u);
    EXPECT_EQ(find(leaves, 1).edx, 1u << 28);
}

TEST(GuestCpuid, HasIdsOfMoreThanEightBits) {
    const auto leaves = guest_cpuid({leaf(0x1), leaf(0xb)}, 1, {.count = 2, .apic_step = 300});

    EXPECT_EQ(find(leaves, 0x1).ebx,
              0x2cff'0000u);                  // 300 of 8 bits, and as many ids as there is room.
    EXPECT_EQ(find(leaves, 0xb, 1).eax, 9u);  // Both are cores of one socket.
    EXPECT_EQ(find(leaves, 0xb, 1).ebx, 2u);
    EXPECT_EQ(find(leaves, 0xb, 1).edx, 300u);
}

TEST(GuestCpuid, ClearsHyperThreadingForOneProcessor) {
    auto host = leaf(1);
    host.edx = 1u << 28 | 1;
    EXPECT_EQ(find(guest_cpuid({host}, 0, {.count = 1}), 1).edx, 1u);
}

TEST(GuestCpuid, TellsTheTopologyOfOneSocket) {
    const auto leaves = guest_cpuid({leaf(0xb)}, 1, {.count = 4});

    EXPECT_EQ(find(leaves, 0xb, 0).ecx, 0x100u);
    EXPECT_EQ(find(leaves, 0xb, 0).ebx, 1u);
    EXPECT_EQ(find(leaves, 0xb, 1).ecx, 0x201u);
    EXPECT_EQ(find(leaves, 0xb, 1).eax, 2u);
    EXPECT_EQ(find(leaves, 0xb, 1).ebx, 4u);
    EXPECT_EQ(find(leaves, 0xb, 1).edx, 1u);
    EXPECT_EQ(find(leaves, 0xb, 2).ecx, 2u);
}

TEST(GuestCpuid, CountsCoresAsAmdDoes) {
    auto host = leaf(0x8000'0008);
    host.ecx = 0x7001;
    const auto leaves = guest_cpuid({host, leaf(0x8000'001e)}, 3, {.count = 4});

    EXPECT_EQ(find(leaves, 0x8000'0008).ecx, 0x2003u);
    EXPECT_EQ(find(leaves, 0x8000'001e).eax, 3u);
    EXPECT_EQ(find(leaves, 0x8000'001e).ebx, 3u);
}

TEST(GuestCpuid, StaysWithinItsFieldsForManyProcessors) {
    auto cache = leaf(0x4);
    cache.eax = 0x63;  // A unified cache of the third level.
    const auto leaves = guest_cpuid({leaf(0x1), cache, leaf(0xb)}, 254, {.count = 255});

    EXPECT_EQ(find(leaves, 0x1).ebx, 0xfeff'0000u);
    EXPECT_EQ(find(leaves, 0x4).eax >> 26, 63u);
    EXPECT_EQ(find(leaves, 0x4).eax >> 14 & 0xfff, 254u);
    EXPECT_EQ(find(leaves, 0xb, 1).eax, 8u);
    EXPECT_EQ(find(leaves, 0xb, 1).ebx, 255u);
}

TEST(GuestCpuid, KeepsKvmsOwnLeaves) {
    auto features = leaf(0x4000'0001);
    features.eax = 0x0100'7efb;
    EXPECT_EQ(find(guest_cpuid({features}, 0, {.count = 1}), 0x4000'0001).eax, 0x0100'7efbu);
}

TEST(PhysicalAddressBits, ComesFromTheLeafOrIs36) {
    auto sizes = leaf(0x8000'0008);
    sizes.eax = 0x3028;
    EXPECT_EQ(physical_address_bits({sizes}), 40u);
    EXPECT_EQ(physical_address_bits({}), 36u);
    EXPECT_EQ(physical_address_bits({leaf(0x8000'0008)}), 36u);
}

TEST(RequireLongMode, AcceptsAHostThatHasIt) {
    auto extended = leaf(0x8000'0001);
    extended.edx = 1u << 29;
    EXPECT_TRUE(require_long_mode({extended}));
}

TEST(RequireLongMode, RefusesAHostThatHasItNot) {
    const auto refused = require_long_mode({leaf(0x8000'0001)});

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Error::Kind::Unsupported);
    EXPECT_FALSE(refused.error().hint.empty());
    EXPECT_FALSE(require_long_mode({}));
}

}  // namespace
}  // namespace tenon::vmm::kvm
