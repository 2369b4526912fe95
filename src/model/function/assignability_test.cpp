#include "model/function/assignability.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/function/function_view.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::model::function {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

FunctionView view_of(std::uint32_t class_code, device::Origin origin) {
    device::DeviceFacts facts{"dump", origin};
    facts.physical = support::ConfigBuilder{}.put32(0x08, class_code << 8).image();
    facts.address = pci::Address{};
    facts.driver = std::string{"somebody's"};
    facts.has_iommu = false;
    return build_function_view(facts);
}

TEST(Assignability, LeavesPartsOfTheHostToIt) {
    for (const std::uint32_t part : {0x060000, 0x060100, 0x080020, 0x080200, 0x080600}) {
        for (const auto origin : {device::Origin::File, device::Origin::Live}) {
            const auto view = view_of(part, origin);

            EXPECT_FALSE(view.assignable);
            ASSERT_THAT(view.reasons, SizeIs(1)) << std::hex << part;
            EXPECT_THAT(view.reasons[0].what, HasSubstr("a part of the host itself"));
            EXPECT_TRUE(view.reasons[0].commands.empty());
            EXPECT_TRUE(view.reasons[0].remedy.empty());
        }
    }
}

// An NVSwitch and a non-transparent bridge are of class 0680, a DMA engine of 0880.
TEST(Assignability, TakesOtherBridgesAndPeripheralsForDevices) {
    for (const std::uint32_t device : {0x068000, 0x088000, 0x050000, 0x0c0500})
        EXPECT_TRUE(view_of(device, device::Origin::File).assignable) << std::hex << device;
}

TEST(Assignability, NamesAHostBridgeAndItsClass) {
    EXPECT_EQ(reason_by_class(0x060000)->what,
              "it is a host bridge (class 0600), a part of the host itself: it stays there");
    EXPECT_FALSE(reason_by_class(0x010802));
}

TEST(Assignability, TellsTheLackOfAnIommuFromOtherReasons) {
    const auto view = view_of(0x010802, device::Origin::Live);

    ASSERT_THAT(view.reasons, SizeIs(2));
    EXPECT_FALSE(is_lack_of_iommu(view.reasons[0]));
    EXPECT_TRUE(is_lack_of_iommu(view.reasons[1]));
}

// A function that a text describes, with another one in its group.
device::DeviceFacts words_of_card(device::GroupMember other) {
    device::DeviceFacts facts{"text", device::Origin::File};
    facts.address = pci::Address{.bus = 1};
    facts.physical = Unknown{"no bytes"};
    facts.driver = std::string{"vfio-pci"};
    facts.nodes = Unknown{"not told"};
    facts.has_iommu = true;
    facts.group = device::GroupFacts{.number = 1, .members = {std::move(other)}};
    facts.words = device::Words{};
    return facts;
}

TEST(Assignability, OfWordsFollowsFromTheHostThatTheyTell) {
    const auto blocked = build_function_view(
        words_of_card({.address = {.bus = 1, .function = 1}, .driver = "snd_hda_intel"}));
    EXPECT_FALSE(blocked.assignable);
    EXPECT_FALSE(blocked.guest_view);
    ASSERT_THAT(blocked.reasons, SizeIs(1));
    EXPECT_EQ(blocked.reasons[0].what,
              "0000:01:00.1 of the same IOMMU group 1 is bound to snd_hda_intel: a group is "
              "assigned as a whole or not at all");
    // Commands would bind a device of whoever reads them.
    EXPECT_EQ(blocked.reasons[0].remedy, "bind 0000:01:00.1 to vfio-pci on its own host");
    EXPECT_TRUE(blocked.reasons[0].commands.empty());

    const auto port = build_function_view(
        words_of_card({.address = {.device = 1}, .driver = "pcieport", .is_bridge = true}));
    EXPECT_TRUE(port.assignable);
    EXPECT_THAT(port.unknowns, testing::Contains(HasSubstr("what a guest would see of it")));
}

TEST(Assignability, OfWordsDoesNotTakeADriverThatIsNotToldForNone) {
    const auto view = build_function_view(
        words_of_card({.address = {.bus = 1, .function = 1}, .driver = "", .driver_known = false}));

    EXPECT_THAT(view.unknowns,
                testing::Contains("the driver of 0000:01:00.1, of the same IOMMU group 1"));
}

TEST(Assignability, WarnsOfWhatStandsInTheWayOnTheHostOfADump) {
    auto facts = words_of_card({.address = {.bus = 1, .function = 1}, .driver = "snd_hda_intel"});
    facts.physical = support::ConfigBuilder{}.image();

    const auto view = build_function_view(facts);

    EXPECT_TRUE(view.assignable);
    EXPECT_THAT(view.warnings,
                testing::Contains(HasSubstr("on its host, 0000:01:00.1 of the same IOMMU group")));
}

TEST(Assignability, SaysWhatIsNotOfferedOfIntegratedGraphics) {
    device::DeviceFacts facts{"dump", device::Origin::File};
    facts.physical = support::ConfigBuilder{}.put32(0, 0x3e928086).put32(0x08, 0x03000000).image();
    facts.address = pci::Address{.device = 2};
    EXPECT_THAT(build_function_view(facts).warnings,
                testing::Contains(HasSubstr("its OpRegion, its stolen memory and legacy mode")));

    facts.address = pci::Address{.bus = 3};  // A card of the same vendor.
    EXPECT_THAT(build_function_view(facts).warnings,
                testing::Not(testing::Contains(HasSubstr("OpRegion"))));
}

TEST(Assignability, OfWordsRefusesWhatTheKernelRefused) {
    auto facts = words_of_card({.address = {.device = 1}, .driver = "", .is_bridge = true});
    facts.words->refusals = {"the firmware keeps memory mapped for it"};
    EXPECT_FALSE(build_function_view(facts).assignable);

    facts.physical = support::ConfigBuilder{}.image();
    EXPECT_FALSE(build_function_view(facts).assignable);
}

TEST(Assignability, OfWordsWarnsOfKnownTrouble) {
    auto facts = words_of_card({.address = {.device = 1}, .driver = "", .is_bridge = true});
    facts.identity = device::Identity{.vendor = 0x1002, .device = 0x67df, .class_code = 0x030000};
    EXPECT_THAT(build_function_view(facts).warnings,
                testing::Contains(HasSubstr("known trouble with its reset")));

    facts.identity = device::Identity{.vendor = 0x8086, .device = 0x1572, .class_code = 0x020000};
    EXPECT_THAT(build_function_view(facts).warnings,
                testing::Contains(HasSubstr("vfio-pci hides its INTx")));
}

TEST(Assignability, SaysWhichDriverADumpNames) {
    device::DeviceFacts facts{"dump", device::Origin::File};
    facts.address = pci::Address{.bus = 2};
    facts.physical = support::ConfigBuilder{}.image();
    facts.driver = std::string{"igb"};
    facts.nodes = Unknown{"not told"};
    facts.words = device::Words{};

    EXPECT_THAT(build_function_view(facts).warnings,
                testing::Contains("on its host, it is bound to the host driver igb, not to "
                                  "vfio-pci; bind 0000:02:00.0 to vfio-pci on its own host"));
}

TEST(Assignability, OffersNoPartOfTheBoard) {
    auto facts = words_of_card({.address = {.device = 1}, .driver = "", .is_bridge = true});
    facts.address = pci::Address{.device = 0x1f, .function = 4};
    facts.driver = std::string{"i801_smbus"};
    facts.words->class_code = 0x0c0500;

    EXPECT_EQ(build_function_view(facts).reasons.at(0).remedy,
              "it is an SMBus controller of the host's board, which goes to no guest");
}

}  // namespace
}  // namespace tenon::model::function
