// Both pictures of configuration space, as text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.hpp"
#include "cli/text/map_svg.hpp"
#include "cli/text/map_text.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::cli::text {
namespace {

using support::ConfigBuilder;
using testing::HasSubstr;
using testing::Not;

// PCI Express at 40 to 73, AER at 100 to 12b, SR-IOV (hidden) at 140 to 17f.
model::machine::MachinePlan plan_of(const ConfigBuilder& config,
                                    const std::string& source = "dump") {
    device::DeviceFacts facts{source};
    facts.physical = config.image();
    return model::machine::make_plan({.devices = {{.facts = std::move(facts)}}}).value();
}

ConfigBuilder device() {
    return ConfigBuilder{}
        .head(0x40)
        .express(0x40, 0)
        .extended(0x100, 0x01, 0x140)
        .extended(0x140, 0x10, 0);
}

std::size_t widest(std::string_view text) {
    std::size_t width = 0;
    for (const auto line : split(text, '\n'))
        width = std::max(width, columns(line));
    return width;
}

TEST(MapText, ShowsTheGuestBesideTheHost) {
    const auto text = render_map_text(plan_of(device()), {.width = 80});

    EXPECT_THAT(text, HasSubstr("0x100 BBBBBBBBBBB.....CCCCCCCCCCCCCCCC  "
                                "epppppppppp.....----------------\n"));
}

TEST(MapText, NamesEachLetter) {
    const auto text = render_map_text(plan_of(device()), {.width = 80});

    EXPECT_THAT(text, HasSubstr("  A  0x40   0x40   52     pass  PCI Express\n"));
    EXPECT_THAT(text, HasSubstr("  C  0x140  -      64     hide  SR-IOV\n"));
}

TEST(MapText, FitsTheTerminal) {
    EXPECT_LE(widest(render_map_text(plan_of(device()), {.width = 80})), 80u);
    EXPECT_THAT(render_map_text(plan_of(device()), {.width = 40}),
                HasSubstr("\n0x100 BBBBBBBBBBB.....  epppppppppp.....\n"));
}

TEST(MapText, TellsRowsThatRepeat) {
    EXPECT_THAT(render_map_text(plan_of(device()), {.width = 80}),
                HasSubstr("the same up to 0xfff\n"));
}

TEST(MapText, NamesStrayRegisters) {
    EXPECT_THAT(
        render_map_text(plan_of(device().put32(0x44 + 0x100, 0).put32(0x800, 5)), {.width = 80}),
        HasSubstr("Registers that no capability names: 0x800-0x803\n"));
}

TEST(MapText, SaysThatNoGuestSeesABridge) {
    EXPECT_THAT(render_map_text(plan_of(device().put8(0x0e, 1)), {.width = 80}),
                HasSubstr("No guest sees this function"));
}

TEST(MapSvg, TellsNameOffsetAndActionWherePointedAt) {
    EXPECT_THAT(render_map_svg(plan_of(device())),
                HasSubstr("<title>0x140-0x17f SR-IOV: hidden, reads as zero\n"
                          "hide: virtual functions are made on the host"));
}

TEST(MapSvg, IsReadableOnLightAndDark) {
    const auto svg = render_map_svg(plan_of(device()));

    EXPECT_THAT(svg, HasSubstr("prefers-color-scheme: dark"));
    // Viewers that know no variables would paint it black.
    EXPECT_THAT(svg, Not(HasSubstr("var(")));
}

TEST(MapSvg, EscapesTheNamesOfFiles) {
    EXPECT_THAT(render_map_svg(plan_of(device(), "a<b>&\"c")), HasSubstr("a&lt;b&gt;&amp;&quot;c"));
}

}  // namespace
}  // namespace tenon::cli::text
