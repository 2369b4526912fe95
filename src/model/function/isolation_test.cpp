#include "model/function/isolation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/config_builder.hpp"

namespace tenon::model::function {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto root_port = pci::PortType::RootPort;
constexpr auto endpoint = pci::PortType::Endpoint;

TEST(KnownIsolation, IsFoundByIdsAndKind) {
    EXPECT_EQ(find_isolation(0x8086, 0x1521, endpoint)->what, Isolation::Functions);
    EXPECT_EQ(find_isolation(0x8086, 0x1c10, root_port)->what, Isolation::Ports);
    EXPECT_EQ(find_isolation(0x8086, 0xa110, root_port)->what, Isolation::PortDwords);
    EXPECT_EQ(find_isolation(0x8086, 0xa110, endpoint), nullptr);
    EXPECT_EQ(find_isolation(0x8086, 0x1d11, root_port), nullptr);
}

// A function in a group with another, below a port with these ids.
device::DeviceFacts below(std::uint32_t port_ids, bool access_control = false) {
    support::ConfigBuilder port;
    port.put32(0x00, port_ids).put8(0x0e, 1).head(0x40).express(0x40, 0, 4);
    if (access_control) port.extended(0x100, 0x0d, 0);
    device::DeviceFacts facts;
    facts.physical = support::ConfigBuilder{}.head(0x40).express(0x40, 0).image();
    facts.path = std::vector<device::BridgeFacts>{
        {.address = {.device = 0x1c}, .config = port.image(), .driver = std::string{"pcieport"}}};
    facts.group = device::GroupFacts{.number = 1, .members = {{.address = {.device = 0x1d}}}};
    return facts;
}

TEST(NotesOfGroup, NameThePortThatKeepsNothingApart) {
    EXPECT_THAT(
        notes_of_group(below(0x12348086)),
        ElementsAre(HasSubstr("0000:00:1c.0 above it has no ACS, and Linux knows of nothing "
                              "else that keeps it apart")));
    EXPECT_THAT(notes_of_group(below(0x12348086, true)), IsEmpty());
}

TEST(NotesOfGroup, SayNothingOfSuchAPortOnceTheGroupIsItsOwn) {
    auto facts = below(0x12348086);
    facts.group->members.clear();

    EXPECT_THAT(notes_of_group(facts), IsEmpty());
}

TEST(NotesOfGroup, HaveWhatLinuxKnowsOfAPort) {
    EXPECT_THAT(notes_of_group(below(0x1c108086)),
                ElementsAre(HasSubstr("Linux knows that it keeps apart what is below it")));
    EXPECT_THAT(notes_of_group(below(0xa1108086, true)),
                ElementsAre(HasSubstr("where Linux switches them on and lspci does not look")));
}

TEST(NotesOfGroup, HaveWhatLinuxKnowsOfTheDevice) {
    auto facts = below(0x12348086, true);
    facts.physical->write<std::uint32_t>(0, 0x15218086);

    EXPECT_THAT(notes_of_group(facts),
                ElementsAre(HasSubstr("its functions do not reach one another")));
}

TEST(NotesOfGroup, NeedAGroup) {
    auto facts = below(0x12348086);
    facts.group = Unknown{"no"};

    EXPECT_THAT(notes_of_group(facts), IsEmpty());
}

}  // namespace
}  // namespace tenon::model::function
