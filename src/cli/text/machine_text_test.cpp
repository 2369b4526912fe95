#include "cli/text/machine_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/text/library.hpp"

namespace tenon::cli::text {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t gib = 1ull << 30;

model::machine::MachinePlan plan_of(model::machine::MachineRequest request) {
    return model::machine::make_plan(std::move(request)).value();
}

std::string text_of(model::machine::MachineRequest request) {
    return render_guest(plan_of(std::move(request)), {.width = 200});
}

TEST(GuestText, TellsProcessorsMemoryAndTheWindow) {
    const auto text =
        text_of({.memory = {.size = 16 * gib, .page = gib}, .vcpus = 4, .physical_bits = 40});

    EXPECT_THAT(text, HasSubstr("\n  4 processors\n"));
    EXPECT_THAT(text,
                HasSubstr("\n  memory at 0x0-0xbfffffff and 0x100000000-0x43fffffff: 16 GiB in "
                          "huge pages of 1 GiB, from any NUMA node: no device tells its node\n"));
    EXPECT_THAT(text, HasSubstr("\n  window for 64-bit BARs at 0x1000000000-0x1fffffffff (64 GiB), "
                                "which none needs; guest physical addresses have 40 bits\n"));
}

TEST(GuestText, TellsTheNodeThatWasAskedFor) {
    const auto text = text_of(
        {.memory = {.size = gib,
                    .node = {.choice = model::machine::NodeRequest::Choice::Number, .number = 1}}});

    EXPECT_THAT(text, HasSubstr("1 GiB, from NUMA node 1, as asked for"));
}

TEST(GuestText, TellsThatTheWidthIsNotKnown) {
    const auto text = text_of({.memory = {.size = gib}, .physical_bits = Unknown{"a dump"}});

    EXPECT_THAT(text,
                HasSubstr("how many bits guest physical addresses have is not known: a dump"));
}

TEST(GuestText, TellsOfPeersWhereThereAreSome) {
    auto plan = plan_of({.memory = {.size = gib}});
    EXPECT_THAT(render_guest(plan, {.width = 200}), testing::Not(HasSubstr("peer-to-peer")));
    EXPECT_TRUE(nlohmann::json::parse(render_json(plan)).at("peers").is_null());

    plan.peers = model::machine::PeerPlan{.state = model::machine::PeerPlan::State::None,
                                          .line = "none: too old"};

    EXPECT_THAT(render_guest(plan, {.width = 200}), HasSubstr("\n  peer-to-peer: none: too old\n"));
    EXPECT_EQ(nlohmann::json::parse(render_json(plan)).at("peers"),
              (nlohmann::json{{"state", "none"}, {"why", "none: too old"}}));
}

TEST(GuestJson, TellsTheSame) {
    const auto json = nlohmann::json::parse(render_json(plan_of(
        {.memory = {.size = 4 * gib,
                    .node = {.choice = model::machine::NodeRequest::Choice::Number, .number = 1}},
         .vcpus = 2,
         .physical_bits = 46})));
    const auto& guest = json.at("guest");

    EXPECT_EQ(guest.at("processors"), 2);
    EXPECT_EQ(guest.at("physical_bits"), 46);
    EXPECT_EQ(guest.at("memory").at("size"), 4 * gib);
    EXPECT_EQ(guest.at("memory").at("parts").size(), 2);
    EXPECT_EQ(guest.at("memory").at("parts").at(1).at("base"), "0x100000000");
    EXPECT_EQ(guest.at("memory").at("huge_page"), nullptr);
    EXPECT_EQ(guest.at("memory").at("numa_node"), 1);
    EXPECT_EQ(guest.at("window64").at("base"), "0x1000000000");
    EXPECT_EQ(guest.at("window64_needed"), 0);
}

}  // namespace
}  // namespace tenon::cli::text
