#include "vmm/slots/assignment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/support/fake_slots.hpp"

namespace tenon::vmm::slots {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Two controllers of one host, and the machine they are assigned to.
struct Host {
    std::unique_ptr<support::FakeFunction> first = support::nvme_function();
    std::unique_ptr<support::FakeFunction> second = support::nvme_function();
    model::machine::MachinePlan plan = support::plan_of({first.get(), second.get()});
    support::FakeBoard board;
    board::GuestMemory memory = board::GuestMemory::create(4 << 20, 0xc0000000).value();
    support::FakeSlots slots{plan, board};
    PciTopology& topology = slots.topology;
    support::FakeOpener* opener = nullptr;
    std::unique_ptr<device::OpenedFunctions> opened;
    unsigned fail_opener_call = 0;

    device::OpenerFactory factory() {
        return [this](device::Interface, std::span<const device::DeviceFacts>,
                      std::optional<int>) -> Result<std::unique_ptr<device::DeviceOpener>> {
            auto made = std::make_unique<support::FakeOpener>();
            made->add({.bus = 1}, *first);
            made->add({.bus = 2}, *second);
            if (fail_opener_call != 0) made->faults().fail_call(fail_opener_call);
            opener = made.get();
            return made;
        };
    }

    Host() {
        board.here = [this] { return slots.chassis.peers(); };
    }

    Result<std::unique_ptr<Assignment>> assign_opened() {
        return Assignment::create(plan, *opened,
                                  {.board = board.parts(),
                                   .memory = memory,
                                   .chassis = slots.chassis,
                                   .resets = slots.resets,
                                   .files = nullptr});
    }

    Result<std::unique_ptr<Assignment>> assign() {
        opened = std::make_unique<device::OpenedFunctions>(factory());
        return assign_opened();
    }

    void expect_as_before() const {
        EXPECT_EQ(first->opened(), 0u);
        EXPECT_EQ(second->opened(), 0u);
        EXPECT_THAT(board.vm.slots, IsEmpty());
        EXPECT_THAT(board.vm.irqfds, IsEmpty());
        EXPECT_THAT(slots.chassis.functions(), IsEmpty());
    }
};

TEST(Assignment, SeatsEveryFunctionBehindItsPort) {
    Host host;

    const auto assignment = host.assign();

    ASSERT_TRUE(assignment);
    EXPECT_THAT(host.slots.chassis.functions(), SizeIs(2));
    EXPECT_EQ(host.topology.read({.bus = 1, .devfn = 0, .offset = 0}, 4), 0x00101b36u);
    EXPECT_EQ(host.topology.read({.bus = 2, .devfn = 0, .offset = 0}, 4), 0x00101b36u);
    EXPECT_EQ(host.topology.read({.bus = 3, .devfn = 0, .offset = 0}, 4), 0xffffffffu);
    EXPECT_EQ(host.topology.read({.bus = 1, .devfn = 1, .offset = 0}, 4), 0xffffffffu);
}

TEST(Assignment, LetsDevicesReachAllGuestMemoryWhereTheGuestHasIt) {
    Host host;

    const auto assignment = host.assign();

    ASSERT_TRUE(assignment);
    const auto& mapped = host.opener->address_space().mapped();
    ASSERT_THAT(mapped, SizeIs(1));
    EXPECT_EQ(mapped.begin()->first, Iova{0});
    EXPECT_EQ(mapped.begin()->second.size(), 4u << 20);
}

TEST(Assignment, LetsDevicesReachEachOthersBarsOnceMemoryIsMapped) {
    Host host;
    host.opened = std::make_unique<device::OpenedFunctions>(host.factory());
    const auto assignment =
        Assignment::create(host.plan, *host.opened,
                           {.board = host.board.parts(),
                            .memory = host.memory,
                            .chassis = host.slots.chassis,
                            .resets = host.slots.resets,
                            .files = nullptr,
                            .memory_failed = [](const Error& why) { FAIL() << to_string(why); }});
    ASSERT_TRUE(assignment);
    const auto bar = host.topology.read({.bus = 1, .devfn = 0, .offset = 0x10}, 4) & ~0xfu;
    host.topology.write({.bus = 1, .devfn = 0, .offset = 0x04}, 2, 0x0002);
    EXPECT_THAT(host.opener->address_space().mapped(), IsEmpty());

    (*assignment)->begin_to_map_memory();
    (*assignment)->wait_for_memory();
    // They come right after it, in the thread that maps it.
    while (host.board.peers.mapped() == 0)
        std::this_thread::yield();

    const auto& bars = host.opener->address_space().bars();
    ASSERT_THAT(bars, SizeIs(1));
    EXPECT_EQ(bars.begin()->first, Iova{bar});
}

TEST(Assignment, TakesAFunctionThatWasOpenAlready) {
    Host host;
    host.opened = std::make_unique<device::OpenedFunctions>(host.factory());
    const auto& facts = host.plan.ports[0]->functions[0].facts;
    ASSERT_TRUE(host.opened->prepare({}, std::span{&facts, 1}));
    ASSERT_TRUE(host.opened->open(facts, {}));
    const auto resets = host.first->resets();

    const auto assignment = host.assign_opened();

    ASSERT_TRUE(assignment);
    EXPECT_EQ(host.first->opened(), 1u);
    EXPECT_EQ(host.first->resets(), resets);
    EXPECT_THAT(host.slots.chassis.functions(), SizeIs(2));
}

TEST(Assignment, GivesEverythingBack) {
    Host host;
    {
        const auto assignment = host.assign();
        ASSERT_TRUE(assignment);
        host.topology.write({.bus = 1, .devfn = 0, .offset = 0x04}, 2, 0x0006);
        ASSERT_THAT(host.board.vm.slots, SizeIs(1));
    }
    host.expect_as_before();
}

TEST(Assignment, FollowsTheBusNumberThatTheGuestGives) {
    Host host;
    const auto assignment = host.assign();
    ASSERT_TRUE(assignment);

    host.topology.write({.bus = 0, .devfn = 1 << 3, .offset = 0x19}, 1, 0x40);

    EXPECT_EQ(host.topology.read({.bus = 0x40, .devfn = 0, .offset = 0}, 4), 0x00101b36u);
    EXPECT_EQ(host.topology.read({.bus = 1, .devfn = 0, .offset = 0}, 4), 0xffffffffu);
}

TEST(Assignment, ResetsFunctionsBelowAPortWhoseBusIsReset) {
    Host host;
    const auto assignment = host.assign();
    ASSERT_TRUE(assignment);
    const auto before = host.second->resets();

    host.topology.write({.bus = 0, .devfn = 2 << 3, .offset = 0x3e}, 2, 0x0040);

    EXPECT_EQ(host.second->resets(), before + 1);
}

TEST(Assignment, AnswersNothingBelowALinkThatIsDisabled) {
    Host host;
    const auto assignment = host.assign();
    ASSERT_TRUE(assignment);
    const board::PciHost::Place command{.bus = 1, .devfn = 0, .offset = 0x04};
    const board::PciHost::Place link_control{.bus = 0, .devfn = 1 << 3, .offset = 0x50};
    host.topology.write(command, 2, 0x0006);
    ASSERT_THAT(host.board.vm.slots, SizeIs(1));
    const auto before = host.first->resets();

    host.topology.write(link_control, 2, 0x0010);

    EXPECT_EQ(host.first->resets(), before + 1);
    EXPECT_THAT(host.board.vm.slots, IsEmpty());
    host.topology.write(command, 2, 0x0006);
    EXPECT_EQ(host.topology.read(command, 4), 0xffffffffu);
    EXPECT_THAT(host.board.vm.slots, IsEmpty());

    host.topology.write(link_control, 2, 0x0000);

    EXPECT_EQ(host.first->resets(), before + 1);
    EXPECT_EQ(host.topology.read(command, 2), 0x0000u);
}

TEST(Assignment, AnswersNothingBelowABusThatIsHeldInReset) {
    Host host;
    const auto assignment = host.assign();
    ASSERT_TRUE(assignment);
    const board::PciHost::Place id{.bus = 1, .devfn = 0, .offset = 0x00};
    const board::PciHost::Place bridge_control{.bus = 0, .devfn = 1 << 3, .offset = 0x3e};

    host.topology.write(bridge_control, 2, 0x0040);
    EXPECT_EQ(host.topology.read(id, 4), 0xffffffffu);

    host.topology.write(bridge_control, 2, 0x0000);
    EXPECT_EQ(host.topology.read(id, 4), 0x00101b36u);
}

TEST(Assignment, StartsFunctionsAgainAsThePlanHasThem) {
    Host host;
    const auto assignment = host.assign();
    ASSERT_TRUE(assignment);
    const board::PciHost::Place bar{.bus = 1, .devfn = 0, .offset = 0x10};
    const auto planned = host.topology.read(bar, 4);
    host.topology.write({.bus = 1, .devfn = 0, .offset = 0x04}, 2, 0x0006);
    host.topology.write(bar, 4, 0xd0000000);
    host.topology.write({.bus = 0, .devfn = 1 << 3, .offset = 0x19}, 1, 0x40);
    const auto before = host.first->resets();

    host.topology.restart();

    EXPECT_EQ(host.first->resets(), before + 1);
    EXPECT_THAT(host.board.vm.slots, IsEmpty());
    EXPECT_EQ(host.topology.read(bar, 4), planned);
    EXPECT_EQ(host.topology.read({.bus = 1, .devfn = 0, .offset = 0x04}, 2) & 6, 0u);
    EXPECT_EQ(host.topology.read({.bus = 0x40, .devfn = 0, .offset = 0}, 4), 0xffffffffu);
    host.topology.write({.bus = 1, .devfn = 0, .offset = 0x04}, 2, 0x0006);
    EXPECT_THAT(host.board.vm.slots, SizeIs(1));
}

TEST(Assignment, LeavesTheHostAsItWasWhicheverCallOfADeviceFails) {
    unsigned calls = 0;
    {
        Host healthy;
        const auto before = healthy.first->faults().calls();
        ASSERT_TRUE(healthy.assign());
        calls = healthy.first->faults().calls() - before;
    }
    ASSERT_GE(calls, 1u);
    unsigned failed = 0;
    for (unsigned n = 1; n <= calls; ++n) {
        Host host;
        host.first->faults().fail_call(n);
        const auto assignment = host.assign();
        if (assignment) continue;  // Giving back what was assigned reports, and goes on.
        ++failed;
        EXPECT_THAT(assignment.error().what, HasSubstr("0000:01:00.0")) << "call " << n;
        host.expect_as_before();
    }
    EXPECT_GE(failed, 1u);
}

TEST(Assignment, LeavesTheHostAsItWasWhicheverCallOfTheOpenerFails) {
    // Two devices opened, one part of memory mapped.
    for (unsigned n = 1; n <= 3; ++n) {
        Host host;
        host.fail_opener_call = n;

        const auto assignment = host.assign();

        ASSERT_FALSE(assignment) << "call " << n;
        host.expect_as_before();
    }
}

}  // namespace
}  // namespace tenon::vmm::slots
