#include "model/running/interrupt_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/config_builder.hpp"

namespace tenon::model::running {
namespace {

using device::IrqIndex;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint32_t lapic = 0xfee00000;

function::FunctionView with_msix(std::uint16_t vectors) {
    function::FunctionView view;
    view.msix = function::MsixPlan{.at = 0xc0, .vectors = vectors};
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
                            action::Attach{2}, action::ConnectVectors{{2}}));
}

TEST(InterruptState, CommitsTheRoutesOfABurstOnce) {
    InterruptState state{with_msix(4), false};
    (void)program(state, 0, 0x30);
    (void)program(state, 1, 0x31);

    EXPECT_THAT(state.config_changed(msix_control(0x8003)),
                ElementsAre(action::EnableEmpty{IrqIndex::Msix}, action::SetRoute{0, message(0x30)},
                            action::SetRoute{1, message(0x31)}, action::CommitRoutes{},
                            action::Attach{0}, action::Attach{1}, action::ConnectVectors{{0, 1}}));
}

TEST(InterruptState, MasksWithoutTouchingTheHost) {
    InterruptState state{with_msix(4), false};
    (void)state.config_changed(msix_control(0x8003));
    (void)program(state, 0, 0x30);

    EXPECT_THAT(state.write_table(12, 4, 1), ElementsAre(action::Detach{0}));
    EXPECT_EQ(state.pending_at(0), PendingAt::Event);
    EXPECT_THAT(state.write_table(12, 4, 0), ElementsAre(action::Attach{0}));
    EXPECT_EQ(state.pending_at(0), PendingAt::Nowhere);
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

TEST(InterruptState, GrowsByDoublingWhereTheHostCannotAddAndFiresAllThatAreOpen) {
    InterruptState state{with_msix(8), true};
    (void)state.config_changed(msix_control(0x8007));

    // Switching MSI-X on took vector 0.
    EXPECT_THAT(program(state, 0, 0x30), testing::Contains(action::ConnectVectors{{0}}));
    EXPECT_THAT(program(state, 1, 0x31),
                ElementsAre(action::SetRoute{1, message(0x31)}, action::CommitRoutes{},
                            action::Attach{1}, action::EnableVectors{IrqIndex::Msix, 2, {0, 1}},
                            action::Fire{0}, action::Fire{1}));
    (void)program(state, 2, 0x32);
    // Four vectors are there now: the fourth needs nothing but its event, and what may be lost.
    EXPECT_THAT(program(state, 3, 0x33),
                ElementsAre(action::SetRoute{3, message(0x33)}, action::CommitRoutes{},
                            action::Attach{3}, action::Fire{3}, action::ConnectVectors{{3}}));
}

TEST(InterruptState, OwesAMaskedVectorOneInterruptAfterTheHostsIndexWasOff) {
    InterruptState state{with_msix(8), true};
    (void)state.config_changed(msix_control(0x8007));
    (void)program(state, 0, 0x30);
    (void)state.write_table(12, 4, 1);
    (void)program(state, 1, 0x31);

    EXPECT_THAT(state.write_table(12, 4, 0), ElementsAre(action::Attach{0}, action::Fire{0}));
    (void)state.write_table(12, 4, 1);
    EXPECT_THAT(state.write_table(12, 4, 0), ElementsAre(action::Attach{0}));
}

TEST(InterruptState, TakesNeverMoreThanTwiceWhatIsUsed) {
    InterruptState state{with_msix(100), true};
    (void)state.config_changed(msix_control(0x8063));
    unsigned growths = 0;

    for (std::uint32_t vector = 0; vector < 100; ++vector)
        for (const auto& action : program(state, vector, vector))
            if (const auto* const grown = std::get_if<action::EnableVectors>(&action)) {
                ++growths;
                EXPECT_LE(grown->count, 2 * (vector + 1));
            }

    EXPECT_EQ(growths, 7u);  // 2, 4, 8, 16, 32, 64, 100
}

TEST(InterruptState, ConnectsWhatStandsTogetherByOneCall) {
    InterruptState state{with_msix(8), false};
    (void)state.config_changed(msix_control(0xc007));
    for (const std::uint32_t vector : {0u, 1u, 3u, 5u})
        (void)program(state, vector, vector);

    EXPECT_THAT(state.config_changed(msix_control(0x8007)),
                testing::Contains(action::ConnectVectors{{0, 1, 3, 5}}));
}

TEST(InterruptState, RefusesAMessageThatIsNoInterruptAndSaysSoOnce) {
    InterruptState state{with_msix(4), false};
    (void)state.config_changed(msix_control(0x8003));
    (void)state.write_table(0, 4, 0x1000);

    EXPECT_THAT(
        state.write_table(12, 4, 0),
        ElementsAre(action::Report{Incident::NoInterrupt, 0, {.address = 0x1000, .data = 0}}));
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
    function::FunctionView view;
    view.msi = function::MsiPlan{.at = 0x50, .vectors = 4, .wide = true};
    InterruptState state{view, false};
    // Two vectors granted; data 0x41 counts from 0x40.
    const auto config =
        support::ConfigBuilder{}.put16(0x52, 0x0091).put32(0x54, lapic).put16(0x5c, 0x0041).image();

    EXPECT_THAT(state.config_changed(config),
                ElementsAre(action::EnableVectors{IrqIndex::Msi, 2, {0, 1}},
                            action::SetRoute{0, message(0x40)}, action::SetRoute{1, message(0x41)},
                            action::CommitRoutes{}, action::Attach{0}, action::Attach{1}));
}

TEST(InterruptState, TakesTheMsiVectorsThatTheHostOffers) {
    function::FunctionView view;
    view.msi = function::MsiPlan{.at = 0x50, .vectors = 8, .wide = true};
    InterruptState state{view, false};
    const auto config =
        support::ConfigBuilder{}.put16(0x52, 0x00b1).put32(0x54, lapic).put16(0x5c, 0x0040).image();
    const auto asked = state.config_changed(config);

    const auto answer = state.refused(asked.front(), 2);

    EXPECT_THAT(answer, testing::Contains(action::EnableVectors{IrqIndex::Msi, 2, {0, 1}}));
    EXPECT_THAT(answer, testing::Contains(action::Report{Incident::FewerVectors, 2, {}}));
    EXPECT_THAT(answer, testing::Contains(action::Detach{7}));
}

TEST(InterruptState, LeavesAVectorSilentThatTheHostRefuses) {
    InterruptState state{with_msix(4), false};
    (void)state.config_changed(msix_control(0x8003));
    const auto asked = program(state, 2, 0x31);

    EXPECT_THAT(state.refused(asked.back(), std::nullopt),
                ElementsAre(action::Detach{2}, action::DropRoute{2},
                            action::Report{Incident::Silent, 2, {}}));
    EXPECT_THAT(state.write_table(0x2c, 4, 1), IsEmpty());
    EXPECT_THAT(state.write_table(0x2c, 4, 0), IsEmpty());
}

TEST(InterruptState, DeliversItselfWhatKvmRefuses) {
    InterruptState state{with_msix(4), false};
    (void)state.config_changed(msix_control(0x8003));
    (void)program(state, 1, 0x31);

    EXPECT_THAT(
        state.refused(action::Attach{1}, std::nullopt),
        ElementsAre(action::Detach{1}, action::DropRoute{1},
                    action::Report{Incident::Relayed, 1, {}}, action::Relay{1, message(0x31)}));
    EXPECT_THAT(state.write_table(0x18, 4, 0x41), ElementsAre(action::Relay{1, message(0x41)}));
    EXPECT_THAT(state.write_table(0x1c, 4, 1), ElementsAre(action::Detach{1}));
    EXPECT_THAT(state.write_table(0x1c, 4, 0), ElementsAre(action::Relay{1, message(0x41)}));
}

// Command: decoding and bus mastering on, Interrupt Disable clear.
pci::ConfigImage command(std::uint16_t value) {
    return support::ConfigBuilder{}.put16(0x04, value).image();
}

function::FunctionView with_intx() {
    auto view = with_msix(4);
    view.intx = function::IntxPlan{.pin = 1, .why = {}};
    return view;
}

TEST(InterruptState, SwitchesIntxOnWithTheFunction) {
    InterruptState state{with_intx(), false};

    EXPECT_THAT(state.config_changed(command(0)), IsEmpty());
    EXPECT_THAT(state.config_changed(command(0x0006)),
                ElementsAre(action::AttachIntx{function::IntxDelivery::Irqfd},
                            action::EnableIntx{function::IntxDelivery::Irqfd}));
    EXPECT_THAT(state.config_changed(command(0)),
                ElementsAre(action::DetachIntx{}, action::DisableIntx{}));
}

TEST(InterruptState, HonoursInterruptDisableWithoutTouchingTheHost) {
    InterruptState state{with_intx(), false};
    (void)state.config_changed(command(0x0006));

    EXPECT_THAT(state.config_changed(command(0x0406)), ElementsAre(action::DetachIntx{}));
    EXPECT_THAT(state.config_changed(command(0x0006)),
                ElementsAre(action::AttachIntx{function::IntxDelivery::Irqfd}));
}

TEST(InterruptState, LeavesIntxForMsixAndComesBack) {
    InterruptState state{with_intx(), false};
    (void)state.config_changed(command(0x0006));

    EXPECT_THAT(state.config_changed(
                    support::ConfigBuilder{}.put16(0x04, 0x0006).put16(0xc2, 0x8003).image()),
                ElementsAre(action::DetachIntx{}, action::DisableIntx{},
                            action::EnableEmpty{IrqIndex::Msix}));
    EXPECT_THAT(state.config_changed(command(0x0006)),
                ElementsAre(action::DisableAll{IrqIndex::Msix},
                            action::AttachIntx{function::IntxDelivery::Irqfd},
                            action::EnableIntx{function::IntxDelivery::Irqfd}));
}

TEST(InterruptState, DeliversIntxItselfWhereKvmOrVfioCannot) {
    InterruptState state{with_intx(), false};
    (void)state.config_changed(command(0x0006));

    EXPECT_THAT(state.refused(action::AttachIntx{function::IntxDelivery::Irqfd}, std::nullopt),
                ElementsAre(action::DetachIntx{}, action::DisableIntx{},
                            action::Report{Incident::IntxTrapped, 0, {}},
                            action::AttachIntx{function::IntxDelivery::Trapped},
                            action::EnableIntx{function::IntxDelivery::Trapped}));
    EXPECT_THAT(state.refused(action::EnableIntx{function::IntxDelivery::Irqfd}, std::nullopt),
                IsEmpty());
    EXPECT_THAT(state.refused(action::EnableIntx{function::IntxDelivery::Trapped}, std::nullopt),
                ElementsAre(action::DetachIntx{}, action::DisableIntx{},
                            action::Report{Incident::IntxSilent, 0, {}}));
}

TEST(InterruptState, LetsMsixReplaceMsi) {
    auto view = with_msix(2);
    view.msi = function::MsiPlan{.at = 0x50, .vectors = 1};
    InterruptState state{view, false};
    auto config = support::ConfigBuilder{}.put16(0x52, 1).put32(0x54, lapic);
    (void)state.config_changed(config.image());

    EXPECT_THAT(
        state.config_changed(config.put16(0xc2, 0x8001).image()),
        ElementsAre(action::DisableAll{IrqIndex::Msi}, action::EnableEmpty{IrqIndex::Msix}));
}

}  // namespace
}  // namespace tenon::model::running
