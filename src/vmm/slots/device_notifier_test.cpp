#include "vmm/slots/device_notifier.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "tests/support/assigned_nvme.hpp"

namespace tenon::vmm::slots {
namespace {

using device::IrqIndex;
using testing::IsEmpty;
using testing::SizeIs;

class DeviceNotifierTest : public testing::Test {
protected:
    DeviceNotifierTest() { host_->irq(IrqIndex::Request) = {.count = 1, .eventfd = true}; }

    Result<std::unique_ptr<DeviceNotifier>> create(std::function<void()> wanted) {
        return DeviceNotifier::create(device_, device_.facts().value(), IrqIndex::Request, events_,
                                      std::move(wanted));
    }

    std::unique_ptr<support::FakeFunction> host_ = support::nvme_function();
    support::FakeDevice device_{*host_};
    board::EventLoop events_;
};

TEST_F(DeviceNotifierTest, TellsOfEachRequestUntilItGoes) {
    std::promise<void> told;
    auto notifier = create([&] { told.set_value(); });
    ASSERT_TRUE(notifier);
    ASSERT_THAT(host_->vectors(IrqIndex::Request), SizeIs(1));

    host_->trigger(IrqIndex::Request, 0);
    told.get_future().wait();
    told = {};
    host_->trigger(IrqIndex::Request, 0);
    told.get_future().wait();

    notifier->reset();
    EXPECT_THAT(host_->vectors(IrqIndex::Request), IsEmpty());
}

TEST_F(DeviceNotifierTest, DoesNotGoWhileItTells) {
    std::promise<void> begun;
    std::promise<void> go_on;
    auto notifier = create([&] {
        begun.set_value();
        go_on.get_future().wait();
    });
    ASSERT_TRUE(notifier);
    host_->trigger(IrqIndex::Request, 0);
    begun.get_future().wait();

    auto going = std::async(std::launch::async, [&] { notifier->reset(); });

    EXPECT_EQ(going.wait_for(std::chrono::milliseconds{20}), std::future_status::timeout);
    go_on.set_value();
    going.get();
}

TEST_F(DeviceNotifierTest, IsNoneWhereTheKernelKnowsNoRequests) {
    host_->irq(IrqIndex::Request) = {};
    const auto notifier = create([] {});
    ASSERT_TRUE(notifier);
    EXPECT_EQ(*notifier, nullptr);
}

TEST_F(DeviceNotifierTest, ThatCannotBeSetUpLeavesNothing) {
    const auto facts = device_.facts().value();
    host_->faults().fail_call(1);

    EXPECT_FALSE(DeviceNotifier::create(device_, facts, IrqIndex::Request, events_, [] {}));

    EXPECT_THAT(host_->vectors(IrqIndex::Request), IsEmpty());
}

}  // namespace
}  // namespace tenon::vmm::slots
