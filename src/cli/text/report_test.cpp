#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/text/list_report.hpp"
#include "cli/text/markup.hpp"
#include "cli/text/plan_report.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::cli::text {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string page_of(std::string source) {
    device::DeviceFacts facts{std::move(source)};
    facts.physical = support::ConfigBuilder{}.head(0x80).express(0x80, 0xb0).msix(0xb0, 0).image();
    model::machine::MachineRequest request;
    request.devices.push_back({.facts = std::move(facts)});
    return render_plan_report(model::machine::make_plan(std::move(request)).value());
}

TEST(PlanReport, HasItsParts) {
    const auto page = page_of("dump");

    EXPECT_THAT(page, StartsWith("<!DOCTYPE html>\n"));
    for (const auto* const id :
         {"verdict", "differences", "places", "map", "capabilities", "facts"})
        EXPECT_THAT(page, HasSubstr(std::string{"<section id=\""} + id + "\">")) << id;
    EXPECT_THAT(page, HasSubstr("<td>MSI-X (0x11)</td>"));
    EXPECT_THAT(page, HasSubstr("<title>0x0-0x3 header: ours</title>"));
}

TEST(PlanReport, AsksNobodyForAnything) {
    const auto page = page_of("dump");

    EXPECT_THAT(page, Not(HasSubstr("<script")));
    EXPECT_THAT(page, Not(HasSubstr("src=")));
    EXPECT_THAT(page, Not(HasSubstr("url(")));
    EXPECT_THAT(page, HasSubstr("default-src 'none'"));
}

TEST(PlanReport, EscapesNamesOfOthers) {
    const auto page = page_of("<img src=x onerror=alert(1)>&\"'");

    EXPECT_THAT(page, Not(HasSubstr("<img")));
    EXPECT_THAT(page, HasSubstr("&lt;img src=x onerror=alert(1)&gt;&amp;&quot;"));
}

TEST(ListReport, ShowsTreeGroupsAndVerdicts) {
    library::ListedFunction port;
    port.address = {.device = 1};
    port.name = "<port>";
    port.bridge = true;
    port.bus_behind = 1;
    port.group = 1;
    port.completes = device::atomics_32 | device::atomics_64;
    library::ListedFunction card;
    card.address = {.bus = 1};
    card.name = "card";
    card.above = port.address;
    card.group = 1;
    card.numa_node = 1;
    card.assignable = true;
    const library::FunctionList list{
        .functions = {port, card},
        .problems = {{.what = "no <IOMMU>", .remedy = "switch it on", .commands = {}}}};

    const auto page = render_list_report(list);

    EXPECT_THAT(page, HasSubstr("no &lt;IOMMU&gt;: switch it on"));
    EXPECT_THAT(page, HasSubstr("&lt;port&gt;"));
    EXPECT_THAT(page, HasSubstr("completes 32 and 64 bit AtomicOps"));
    EXPECT_THAT(page, HasSubstr("NUMA node 1"));
    EXPECT_THAT(page, HasSubstr("<td>alone</td>"));
    EXPECT_THAT(page, HasSubstr("<td>yes</td>"));
}

TEST(ListReport, SaysWhatIsNotKnownOrThereTwice) {
    library::ListedFunction card;
    card.address = {.bus = 1};
    card.name = "a card";
    card.ids_known = false;
    card.times = 2;
    card.unknowns = {"0000:01:00.0 is in the file 2 times"};
    const library::FunctionList list{.file = "host.txt", .functions = {card}};

    const auto page = render_list_report(list);

    EXPECT_THAT(page, HasSubstr("<td>not known</td>"));
    EXPECT_THAT(page, Not(HasSubstr("0000:0000")));
    EXPECT_THAT(page, HasSubstr("<li>0000:01:00.0 is in the file 2 times</li>"));
}

TEST(PlanReport, DrawsNoMapOfWords) {
    device::DeviceFacts facts;
    facts.address = pci::Address{.bus = 1};
    facts.words = device::Words{.name = "a card", .express = {}, .told = {}, .warnings = {}};
    model::machine::MachineRequest request;
    request.devices.push_back({.facts = std::move(facts)});

    const auto page = render_plan_report(model::machine::make_plan(std::move(request)).value());

    EXPECT_THAT(page, HasSubstr("there are no bytes of it, so no map"));
    EXPECT_THAT(page, Not(HasSubstr("on the host</text>")));
    EXPECT_THAT(page, Not(HasSubstr("no PCI Express function is in the slot")));
    EXPECT_THAT(page, HasSubstr("dev0 is known by words alone</li>"));
}

TEST(PlanReport, DoesNotKeepWhatOnlyNeedsAnotherDriver) {
    device::DeviceFacts facts;
    facts.address = pci::Address{.bus = 1};
    facts.driver = std::string{"amdgpu"};
    facts.group = device::GroupFacts{.number = 1, .members = {}};
    facts.has_iommu = true;
    facts.words = device::Words{.name = "a card", .express = {}, .told = {}, .warnings = {}};
    model::machine::MachineRequest request;
    request.devices.push_back({.facts = std::move(facts)});

    const auto page = render_plan_report(model::machine::make_plan(std::move(request)).value());

    EXPECT_THAT(page, HasSubstr("dev0 is known by words alone, and not ready for a guest yet"));
    EXPECT_THAT(page, Not(HasSubstr("stays with the host")));
}

TEST(Markup, EscapesWhatHtmlWouldObey) {
    EXPECT_EQ(escaped("a<b>&\"c\x01"), "a&lt;b&gt;&amp;&quot;c ");
    EXPECT_EQ(element("td", "<"), "<td>&lt;</td>");
    EXPECT_EQ(section("a", "b", ""), "");
}

}  // namespace
}  // namespace tenon::cli::text
