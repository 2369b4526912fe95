#include "model/function/pasid.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "tests/support/config_builder.hpp"

namespace tenon::model::function {
namespace {

using enum chosen::PropertyOrigin;
using support::ConfigBuilder;
using testing::HasSubstr;
using testing::IsEmpty;

enum class Host { Wide, Narrow, None, Unknown };
enum class Viommu { None, Narrow, Wide };
enum class Where { Chosen, UsersHole, UsersMistake, NoRoom, NotRead };
enum class Kernel { Hides, Shows };
// What the guest is left with.
enum class Guest { SeesOurs, SeesTheKernels, DoesNotSee, CannotStart };

Known<device::PasidFacts> facts_of(Host host) {
    switch (host) {
        case Host::Wide:
            return device::PasidFacts{.width = 20, .execute = true, .privileged = false};
        case Host::Narrow:
            return device::PasidFacts{.width = 12, .execute = false, .privileged = true};
        case Host::None:
            return device::PasidFacts{};
        case Host::Unknown:
            break;
    }
    return Unknown{"nobody asked"};
}

unsigned width_of(Viommu viommu) {
    return viommu == Viommu::None ? 0 : viommu == Viommu::Narrow ? 16 : 20;
}

// A capability 0x100-0x10b, or one that takes all of the space.
pci::Ownership owners(bool full) {
    auto config = ConfigBuilder{}.head(0x80).express(0x80, 0).extended(0x100, 0x03, 0);
    if (full) config.extended(0x100, 0x0b, 0).put32(0x104, 0xf0000000);
    return pci::find_owners(config.image(), pci::list_capabilities(config.image()));
}

struct Case {
    chosen::PasidMode mode = chosen::PasidMode::Auto;
    chosen::PropertyOrigin origin = Version;
    Host host = Host::Wide;
    Viommu viommu = Viommu::Wide;
    Where where = Where::Chosen;
    Kernel kernel = Kernel::Hides;
    bool opened = true;
    device::Interface interface = device::Interface::Automatic;
};

PasidOutcome decide(const Case& one) {
    chosen::FunctionProperties properties{.version = "some",
                                          .pasid = {.value = one.mode, .origin = one.origin},
                                          .viommu_pasid_width = width_of(one.viommu),
                                          .interface = one.interface};
    if (one.where == Where::UsersHole) properties.pasid_offset = {.value = 0x200, .origin = User};
    if (one.where == Where::UsersMistake)
        properties.pasid_offset = {.value = 0x104, .origin = User};
    const auto ownership = owners(one.where == Where::NoRoom);
    const auto host = facts_of(one.host);
    PasidFacts facts{.host = host,
                     .opened = one.opened,
                     .shown_by_kernel = one.kernel == Kernel::Shows,
                     .extended_list = true};
    if (one.where != Where::NotRead) facts.space.emplace(ownership, true);
    return decide_pasid(properties, facts);
}

Guest guest_of(const PasidOutcome& outcome) {
    if (!outcome.refusals.empty()) return Guest::CannotStart;
    if (outcome.plan) return Guest::SeesOurs;
    return outcome.keep ? Guest::SeesTheKernels : Guest::DoesNotSee;
}

// The rules of the specification in words of its own.
Guest expected(const Case& one) {
    if (one.mode == chosen::PasidMode::Off) return Guest::DoesNotSee;
    if (one.kernel == Kernel::Shows) return Guest::SeesTheKernels;
    if (one.where == Where::UsersMistake) return Guest::CannotStart;
    const bool asked = one.mode == chosen::PasidMode::On && one.origin == User;
    const auto without = asked ? Guest::CannotStart : Guest::DoesNotSee;
    if (one.viommu == Viommu::None || one.interface == device::Interface::Group) return without;
    // What is not known yet may still be had.
    if (one.host == Host::Unknown) return one.opened ? without : Guest::DoesNotSee;
    if (one.host == Host::None) return without;
    if (one.where == Where::NotRead) return Guest::DoesNotSee;
    return one.where == Where::NoRoom ? without : Guest::SeesOurs;
}

using Row = std::tuple<std::tuple<chosen::PasidMode, chosen::PropertyOrigin>, Host, Viommu, Where,
                       Kernel, bool, device::Interface>;
class PasidTable : public testing::TestWithParam<Row> {};

TEST_P(PasidTable, DecidesAsTheRowSays) {
    const auto& [setting, host, viommu, where, kernel, opened, interface] = GetParam();
    const Case one{.mode = std::get<0>(setting),
                   .origin = std::get<1>(setting),
                   .host = host,
                   .viommu = viommu,
                   .where = where,
                   .kernel = kernel,
                   .opened = opened,
                   .interface = interface};

    const auto outcome = decide(one);

    EXPECT_EQ(guest_of(outcome), expected(one));
    ASSERT_FALSE(outcome.reports.empty());
    EXPECT_EQ(outcome.reports.front().origin, one.origin);
    EXPECT_FALSE(outcome.reports.front().effect.empty());
    if (outcome.plan) {
        EXPECT_EQ(outcome.plan->width, std::min(facts_of(host)->width, width_of(viommu)));
        EXPECT_EQ(outcome.plan->execute, host == Host::Wide);
        EXPECT_EQ(outcome.plan->privileged, host == Host::Narrow);
        EXPECT_EQ(outcome.plan->at, where == Where::UsersHole ? 0x200 : 0xff8);
    }
}

INSTANTIATE_TEST_SUITE_P(
    All, PasidTable,
    testing::Combine(testing::Values(std::tuple{chosen::PasidMode::Auto, Version},
                                     std::tuple{chosen::PasidMode::Auto, User},
                                     std::tuple{chosen::PasidMode::On, User},
                                     std::tuple{chosen::PasidMode::On, Compatibility},
                                     std::tuple{chosen::PasidMode::Off, User}),
                     testing::Values(Host::Wide, Host::Narrow, Host::None, Host::Unknown),
                     testing::Values(Viommu::None, Viommu::Narrow, Viommu::Wide),
                     testing::Values(Where::Chosen, Where::UsersHole, Where::UsersMistake,
                                     Where::NoRoom, Where::NotRead),
                     testing::Values(Kernel::Hides, Kernel::Shows), testing::Bool(),
                     testing::Values(device::Interface::Automatic, device::Interface::Group)));

TEST(DecidePasid, SaysThatAnIommuOfTheGuestIsMissing) {
    const auto outcome =
        decide({.mode = chosen::PasidMode::On, .origin = User, .viommu = Viommu::None});

    EXPECT_EQ(outcome.refusals.front().what,
              "PASID is asked for, but the guest has no IOMMU that takes PASIDs");
    EXPECT_EQ(outcome.refusals.front().remedy, "--viommu pasid");
}

TEST(DecidePasid, GoesWithoutQuietlyWhereNobodyAsked) {
    EXPECT_THAT(decide({.viommu = Viommu::None}).warnings, IsEmpty());
    EXPECT_THAT(decide({.host = Host::None}).warnings, IsEmpty());
}

TEST(DecidePasid, SaysThatThereIsNoRoom) {
    EXPECT_THAT(decide({.where = Where::NoRoom}).warnings.front(), HasSubstr("no room"));
}

TEST(DecidePasid, WarnsOfACapabilityThatNoIommuOfTheGuestServes) {
    const auto outcome = decide({.viommu = Viommu::None, .kernel = Kernel::Shows});

    EXPECT_TRUE(outcome.keep);
    EXPECT_THAT(outcome.warnings.front(), HasSubstr("no IOMMU that takes PASIDs"));
}

TEST(DecidePasid, TellsHowToPinThePlace) {
    const auto outcome = decide({});

    EXPECT_EQ(outcome.reports[0].effect,
              "shown at 0xff8, 20 bits: the smaller of the host's 20 and the guest's 20");
    EXPECT_EQ(outcome.reports[1].change, "pasid-offset=0xff8 pins it");
}

TEST(EmulatePasid, ShowsWidthAndPermissionsReadOnly) {
    RegisterMap map;
    map.pass(0x100, 0x100);

    emulate_pasid(map, {.at = 0x100, .width = 20, .execute = true, .privileged = false});

    EXPECT_EQ(map.start.read32(0x100), 0x0001001bu);
    EXPECT_EQ(map.start.read16(0x104), 0x1402u);
    EXPECT_EQ(map.start.read16(0x106), 0u);
    EXPECT_EQ(map.rules32(0x100).writable, 0u);
    EXPECT_EQ(map.rules16(0x104).writable, 0u);
    EXPECT_EQ(map.rules16(0x106).writable, 0x0003u);
    EXPECT_EQ(map.rules32(0x100).passed, 0u);
    EXPECT_EQ(map.rules32(0x104).passed, 0u);
    EXPECT_EQ(map.rules32(0x104).ours, 0xffffffffu);
}

TEST(EmulatePasid, LetsAGuestEnableWhatIsSupportedAlone) {
    RegisterMap map;

    emulate_pasid(map, {.at = 0xff8, .width = 1, .execute = false, .privileged = true});

    EXPECT_EQ(map.start.read16(0xffc), 0x0104u);
    EXPECT_EQ(map.rules16(0xffe).writable, 0x0005u);
}

}  // namespace
}  // namespace tenon::model::function
