// Interrupts of an assigned function, from the guest's registers to device and KVM, whatever the
// host refuses.
#include "vmm/assigned/interrupts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/support/assigned_nvme.hpp"
#include "tests/support/comes.hpp"
#include "tests/support/guest_tables.hpp"

namespace tenon::vmm::assigned {
namespace {

using device::IrqIndex;
using support::comes;
using support::nvme_bar;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint64_t table = nvme_bar + 0x2000;

class AssignedInterrupts : public testing::Test {
protected:
    AssignedInterrupts() {
        host_->irq(IrqIndex::Intx) = {
            .count = 1, .eventfd = true, .maskable = true, .automasked = true};
        host_->config().write<std::uint8_t>(0x3d, 1);
        board_.warnings.listen(
            [this](const board::DeviceEvent& event) { events_.push_back(event); });
    }
    ~AssignedInterrupts() override {
        if (function_) function_->shut_down();
    }
    AssignedInterrupts(const AssignedInterrupts&) = delete;
    AssignedInterrupts& operator=(const AssignedInterrupts&) = delete;

    void start() {
        plan_ = support::plan_of({host_.get()});
        function_ =
            AssignedFunction::create(support::first_of(plan_),
                                     std::make_unique<support::FakeDevice>(*host_), board_.parts())
                .value();
    }
    void enable_msix() {
        function_->write_config(0x04, 2, 0x0006);
        function_->write_config(0xc2, 2, 0x8000);
    }
    void unmask(unsigned vector, std::uint32_t data) {
        const auto entry = table + std::uint64_t{16} * vector;
        board_.memory.write(entry, 4, 0xfee00000);
        board_.memory.write(entry + 8, 4, data);
        board_.memory.write(entry + 12, 4, 0);
    }
    std::vector<std::string> kinds() const {
        std::vector<std::string> kinds;
        kinds.reserve(events_.size());
        for (const auto& event : events_)
            kinds.push_back(event.kind);
        return kinds;
    }
    std::vector<std::pair<std::uint64_t, std::uint32_t>> sent() {
        const std::lock_guard lock{board_.vm.mutex};
        return board_.vm.sent;
    }
    bool level() {
        const std::lock_guard lock{board_.vm.mutex};
        return board_.vm.levels[17];
    }
    bool has_memory() {
        const std::lock_guard lock{board_.vm.mutex};
        return !board_.vm.slots.empty();
    }

    std::unique_ptr<support::FakeFunction> host_ = support::nvme_function();
    model::machine::MachinePlan plan_;
    support::FakeBoard board_;
    std::vector<board::DeviceEvent> events_;
    std::shared_ptr<AssignedFunction> function_;
};

TEST_F(AssignedInterrupts, LeadIntxThroughKvmAndItsEndBackToTheDevice) {
    start();

    function_->write_config(0x04, 2, 0x0006);

    // INTA of device 1 on bus 0.
    ASSERT_TRUE(board_.vm.irqfds.contains(17));
    EXPECT_THAT(host_->vectors(IrqIndex::Intx), ElementsAre(board_.vm.irqfds[17]));
    EXPECT_EQ(host_->intx_unmask_event(), board_.vm.resample_events[17]);
    EXPECT_NE(host_->intx_unmask_event(), device::DeviceControl::no_event);
}

TEST_F(AssignedInterrupts, SwitchIntxOffForMsix) {
    start();

    enable_msix();

    EXPECT_THAT(host_->vectors(IrqIndex::Intx), IsEmpty());
    EXPECT_FALSE(board_.vm.irqfds.contains(17));
    EXPECT_THAT(host_->vectors(IrqIndex::Msix), SizeIs(1));
}

// An entry of the guest's table is for one requester alone: 05:00.0.
TEST_F(AssignedInterrupts, AreRemappedAsThoseOfTheNumberThatTheGuestGives) {
    support::GuestTables tables;
    const auto entries = tables.page();
    tables.put(entries, 0x0000'0300'0041'0001);
    tables.put(entries + 8, 0x4'0500);
    support::FakeBoard board{&tables};
    ASSERT_TRUE(board.routes.remap({.remapping = true, .table = {.base = GuestAddress{entries}}},
                                   {.all = true, .entries = {}}));
    plan_ = support::plan_of({host_.get()});
    const auto function =
        AssignedFunction::create(support::first_of(plan_),
                                 std::make_unique<support::FakeDevice>(*host_), board.parts())
            .value();
    function->write_config(0x04, 2, 0x0006);
    function->write_config(0xc2, 2, 0x8000);
    board.memory.write(table, 4, 0xfee0'0018);
    board.memory.write(table + 8, 4, 0);
    board.memory.write(table + 12, 4, 0);
    EXPECT_EQ(board.vm.messages, 0u);

    function->renumber(0x0500);

    ASSERT_EQ(board.vm.messages, 1u);
    EXPECT_EQ(board.vm.routes.back().u.msi.data, 0x41u);
    function->shut_down();
}

TEST_F(AssignedInterrupts, TrapTheBarsUntilTheEndOfIntxWhereKvmCannotTellIt) {
    board_.vm.resamples = false;
    start();
    function_->write_config(0x04, 2, 0x0006);
    ASSERT_THAT(board_.vm.slots, SizeIs(1));

    host_->raise_intx();

    ASSERT_TRUE(comes([&] { return level(); }));
    EXPECT_FALSE(has_memory());
    EXPECT_TRUE(host_->intx_masked());
    // The driver looks at its device, which has what it wanted.
    host_->lower_intx();
    (void)board_.memory.read(nvme_bar + 0x1c, 4);
    EXPECT_TRUE(comes([&] { return !level(); }));
    EXPECT_FALSE(host_->intx_masked());
    EXPECT_THAT(kinds(), ElementsAre("intx-trapped"));
    // A second later it is mapped again.
    EXPECT_TRUE(comes([&] { return has_memory(); }));
}

// A driver that shares the pin did its work for another one's interrupt, before ours came.
TEST_F(AssignedInterrupts, EndTrappedIntxThatNobodyLooksFor) {
    board_.vm.resamples = false;
    start();
    function_->write_config(0x04, 2, 0x0006);
    host_->raise_intx();
    ASSERT_TRUE(comes([&] { return level(); }));

    host_->lower_intx();

    EXPECT_TRUE(comes([&] { return !level(); }));
    EXPECT_TRUE(comes([&] { return !host_->intx_masked(); }));
    EXPECT_TRUE(comes([&] { return has_memory(); }));
}

TEST_F(AssignedInterrupts, HoldTrappedIntxBackByInterruptDisable) {
    board_.vm.resamples = false;
    start();
    function_->write_config(0x04, 2, 0x0006);
    host_->raise_intx();
    ASSERT_TRUE(comes([&] { return level(); }));

    function_->write_config(0x04, 2, 0x0406);

    EXPECT_FALSE(level());
    host_->raise_intx();
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    EXPECT_FALSE(level());
    function_->write_config(0x04, 2, 0x0006);
    EXPECT_TRUE(comes([&] { return level(); }));
}

TEST_F(AssignedInterrupts, DeliverMessagesThemselvesWhereKvmRefusesTheIrqfd) {
    start();
    enable_msix();
    // The route's commit, then the irqfd.
    board_.vm.faults.fail_call(2, EBUSY);

    unmask(1, 0x31);
    host_->trigger(IrqIndex::Msix, 1);

    EXPECT_THAT(kinds(), ElementsAre("relayed"));
    EXPECT_THAT(board_.vm.irqfds, IsEmpty());
    ASSERT_TRUE(comes([&] { return !sent().empty(); }));
    EXPECT_THAT(sent(), ElementsAre(std::pair{std::uint64_t{0xfee00000}, 0x31u}));
}

TEST_F(AssignedInterrupts, KeepARelayedVectorPendingWhileItIsMasked) {
    start();
    enable_msix();
    board_.vm.faults.fail_call(1, EINVAL);
    unmask(1, 0x31);
    board_.memory.write(table + 16 + 12, 4, 1);

    host_->trigger(IrqIndex::Msix, 1);

    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    EXPECT_THAT(sent(), IsEmpty());
    EXPECT_EQ(board_.memory.read(nvme_bar + 0x3000, 8), 2u);
    board_.memory.write(table + 16 + 12, 4, 0);
    EXPECT_TRUE(comes([&] { return sent().size() == 1; }));
}

TEST_F(AssignedInterrupts, NameTheVectorThatStaysSilent) {
    start();
    enable_msix();
    host_->limit_vectors(2);

    unmask(1, 0x31);
    unmask(3, 0x33);

    ASSERT_THAT(events_, SizeIs(1));
    EXPECT_EQ(events_[0].function, "dev0 (0000:01:00.0)");
    EXPECT_EQ(events_[0].kind, "silent-vector");
    EXPECT_EQ(events_[0].vector, 3u);
    EXPECT_EQ(events_[0].text, "vector 3 stays silent: the host has only 2 vectors for it");
    EXPECT_THAT(board_.vm.irqfds, SizeIs(1));
}

TEST_F(AssignedInterrupts, ShowTheDevicesPendingBitOfAVectorThatIsNotInUse) {
    start();
    enable_msix();
    host_->bar(0)[0x3000] = std::byte{0x04};

    EXPECT_EQ(board_.memory.read(nvme_bar + 0x3000, 1), 4u);
    EXPECT_EQ(board_.memory.read(nvme_bar + 0x3000, 8), 4u);
}

// What a guest does in its life.
void live(AssignedFunction& function, board::Bus& memory) {
    function.write_config(0x04, 2, 0x0006);
    function.write_config(0x04, 2, 0x0406);
    function.write_config(0x04, 2, 0x0006);
    function.write_config(0xc2, 2, 0x8000);
    for (unsigned vector = 0; vector < 4; ++vector) {
        const auto entry = table + std::uint64_t{16} * vector;
        memory.write(entry, 4, 0xfee00000);
        memory.write(entry + 8, 4, 0x40 + vector);
        memory.write(entry + 12, 4, 0);
    }
    memory.write(table + 12, 4, 1);
    memory.write(table + 12, 4, 0);
    function.write_config(0xc2, 2, 0xc000);
    function.write_config(0xc2, 2, 0x8000);
}

// Each call of the device, or of KVM, fails in turn: the guest's registers stay right, it is said,
// and afterwards all is given back.
TEST_F(AssignedInterrupts, GiveEverythingBackWhicheverCallFails) {
    for (const bool noresize : {false, true}) {
        for (const bool of_device : {false, true}) {
            host_->irq(IrqIndex::Msix).noresize = noresize;
            bool reached = true;
            for (unsigned call = 1; reached && call < 200; ++call) {
                SCOPED_TRACE(call);
                support::FakeBoard board;
                auto plan = support::plan_of({host_.get()});
                auto function = AssignedFunction::create(
                                    support::first_of(plan),
                                    std::make_unique<support::FakeDevice>(*host_), board.parts())
                                    .value();
                auto& faults = of_device ? host_->faults() : board.vm.faults;
                faults.fail_call(call, EIO);

                live(*function, board.memory);
                reached = faults.reached();
                faults.fail_call(0);
                const bool decodes = function->read_config(0x04, 2) == 0x0006;
                for (unsigned vector = 0; decodes && vector < 4; ++vector)
                    EXPECT_EQ(board.memory.read(table + std::uint64_t{16} * vector + 8, 4),
                              0x40 + vector);
                function->write_config(0xc2, 2, 0);
                EXPECT_EQ(board.vm.messages, 0u);
                function->shut_down();
                EXPECT_THAT(board.vm.irqfds, IsEmpty());

                function.reset();
                EXPECT_THAT(host_->vectors(IrqIndex::Intx), IsEmpty());
                EXPECT_THAT(host_->vectors(IrqIndex::Msix), IsEmpty());
                // The event loop lets go of the function when it has come round.
                for (int turn = 0; turn < 1000 && host_->opened() != 0; ++turn)
                    std::this_thread::sleep_for(std::chrono::milliseconds{5});
                EXPECT_EQ(host_->opened(), 0u);
            }
            EXPECT_FALSE(reached);
        }
    }
}

}  // namespace
}  // namespace tenon::vmm::assigned
