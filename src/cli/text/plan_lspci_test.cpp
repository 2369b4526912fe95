#include "cli/text/plan_lspci.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/config_builder.hpp"

namespace tenon::cli::text {
namespace {

using support::ConfigBuilder;

model::machine::MachinePlan plan_of(const pci::ConfigImage& config) {
    device::DeviceFacts facts;
    facts.physical = config;
    return model::machine::make_plan({.devices = {{.facts = facts}}}).value();
}

TEST(PlanLspci, WritesASlotLineRowsAndAnEmptyLine) {
    const auto text = render_lspci(plan_of(ConfigBuilder{256}.image()));

    EXPECT_EQ(text.substr(0, text.find("10: ")),
              "01:00.0 0108: 1b36:0010 (rev 02)\n"
              "00: 36 1b 10 00 00 00 00 00 02 02 08 01 00 00 00 00\n");
    EXPECT_EQ(std::ranges::count(text, '\n'), 18);
    EXPECT_TRUE(text.ends_with("\n\n"));
}

TEST(PlanLspci, NumbersRowsAsLspciDoes) {
    const auto text = render_lspci(plan_of(ConfigBuilder{}.head(0x80).express(0x80, 0).image()));

    EXPECT_EQ(std::ranges::count(text, '\n'), 258);
    EXPECT_NE(text.find("\nf0: 00"), std::string::npos);
    EXPECT_NE(text.find("\n100: 00"), std::string::npos);
    EXPECT_NE(text.find("\nff0: 00"), std::string::npos);
}

TEST(PlanLspci, ShowsNoMoreThanWasRead) {
    EXPECT_EQ(std::ranges::count(render_lspci(plan_of(ConfigBuilder{64}.image())), '\n'), 6);
    EXPECT_EQ(
        std::ranges::count(
            render_lspci(plan_of(ConfigBuilder{256}.head(0x80).express(0x80, 0).image())), '\n'),
        18);
}

TEST(PlanLspci, LeavesOutWhatNoGuestCanHave) {
    EXPECT_EQ(render_lspci(plan_of(ConfigBuilder{256}.put8(0x0e, 1).image())), "");
}

TEST(PlanLspci, SaysOfWordsThatThereAreNoBytes) {
    device::DeviceFacts facts;
    facts.address = pci::Address{.bus = 1};
    facts.words = device::Words{.name = "a card", .express = {}, .told = {}, .warnings = {}};
    const auto words = model::machine::make_plan({.devices = {{.facts = facts}}}).value();

    EXPECT_EQ(render_lspci(words), "");
    EXPECT_EQ(render_lack_of_bytes(words),
              "  dev0 0000:01:00.0: there are no bytes of it to print: lspci -xxxx, as root, has "
              "them\n");
    EXPECT_EQ(render_lack_of_bytes(plan_of(ConfigBuilder{64}.image())), "");
}

TEST(PlanLspci, LeavesOutARevisionOfZero) {
    const auto text = render_lspci(plan_of(ConfigBuilder{64}.put8(0x08, 0).image()));

    EXPECT_TRUE(text.starts_with("01:00.0 0108: 1b36:0010\n"));
}

}  // namespace
}  // namespace tenon::cli::text
