// Domains by the group interface: a container for each group, whose contents are replaced.
#include "host/vfio/group_spaces.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cerrno>

#include "host/vfio/group_opener.hpp"
#include "tests/support/fake_host.hpp"

namespace tenon::host::vfio {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Key;
using testing::Pair;
using testing::SizeIs;

constexpr auto nvme = "0000:01:00.0";
constexpr auto beside = "0000:01:00.1";
constexpr auto other = "0000:02:00.0";
constexpr device::DmaRights all{.read = true, .write = true};

// Functions of two groups, whose address space has 64 KiB at 0, in two mappings.
class GroupSpacesTest : public testing::Test {
protected:
    GroupSpacesTest() {
        host_.add(nvme, "14", 3);
        host_.add(beside, "14", 4);
        host_.add(other, "15", 5);
        opener_ = GroupOpener::create_apart(host_.kernel(), host_.paths()).value();
        device_ = open(nvme);
        const std::span half{memory_->bytes.data(), memory_->bytes.size() / 2};
        const std::span rest{half.data() + half.size(), half.size()};
        EXPECT_TRUE(space().map(Iova{0}, half));
        EXPECT_TRUE(space().map(Iova{0x8000}, rest));
    }

    std::unique_ptr<device::DeviceControl> open(const char* address) {
        return opener_->open(host_.facts(address), {}).value();
    }
    device::AddressSpace& space() { return opener_->address_space(); }
    std::unique_ptr<device::Domain> make() { return space().make_domain().value(); }
    auto reached(const char* group = "14") { return host_.kernel().reached_by(group); }
    std::uint64_t address_of(std::size_t offset) const {
        return std::bit_cast<std::uintptr_t>(memory_->bytes.data() + offset);
    }

    struct alignas(0x1000) Memory {
        std::array<std::byte, 0x10000> bytes{};
    };
    std::unique_ptr<Memory> memory_ = std::make_unique<Memory>();
    support::FakeHost host_;
    std::unique_ptr<GroupOpener> opener_;
    std::unique_ptr<device::DeviceControl> device_;
};

TEST_F(GroupSpacesTest, GiveEveryGroupAllMemory) {
    const auto late = open(other);

    EXPECT_THAT(reached("14"), ElementsAre(Key(0), Key(0x8000)));
    EXPECT_EQ(reached("15"), reached("14"));
}

TEST_F(GroupSpacesTest, LeadAGroupToWhatADomainMapsAndBack) {
    const auto domain = make();
    ASSERT_TRUE(domain->map(Iova{0xfffff000}, Iova{0x7000}, 0x2000, all));

    ASSERT_TRUE(device_->attach(domain.get()));

    // Across the two mappings, which lie side by side in memory.
    EXPECT_THAT(
        reached(),
        ElementsAre(
            Pair(0xfffff000,
                 support::FakeKernel::DmaMapped{
                     .size = 0x2000, .memory = address_of(0x7000), .read = true, .write = true})));
    ASSERT_TRUE(device_->attach(nullptr));
    EXPECT_THAT(reached(), ElementsAre(Key(0), Key(0x8000)));
}

TEST_F(GroupSpacesTest, FollowADomainInAllItsGroups) {
    const auto second = open(other);
    const auto domain = make();
    ASSERT_TRUE(device_->attach(domain.get()));
    ASSERT_TRUE(second->attach(domain.get()));

    ASSERT_TRUE(domain->map(Iova{0x1000}, Iova{0}, 0x1000, {.read = true, .write = false}));
    ASSERT_TRUE(domain->map(Iova{0x2000}, Iova{0}, 0x1000, {.read = false, .write = true}));

    for (const auto* group : {"14", "15"}) {
        ASSERT_THAT(reached(group), SizeIs(2)) << group;
        EXPECT_FALSE(reached(group).at(0x1000).write);
        EXPECT_FALSE(reached(group).at(0x2000).read);
    }
    ASSERT_TRUE(domain->unmap(Iova{0x1000}, 0x2000));
    EXPECT_THAT(reached("14"), IsEmpty());
    EXPECT_THAT(reached("15"), IsEmpty());
}

TEST_F(GroupSpacesTest, KeepAGroupOutOfWhatOthersMap) {
    const auto second = open(other);
    const auto domain = make();
    ASSERT_TRUE(device_->attach(domain.get()));
    const auto before = reached("15");

    ASSERT_TRUE(domain->map(Iova{0x100000}, Iova{0}, 0x1000, all));

    EXPECT_EQ(reached("15"), before);
}

TEST_F(GroupSpacesTest, BlockAGroup) {
    ASSERT_TRUE(device_->block());
    EXPECT_THAT(reached(), IsEmpty());

    ASSERT_TRUE(device_->attach(nullptr));

    EXPECT_THAT(reached(), ElementsAre(Key(0), Key(0x8000)));
}

// Memory that comes while a group is elsewhere is there when it returns.
TEST_F(GroupSpacesTest, ShowWhatHasComeMeanwhile) {
    ASSERT_TRUE(device_->block());
    alignas(0x1000) static std::array<std::byte, 0x1000> more;

    ASSERT_TRUE(space().map(Iova{0x100000}, std::span<std::byte>{more}));
    EXPECT_THAT(reached(), IsEmpty());
    ASSERT_TRUE(device_->attach(nullptr));

    EXPECT_THAT(reached(), ElementsAre(Key(0), Key(0x8000), Key(0x100000)));
    ASSERT_TRUE(space().unmap(Iova{0x100000}, 0x1000));
    EXPECT_THAT(reached(), ElementsAre(Key(0), Key(0x8000)));
}

// One container: what one of them does the other finds done.
TEST_F(GroupSpacesTest, LeadAllFunctionsOfAGroupTogether) {
    const auto second = open(beside);
    const auto domain = make();
    ASSERT_TRUE(domain->map(Iova{0x1000}, Iova{0}, 0x1000, all));

    ASSERT_TRUE(device_->attach(domain.get()));
    const auto calls = host_.kernel().faults().calls();
    ASSERT_TRUE(second->attach(domain.get()));

    EXPECT_EQ(host_.kernel().faults().calls(), calls);
    EXPECT_THAT(reached(), ElementsAre(Key(0x1000)));
}

// A page that both have stays mapped: a device may be using it.
TEST_F(GroupSpacesTest, AskNothingForWhatBothDomainsHave) {
    const auto one = make();
    const auto two = make();
    ASSERT_TRUE(one->map(Iova{0x1000}, Iova{0}, 0x1000, all));
    ASSERT_TRUE(two->map(Iova{0x1000}, Iova{0}, 0x1000, all));
    ASSERT_TRUE(device_->attach(one.get()));

    const auto calls = host_.kernel().faults().calls();
    ASSERT_TRUE(device_->attach(two.get()));

    EXPECT_EQ(host_.kernel().faults().calls(), calls);
}

TEST_F(GroupSpacesTest, SayWhatIsNotThere) {
    const auto domain = make();

    const auto mapped = domain->map(Iova{0}, Iova{0xf000}, 0x2000, all);

    ASSERT_FALSE(mapped);
    EXPECT_EQ(mapped.error().os_error, ENOENT);
    EXPECT_FALSE(domain->unmap(Iova{0}, 0x1000));
}

TEST_F(GroupSpacesTest, RefuseADomainOfAnotherMachine) {
    const auto stranger = GroupOpener::create_apart(host_.kernel(), host_.paths()).value();
    const auto domain = stranger->address_space().make_domain().value();
    const auto before = reached();

    EXPECT_FALSE(device_->attach(domain.get()));
    EXPECT_EQ(reached(), before);
}

TEST_F(GroupSpacesTest, TellTheLimitOfMappings) {
    host_.kernel().traits().dma_entries = 2;
    const auto domain = make();
    ASSERT_TRUE(device_->attach(domain.get()));
    ASSERT_TRUE(domain->map(Iova{0x1000}, Iova{0}, 0x1000, all));
    ASSERT_TRUE(domain->map(Iova{0x3000}, Iova{0}, 0x1000, all));

    const auto mapped = domain->map(Iova{0x5000}, Iova{0}, 0x1000, all);

    ASSERT_FALSE(mapped);
    EXPECT_EQ(mapped.error().os_error, ENOSPC);
    EXPECT_THAT(mapped.error().hint, testing::HasSubstr("dma_entry_limit"));
    EXPECT_THAT(reached(), ElementsAre(Key(0x1000), Key(0x3000)));
}

// Taking back, each of two mappings, and where that fails taking back once more.
TEST_F(GroupSpacesTest, ReachNothingWhicheverCallOfAMoveFails) {
    for (unsigned call = 1; call <= 3; ++call) {
        const auto domain = make();
        ASSERT_TRUE(domain->map(Iova{0x1000}, Iova{0}, 0x1000, all));
        ASSERT_TRUE(domain->map(Iova{0x4000}, Iova{0}, 0x1000, all));
        ASSERT_TRUE(device_->attach(nullptr));

        host_.kernel().faults().fail_call(call, ENOMEM);
        const auto moved = device_->attach(domain.get());

        ASSERT_FALSE(moved) << "call " << call;
        EXPECT_EQ(moved.error().os_error, ENOMEM);
        EXPECT_THAT(reached(), IsEmpty()) << "call " << call;
        // Nor does it get what the domain gets.
        ASSERT_TRUE(domain->map(Iova{0x7000}, Iova{0}, 0x1000, all));
        EXPECT_THAT(reached(), IsEmpty());
    }
}

TEST_F(GroupSpacesTest, MapInAllGroupsOrNone) {
    const auto second = open(other);
    const auto domain = make();
    ASSERT_TRUE(device_->attach(domain.get()));
    ASSERT_TRUE(second->attach(domain.get()));

    for (unsigned call = 1; call <= 2; ++call) {
        host_.kernel().faults().fail_call(call, ENOMEM);
        ASSERT_FALSE(domain->map(Iova{0x1000}, Iova{0}, 0x1000, all)) << "call " << call;
        EXPECT_THAT(reached("14"), IsEmpty());
        EXPECT_THAT(reached("15"), IsEmpty());
    }
    EXPECT_TRUE(domain->map(Iova{0x1000}, Iova{0}, 0x1000, all));
}

TEST_F(GroupSpacesTest, TakeBackWhereTheyCan) {
    const auto second = open(other);
    const auto domain = make();
    ASSERT_TRUE(domain->map(Iova{0x1000}, Iova{0}, 0x1000, all));
    ASSERT_TRUE(device_->attach(domain.get()));
    ASSERT_TRUE(second->attach(domain.get()));

    host_.kernel().faults().fail_call(1, EIO);
    ASSERT_FALSE(domain->unmap(Iova{0x1000}, 0x1000));

    EXPECT_THAT(reached("15"), IsEmpty());
    // Whoever blocks the device takes the rest.
    ASSERT_TRUE(device_->block());
    EXPECT_THAT(reached("14"), IsEmpty());
}

TEST_F(GroupSpacesTest, LeaveNoTrace) {
    auto second = open(beside);
    auto domain = make();
    ASSERT_TRUE(domain->map(Iova{0x1000}, Iova{0}, 0x1000, all));
    ASSERT_TRUE(device_->attach(domain.get()));

    device_.reset();
    second.reset();
    domain.reset();
    opener_.reset();

    EXPECT_EQ(host_.kernel().open_files(), 0u);
    EXPECT_THAT(host_.kernel().mistakes(), IsEmpty());
}

// A group that comes while another is in a domain has all memory.
TEST_F(GroupSpacesTest, GiveWhoComesLateAllMemory) {
    const auto domain = make();
    ASSERT_TRUE(device_->attach(domain.get()));

    const auto late = open(other);

    EXPECT_THAT(reached("14"), IsEmpty());
    EXPECT_THAT(reached("15"), ElementsAre(Key(0), Key(0x8000)));
}

}  // namespace
}  // namespace tenon::host::vfio
