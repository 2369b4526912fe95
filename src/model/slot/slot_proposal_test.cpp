#include "model/slot/slot_proposal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "tests/support/config_builder.hpp"

namespace tenon::model::slot {
namespace {

using support::ConfigBuilder;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr pci::Address at_0b{.bus = 0x0b};

// Vendor and device in one number, device in the upper half, as the register has them.
constexpr std::uint32_t nvidia_gpu = 0x220410de;
constexpr std::uint32_t nvidia_sound = 0x1aef10de;
constexpr std::uint32_t matisse_usb = 0x149c1022;
constexpr std::uint32_t nvme = 0x00101b36;

// A host slot with its functions.
class HostSlot {
public:
    struct Function {
        unsigned number = 0;
        std::uint32_t ids = nvme;
        std::uint32_t class_code = 0x010802;
        int group = -1;  // Not known.
        bool access_control = true;
        Known<std::vector<std::string>> reset = Unknown{"a dump does not tell"};
        Known<std::uint32_t> atomics = Unknown{"a dump does not tell"};
    };

    HostSlot& add(const Function& function) {
        ConfigBuilder config;
        config.put32(0x00, function.ids)
            .put32(0x08, function.class_code << 8)
            .head(0x80)
            .express(0x80, 0)
            .put32(0xa4, 0x380);
        if (function.access_control) config.extended(0x100, 0x0d, 0);
        return add(function, config);
    }

    HostSlot& add(const Function& function, const ConfigBuilder& config) {
        device::DeviceFacts facts;
        facts.address =
            pci::Address{.bus = 0x0b, .function = static_cast<std::uint8_t>(function.number)};
        facts.source = to_string(*facts.address);
        facts.physical = config.image();
        facts.group = Unknown{"a dump does not tell"};
        if (function.group >= 0)
            facts.group = device::GroupFacts{.number = static_cast<unsigned>(function.group)};
        facts.reset_methods = function.reset;
        facts.atomics = function.atomics;
        facts_.push_back(std::move(facts));
        return *this;
    }

    device::DeviceFacts& last() { return facts_.back(); }

    SlotProposal propose(const OtherPorts& ports = {}) const {
        std::vector<SlotCandidate> candidates;
        for (const auto& facts : facts_)
            candidates.push_back({.facts = &facts, .argument = facts.source});
        return propose_slots(at_0b, candidates, ports);
    }

private:
    std::deque<device::DeviceFacts> facts_;
};

std::vector<std::string> flr() { return {"flr"}; }

HostSlot gpu_with_sound(int group_of_gpu, int group_of_sound) {
    HostSlot slot;
    slot.add({.number = 0,
              .ids = nvidia_gpu,
              .class_code = 0x030000,
              .group = group_of_gpu,
              .access_control = false,
              .reset = flr(),
              .atomics = 3u});
    slot.add({.number = 1,
              .ids = nvidia_sound,
              .class_code = 0x040300,
              .group = group_of_sound,
              .access_control = false,
              .reset = flr(),
              .atomics = 0u});
    return slot;
}

// "1 3" for the functions of a slot, by their numbers on the host.
std::string hosts(const ProposedSlot& slot) {
    std::string text;
    for (const auto& function : slot.functions)
        text += (text.empty() ? "" : " ") + function.host.substr(function.host.size() - 1);
    return text;
}

std::vector<std::string> slots(const SlotProposal& proposal) {
    std::vector<std::string> texts;
    for (const auto& slot : proposal.slots)
        texts.push_back(hosts(slot));
    return texts;
}

TEST(SlotProposal, KeepsAGpuAndItsSoundTogetherAsOnTheHost) {
    const auto proposal = gpu_with_sound(24, 24).propose();

    EXPECT_EQ(proposal.host, "0000:0b:00");
    ASSERT_THAT(slots(proposal), ElementsAre("0 1"));
    EXPECT_EQ(proposal.slots[0].functions[1].function, 1u);
    EXPECT_THAT(proposal.slots[0].functions[1].why,
                ElementsAre(HasSubstr("quirk_gpu_hda"), HasSubstr("gated")));
    EXPECT_THAT(proposal.unknowns, IsEmpty());
}

TEST(SlotProposal, SaysWhoGoesToOneGuestInAnyCase) {
    const auto proposal = gpu_with_sound(24, 24).propose();

    ASSERT_THAT(proposal.bound, SizeIs(1));
    EXPECT_THAT(proposal.bound[0].hosts, ElementsAre("0000:0b:00.0", "0000:0b:00.1"));
    EXPECT_THAT(proposal.bound[0].why, HasSubstr("IOMMU group 24"));
}

TEST(SlotProposal, KeepsCompanionsTogetherAcrossGroups) {
    const auto proposal = gpu_with_sound(24, 25).propose();

    EXPECT_THAT(slots(proposal), ElementsAre("0 1"));
    EXPECT_THAT(proposal.bound, IsEmpty());
}

TEST(SlotProposal, PartsFunctionsOfGroupsOfTheirOwn) {
    HostSlot slot;
    slot.add({.number = 0, .group = 1, .reset = flr()});
    slot.add({.number = 1, .group = 2, .reset = flr(), .atomics = 0u});
    const auto proposal = slot.propose();

    EXPECT_THAT(slots(proposal), ElementsAre("0", "1"));
    EXPECT_THAT(proposal.slots[1].why, ElementsAre(HasSubstr("IOMMU group 2")));
    EXPECT_THAT(proposal.slots[1].why, ElementsAre(HasSubstr("(flr)")));
    EXPECT_EQ(proposal.slots[1].functions[0].function, 0u);
    ASSERT_THAT(proposal.may_share, SizeIs(1));
    EXPECT_THAT(proposal.may_share[0].hosts, ElementsAre("0000:0b:00.0", "0000:0b:00.1"));
}

TEST(SlotProposal, TellsWhoLacksAccessControl) {
    HostSlot slot;
    slot.add({.number = 0, .group = 1});
    slot.add({.number = 1, .group = 2, .access_control = false});
    EXPECT_THAT(slot.propose().slots[1].why, Contains(HasSubstr("ACS")));
    EXPECT_THAT(slot.propose().slots[0].why, testing::Not(Contains(HasSubstr("ACS"))));
}

TEST(SlotProposal, NeverTakesAnUnknownGroupForOneOfItsOwn) {
    HostSlot slot;
    slot.add({.number = 0, .reset = flr(), .atomics = 0u});
    slot.add({.number = 1, .reset = flr(), .atomics = 0u});
    const auto proposal = slot.propose();

    EXPECT_THAT(slots(proposal), ElementsAre("0 1"));
    EXPECT_THAT(proposal.bound, IsEmpty());
    EXPECT_THAT(proposal.unknowns,
                ElementsAre("the IOMMU group of 0000:0b:00.0, 0000:0b:00.1: a dump does not tell; "
                            "that alone does not part them"));
}

TEST(SlotProposal, ListsEachFactThatIsNotKnown) {
    HostSlot slot;
    slot.add({.number = 0});
    EXPECT_THAT(
        slot.propose().unknowns,
        ElementsAre(HasSubstr("the IOMMU group"), HasSubstr("the reset"), HasSubstr("AtomicOps")));
}

TEST(SlotProposal, PartsFunctionsThatTakeAtomicsFromEachOther) {
    HostSlot slot;
    slot.add({.number = 0, .group = 1, .reset = flr(), .atomics = 7u});
    slot.add({.number = 1, .group = 1, .reset = flr(), .atomics = 3u});
    const auto proposal = slot.propose();

    EXPECT_THAT(slots(proposal), ElementsAre("0", "1"));
    EXPECT_THAT(proposal.slots[0].why, ElementsAre(HasSubstr("0000:0b:00.0 has 32, 64 and 128")));
    EXPECT_THAT(proposal.bound, SizeIs(1));
    EXPECT_THAT(proposal.may_share, IsEmpty());
}

TEST(SlotProposal, PartsAGatedFunctionWhoseDriverWouldBeToldOtherwise) {
    HostSlot slot;
    // mlx5_core does not look whether the bit was kept.
    slot.add({.number = 0, .ids = 0x101715b3, .class_code = 0x020000, .group = 1, .atomics = 3u});
    slot.add({.number = 1, .ids = 0x101715b3, .class_code = 0x020000, .group = 1, .atomics = 0u});
    const auto proposal = slot.propose();

    EXPECT_THAT(slots(proposal), ElementsAre("0", "1"));
    EXPECT_THAT(proposal.slots[1].why, ElementsAre(HasSubstr("mlx5_core")));
}

TEST(SlotProposal, BindsTheSlotOfAFunctionThatOnlyItsBusResets) {
    HostSlot slot;
    slot.add({.number = 0, .group = 1, .reset = flr()});
    slot.add({.number = 1, .group = 2, .reset = std::vector<std::string>{}});
    const auto proposal = slot.propose();

    EXPECT_THAT(slots(proposal), ElementsAre("0 1"));
    ASSERT_THAT(proposal.bound, SizeIs(1));
    EXPECT_THAT(proposal.bound[0].why, HasSubstr("no reset of its own has 0000:0b:00.1:"));
}

TEST(SlotProposal, KeepsAFunctionWithoutAResetBesideThoseThatItsBusResets) {
    HostSlot slot;
    slot.add({.number = 0, .group = 1, .reset = flr()});
    slot.add({.number = 1, .group = 2, .reset = flr()});
    // The kernel does not use its function level reset, in which it hangs, and has no other.
    slot.add({.number = 3,
              .ids = matisse_usb,
              .class_code = 0x0c0330,
              .group = 3,
              .reset = std::vector<std::string>{}});
    const auto proposal = slot.propose();

    ASSERT_THAT(slots(proposal), ElementsAre("0 1 3"));
    EXPECT_THAT(proposal.slots[0].why, Contains(HasSubstr("only in one guest")));
}

TEST(SlotProposal, KnowsNoBusResetOnARootBus) {
    HostSlot slot;
    slot.add({.number = 0, .group = 1, .reset = flr()});
    slot.add({.number = 1, .group = 2, .reset = std::vector<std::string>{}});
    slot.last().path = std::vector<device::BridgeFacts>{};
    EXPECT_THAT(slot.propose().bound, IsEmpty());
    EXPECT_THAT(slots(slot.propose()), ElementsAre("0", "1"));
}

TEST(SlotProposal, PutsAFunctionThatHangsInItsResetApart) {
    HostSlot slot;
    slot.add({.number = 0});
    slot.add({.number = 3, .ids = matisse_usb, .class_code = 0x0c0330});
    const auto proposal = slot.propose();

    EXPECT_THAT(slots(proposal), ElementsAre("0", "3"));
    EXPECT_THAT(proposal.slots[1].why, ElementsAre(HasSubstr("reset")));
    EXPECT_THAT(proposal.slots[1].functions[0].why,
                ElementsAre(HasSubstr("Linux commit 0d14f06cd665")));
}

TEST(SlotProposal, DoesNotPartAFunctionWhoseTroubleTheKernelAvoids) {
    HostSlot slot;
    slot.add({.number = 0});
    slot.add({.number = 3,
              .ids = matisse_usb,
              .class_code = 0x0c0330,
              .reset = std::vector<std::string>{"pm"}});
    const auto proposal = slot.propose();

    EXPECT_THAT(slots(proposal), ElementsAre("0 3"));
    EXPECT_THAT(proposal.slots[0].functions[1].why, IsEmpty());
}

TEST(SlotProposal, DoesNotPartASoundFromItsDisplayForATroubledReset) {
    HostSlot slot;
    slot.add({.number = 0, .ids = 0x731f1002, .class_code = 0x030000});
    slot.add({.number = 1, .ids = 0x14871022, .class_code = 0x040300});
    EXPECT_THAT(slots(slot.propose()), ElementsAre("0 1"));
}

TEST(SlotProposal, PartsAFunctionThatNeedsAccessControlForPasid) {
    HostSlot slot;
    slot.add({.number = 0, .group = 1, .reset = flr()});
    slot.add({.number = 1, .group = 1, .reset = flr()},
             ConfigBuilder{}.head(0x80).express(0x80, 0).extended(0x100, 0x1b, 0));
    slot.last().iommu.pasid = device::PasidFacts{.width = 20};
    const auto proposal = slot.propose();

    EXPECT_THAT(slots(proposal), ElementsAre("0", "1"));
    EXPECT_THAT(proposal.slots[1].why, ElementsAre(HasSubstr("ACS")));
}

TEST(SlotProposal, RenumbersWhereTheHostHasNoFunctionZero) {
    HostSlot slot;
    slot.add({.number = 2, .group = 1});
    slot.add({.number = 5, .group = 1});
    const auto proposal = slot.propose();

    ASSERT_THAT(slots(proposal), ElementsAre("2 5"));
    EXPECT_EQ(proposal.slots[0].functions[0].function, 0u);
    EXPECT_EQ(proposal.slots[0].functions[1].function, 5u);
    EXPECT_THAT(proposal.slots[0].functions[0].why,
                ElementsAre(HasSubstr("function 2 on the host")));
}

TEST(SlotProposal, LeavesBridgesToTheHost) {
    HostSlot slot;
    slot.add({.number = 0}, ConfigBuilder{}.put8(0x0e, 0x01));
    slot.add({.number = 1});
    const auto proposal = slot.propose();

    EXPECT_THAT(slots(proposal), ElementsAre("1"));
    ASSERT_THAT(proposal.left_out, SizeIs(1));
    EXPECT_EQ(proposal.left_out[0].host, "0000:0b:00.0");
    EXPECT_THAT(proposal.left_out[0].reason.what, HasSubstr("bridge"));
}

TEST(SlotProposal, GivesVirtualFunctionsSlotsOfTheirOwn) {
    HostSlot slot;
    slot.add({.number = 0, .group = 1});
    slot.add({.number = 5, .group = 2}, ConfigBuilder{}.put32(0, 0xffffffff));
    const auto proposal = slot.propose();

    EXPECT_THAT(slots(proposal), ElementsAre("0", "5"));
    EXPECT_THAT(proposal.slots[1].why, ElementsAre(HasSubstr("virtual function")));
}

TEST(SlotProposal, IsReadyToUse) {
    EXPECT_THAT(gpu_with_sound(1, 1).propose().arguments,
                ElementsAre("--port", "host-0b-00.0", "--device",
                            "0000:0b:00.0,port=host-0b-00.0,function=0", "--device",
                            "0000:0b:00.1,port=host-0b-00.0,function=1"));
}

TEST(SlotProposal, DoesNotNameAPortTwice) {
    const std::vector<std::string> named{"host-0b-00.0"};
    EXPECT_THAT(gpu_with_sound(1, 1).propose({.named = named}).arguments,
                ElementsAre("--device", "0000:0b:00.0,port=host-0b-00.0,function=0", "--device",
                            "0000:0b:00.1,port=host-0b-00.0,function=1"));
}

TEST(SlotProposal, DoesNotTakeAPortOfAnotherProposal) {
    const std::vector<std::string> taken{"host-0b-00.0", "host-0b-00.0-2"};
    EXPECT_EQ(gpu_with_sound(1, 1).propose({.taken = taken}).slots[0].port, "host-0b-00.0-3");
}

TEST(SlotProposal, DoesNotDependOnTheOrderOfCandidates) {
    HostSlot forwards;
    forwards.add({.number = 0, .group = 1}).add({.number = 1, .group = 2});
    HostSlot backwards;
    backwards.add({.number = 1, .group = 2}).add({.number = 0, .group = 1});
    EXPECT_EQ(forwards.propose().arguments, backwards.propose().arguments);
    EXPECT_EQ(slots(forwards.propose()), slots(backwards.propose()));
}

TEST(SlotProposal, OfNothingIsEmpty) {
    EXPECT_THAT(HostSlot{}.propose().slots, IsEmpty());
    EXPECT_THAT(HostSlot{}.propose().arguments, IsEmpty());
}

}  // namespace
}  // namespace tenon::model::slot
