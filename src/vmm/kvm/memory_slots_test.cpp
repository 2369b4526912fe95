#include "vmm/kvm/memory_slots.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

#include "tests/support/fake_vm.hpp"

namespace tenon::vmm::kvm {
namespace {

class MemorySlotsTest : public testing::Test {
protected:
    support::FakeVm vm;
    MemorySlots slots{vm, 2};
    std::vector<std::byte> page = std::vector<std::byte>(4096);
};

TEST_F(MemorySlotsTest, GivesEachMemoryASlotOfItsOwn) {
    ASSERT_EQ(*slots.add(GuestAddress{0x1000}, page), 0u);
    ASSERT_EQ(*slots.add(GuestAddress{0x2000}, page), 1u);
    EXPECT_EQ(vm.slots.at(1), (support::FakeVm::Memory{.at = 0x2000, .size = 4096}));
}

TEST_F(MemorySlotsTest, SaysWhenAllAreTaken) {
    ASSERT_TRUE(slots.add(GuestAddress{0x1000}, page));
    ASSERT_TRUE(slots.add(GuestAddress{0x2000}, page));

    const auto third = slots.add(GuestAddress{0x3000}, page);

    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().kind, Error::Kind::Busy);
}

TEST_F(MemorySlotsTest, GivesARemovedSlotAgain) {
    ASSERT_TRUE(slots.add(GuestAddress{0x1000}, page));
    ASSERT_TRUE(slots.remove(0));

    EXPECT_TRUE(vm.slots.empty());
    EXPECT_EQ(*slots.add(GuestAddress{0x4000}, page), 0u);
}

TEST_F(MemorySlotsTest, KeepsNoSlotThatKvmRefused) {
    vm.faults.fail_call(1, EEXIST);

    const auto refused = slots.add(GuestAddress{0x1000}, page);

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().os_error, EEXIST);
    EXPECT_EQ(*slots.add(GuestAddress{0x1000}, page), 0u);
}

TEST_F(MemorySlotsTest, RemovesNothingThatIsNotThere) { EXPECT_FALSE(slots.remove(0)); }

}  // namespace
}  // namespace tenon::vmm::kvm
