#include "vmm/kvm/irq_routes.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/fake_vm.hpp"

namespace tenon::vmm::kvm {
namespace {

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

    routes.set(*gsi, 0x1'fee0'1000, 0x41);
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
    for (int message = 0; message < 8; ++message)
        routes.set(*routes.allocate(), 0xfee00000, 0x40);

    ASSERT_TRUE(routes.commit());
    ASSERT_TRUE(routes.commit());

    EXPECT_EQ(vm.route_commits, 1u);
}

TEST(IrqRoutes, WritesNothingForAMessageThatStaysTheSame) {
    support::FakeVm vm;
    IrqRoutes routes{vm};
    const auto gsi = *routes.allocate();
    routes.set(gsi, 0xfee00000, 0x40);
    ASSERT_TRUE(routes.commit());

    routes.set(gsi, 0xfee00000, 0x40);
    ASSERT_TRUE(routes.commit());

    EXPECT_EQ(vm.route_commits, 1u);
}

TEST(IrqRoutes, TakesAReleasedRouteOutAndGivesItsNumberAgain) {
    support::FakeVm vm;
    IrqRoutes routes{vm};
    const auto first = *routes.allocate();
    routes.set(first, 0xfee00000, 0x40);
    ASSERT_TRUE(routes.commit());

    routes.release(first);
    ASSERT_TRUE(routes.commit());

    EXPECT_EQ(vm.messages, 0u);
    EXPECT_EQ(*routes.allocate(), first);
}

TEST(IrqRoutes, HasRoomFor4072Messages) {
    support::FakeVm vm;
    IrqRoutes routes{vm};
    for (int message = 0; message < 4096 - 24; ++message)
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

}  // namespace
}  // namespace tenon::vmm::kvm
