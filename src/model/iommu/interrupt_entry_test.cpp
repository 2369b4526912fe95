#include "model/iommu/interrupt_entry.hpp"

#include <gtest/gtest.h>

#include <initializer_list>

#include "tests/support/guest_tables.hpp"

namespace tenon::model::iommu {
namespace {

using enum FaultReason;

// An entry as Linux writes it: present, physical, fixed, vector 0x41 to APIC 3, for 02:00.0.
constexpr std::uint64_t entry_low = 0x0000'0300'0041'0009;
constexpr std::uint64_t entry_high = 0x0000'0000'0004'0200;
constexpr SourceId source = 0x0200;

/// The message that names entry `index`, with a subhandle as Linux has it.
Message naming(std::uint32_t index, std::uint32_t subhandle = 0) {
    return {0xfee0'0018ull | (index & 0x7fff) << 5 | (index >> 15) << 2, subhandle};
}

class InterruptEntry : public testing::Test {
protected:
    void put(std::uint32_t index, std::uint64_t low, std::uint64_t high = entry_high) {
        tables.put(base + index * 16ull, low);
        tables.put(base + index * 16ull + 8, high);
    }
    InterruptOutcome resolve(const Message& message, SourceId from = source) const {
        return resolve_interrupt(tables, switches, from, message);
    }
    InterruptRefusal refusal(const Message& message, SourceId from = source) const {
        const auto outcome = resolve(message, from);
        EXPECT_TRUE(std::holds_alternative<InterruptRefusal>(outcome));
        return std::get<InterruptRefusal>(outcome);
    }

    support::GuestTables tables;
    std::uint64_t base = tables.page();
    InterruptSwitches switches{.remapping = true, .table = {GuestAddress{base}, 256, false}};
};

TEST(InterruptTablePointer, IsBaseSizeAndMode) {
    EXPECT_EQ(InterruptTablePointer::of(0x1234'500f),
              (InterruptTablePointer{GuestAddress{0x1234'5000}, 65536, false}));
    EXPECT_EQ(InterruptTablePointer::of(0x1234'5800),
              (InterruptTablePointer{GuestAddress{0x1234'5000}, 2, true}));
}

TEST_F(InterruptEntry, BecomesAMessage) {
    put(7, entry_low);
    EXPECT_EQ(resolve(naming(7)), InterruptOutcome(Message{0xfee0'3008, 0x41}));
}

TEST_F(InterruptEntry, SaysAllThatAMessageCanSay) {
    // Logical, redirected, level, NMI, vector 0x52, destination 0x81.
    put(7, 0x0000'8100'0052'009d);
    EXPECT_EQ(resolve(naming(7)), InterruptOutcome(Message{0xfee8'100c, 0xc452}));
}

TEST_F(InterruptEntry, HasA32BitDestinationInExtendedMode) {
    switches.table.extended = true;
    put(7, 0x0001'2c05'0041'0009);
    EXPECT_EQ(resolve(naming(7)), InterruptOutcome(Message{0x0001'2c00'fee0'5008, 0x41}));
}

TEST_F(InterruptEntry, IsFoundByHandleAndSubhandle) {
    put(9, entry_low);
    EXPECT_EQ(resolve(naming(7, 2)), InterruptOutcome(Message{0xfee0'3008, 0x41}));
    // Without a valid subhandle the data mean nothing.
    EXPECT_EQ(resolve({0xfee0'0010 | 9 << 5, 0x1234'5678}),
              InterruptOutcome(Message{0xfee0'3008, 0x41}));
}

TEST(EntryOf, IsThePlaceInTheTable) {
    EXPECT_EQ(entry_of({0xfee0'0000, 0x41}), std::nullopt);
    EXPECT_EQ(entry_of({0xfee0'0010, 0x41}), 0u);
    EXPECT_EQ(entry_of({0xfeef'fff4, 0}), 0xffffu);
    EXPECT_EQ(entry_of({0xfee0'0018 | 5 << 5, 3}), 8u);
    EXPECT_EQ(entry_of({0xfeef'fffc, 0xffff}), 0x1fffeu);
}

TEST_F(InterruptEntry, IsNotLookedAtWhileRemappingIsOff) {
    switches.remapping = false;
    EXPECT_EQ(resolve({0xfee0'1000, 0x31}), InterruptOutcome(Message{0xfee0'1000, 0x31}));
    EXPECT_EQ(resolve(naming(7)), InterruptOutcome(naming(7)));
}

TEST_F(InterruptEntry, LessMessagesPassOnlyIfSoftwareWantsThat) {
    const Message plain{0xfee0'1000, 0x31};
    EXPECT_EQ(refusal(plain), (InterruptRefusal{InterruptCompatibilityBlocked}));
    switches.compatibility = true;
    EXPECT_EQ(resolve(plain), InterruptOutcome(plain));
    switches.table.extended = true;
    EXPECT_EQ(refusal(plain).reason, InterruptCompatibilityBlocked);
}

TEST_F(InterruptEntry, IsRefusedIfTheRequestHasReservedBits) {
    put(7, entry_low);
    EXPECT_EQ(refusal(naming(7, 0x1'0000)), (InterruptRefusal{InterruptReserved, 7}));
    auto far = naming(7);
    far.address |= 1ull << 32;
    EXPECT_EQ(refusal(far).reason, InterruptReserved);
    EXPECT_EQ(refusal({naming(7).address - 0x10'0000, 0}).reason, InterruptReserved);
}

TEST_F(InterruptEntry, PastTheTableIsRefused) {
    put(255, entry_low);
    EXPECT_TRUE(std::holds_alternative<Message>(resolve(naming(255))));
    EXPECT_EQ(refusal(naming(256)), (InterruptRefusal{InterruptIndexTooLarge, 256}));
    EXPECT_EQ(refusal({0xfeef'fffc, 0xffff}).reason, InterruptIndexTooLarge);
}

TEST_F(InterruptEntry, ThatIsNotThereIsRefused) {
    EXPECT_EQ(refusal(naming(7)), (InterruptRefusal{InterruptNotPresent, 7}));
    put(7, 2);
    EXPECT_EQ(refusal(naming(7)), (InterruptRefusal{InterruptNotPresent, 7, true}));
    switches.table.base = GuestAddress{0xdead'0000};
    EXPECT_EQ(refusal(naming(7)), (InterruptRefusal{InterruptUnreadable, 7}));
}

TEST_F(InterruptEntry, WithAReservedBitIsRefused) {
    for (unsigned bit = 0; bit < 128; ++bit) {
        const bool low =
            bit < 5 || (bit >= 8 && bit < 12) || (bit >= 16 && bit < 24) || (bit >= 40 && bit < 48);
        const bool delivery = bit >= 5 && bit < 8;
        const bool high = bit >= 64 && bit < 84;
        if (low || delivery || high) continue;
        put(7, entry_low | (bit < 64 ? 1ull << bit : 0),
            entry_high | (bit >= 64 ? 1ull << (bit - 64) : 0));
        EXPECT_EQ(refusal(naming(7)).reason, InterruptEntryReserved) << bit;
        put(7, entry_low | 2 | (bit < 64 ? 1ull << bit : 0),
            entry_high | (bit >= 64 ? 1ull << (bit - 64) : 0));
        EXPECT_TRUE(refusal(naming(7)).silent) << bit;
    }
}

TEST_F(InterruptEntry, WithAnUnknownDeliveryOrCheckIsRefused) {
    for (const auto delivery : std::initializer_list<std::uint64_t>{3, 6}) {
        put(7, entry_low | delivery << 5);
        EXPECT_EQ(refusal(naming(7)).reason, InterruptEntryReserved) << delivery;
    }
    put(7, entry_low, 3 << 18);
    EXPECT_EQ(refusal(naming(7)).reason, InterruptEntryReserved);
}

TEST_F(InterruptEntry, ThatIsPostedIsRefused) {
    put(7, entry_low | 1 << 15);
    EXPECT_EQ(refusal(naming(7)).reason, InterruptEntryReserved);
}

TEST_F(InterruptEntry, ChecksTheSource) {
    const auto passes = [&](SourceId from) {
        return std::holds_alternative<Message>(resolve(naming(7), from));
    };
    put(7, entry_low, 0);
    EXPECT_TRUE(passes(0xffff));
    put(7, entry_low, 1 << 18 | 0x0219);
    EXPECT_TRUE(passes(0x0219));
    EXPECT_FALSE(passes(0x0218));
    EXPECT_EQ(refusal(naming(7), 0x0218).reason, InterruptSourceRefused);
    // Masks that ignore bit 2, bits 2:1, bits 2:0.
    put(7, entry_low, 1 << 18 | 1 << 16 | 0x0219);
    EXPECT_TRUE(passes(0x021d));
    EXPECT_FALSE(passes(0x021b));
    put(7, entry_low, 1 << 18 | 2 << 16 | 0x0219);
    EXPECT_TRUE(passes(0x021f));
    EXPECT_FALSE(passes(0x0218));
    put(7, entry_low, 1 << 18 | 3 << 16 | 0x0219);
    EXPECT_TRUE(passes(0x0218));
    EXPECT_FALSE(passes(0x0211));
}

TEST_F(InterruptEntry, ChecksABusOutOfARange) {
    put(7, entry_low, 2 << 18 | 0x0305);
    EXPECT_TRUE(std::holds_alternative<Message>(resolve(naming(7), 0x0300)));
    EXPECT_TRUE(std::holds_alternative<Message>(resolve(naming(7), 0x05ff)));
    EXPECT_EQ(refusal(naming(7), 0x02ff).reason, InterruptSourceRefused);
    EXPECT_EQ(refusal(naming(7), 0x0600).reason, InterruptSourceRefused);
}

// Vector 0x30, level, format 1, index 0x8005.
TEST(MessageOfPin, NamesTheEntryOfARemappableOne) {
    EXPECT_EQ(message_of_pin(5ull << 49 | 1ull << 48 | 1 << 15 | 1 << 11 | 0x30),
              (Message{0xfee0'0014 | 5 << 5, 0x8030}));
    EXPECT_EQ(message_of_pin(5ull << 49 | 0x30), std::nullopt);
}

}  // namespace
}  // namespace tenon::model::iommu
