#include "model/function/intx_trouble.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/function/function_view.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::model::function {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

TEST(IntxTrouble, IsFoundByIds) {
    EXPECT_EQ(find_intx_trouble(0x10ec, 0x8169)->fault, IntxFault::NotMasked);
    EXPECT_EQ(find_intx_trouble(0x15b3, 0x1013)->fault, IntxFault::OldFirmware);
    EXPECT_EQ(find_intx_trouble(0x8086, 0x1572)->fault, IntxFault::HiddenByVfio);
    EXPECT_EQ(find_intx_trouble(0x10ec, 0x8168), nullptr);  // Another kind of device.
    EXPECT_EQ(find_intx_trouble(0x8086, 0x1582), nullptr);
}

TEST(IntxTrouble, SaysWhoElseIsOnTheLine) {
    EXPECT_EQ(line_in_words(Unknown{"no"}), "");
    EXPECT_EQ(line_in_words(device::LineFacts{.number = 16}), "IRQ 16, alone");
    EXPECT_EQ(line_in_words(device::LineFacts{
                  .number = 16,
                  .functions = {{.address = {.device = 0x1b}, .driver = "snd_hda_intel"},
                                {.address = {.device = 0x1c}}},
                  .handlers = {"i801_smbus", "snd_hda_intel:card0"}}),
              "IRQ 16, with 0000:00:1b.0 (driver snd_hda_intel), 0000:00:1c.0, \"i801_smbus\" in "
              "/proc/interrupts");
}

TEST(IntxTrouble, CountsWhoseNameIsTakenAway) {
    const device::LineFacts line{.number = 16, .functions = {}, .handlers = {""}};

    EXPECT_EQ(line_in_words(line), "IRQ 16, with one that /proc/interrupts names");
    EXPECT_TRUE(is_shared(line));
}

TEST(IntxTrouble, CountsNoFunctionWithoutADriver) {
    EXPECT_FALSE(
        is_shared(device::LineFacts{.number = 16, .functions = {{.address = {.device = 2}}}}));
}

// A device with INTA, and MSI-X if wanted.
device::DeviceFacts device_of(std::uint32_t ids, bool messages = false) {
    support::ConfigBuilder builder;
    builder.put32(0x00, ids).put8(0x3d, 1).put32(0x10, 0xfe800004);
    if (messages) builder.head(0x40).msix(0x40, 0);
    device::DeviceFacts facts;
    facts.source = "dump";
    facts.physical = builder.image();
    return facts;
}

TEST(IntxTrouble, WarnsWhoSharesTheLineAndOffersToGoWithout) {
    auto facts = device_of(0x816910ec, true);
    facts.line = device::LineFacts{
        .number = 16, .functions = {{.address = {.device = 0x1b}, .driver = "snd_hda_intel"}}};

    const auto warnings = build_function_view(facts).warnings;

    EXPECT_THAT(warnings, Contains(HasSubstr("INTx cannot be masked in this device")));
    EXPECT_THAT(warnings, Contains(HasSubstr("IRQ 16, with 0000:00:1b.0 (driver snd_hda_intel)")));
    EXPECT_THAT(warnings, Contains(HasSubstr("EBUSY")));
    EXPECT_THAT(warnings,
                Contains(HasSubstr("intx=off goes without INTx, and its driver has MSI")));
    EXPECT_THAT(warnings, Contains(HasSubstr("quirk_broken_intx_masking")));
}

TEST(IntxTrouble, WarnsWhereNobodyKnowsTheLine) {
    const auto warnings = build_function_view(device_of(0x816910ec)).warnings;

    EXPECT_THAT(warnings, Contains(HasSubstr("which is not known (not read)")));
    EXPECT_THAT(warnings, Contains(HasSubstr("its driver has to poll")));
}

TEST(IntxTrouble, IsNoneWhereTheLineIsItsOwn) {
    auto facts = device_of(0x816910ec);
    facts.line = device::LineFacts{.number = 16};

    const auto view = build_function_view(facts);

    EXPECT_THAT(view.warnings, Not(Contains(HasSubstr("INTx cannot be masked"))));
    EXPECT_EQ(view.intx->host_line, "IRQ 16, alone");
}

TEST(IntxTrouble, IsNoneWithoutIntx) {
    chosen::FunctionProperties properties;
    properties.intx = {.value = chosen::IntxChoice::Off, .origin = chosen::PropertyOrigin::User};

    EXPECT_THAT(build_function_view(device_of(0x816910ec), properties).warnings,
                Not(Contains(HasSubstr("INTx cannot be masked"))));
}

TEST(IntxTrouble, HidesThePinThatVfioWillHide) {
    const auto view = build_function_view(device_of(0x15728086, true));

    EXPECT_FALSE(view.intx);
    EXPECT_EQ(view.map.start.read8(0x3d), 0u);
    EXPECT_THAT(view.no_intx, HasSubstr("vfio-pci hides it"));
}

TEST(IntxTrouble, LeavesThePinThatVfioShows) {
    auto facts = device_of(0x15728086, true);
    facts.vfio = device::VfioFacts{.config = *facts.physical};
    facts.vfio->irqs[0] = {.count = 1, .eventfd = true, .maskable = true};

    EXPECT_TRUE(build_function_view(facts).intx);
}

}  // namespace
}  // namespace tenon::model::function
