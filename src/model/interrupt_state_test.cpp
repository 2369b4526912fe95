#include "model/interrupt_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/config_builder.hpp"

namespace tenon::model {
namespace {

using device::IrqIndex;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint32_t lapic = 0xfee00000;

FunctionView with_msix(std::uint16_t vectors) {
    FunctionView view;
    view.msix = MsixPlan{.at = 0xc0, .vectors = vectors};
    return view;
}

pci::ConfigImage msix_control(std::uint16_t value) {
    return support::ConfigBuilder{}.put16(0xc2, value).image();
}

// Writes address and data of a vector and unmasks it, as a driver does.
std::vector<InterruptAction> program(InterruptState& state, std::uint32_t vector,
                                     std::uint32_t data) {
    (void)state.write_table(vector * 16, 4, lapic);
    (void)state.write_table(vector * 16 + 4, 4, 0);
    (void)state.write_table(vector * 16 + 8, 4, data);
    return state.write_table(vector * 16 + 12, 4, 0);
}

Message message(std::uint32_t data) { return {.address = lapic, .data = data}; }

TEST(InterruptState, EnablesTheHostAtOnceThoughEveryVectorIsMasked) {
    InterruptState state{with_msix(4), false};

    EXPECT_THAT(state.config_changed(msix_control(0x8003)),
                ElementsAre(action::EnableEmpty{IrqIndex::Msix}));
}

TEST(InterruptState, ConnectsAVectorWhenItIsFirstUsed) {
    InterruptState state{with_msix(4), false};
    (void)state.config_changed(msix_control(0x8003));

    EXPECT_THAT(program(state, 2, 0x31),
                ElementsAre(action::SetRoute{2, message(0x31)}, action::CommitRoutes{},
                            action::Attach{2}, action::ConnectVector{IrqIndex::Msix, 2}));
}

TEST(InterruptState, CommitsTheRoutesOfABurstOnce) {
    InterruptState state{with_msix(4), false};
    (void)program(state, 0, 0x30);
    (void)program(state, 1, 0x31);

    EXPECT_THAT(
        state.config_changed(msix_control(0x8003)),
        ElementsAre(action::EnableEmpty{IrqIndex::Msix}, action::SetRoute{0, message(0x30)},
                    action::SetRoute{1, message(0x31)}, action::CommitRoutes{}, action::Attach{0},
                    action::Attach{1}, action::ConnectVector{IrqIndex::Msix, 0},
                    action::ConnectVector{IrqIndex::Msix, 1}));
}

TEST(InterruptState, MasksWithoutTouchingTheHost) {
    InterruptState state{with_msix(4), false};
    (void)state.config_changed(msix_control(0x8003));
    (void)program(state, 0, 0x30);

    EXPECT_THAT(state.write_table(12, 4, 1), ElementsAre(action::Detach{0}));
    EXPECT_TRUE(state.may_pend(0));
    EXPECT_THAT(state.write_table(12, 4, 0), ElementsAre(action::Attach{0}));
    EXPECT_FALSE(state.may_pend(0));
}

TEST(InterruptState, FollowsTheFunctionMask) {
    InterruptState state{with_msix(4), false};
    (void)state.config_changed(msix_control(0x8003));
    (void)program(state, 0, 0x30);

    EXPECT_THAT(state.config_changed(msix_control(0xc003)), ElementsAre(action::Detach{0}));
    EXPECT_THAT(state.config_changed(msix_control(0x8003)), ElementsAre(action::Attach{0}));
}

TEST(InterruptState, SwitchesTheHostOffAlsoWhenNoVectorWasUsed) {
    InterruptState state{with_msix(4), false};
    (void)state.config_changed(msix_control(0x8003));

    EXPECT_THAT(state.config_changed(msix_control(0x0003)),
                ElementsAre(action::DisableAll{IrqIndex::Msix}));
}

TEST(InterruptState, KeepsTheTableWhileMsixIsOff) {
    InterruptState state{with_msix(4), false};
    (void)program(state, 3, 0x44);
    (void)state.config_changed(msix_control(0x8003));
    (void)state.config_changed(msix_control(0x0003));

    EXPECT_EQ(state.read_table(0x38, 4), 0x44u);
    EXPECT_EQ(state.read_table(0x3c, 4), 0u);
}

TEST(InterruptState, GrowsByDoublingWhereTheHostCannotAddAndFiresTheRest) {
    InterruptState state{with_msix(8), true};
    (void)state.config_changed(msix_control(0x8007));

    EXPECT_THAT(program(state, 0, 0x30),
                testing::Contains(action::EnableVectors{IrqIndex::Msix, 1, {0}}));
    EXPECT_THAT(
        program(state, 1, 0x31),
        ElementsAre(action::SetRoute{1, message(0x31)}, action::CommitRoutes{}, action::Attach{1},
                    action::EnableVectors{IrqIndex::Msix, 2, {0, 1}}, action::Fire{0}));
    (void)program(state, 2, 0x32);
    // Four vectors are there now: the fourth needs nothing but its event.
    EXPECT_THAT(program(state, 3, 0x33),
                testing::Contains(action::ConnectVector{IrqIndex::Msix, 3}));
}

TEST(InterruptState, RefusesAMessageThatIsNoInterruptAndSaysSoOnce) {
    InterruptState state{with_msix(4), false};
    (void)state.config_changed(msix_control(0x8003));
    (void)state.write_table(0, 4, 0x1000);

    EXPECT_THAT(state.write_table(12, 4, 0),
                ElementsAre(action::Report{0, {.address = 0x1000, .data = 0}}));
    EXPECT_THAT(state.config_changed(msix_control(0x8003)), IsEmpty());
}

TEST(InterruptState, MovesAnUnmaskedVectorWithOneRoute) {
    InterruptState state{with_msix(4), false};
    (void)state.config_changed(msix_control(0x8003));
    (void)program(state, 0, 0x30);

    EXPECT_THAT(state.write_table(8, 4, 0x51),
                ElementsAre(action::SetRoute{0, message(0x51)}, action::CommitRoutes{}));
}

TEST(InterruptState, IgnoresTableWritesOfOtherSizesAndPlaces) {
    InterruptState state{with_msix(4), false};

    (void)state.write_table(8, 2, 0xffff);
    (void)state.write_table(10, 4, 0xffff);
    (void)state.write_table(0x40, 4, 0xffff);

    EXPECT_EQ(state.read_table(8, 4), 0u);
    EXPECT_EQ(state.read_table(0x40, 4), 0xffffffffu);
}

TEST(InterruptState, TakesEightByteWritesAndReads) {
    InterruptState state{with_msix(4), false};

    (void)state.write_table(0, 8, 0x00000001fee01004ull);
    (void)state.write_table(8, 8, 0x0000000000000042ull);

    EXPECT_EQ(state.read_table(0, 8), 0x00000001fee01004ull);
    EXPECT_EQ(state.read_table(8, 8), 0x42ull);
    EXPECT_EQ(state.read_table(4, 4), 1u);
    EXPECT_EQ(state.read_table(1, 1), 0x10u);
}

TEST(InterruptState, StartsMaskedAfterAReset) {
    InterruptState state{with_msix(4), false};
    (void)state.config_changed(msix_control(0x8003));
    (void)program(state, 0, 0x30);

    EXPECT_THAT(state.reset(), ElementsAre(action::DisableAll{IrqIndex::Msix}));
    EXPECT_EQ(state.read_table(12, 4), 1u);
    EXPECT_THAT(state.reset(), IsEmpty());
}

TEST(InterruptState, GivesEachMsiVectorItsData) {
    FunctionView view;
    view.msi = MsiPlan{.at = 0x50, .vectors = 4, .wide = true};
    InterruptState state{view, false};
    // Two vectors granted; data 0x41 counts from 0x40.
    const auto config =
        support::ConfigBuilder{}.put16(0x52, 0x0091).put32(0x54, lapic).put16(0x5c, 0x0041).image();

    EXPECT_THAT(state.config_changed(config),
                ElementsAre(action::EnableVectors{IrqIndex::Msi, 2, {0, 1}},
                            action::SetRoute{0, message(0x40)}, action::SetRoute{1, message(0x41)},
                            action::CommitRoutes{}, action::Attach{0}, action::Attach{1}));
}

TEST(InterruptState, LetsMsixReplaceMsi) {
    auto view = with_msix(2);
    view.msi = MsiPlan{.at = 0x50, .vectors = 1};
    InterruptState state{view, false};
    auto config = support::ConfigBuilder{}.put16(0x52, 1).put32(0x54, lapic);
    (void)state.config_changed(config.image());

    EXPECT_THAT(
        state.config_changed(config.put16(0xc2, 0x8001).image()),
        ElementsAre(action::DisableAll{IrqIndex::Msi}, action::EnableEmpty{IrqIndex::Msix}));
}

}  // namespace
}  // namespace tenon::model
