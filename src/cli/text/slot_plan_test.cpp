// A whole host slot as the device of a command: through the program's own command line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "cli/app.hpp"
#include "tests/support/config_builder.hpp"
#include "tests/support/fake_sysfs.hpp"

namespace tenon::cli::text {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// A host whose slot 0b:00 has a GPU with its sound, in one group, and something else at function 4.
class SlotPlan : public testing::Test {
protected:
    SlotPlan() {
        add("0000:0b:00.0", "24", 0x220410de, 0x030000);
        add("0000:0b:00.1", "24", 0x1aef10de, 0x040300);
        add("0000:0b:00.4", "25", 0x00101b36, 0x010802);
    }

    void add(const char* address, const char* group, std::uint32_t ids, std::uint32_t class_code) {
        const auto image = support::ConfigBuilder{}
                               .put32(0x00, ids)
                               .put32(0x08, class_code << 8)
                               .head(0x80)
                               .express(0x80, 0)
                               .image();
        tree_.add({.address = address,
                   .config = {image.bytes().begin(), image.bytes().end()},
                   .driver = "vfio-pci",
                   .group = group,
                   .vendor = static_cast<std::uint16_t>(ids),
                   .device = static_cast<std::uint16_t>(ids >> 16),
                   .class_code = class_code});
        tree_.write(tree_.file(address, "reset_method"), "flr\n");
    }

    Outcome run_with(const std::vector<std::string>& words) {
        std::vector<const char*> arguments{"tenon"};
        for (const auto& word : words)
            arguments.push_back(word.c_str());
        const Host host{.sysfs = host::sysfs::Sysfs{
                            {.sysfs = tree_.sysfs(), .dev = tree_.dev(), .proc = tree_.proc()}}};
        return run(static_cast<int>(arguments.size()), arguments.data(), host, {}, {});
    }

    json plan_of(std::vector<std::string> words) {
        words.insert(words.begin(), {"plan", "--json", "--no-open"});
        return json::parse(run_with(words).out);
    }

    support::FakeSysfs tree_;
};

TEST_F(SlotPlan, PrintsTheProposalAboveThePlan) {
    const auto text = run_with({"plan", "-v", "--no-open", "0b:00.*"}).out;

    EXPECT_THAT(text, testing::StartsWith("Proposal for host slot 0000:0b:00\n"));
    EXPECT_THAT(text, HasSubstr("    --port host-0b-00.0 \\\n"
                                "    --device 0000:0b:00.0,port=host-0b-00.0,function=0 \\\n"));
    EXPECT_THAT(text, HasSubstr("Root port host-0b-00.4 at 00:02.0"));
}

TEST_F(SlotPlan, IsPlannedTheSameFromItsOwnWords) {
    const auto proposed = plan_of({"0b:00.*"});
    const auto words = proposed.at("proposals").at(0).at("arguments");
    const auto again = plan_of(words.get<std::vector<std::string>>());

    EXPECT_EQ(again.at("ports"), proposed.at("ports"));
    EXPECT_EQ(again.at("assignable"), proposed.at("assignable"));
    EXPECT_EQ(again.at("proposals"), json::array());
}

TEST_F(SlotPlan, TakesDevicesWithAndWithoutTheirOption) {
    EXPECT_EQ(plan_of({"--device", "0b:00.4"}).at("ports"), plan_of({"0b:00.4"}).at("ports"));
    EXPECT_EQ(plan_of({"--device", "0b:00.0", "--port", "p", "0b:00.4"}).at("ports").size(), 3u);
}

TEST_F(SlotPlan, TellsAsJsonWhatTheTextTells) {
    const auto proposal = plan_of({"0b:00.*"}).at("proposals").at(0);

    EXPECT_EQ(proposal.at("host_slot"), "0000:0b:00");
    EXPECT_EQ(proposal.at("slots").size(), 2u);
    EXPECT_EQ(proposal.at("slots").at(0).at("functions").at(1).at("guest_function"), 1);
    EXPECT_EQ(proposal.at("bound").at(0).at("hosts"), (json{"0000:0b:00.0", "0000:0b:00.1"}));
}

TEST_F(SlotPlan, IsNotRun) {
    const auto outcome = run_with({"run", "--kernel", "/nowhere", "--device", "0b:00.*"});

    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.err, HasSubstr("0b:00.*: a whole slot can be planned, not run"));
    EXPECT_THAT(outcome.err, HasSubstr("tenon plan '0b:00.*'"));
}

TEST_F(SlotPlan, GivesEveryFunctionTheKeysOfTheSlot) {
    const auto made = plan_of({"0b:00.*,reset=none", "0b:00.4,reset=function"});

    const auto& gpu = made.at("ports").at(0).at("functions");
    EXPECT_EQ(gpu.at(0).at("reset").at("choice"), "none");
    EXPECT_EQ(gpu.at(1).at("reset").at("way"), "none");
    EXPECT_EQ(made.at("ports").at(1).at("functions").at(0).at("reset").at("way"), "function");
}

TEST_F(SlotPlan, OfAWayToResetThatCannotBeHadSaysWho) {
    const auto made = plan_of({"0b:00.0,reset=bus"});

    EXPECT_EQ(made.at("assignable"), false);
    EXPECT_THAT(made.at("ports").at(0).at("functions").at(0).at("reasons").dump(),
                HasSubstr("reset=bus is asked for, and it is on a root bus"));
}

TEST_F(SlotPlan, IsWrongWithAResetThatThereIsNot) {
    const auto outcome = run_with({"plan", "--no-open", "0b:00.0,reset=hammer"});

    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.err, "tenon: 0b:00.0: reset=hammer: known are auto, function, bus, none\n");
}

TEST_F(SlotPlan, IsWrongWhereThereIsNone) {
    EXPECT_EQ(run_with({"plan", "0c:00.*"}).status, 2);
    EXPECT_EQ(run_with({"plan", "0b:00.*,port=a"}).status, 2);
}

}  // namespace
}  // namespace tenon::cli::text
