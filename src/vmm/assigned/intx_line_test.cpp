#include "vmm/assigned/intx_line.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/assigned_nvme.hpp"

namespace tenon::vmm::assigned {
namespace {

using device::IrqIndex;
using model::function::IntxDelivery;

// A line that Tenon delivers. Its events are looked at by the test alone: the loop has nothing to
// call.
class TrappedLine : public testing::Test {
protected:
    static constexpr std::uint32_t pin = 17;

    TrappedLine() {
        host_->irq(IrqIndex::Intx) = {
            .count = 1, .eventfd = true, .maskable = true, .automasked = true};
        EXPECT_TRUE(line_.enable(IntxDelivery::Trapped));
        EXPECT_TRUE(line_.attach(IntxDelivery::Trapped));
        host_->raise_intx();
        line_.arrived();
    }
    ~TrappedLine() override { EXPECT_TRUE(line_.detach()); }
    TrappedLine(const TrappedLine&) = delete;
    TrappedLine& operator=(const TrappedLine&) = delete;

    bool level() { return board_.vm.levels[pin]; }

    std::unique_ptr<support::FakeFunction> host_ = support::nvme_function();
    model::machine::MachinePlan plan_ = support::plan_of({host_.get()});
    support::FakeDevice device_{*host_};
    support::FakeBoard board_;
    std::unique_ptr<Bars> bars_ = Bars::create("nvme", plan_.ports[0]->functions[0].view, device_,
                                               {.slots = board_.slots,
                                                .memory = board_.memory,
                                                .ports = board_.ports,
                                                .warnings = board_.warnings,
                                                .peers = board_.peers,
                                                .vm = board_.vm})
                                      .value();
    IntxLine line_{"nvme",
                   pin,
                   "IRQ 16, with 0000:00:1b.0 (driver snd_hda_intel)",
                   {.device = device_,
                    .vm = board_.vm,
                    .events = board_.events,
                    .pins = board_.pins,
                    .bars = *bars_,
                    .warnings = board_.warnings,
                    .arrived = [] {},
                    .elapsed = [] {}}};
};

TEST_F(TrappedLine, EndsByTheGuestsAccess) {
    ASSERT_TRUE(level());
    ASSERT_TRUE(host_->intx_masked());
    host_->lower_intx();

    line_.accessed();

    EXPECT_FALSE(level());
    EXPECT_FALSE(host_->intx_masked());
}

TEST_F(TrappedLine, EndsWithoutAnAccessAfterAWhile) {
    host_->lower_intx();

    line_.elapsed();

    EXPECT_FALSE(level());
    EXPECT_FALSE(host_->intx_masked());
}

TEST_F(TrappedLine, ComesAgainWhileTheDeviceRaisesIt) {
    line_.elapsed();
    EXPECT_FALSE(level());
    EXPECT_TRUE(host_->intx_masked());

    line_.arrived();

    EXPECT_TRUE(level());
    host_->lower_intx();
    line_.accessed();
    EXPECT_FALSE(level());
}

TEST_F(TrappedLine, SaysWhoIsOnTheLineWhereVfioFindsItBusy) {
    ASSERT_TRUE(line_.disable());
    host_->faults().fail_call(1, EBUSY);

    const auto enabled = line_.enable(IntxDelivery::Trapped);

    ASSERT_FALSE(enabled);
    EXPECT_EQ(enabled.error().os_error, EBUSY);
    EXPECT_EQ(enabled.error().hint,
              "INTx cannot be masked in this device, so that nobody else may be on its line of the "
              "host (IRQ 16, with 0000:00:1b.0 (driver snd_hda_intel)); give intx=off, or take the "
              "drivers of the others away");
}

}  // namespace
}  // namespace tenon::vmm::assigned
