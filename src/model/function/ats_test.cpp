#include "model/function/ats.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "model/chosen/machine_version.hpp"
#include "model/function/function_view.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::model::function {
namespace {

using enum chosen::AtsMode;
using enum chosen::PropertyOrigin;
using support::ConfigBuilder;
using testing::HasSubstr;

// What a host says, and through which interface: a group of VFIO and a kernel before 7.1 do not
// tell.
enum class Host { Supported, Unsupported, AskedByGroup, OlderKernel };
enum class Strict { ByOrigin, On, Off };
// What the guest is left with.
enum class Guest { Sees, DoesNotSee, CannotStart };
enum class Word { Silent, Warned };

chosen::FunctionProperties properties(chosen::AtsMode mode, chosen::PropertyOrigin origin,
                                      Strict strict) {
    chosen::FunctionProperties chosen{.version = "some", .ats = {.value = mode, .origin = origin}};
    if (strict != Strict::ByOrigin) chosen.ats_strict = strict == Strict::On;
    return chosen;
}

Known<bool> verdict(Host host) {
    if (host == Host::AskedByGroup) return Unknown{"the group interface of VFIO does not tell"};
    if (host == Host::OlderKernel) return Unknown{"kernels before 7.1 do not tell"};
    return host == Host::Supported;
}

// The host's answer as a plan has it.
std::string_view words_for(Host host) {
    switch (host) {
        case Host::Supported:
            return "supported";
        case Host::Unsupported:
            return "unsupported";
        case Host::AskedByGroup:
            return "unknown: the group interface of VFIO does not tell";
        case Host::OlderKernel:
            return "unknown: kernels before 7.1 do not tell";
    }
    return "";
}

Guest guest_of(const AtsOutcome& outcome) {
    if (outcome.refusal) return Guest::CannotStart;
    return outcome.shown ? Guest::Sees : Guest::DoesNotSee;
}

struct Expected {
    Guest guest;
    Word word;
};

// The table of the specification, row by row, in words of its own.
Expected expected(chosen::AtsMode mode, chosen::PropertyOrigin origin, Strict strict, Host host,
                  bool present) {
    const bool fails = strict == Strict::On || (strict == Strict::ByOrigin && origin == User);
    if (mode == Off) return {Guest::DoesNotSee, Word::Silent};
    if (!present) {
        if (mode == Auto) return {Guest::DoesNotSee, Word::Silent};
        if (fails) return {Guest::CannotStart, Word::Silent};
        return {Guest::DoesNotSee, origin == User ? Word::Warned : Word::Silent};
    }
    if (host != Host::Unsupported) return {Guest::Sees, Word::Silent};
    if (mode == Auto) return {Guest::DoesNotSee, Word::Warned};
    return fails ? Expected{Guest::CannotStart, Word::Silent} : Expected{Guest::Sees, Word::Warned};
}

using Case = std::tuple<chosen::AtsMode, chosen::PropertyOrigin, Strict, Host, bool>;
class AtsTable : public testing::TestWithParam<Case> {};

TEST_P(AtsTable, DecidesAsTheRowSays) {
    const auto [mode, origin, strict, host, present] = GetParam();
    const auto row = expected(mode, origin, strict, host, present);

    const auto outcome = decide_ats(properties(mode, origin, strict), verdict(host), present);

    EXPECT_EQ(guest_of(outcome), row.guest);
    EXPECT_EQ(outcome.warning.has_value(), row.word == Word::Warned);
    EXPECT_EQ(outcome.report.origin, origin);
    EXPECT_EQ(outcome.report.value, name_of(mode));
    EXPECT_EQ(outcome.report.host, words_for(host));
    EXPECT_FALSE(outcome.report.effect.empty());
}

INSTANTIATE_TEST_SUITE_P(
    All, AtsTable,
    testing::Combine(testing::Values(Auto, On, Off), testing::Values(Version, Compatibility, User),
                     testing::Values(Strict::ByOrigin, Strict::On, Strict::Off),
                     testing::Values(Host::Supported, Host::Unsupported, Host::AskedByGroup,
                                     Host::OlderKernel),
                     testing::Bool()));

// The rows that people read about, as literals.

TEST(DecideAts, FailsWhatTheUserAskedForAndTheKernelRefuses) {
    const auto outcome = decide_ats(properties(On, User, Strict::ByOrigin), false, true);

    EXPECT_THAT(outcome.refusal->what, HasSubstr("reports that it is not supported"));
    EXPECT_THAT(outcome.refusal->remedy, HasSubstr("x-ats-strict=off"));
}

TEST(DecideAts, FailsWhatTheUserAskedForAndTheDeviceLacks) {
    const auto outcome = decide_ats(properties(On, User, Strict::ByOrigin), true, false);

    EXPECT_EQ(outcome.refusal->what,
              "ATS is asked for, but the device has no ATS capability to show");
}

TEST(DecideAts, KeepsWhatAnOldVersionShowedWithOneWarning) {
    const auto outcome = decide_ats(properties(On, Compatibility, Strict::ByOrigin), false, true);

    EXPECT_TRUE(outcome.shown);
    EXPECT_FALSE(outcome.refusal);
    EXPECT_THAT(*outcome.warning, HasSubstr("shown though the host's kernel reports"));
}

TEST(DecideAts, DoesNotTakeBytesThatNobodyReadForNoCapability) {
    const auto outcome =
        decide_ats(properties(On, User, Strict::ByOrigin), true, Unknown{"256 bytes read"});

    EXPECT_FALSE(outcome.refusal);
    EXPECT_EQ(outcome.report.effect, "shown, if the device has the capability: 256 bytes read");
}

TEST(DecideAts, TellsTheVerdictAndWhatWouldChangeTheOutcome) {
    const auto outcome = decide_ats(properties(Auto, Version, Strict::ByOrigin), false, true);

    EXPECT_EQ(outcome.report.host, "unsupported");
    EXPECT_THAT(outcome.report.change, HasSubstr("ats=on insists"));
}

// The same through the whole view.

constexpr std::uint16_t ats_at = 0x148;

device::DeviceFacts device_with_ats(Known<bool> host) {
    device::DeviceFacts facts;
    facts.source = "device.lspci";
    facts.physical = ConfigBuilder{}
                         .head(0x80)
                         .express(0x80, 0)
                         .extended(0x100, 0x01, ats_at)
                         .extended(ats_at, 0x0f, 0x190)
                         .put32(ats_at + 4, 0x00000060)
                         .extended(0x190, 0x03, 0)
                         .image();
    facts.iommu.ats = std::move(host);
    return facts;
}

TEST(FunctionView, UnlinksAtsThatIsOffAndHidesItsBytes) {
    const auto view =
        build_function_view(device_with_ats(true), properties(Off, User, Strict::ByOrigin));

    const auto found = std::ranges::find(view.capabilities, 0x0f, &chosen::Decision::id);
    ASSERT_NE(found, view.capabilities.end());
    EXPECT_EQ(found->action, chosen::Action::Hide);
    EXPECT_EQ(found->why, "ats=off hides it");
    EXPECT_EQ(view.map.start.read32(0x100) >> 20, 0x190u);
    EXPECT_EQ(view.map.start.read32(ats_at), 0u);
    EXPECT_EQ(view.map.start.read32(ats_at + 4), 0u);
    EXPECT_EQ(view.map.rules32(ats_at + 4).ours, 0xffffffffu);
    EXPECT_EQ(view.map.rules32(ats_at).passed, 0u);
    EXPECT_EQ(view.map.rules32(ats_at + 4).passed, 0u);
}

TEST(FunctionView, HidesAtsThatTheKernelRefusesWithAWarning) {
    const auto view = build_function_view(device_with_ats(false));

    EXPECT_TRUE(view.assignable);
    EXPECT_EQ(view.map.start.read32(0x100) >> 20, 0x190u);
    EXPECT_THAT(view.warnings, testing::Contains(HasSubstr("ATS is hidden")));
}

TEST(FunctionView, ShowsAtsOfWhichTheKernelSaysNothing) {
    const auto view = build_function_view(device_with_ats(Unknown{"group interface"}));

    EXPECT_EQ(view.map.start.read32(0x100) >> 20, ats_at);
    EXPECT_EQ(view.properties.front().host, "unknown: group interface");
}

TEST(FunctionView, CannotBeAssignedWhereAtsIsAskedForInVain) {
    const auto view =
        build_function_view(device_with_ats(false), properties(On, User, Strict::ByOrigin));

    EXPECT_FALSE(view.assignable);
    EXPECT_THAT(view.reasons.front().what, HasSubstr("ATS is asked for"));
}

}  // namespace
}  // namespace tenon::model::function
