#include "library/slot_argument.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "library/plan_json.hpp"
#include "library/request.hpp"
#include "tests/support/config_builder.hpp"
#include "tests/support/fake_sysfs.hpp"

namespace tenon::library {
namespace {

using support::ConfigBuilder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::byte> endpoint() {
    const auto image = ConfigBuilder{}.head(0x80).express(0x80, 0).image();
    return {image.bytes().begin(), image.bytes().end()};
}

// The text of lspci for functions of one slot.
std::string dump(std::initializer_list<const char*> addresses) {
    std::string text;
    for (const auto* const address : addresses) {
        text += fmt::format("{} NVMe\n", address);
        const auto bytes = endpoint();
        for (std::size_t at = 0; at < bytes.size(); at += 16) {
            text += fmt::format("{:02x}:", at);
            for (std::size_t n = at; n < at + 16; ++n)
                text += fmt::format(" {:02x}", std::to_integer<unsigned>(bytes[n]));
            text += '\n';
        }
        text += '\n';
    }
    return text;
}

// A host with the slot 0b:00, in it the functions 0 and 1 in groups of their own, and 0c:00.0.
class SlotArgument : public testing::Test {
protected:
    SlotArgument() {
        add("0000:0b:00.0", "14");
        add("0000:0b:00.1", "15");
        add("0000:0c:00.0", "16");
    }

    ~SlotArgument() override { std::filesystem::remove(file_); }

    void add(const char* address, const char* group) {
        tree_.add({.address = address, .config = endpoint(), .driver = "vfio-pci", .group = group});
        tree_.write(tree_.file(address, "reset_method"), "flr\n");
    }

    Result<model::machine::MachinePlan> plan(std::vector<std::string> devices,
                                             std::vector<std::string> ports = {}) {
        const Host host{.sysfs = host::sysfs::Sysfs{
                            {.sysfs = tree_.sysfs(), .dev = tree_.dev(), .proc = tree_.proc()}}};
        TENON_TRY(planned,
                  plan_machine(host, {.ports = std::move(ports),
                                      .devices = std::move(devices),
                                      .opening = Opening::Forbidden}),
                  "");
        return std::move(planned.plan);
    }

    std::string wrong(std::vector<std::string> devices) {
        const auto made = plan(std::move(devices));
        return made ? "no error" : made.error().what;
    }

    // What the words of a proposal give.
    Result<model::machine::MachinePlan> plan_words(const std::vector<std::string>& words) {
        std::vector<std::string> devices;
        std::vector<std::string> ports;
        for (std::size_t n = 0; n + 1 < words.size(); n += 2)
            (words[n] == "--port" ? ports : devices).push_back(words[n + 1]);
        return plan(std::move(devices), std::move(ports));
    }

    const std::string& write(const std::string& text) {
        std::ofstream{file_} << text;
        return file_;
    }

    // What the guest gets, without how the devices were named.
    static nlohmann::json ports(const model::machine::MachinePlan& plan) {
        return nlohmann::json::parse(render_json(plan)).at("ports");
    }

    support::FakeSysfs tree_;
    std::string file_ = testing::TempDir() + "slot_argument_test";
};

TEST_F(SlotArgument, IsAnAddressOrAFileWithAStar) {
    EXPECT_TRUE(is_slot("0b:00.*"));
    EXPECT_TRUE(is_slot("0000:0b:00.*"));
    EXPECT_TRUE(is_slot("card.json#0b:00.*"));
    EXPECT_FALSE(is_slot("0b:00.0"));
    EXPECT_FALSE(is_slot("card.json#0b:00.0"));
    EXPECT_FALSE(is_slot("card.json"));
}

TEST_F(SlotArgument, PlansWhatItProposes) {
    const auto made = plan({"0b:00.*"}).value();

    ASSERT_THAT(made.proposals, SizeIs(1));
    ASSERT_THAT(made.ports, SizeIs(2));
    EXPECT_EQ(made.ports[0]->name, "host-0b-00.0");
    EXPECT_EQ(made.ports[1]->name, "host-0b-00.1");
    EXPECT_EQ(made.ports[1]->functions[0].view.host, "0000:0b:00.1");
}

TEST_F(SlotArgument, ProposesWordsThatGiveTheSamePlan) {
    const auto made = plan({"0b:00.*"}).value();
    const auto again = plan_words(made.proposals.at(0).arguments).value();

    EXPECT_EQ(ports(again), ports(made));
    EXPECT_THAT(again.proposals, IsEmpty());
}

TEST_F(SlotArgument, CarriesItsKeysToEachFunction) {
    const auto made = plan({"0000:0b:00.*,rom=off"}).value();

    EXPECT_EQ(made.ports[1]->functions[0].rom.from, model::chosen::RomRequest::From::Nothing);
    EXPECT_THAT(made.proposals[0].arguments,
                testing::Contains("0000:0b:00.1,rom=off,port=host-0b-00.1,function=0"));
    EXPECT_EQ(ports(plan_words(made.proposals[0].arguments).value()), ports(made));
}

TEST_F(SlotArgument, TakesAFunctionThatIsNamedBesideItWithItsOwnKeys) {
    const auto made = plan({"0b:00.1,id=second", "0b:00.*,rom=off"}).value();

    ASSERT_THAT(made.ports, SizeIs(2));
    EXPECT_EQ(made.ports[1]->functions[0].view.id, "second");
    EXPECT_EQ(made.ports[1]->functions[0].rom.from, model::chosen::RomRequest::From::Device);
    EXPECT_EQ(ports(plan_words(made.proposals[0].arguments).value()), ports(made));
}

TEST_F(SlotArgument, DoesNotMoveAFunctionThatHasItsPlace) {
    const auto made = plan({"0b:00.*", "0b:00.1,port=mine,function=0"}, {"mine"}).value();

    ASSERT_THAT(made.ports, SizeIs(2));
    EXPECT_EQ(made.ports[0]->name, "mine");
    EXPECT_EQ(made.ports[0]->functions[0].view.host, "0000:0b:00.1");
    EXPECT_THAT(made.proposals[0].arguments,
                ElementsAre("--port", "host-0b-00.0", "--device",
                            "0000:0b:00.0,port=host-0b-00.0,function=0"));
}

TEST_F(SlotArgument, StandsBesideOtherDevicesInTheirOrder) {
    const auto made = plan({"0c:00.0", "0b:00.*"}).value();

    ASSERT_THAT(made.ports, SizeIs(3));
    EXPECT_EQ(made.ports[0]->functions[0].view.id, "dev1");
    EXPECT_EQ(made.ports[2]->functions[0].view.id, "dev0");
}

TEST_F(SlotArgument, LeavesAPortThatWasNamedToItsRule) {
    const auto made = plan({"0b:00.*"}, {"host-0b-00.1,atomics=off"}).value();

    ASSERT_THAT(made.ports, SizeIs(2));
    EXPECT_EQ(made.ports[0]->name, "host-0b-00.1");
    EXPECT_EQ(made.ports[0]->rules.atomics.value.mode, model::chosen::AtomicsMode::Off);
    EXPECT_THAT(made.proposals[0].arguments, testing::Not(testing::Contains("host-0b-00.1")));
}

TEST_F(SlotArgument, RefusesKeysOfOneFunction) {
    EXPECT_EQ(wrong({"0b:00.*,id=a"}), "0b:00.*: id= is of one function, not of a slot");
    EXPECT_EQ(wrong({"0b:00.*,fd=5"}), "0b:00.*: fd= is of one function, not of a slot");
    EXPECT_EQ(wrong({"0b:00.*,port=a"}), "0b:00.*: port= is what the proposal for a slot chooses");
    EXPECT_EQ(wrong({"0b:00.*,function=1"}),
              "0b:00.*: function= is what the proposal for a slot chooses");
    EXPECT_EQ(wrong({"0b:00.*,host-group=1"}),
              "0000:0b:00.0: host-group= is for files that lack the fact; this host answers for "
              "itself");
}

TEST_F(SlotArgument, RefusesASlotThatIsNotThereOrThereTwice) {
    EXPECT_EQ(wrong({"0d:00.*"}), "0000:0d:00.*: this host has no function in that slot");
    EXPECT_EQ(wrong({"0b:00.*", "0000:0b:00.*"}), "0000:0b:00.*: the slot is given twice");
}

TEST_F(SlotArgument, ReadsAFile) {
    const auto file = write(dump({"0b:00.0", "0c:00.0", "0b:00.3"}));
    const auto made = plan({file + "#0000:0b:00.*,host-group=7,host-reset=flr+bus"}).value();

    ASSERT_THAT(made.ports, SizeIs(1));
    ASSERT_THAT(made.ports[0]->functions, SizeIs(2));
    EXPECT_EQ(made.ports[0]->functions[1].facts.source, file + "#0b:00.3");
    EXPECT_EQ(made.ports[0]->functions[1].view.function, 3u);
    ASSERT_THAT(made.proposals[0].bound, SizeIs(1));
    EXPECT_THAT(made.proposals[0].bound[0].why, HasSubstr("IOMMU group 7"));
    EXPECT_THAT(
        made.ports[0]->functions[0].view.group->members,
        ElementsAre(device::GroupMember{.address = {.bus = 0x0b, .function = 3}, .driver = {}}));
    EXPECT_EQ(ports(plan_words(made.proposals[0].arguments).value()), ports(made));
}

TEST_F(SlotArgument, IsNotAWholeFileWhoseFunctionsStandByThemselves) {
    const auto file = write(dump({"0b:00.0", "0c:00.0", "0b:00.0"}));
    EXPECT_FALSE(is_slot(file + "#*"));
    const auto made = plan({file + "#*,rom=off"}).value();

    ASSERT_THAT(made.ports, SizeIs(3));
    EXPECT_THAT(made.proposals, IsEmpty());
    EXPECT_EQ(made.ports[0]->functions[0].facts.source, file + "#0b:00.0@1");
    EXPECT_EQ(made.ports[1]->functions[0].facts.source, file + "#0c:00.0");
    EXPECT_EQ(made.ports[2]->functions[0].rom.from, model::chosen::RomRequest::From::Nothing);
    EXPECT_EQ(wrong({file + "#*,id=a"}), file + "#*: id= is of one function, not of all of a file");
    EXPECT_EQ(wrong({file + "#*,function=1"}),
              file + "#*: function= is of one function, not of all of a file");
}

TEST_F(SlotArgument, StatesFactsOfEachFunctionOfAFile) {
    const auto file = write(dump({"0b:00.0", "0b:00.1"}));
    const auto made =
        plan({file + "#0b:00.0,host-group=1", file + "#0b:00.1,host-group=2", file + "#0b:00.*"})
            .value();
    EXPECT_THAT(made.ports, SizeIs(2));
    EXPECT_EQ(ports(plan_words(made.proposals[0].arguments).value()), ports(made));
}

TEST_F(SlotArgument, OfTwoFilesAreTwoSlots) {
    const auto file = write(dump({"0b:00.0"}));
    const auto made = plan({"0b:00.*", file + "#0b:00.*"}).value();

    ASSERT_THAT(made.ports, SizeIs(3));
    EXPECT_EQ(made.ports[2]->name, "host-0b-00.0-2");
    auto words = made.proposals[0].arguments;
    words.insert(words.end(), made.proposals[1].arguments.begin(),
                 made.proposals[1].arguments.end());
    EXPECT_EQ(ports(plan_words(words).value()), ports(made));
}

TEST_F(SlotArgument, NamesWhatAFileHas) {
    const auto file = write(dump({"0b:00.0"}));
    EXPECT_EQ(wrong({file + "#0c:00.*"}), file + ": has no function of the slot 0c:00.*");
    write(dump({"0b:00.0", "0000:0b:00.0"}));
    EXPECT_THAT(wrong({file + "#0b:00.*"}), HasSubstr("more than once, in line"));
    write(std::string(256, '\0'));
    EXPECT_THAT(wrong({file + "#0b:00.*"}), HasSubstr("the bytes of one function"));
}

TEST_F(SlotArgument, OfBridgesSaysOfEachThatItStays) {
    const auto bridge = ConfigBuilder{}.put8(0x0e, 0x81).image();
    tree_.add(
        {.address = "0000:00:03.1", .config = {bridge.bytes().begin(), bridge.bytes().end()}});
    const auto made = plan({"00:03.*"}).value();

    ASSERT_THAT(made.ports, SizeIs(1));
    EXPECT_FALSE(made.assignable());
    EXPECT_THAT(made.proposals[0].left_out, SizeIs(1));
}

}  // namespace
}  // namespace tenon::library
