#include "model/running/ioapic_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::model::running {
namespace {

using iommu::Message;
using testing::ElementsAre;
using testing::IsEmpty;
using Send = IoapicActions::Send;

// Of entries, low half: level-triggered, masked.
constexpr std::uint32_t level = 1u << 15;
constexpr std::uint32_t masked = 1u << 16;
constexpr std::uint32_t pending = 1u << 14;  // Remote IRR.

class Ioapic : public testing::Test {
protected:
    std::uint32_t get(std::uint8_t index) {
        state.write(0x00, index);
        return state.read(0x10);
    }
    IoapicActions set(std::uint8_t index, std::uint32_t value) {
        state.write(0x00, index);
        return state.write(0x10, value);
    }
    // The entry of a pin: the upper half first, as software does.
    IoapicActions program(unsigned pin, std::uint32_t high, std::uint32_t low) {
        set(static_cast<std::uint8_t>(0x11 + 2 * pin), high);
        return set(static_cast<std::uint8_t>(0x10 + 2 * pin), low);
    }
    std::uint32_t low_of(unsigned pin) { return get(static_cast<std::uint8_t>(0x10 + 2 * pin)); }

    IoapicState state;
};

// Source: ICH9, 13.5.5 (ID), 13.5.6 (Version), 13.5.7 (Redirection Table).
TEST_F(Ioapic, HasItsRegisters) {
    EXPECT_EQ(get(0x00), 0u);
    EXPECT_EQ(get(0x01), 0x0017'0020u);
    for (unsigned pin = 0; pin < 24; ++pin) {
        EXPECT_EQ(low_of(pin), masked) << pin;
        EXPECT_EQ(get(static_cast<std::uint8_t>(0x11 + 2 * pin)), 0u) << pin;
    }
    EXPECT_EQ(state.read(0x00), 0x3fu);
    EXPECT_EQ(get(0x40), 0u);
    EXPECT_EQ(state.read(0x20), 0u);
    EXPECT_EQ(state.read(0x40), 0u);
}

TEST_F(Ioapic, KeepsItsIdAndNothingElseOfTheRegister) {
    set(0x00, 0xffff'ffff);
    EXPECT_EQ(get(0x00), 0x0f00'0000u);
    set(0x01, 0);
    EXPECT_EQ(get(0x01), 0x0017'0020u);
}

TEST_F(Ioapic, KeepsWhatAnEntryHas) {
    program(3, 0xffff'ffff, 0xffff'ffff);

    // Delivery status (12) and remote IRR (14) are its own.
    EXPECT_EQ(low_of(3), 0x0001'afffu);
    EXPECT_EQ(get(0x17), 0xffff'0000u);
    EXPECT_EQ(low_of(2), masked);
    EXPECT_EQ(low_of(4), masked);
}

TEST_F(Ioapic, SendsAMessageAtAnEdge) {
    program(4, 0x0300'0000, 0x31);

    // Physical, fixed, to APIC 3.
    EXPECT_THAT(state.set_pin(4, true).sent, ElementsAre(Send{4, Message{0xfee0'3000, 0x31}}));
    EXPECT_THAT(state.set_pin(4, true).sent, IsEmpty());
    EXPECT_THAT(state.set_pin(4, false).sent, IsEmpty());
    EXPECT_EQ(state.set_pin(4, true).sent.size(), 1u);
    EXPECT_EQ(low_of(4), 0x31u);
}

TEST_F(Ioapic, SendsWhatTheEntrySays) {
    // Logical, lowest priority, level.
    program(17, 0x8100'0000, level | 0x952);

    EXPECT_THAT(state.set_pin(17, true).sent, ElementsAre(Send{17, Message{0xfee8'1004, 0xc152}}));
}

// Source: VT-d 4.1, 5.1.5.1 (index 14:0 in 63:49, 15 in 11, format in 48).
TEST_F(Ioapic, SendsAMessageOfTheRemappableFormat) {
    program(17, 0x0007'0000, level | 0x811);

    EXPECT_THAT(state.set_pin(17, true).sent, ElementsAre(Send{17, Message{0xfee0'0074, 0x8011}}));
}

TEST_F(Ioapic, LosesAnEdgeWhileMasked) {
    program(4, 0, masked | 0x31);

    EXPECT_THAT(state.set_pin(4, true).sent, IsEmpty());
    EXPECT_THAT(program(4, 0, 0x31).sent, IsEmpty());
}

TEST_F(Ioapic, SendsALevelOnceUntilItIsEnded) {
    program(17, 0, level | 0x41);

    EXPECT_EQ(state.set_pin(17, true).sent.size(), 1u);
    EXPECT_EQ(low_of(17), level | pending | 0x41);
    EXPECT_THAT(state.set_pin(17, false).sent, IsEmpty());
    EXPECT_THAT(state.set_pin(17, true).sent, IsEmpty());

    const auto actions = state.end(0x41);
    EXPECT_THAT(actions.ended, ElementsAre(17));
    EXPECT_EQ(actions.sent.size(), 1u);
    state.set_pin(17, false);
    EXPECT_THAT(state.end(0x41).sent, IsEmpty());
    EXPECT_EQ(low_of(17), level | 0x41);
    EXPECT_EQ(state.end(0x41), IoapicActions{});
}

TEST_F(Ioapic, SendsALevelThatWasMaskedWhenItIsNoMore) {
    program(17, 0, masked | level | 0x41);
    EXPECT_THAT(state.set_pin(17, true).sent, IsEmpty());
    EXPECT_EQ(low_of(17), masked | level | 0x41);

    const auto actions = program(17, 0, level | 0x41);

    EXPECT_THAT(actions.changed, ElementsAre(17));
    EXPECT_EQ(actions.sent.size(), 1u);
}

TEST_F(Ioapic, EndsEveryLevelOfTheVector) {
    program(16, 0, level | 0x41);
    program(17, 0, level | 0x41);
    program(18, 0, level | 0x42);
    for (unsigned pin = 16; pin < 19; ++pin)
        state.set_pin(pin, true);

    EXPECT_THAT(state.end(0x41).ended, ElementsAre(16, 17));
    EXPECT_EQ(low_of(18), level | pending | 0x42);
}

// Source: ICH9, 13.5.4.
TEST_F(Ioapic, HasARegisterThatEndsInterrupts) {
    program(17, 0, level | 0x41);
    state.set_pin(17, true);

    EXPECT_THAT(state.write(0x40, 0x41).ended, ElementsAre(17));
}

TEST_F(Ioapic, ForgetsALevelThatBecomesAnEdge) {
    program(17, 0, level | 0x41);
    state.set_pin(17, true);

    program(17, 0, masked | 0x41);
    EXPECT_EQ(low_of(17), masked | 0x41);

    EXPECT_EQ(program(17, 0, level | 0x41).sent.size(), 1u);
}

TEST_F(Ioapic, HoldsAPinUntilTheGuestEndsItsInterrupt) {
    program(17, 0, level | 0x41);
    EXPECT_EQ(state.raise_until_end(17).sent.size(), 1u);

    const auto actions = state.end(0x41);

    EXPECT_THAT(actions.ended, ElementsAre(17));
    EXPECT_THAT(actions.sent, IsEmpty());
    EXPECT_EQ(state.raise_until_end(17).sent.size(), 1u);
    state.let_go(17);
    EXPECT_THAT(state.end(0x41).sent, IsEmpty());
}

TEST_F(Ioapic, APinStaysUpForWhoElseHoldsIt) {
    program(17, 0, level | 0x41);
    state.raise_until_end(17);
    EXPECT_THAT(state.set_pin(17, true).sent, IsEmpty());

    EXPECT_EQ(state.end(0x41).sent.size(), 1u);
}

TEST_F(Ioapic, KeepsPinsOverAReset) {
    program(17, 0x0300'0000, level | 0x41);
    set(0x00, 0x0f00'0000);
    state.set_pin(17, true);

    state.reset();

    EXPECT_EQ(state.read(0x00), 0u);
    EXPECT_EQ(get(0x00), 0u);
    EXPECT_EQ(low_of(17), masked);
    EXPECT_EQ(program(17, 0, level | 0x41).sent.size(), 1u);
}

TEST_F(Ioapic, SaysWhichMessageIsToBeEnded) {
    EXPECT_EQ(state.level_message(4), std::nullopt);
    program(4, 0x0300'0000, 0x31);
    EXPECT_EQ(state.level_message(4), std::nullopt);
    program(4, 0x0300'0000, level | 0x31);
    EXPECT_EQ(state.level_message(4), (Message{0xfee0'3000, 0xc031}));
}

}  // namespace
}  // namespace tenon::model::running
