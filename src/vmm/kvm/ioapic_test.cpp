#include "vmm/kvm/ioapic.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "base/event_fd.hpp"
#include "tests/support/comes.hpp"
#include "tests/support/fake_vm.hpp"
#include "tests/support/guest_tables.hpp"
#include "vmm/kvm/split_vm.hpp"

namespace tenon::vmm::kvm {
namespace {

using support::comes;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr std::uint32_t level = 1u << 15;

class BoardIoapic : public testing::Test {
protected:
    // The entry of a pin, the upper half first.
    void program(unsigned pin, std::uint32_t high, std::uint32_t low) {
        ioapic.write(0x00, 4, 0x11 + 2 * pin);
        ioapic.write(0x10, 4, high);
        ioapic.write(0x00, 4, 0x10 + 2 * pin);
        ioapic.write(0x10, 4, low);
    }
    std::size_t sent() {
        const std::lock_guard lock{vm.mutex};
        return vm.sent.size();
    }

    support::FakeVm vm;
    support::GuestTables tables;
    IrqRoutes routes{vm, &tables};
    Ioapic ioapic{routes, 0xff00};
};

TEST_F(BoardIoapic, IsReadAndWrittenByItsIndex) {
    ioapic.write(0x00, 1, 0x01);

    EXPECT_EQ(ioapic.read(0x00, 4), 1u);
    EXPECT_EQ(ioapic.read(0x10, 4), 0x0017'0020u);
    EXPECT_EQ(ioapic.read(0x10, 1), 0x20u);
    // Half of an entry is none.
    ioapic.write(0x00, 1, 0x10);
    ioapic.write(0x10, 2, 0x31);
    EXPECT_EQ(ioapic.read(0x10, 4), 0x1'0000u);
}

TEST_F(BoardIoapic, SendsTheMessageOfAPin) {
    program(4, 0x0300'0000, 0x31);

    ASSERT_TRUE(ioapic.set_pin(Gsi{4}, true));
    ASSERT_TRUE(ioapic.set_pin(Gsi{400}, true));

    EXPECT_THAT(vm.sent, ElementsAre(Pair(0xfee0'3000, 0x31)));
    EXPECT_THAT(vm.routes, IsEmpty());
}

// KVM tells of the end of what is routed.
TEST_F(BoardIoapic, RoutesALevelSoThatItsEndIsTold) {
    std::vector<std::uint32_t> ended;
    ioapic.on_end([&](Gsi pin) { ended.push_back(pin.value()); });
    program(17, 0x0300'0000, level | 0x41);

    ASSERT_EQ(vm.routes.size(), 1u);
    EXPECT_EQ(vm.routes[0].gsi, 17u);
    EXPECT_EQ(vm.routes[0].u.msi.address_lo, 0xfee0'3000u);
    EXPECT_EQ(vm.routes[0].u.msi.data, 0xc041u);
    ASSERT_TRUE(ioapic.set_pin(Gsi{17}, true));
    ASSERT_TRUE(ioapic.set_pin(Gsi{17}, false));
    ioapic.end(0x41);
    EXPECT_THAT(ended, ElementsAre(17));
    EXPECT_EQ(sent(), 1u);
}

TEST_F(BoardIoapic, SendsThroughTheTableOfTheGuest) {
    const auto table = tables.page();
    // For ff:00.0, whose number the IOAPIC has.
    tables.put(table + 16, 0x0000'0002'0061'0001);
    tables.put(table + 24, 0x4'ff00);
    ASSERT_TRUE(
        routes.remap({.remapping = true, .table = {.base = GuestAddress{table}, .extended = true}},
                     {.all = true, .entries = {}}));
    program(17, 0x0003'0000, level | 0x11);

    ASSERT_TRUE(ioapic.set_pin(Gsi{17}, true));

    EXPECT_THAT(vm.sent, ElementsAre(Pair(0xfee0'2000, 0x61)));
}

TEST_F(BoardIoapic, SaysWhatKvmRefuses) {
    unsigned refused = 0;
    ioapic.on_refusal([&](const Result<void>& done) { refused += done ? 0u : 1u; });
    vm.faults.fail_call(1, ENOMEM);

    program(17, 0, level | 0x41);

    EXPECT_EQ(refused, 1u);
    vm.faults.fail_call(1, ENOMEM);
    EXPECT_FALSE(ioapic.raise_until_end(Gsi{17}));
    EXPECT_EQ(refused, 1u);
}

TEST_F(BoardIoapic, IsMaskedAfterAReset) {
    program(17, 0x0300'0000, level | 0x41);

    ioapic.reset();

    EXPECT_THAT(vm.routes, IsEmpty());
    ASSERT_TRUE(ioapic.set_pin(Gsi{17}, true));
    EXPECT_EQ(sent(), 0u);
}

class BoardPins : public BoardIoapic {
protected:
    static bool signalled(const EventFd& one) {
        return comes([&] { return one.take() != 0; });
    }

    board::Warnings warnings;
    board::EventLoop events;
    SplitVm split{vm, ioapic, events, warnings};
    EventFd event = EventFd::create().value();
    EventFd resample = EventFd::create().value();
};

TEST_F(BoardPins, LeadAnEventToThePinAndItsEndBack) {
    program(17, 0, level | 0x41);
    ASSERT_TRUE(split.connect_irqfd(Gsi{17}, event.number(), resample.number()));
    EXPECT_THAT(vm.irqfds, IsEmpty());

    event.signal();
    ASSERT_TRUE(comes([&] { return sent() == 1; }));
    EXPECT_FALSE(resample.pending());
    ioapic.end(0x41);

    EXPECT_TRUE(signalled(resample));
    EXPECT_EQ(sent(), 1u);
    // The device has more to say.
    event.signal();
    EXPECT_TRUE(comes([&] { return sent() == 2; }));
}

TEST_F(BoardPins, TellTheEndToAllWhoShareOne) {
    const auto other = EventFd::create().value();
    const auto other_resample = EventFd::create().value();
    program(17, 0, level | 0x41);
    ASSERT_TRUE(split.connect_irqfd(Gsi{17}, event.number(), resample.number()));
    ASSERT_TRUE(split.connect_irqfd(Gsi{17}, other.number(), other_resample.number()));

    event.signal();
    ASSERT_TRUE(comes([&] { return sent() == 1; }));
    ioapic.end(0x41);

    EXPECT_TRUE(signalled(resample));
    EXPECT_TRUE(signalled(other_resample));
}

TEST_F(BoardPins, AreLetGoWithTheirEvent) {
    program(17, 0, level | 0x41);
    ASSERT_TRUE(split.connect_irqfd(Gsi{17}, event.number(), resample.number()));
    event.signal();
    ASSERT_TRUE(comes([&] { return sent() == 1; }));

    ASSERT_TRUE(split.disconnect_irqfd(Gsi{17}, event.number()));
    ioapic.end(0x41);

    EXPECT_FALSE(resample.pending());
    EXPECT_EQ(sent(), 1u);
    event.signal();
    events.settle();
    EXPECT_TRUE(event.pending());
}

TEST_F(BoardPins, LeaveTheRestToKvm) {
    ASSERT_TRUE(split.connect_irqfd(Gsi{24}, event.number(), Vm::no_resample));
    EXPECT_EQ(vm.irqfds.at(24), event.number());
    ASSERT_TRUE(split.disconnect_irqfd(Gsi{24}, event.number()));
    EXPECT_THAT(vm.irqfds, IsEmpty());
    ASSERT_TRUE(split.signal_msi(0xfee0'0000, 0x31));
    EXPECT_EQ(sent(), 1u);

    program(4, 0, 0x31);
    ASSERT_TRUE(split.set_irq_line(Gsi{4}, true));
    EXPECT_EQ(sent(), 2u);
    EXPECT_THAT(vm.levels, IsEmpty());
}

}  // namespace
}  // namespace tenon::vmm::kvm
