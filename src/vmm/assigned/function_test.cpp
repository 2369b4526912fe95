#include "vmm/assigned/function.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_slots.hpp"

namespace tenon::vmm::assigned {
namespace {

using device::IrqIndex;
using support::nvme_bar;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// Command: memory decoding and bus mastering on.
constexpr std::uint16_t decoding = 0x0006;

class AssignedFunctionTest : public testing::Test {
protected:
    AssignedFunctionTest()
        : function_{AssignedFunction::create(support::first_of(plan_),
                                             std::make_unique<support::FakeDevice>(*host_),
                                             board_.parts())
                        .value()} {}
    ~AssignedFunctionTest() override { function_->shut_down(); }
    AssignedFunctionTest(const AssignedFunctionTest&) = delete;
    AssignedFunctionTest& operator=(const AssignedFunctionTest&) = delete;

    // Programs a vector of the MSI-X table as a driver does, through the BAR.
    void unmask(unsigned vector, std::uint32_t data) {
        const auto entry = nvme_bar + 0x2000 + std::uint64_t{16} * vector;
        board_.memory.write(entry, 4, 0xfee00000);
        board_.memory.write(entry + 8, 4, data);
        board_.memory.write(entry + 12, 4, 0);
    }

    std::unique_ptr<support::FakeFunction> host_ = support::nvme_function();
    model::machine::MachinePlan plan_ = support::plan_of({host_.get()});
    support::FakeBoard board_;
    std::shared_ptr<AssignedFunction> function_;
};

// Opening resets it; the one reset here is of who asked for the plan.
TEST_F(AssignedFunctionTest, TakesTheDeviceAsOpeningLeavesIt) {
    EXPECT_EQ(host_->opened(), 1u);
    EXPECT_EQ(host_->resets(), 1u);
}

TEST_F(AssignedFunctionTest, MapsTheBarWhereTheGuestDecodesItWithoutThePagesOfMsix) {
    function_->write_config(0x04, 2, decoding);

    ASSERT_THAT(board_.vm.slots, SizeIs(1));
    EXPECT_EQ(board_.vm.slots.begin()->second,
              (support::FakeVm::Memory{.at = nvme_bar, .size = 0x2000}));
}

TEST_F(AssignedFunctionTest, TakesTheBarBackWhenDecodingEnds) {
    function_->write_config(0x04, 2, decoding);

    function_->write_config(0x04, 2, 0);

    EXPECT_THAT(board_.vm.slots, IsEmpty());
    EXPECT_EQ(board_.memory.read(nvme_bar, 4), 0xffffffffu);
}

TEST_F(AssignedFunctionTest, ReachesRegistersOfATrappedPageUntouched) {
    function_->write_config(0x04, 2, decoding);

    board_.memory.write(nvme_bar + 0x2100, 4, 0x12345678);

    EXPECT_EQ(std::to_integer<unsigned>(host_->bar(0)[0x2100]), 0x78u);
    EXPECT_EQ(board_.memory.read(nvme_bar + 0x2100, 4), 0x12345678u);
}

TEST_F(AssignedFunctionTest, KeepsTheMsixTableToItself) {
    function_->write_config(0x04, 2, decoding);

    board_.memory.write(nvme_bar + 0x2008, 4, 0x55);

    EXPECT_EQ(board_.memory.read(nvme_bar + 0x2008, 4), 0x55u);
    EXPECT_EQ(host_->bar(0)[0x2008], std::byte{0});
}

TEST_F(AssignedFunctionTest, SwitchesMsixOnWithoutAVector) {
    function_->write_config(0xc2, 2, 0x8000);

    EXPECT_THAT(host_->vectors(IrqIndex::Msix), ElementsAre(device::DeviceControl::no_event));
    EXPECT_THAT(board_.vm.irqfds, IsEmpty());
}

TEST_F(AssignedFunctionTest, BringsAVectorFromTheDeviceToKvm) {
    function_->write_config(0x04, 2, decoding);
    function_->write_config(0xc2, 2, 0x8000);

    unmask(1, 0x31);

    ASSERT_THAT(board_.vm.irqfds, SizeIs(1));
    ASSERT_THAT(host_->vectors(IrqIndex::Msix), SizeIs(2));
    EXPECT_EQ(host_->vectors(IrqIndex::Msix)[1], board_.vm.irqfds.begin()->second);
}

TEST_F(AssignedFunctionTest, ShowsWhatCameWhileMaskedAsPending) {
    function_->write_config(0x04, 2, decoding);
    function_->write_config(0xc2, 2, 0x8000);
    unmask(1, 0x31);
    board_.memory.write(nvme_bar + 0x2000 + 16 + 12, 4, 1);

    host_->trigger(IrqIndex::Msix, 1);

    EXPECT_THAT(board_.vm.irqfds, IsEmpty());
    EXPECT_EQ(board_.memory.read(nvme_bar + 0x3000, 8), 2u);
    EXPECT_EQ(board_.memory.read(nvme_bar + 0x3000, 1), 2u);
}

TEST_F(AssignedFunctionTest, GivesEverythingBackWhenMsixGoesOff) {
    function_->write_config(0x04, 2, decoding);
    function_->write_config(0xc2, 2, 0x8000);
    unmask(0, 0x30);
    unmask(1, 0x31);

    function_->write_config(0xc2, 2, 0);

    EXPECT_THAT(host_->vectors(IrqIndex::Msix), IsEmpty());
    EXPECT_THAT(board_.vm.irqfds, IsEmpty());
    EXPECT_EQ(board_.vm.messages, 0u);
}

TEST_F(AssignedFunctionTest, CarriesOutAFunctionLevelReset) {
    function_->write_config(0x04, 2, decoding);
    function_->write_config(0xc2, 2, 0x8000);
    const auto before = host_->resets();

    ASSERT_TRUE(function_->write_config(0x88, 2, 0x8000).reset);
    support::FakeSlots{plan_, board_}.resets.reset({function_});

    EXPECT_EQ(host_->resets(), before + 1);
    EXPECT_THAT(host_->vectors(IrqIndex::Msix), IsEmpty());
    EXPECT_THAT(board_.vm.slots, IsEmpty());
    EXPECT_EQ(function_->read_config(0x04, 2), 0u);
    EXPECT_EQ(host_->config().read16(0x04), 0u);
}

TEST_F(AssignedFunctionTest, ReadsADeviceThatIsGoneAsOnes) {
    host_->faults().fail_call(1, ENODEV);

    EXPECT_EQ(function_->read_config(0x8a, 2), 0xffffu);
}

TEST_F(AssignedFunctionTest, TrapsEverythingOnceMappingsWereWithdrawn) {
    function_->write_config(0x04, 2, decoding);

    EXPECT_TRUE(function_->withdraw(std::nullopt));

    EXPECT_THAT(board_.vm.slots, IsEmpty());
    board_.memory.write(nvme_bar + 0x10, 4, 0x42);
    EXPECT_EQ(std::to_integer<unsigned>(host_->bar(0)[0x10]), 0x42u);
    EXPECT_FALSE(function_->withdraw(std::nullopt));
}

TEST_F(AssignedFunctionTest, NeverWritesWhatItDoesNotShow) {
    const auto before = host_->config_writes().size();

    function_->write_config(0x100, 4, 0xffffffff);
    function_->write_config(0x300, 4, 0xffffffff);
    function_->write_config(0xc4, 4, 0xffffffff);

    EXPECT_EQ(host_->config_writes().size(), before);
}

TEST_F(AssignedFunctionTest, StaysWithTheHostsErrorToItself) {
    function_->write_config(0x04, 2, decoding);
    function_->write_config(0xc2, 2, 0x8000);
    host_->limit_vectors(1);

    unmask(3, 0x33);

    // The vector stays silent on the host; table and machine go on.
    EXPECT_EQ(board_.memory.read(nvme_bar + 0x2000 + 0x38, 4), 0x33u);
}

}  // namespace
}  // namespace tenon::vmm::assigned
