#include "vmm/kvm/irq_routes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

#include "tests/support/fake_vm.hpp"
#include "tests/support/guest_tables.hpp"

namespace tenon::vmm::kvm {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;
using testing::Pair;

constexpr SentMessage message{.source = 0x0100, .message = {0xfee0'0000, 0x40}};

TEST(IrqRoutes, LeadsTheFirstNumbersToThePinsOfTheIoapic) {
    support::FakeVm vm;
    IrqRoutes routes{vm};

    ASSERT_TRUE(routes.commit());

    ASSERT_EQ(vm.routes.size(), 24u);
    EXPECT_EQ(vm.routes[4].gsi, 4u);
    EXPECT_EQ(vm.routes[4].type, 1u);  // KVM_IRQ_ROUTING_IRQCHIP
    EXPECT_EQ(vm.routes[4].u.irqchip.irqchip, 2u);
    EXPECT_EQ(vm.routes[4].u.irqchip.pin, 4u);
}

TEST(IrqRoutes, RoutesAMessage) {
    support::FakeVm vm;
    IrqRoutes routes{vm};
    const auto gsi = routes.allocate();
    ASSERT_TRUE(gsi);

    routes.set(*gsi, {.source = 0, .message = {0x1'fee0'1000, 0x41}});
    ASSERT_TRUE(routes.commit());

    ASSERT_EQ(vm.routes.size(), 25u);
    EXPECT_EQ(vm.routes[24].gsi, 24u);
    EXPECT_EQ(vm.routes[24].type, 2u);  // KVM_IRQ_ROUTING_MSI
    EXPECT_EQ(vm.routes[24].u.msi.address_lo, 0xfee01000u);
    EXPECT_EQ(vm.routes[24].u.msi.address_hi, 1u);
    EXPECT_EQ(vm.routes[24].u.msi.data, 0x41u);
}

TEST(IrqRoutes, WritesTheTableOnceForManyChanges) {
    support::FakeVm vm;
    IrqRoutes routes{vm};
    for (int n = 0; n < 8; ++n)
        routes.set(*routes.allocate(), message);

    ASSERT_TRUE(routes.commit());
    ASSERT_TRUE(routes.commit());

    EXPECT_EQ(vm.route_commits, 1u);
}

TEST(IrqRoutes, WritesNothingForAMessageThatStaysTheSame) {
    support::FakeVm vm;
    IrqRoutes routes{vm};
    const auto gsi = *routes.allocate();
    routes.set(gsi, message);
    ASSERT_TRUE(routes.commit());

    routes.set(gsi, message);
    ASSERT_TRUE(routes.commit());

    EXPECT_EQ(vm.route_commits, 1u);
}

TEST(IrqRoutes, TakesAReleasedRouteOutAndGivesItsNumberAgain) {
    support::FakeVm vm;
    IrqRoutes routes{vm};
    const auto first = *routes.allocate();
    routes.set(first, message);
    ASSERT_TRUE(routes.commit());

    routes.release(first);
    ASSERT_TRUE(routes.commit());

    EXPECT_EQ(vm.messages, 0u);
    EXPECT_EQ(*routes.allocate(), first);
}

TEST(IrqRoutes, HasRoomFor4072Messages) {
    support::FakeVm vm;
    IrqRoutes routes{vm};
    for (int n = 0; n < 4096 - 24; ++n)
        ASSERT_TRUE(routes.allocate());

    const auto one_more = routes.allocate();

    ASSERT_FALSE(one_more);
    EXPECT_EQ(one_more.error().kind, Error::Kind::Busy);
}

TEST(IrqRoutes, TriesAgainAfterACommitThatFailed) {
    support::FakeVm vm;
    IrqRoutes routes{vm};
    vm.faults.fail_call(1, EINVAL);

    const auto failed = routes.commit();

    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().os_error, EINVAL);
    EXPECT_TRUE(routes.commit());
    EXPECT_EQ(vm.route_commits, 1u);
}

// Entries of a table: vector 0x41 to APIC 3 and 0x52 to APIC 300, both for 01:00.0.
class RemappedRoutes : public testing::Test {
protected:
    RemappedRoutes() {
        put(3, 0x0000'0003'0041'0001);
        put(4, 0x0000'012c'0052'0001);
    }
    void put(std::uint32_t index, std::uint64_t low, std::uint64_t high = 0x4'0100) {
        tables.put(table + index * 16ull, low);
        tables.put(table + index * 16ull + 8, high);
    }
    // The remappable format, with a subhandle.
    static SentMessage naming(std::uint32_t index, std::uint16_t source = 0x0100) {
        return {.source = source, .message = {0xfee0'0018 | index << 5, 0}};
    }
    void switch_on() { ASSERT_TRUE(routes.remap(on, {.all = true, .entries = {}})); }
    Gsi route(const SentMessage& sent) {
        const auto gsi = *routes.allocate();
        routes.set(gsi, sent);
        EXPECT_TRUE(routes.commit());
        return gsi;
    }
    void invalidate(std::uint16_t first, std::uint16_t last) {
        ASSERT_TRUE(routes.remap(on, {.all = false, .entries = {{first, last}}}));
    }
    std::uint32_t data_of(std::size_t index) { return vm.routes.at(index).u.msi.data; }

    support::FakeVm vm;
    support::GuestTables tables;
    std::uint64_t table = tables.page();
    model::iommu::InterruptSwitches on{
        .remapping = true,
        .table = {.base = GuestAddress{table}, .entries = 256, .extended = true}};
    IrqRoutes routes{vm, &tables};
};

TEST_F(RemappedRoutes, HaveNoPinsOfTheKernel) {
    ASSERT_TRUE(routes.commit());

    EXPECT_EQ(vm.route_commits, 1u);
    EXPECT_THAT(vm.routes, IsEmpty());
}

TEST_F(RemappedRoutes, LeadWhereTheTableSays) {
    switch_on();
    route(naming(3));
    route(naming(4));

    ASSERT_EQ(vm.routes.size(), 2u);
    EXPECT_EQ(vm.routes[0].gsi, 24u);
    EXPECT_EQ(vm.routes[0].u.msi.address_lo, 0xfee0'3000u);
    EXPECT_EQ(vm.routes[0].u.msi.data, 0x41u);
    // 300 is 0x12c: the low byte as ever, the rest in the upper half.
    EXPECT_EQ(vm.routes[1].u.msi.address_lo, 0xfee2'c000u);
    EXPECT_EQ(vm.routes[1].u.msi.address_hi, 0x100u);
    EXPECT_EQ(vm.routes[1].u.msi.data, 0x52u);
}

TEST_F(RemappedRoutes, FollowTheSwitch) {
    const SentMessage plain{.source = 0x0100, .message = {0xfee0'1000, 0x31}};
    route(plain);
    ASSERT_EQ(vm.messages, 1u);

    switch_on();
    EXPECT_EQ(vm.messages, 0u);
    ASSERT_TRUE(routes.remap({}, {.all = true, .entries = {}}));
    EXPECT_EQ(vm.messages, 1u);
}

TEST_F(RemappedRoutes, FollowWhatIsInvalidatedAndNothingElse) {
    switch_on();
    route(naming(3));
    route(naming(4));
    put(3, 0x0000'0003'0043'0001);
    put(4, 0x0000'0003'0044'0001);

    invalidate(3, 3);
    EXPECT_EQ(data_of(0), 0x43u);
    EXPECT_EQ(data_of(1), 0x52u);
    invalidate(0, 7);
    EXPECT_EQ(data_of(1), 0x44u);
}

TEST_F(RemappedRoutes, AreWrittenOnceForManyEntriesAndNotForNone) {
    switch_on();
    for (int n = 0; n < 8; ++n)
        route(naming(3));
    put(3, 0x0000'0003'0043'0001);
    const auto before = vm.route_commits;

    invalidate(0, 255);
    EXPECT_EQ(vm.route_commits, before + 1);
    invalidate(0, 255);
    EXPECT_EQ(vm.route_commits, before + 1);
}

TEST_F(RemappedRoutes, LeaveOutWhatLeadsNowhereUntilItDoes) {
    switch_on();
    route(naming(5));
    route(naming(3, 0x0200));
    EXPECT_THAT(vm.routes, IsEmpty());

    put(5, 0x0000'0003'0045'0001);
    invalidate(5, 5);

    ASSERT_EQ(vm.routes.size(), 1u);
    EXPECT_EQ(data_of(0), 0x45u);
    EXPECT_THAT(routes.take_lost(), IsEmpty());
}

TEST_F(RemappedRoutes, GoByTheNumberOfTheirSender) {
    switch_on();
    const auto gsi = route(naming(3, 0));
    EXPECT_EQ(vm.messages, 0u);

    routes.renumber(gsi, 0x0100);
    ASSERT_TRUE(routes.commit());
    EXPECT_EQ(vm.messages, 1u);
}

// KVM refuses a table with one that is none.
TEST_F(RemappedRoutes, LeaveOutWhatIsNoInterrupt) {
    route({.source = 0x0100, .message = {0x1'fee0'0000, 0x31}});
    route({.source = 0x0100, .message = {0xfec0'0000, 0x31}});

    EXPECT_THAT(vm.routes, IsEmpty());
    EXPECT_TRUE(routes.send({.source = 0x0100, .message = {0x1'fee0'0000, 0x31}}));
    EXPECT_THAT(vm.sent, IsEmpty());
    EXPECT_THAT(routes.take_lost(), IsEmpty());
}

TEST_F(RemappedRoutes, SendWhatTheTableSays) {
    switch_on();

    ASSERT_TRUE(routes.send(naming(4)));

    EXPECT_THAT(vm.sent, ElementsAre(Pair(0x100'fee2'c000, 0x52)));
}

TEST_F(RemappedRoutes, KeepTheFirstOfWhatIsLost) {
    ASSERT_TRUE(routes.lost_event());
    switch_on();

    for (int n = 0; n < 10; ++n)
        ASSERT_TRUE(routes.send(naming(5)));

    EXPECT_THAT(vm.sent, IsEmpty());
    EXPECT_THAT(routes.take_lost(), ElementsAreArray(std::vector<SentMessage>(8, naming(5))));
    EXPECT_THAT(routes.take_lost(), IsEmpty());
}

TEST_F(RemappedRoutes, HaveThoseOfPinsWhoseEndIsWaitedFor) {
    routes.set_pin(Gsi{17}, SentMessage{.source = 0xff00, .message = {0xfee0'3000, 0xc031}});
    ASSERT_TRUE(routes.commit());

    ASSERT_EQ(vm.routes.size(), 1u);
    EXPECT_EQ(vm.routes[0].gsi, 17u);
    EXPECT_EQ(vm.routes[0].u.msi.data, 0xc031u);
    routes.set_pin(Gsi{17}, std::nullopt);
    ASSERT_TRUE(routes.commit());
    EXPECT_THAT(vm.routes, IsEmpty());
}

}  // namespace
}  // namespace tenon::vmm::kvm
