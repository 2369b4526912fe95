// Errors that the host is told of, and devices that go without a word.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/hot_plug_bench.hpp"

namespace tenon::vmm::slots {
namespace {

using device::IrqIndex;
using testing::ElementsAre;
using testing::SizeIs;

// Of the functions: PCI Express at 0x80, Advanced Error Reporting at 0x100. Of the port, whose
// registers are at 00:01.0: Advanced Error Reporting at 0x100. Source: PCIe Base Spec 6.0, 7.8.4.
constexpr std::uint16_t device_control = 0x88;
constexpr std::uint16_t device_status = 0x8a;
constexpr std::uint16_t error_status = 0x104;
constexpr std::uint16_t error_mask = 0x108;
constexpr std::uint16_t error_severity = 0x10c;
constexpr std::uint16_t root_command = 0x12c;
constexpr std::uint16_t root_status = 0x130;
constexpr std::uint16_t root_source = 0x134;
constexpr std::uint32_t data_link_protocol = 1u << 4;

class DeviceErrorsTest : public testing::Test {
protected:
    DeviceErrorsTest() {
        for (std::size_t n = 0; n < support::HotPlugBench::most; ++n) {
            auto& function = bench_.function(n);
            function.config().write<std::uint32_t>(error_mask, 0x00400000);
            function.config().write<std::uint32_t>(error_severity, 0x00462030);
        }
    }

    // A guest with a driver for errors in its port and in function 0.
    void start() {
        bench_.start_driver();
        ASSERT_TRUE(bench_.add(0, 0));
        bench_.light_indicator();
        bench_.clear_events();
        bench_.write_port(0x48, 2, 0x000f);
        bench_.write_port(root_command, 4, 7);
        bench_.write_port(0x19, 1, 1);
        write(device_control, 2, 0x000f);
        sent_ = bench_.board().vm.sent.size();
    }

    std::uint32_t read(std::uint16_t offset, unsigned size = 4) {
        return bench_.topology().read({.bus = 1, .devfn = 0, .offset = offset}, size);
    }
    void write(std::uint16_t offset, unsigned size, std::uint32_t value) {
        bench_.topology().write({.bus = 1, .devfn = 0, .offset = offset}, size, value);
    }
    std::size_t messages() { return bench_.board().vm.sent.size() - sent_; }
    void fail(std::size_t n = 0) { bench_.function(n).trigger(IrqIndex::Error, 0); }
    // The device is pulled out on the host: all of it reads as ones.
    void pull(std::size_t n = 0) {
        auto& config = bench_.function(n).config();
        for (std::size_t at = 0; at < pci::express_size; at += 4)
            config.write<std::uint32_t>(at, ~0u);
    }

    support::HotPlugBench bench_;
    std::size_t sent_ = 0;
};

TEST_F(DeviceErrorsTest, ShowsTheGuestAFatalErrorByItsPort) {
    start();
    fail();
    ASSERT_TRUE(bench_.wait_for_events(1));

    EXPECT_EQ(read(error_status), data_link_protocol);
    EXPECT_EQ(read(device_status, 2) & 0x0006, 0x0004u);
    EXPECT_EQ(bench_.read_port(root_status, 4), 0x54u);
    EXPECT_EQ(bench_.read_port(root_source, 4), 0x01000000u);
    EXPECT_EQ(messages(), 1u);
    EXPECT_THAT(bench_.events(), ElementsAre(PlugEvent{.kind = PlugEvent::Kind::Failed,
                                                       .id = "f0",
                                                       .report = {.fatal = true, .told = true}}));

    write(error_status, 4, data_link_protocol);
    // A device clears what is written so; the fake keeps it.
    bench_.function(0).config().write<std::uint32_t>(error_status, 0);
    EXPECT_EQ(read(error_status), 0u);
}

TEST_F(DeviceErrorsTest, GoByTheSeverityThatTheGuestChose) {
    start();
    bench_.function(0).config().write<std::uint32_t>(error_severity, 0);
    fail();
    ASSERT_TRUE(bench_.wait_for_events(1));

    EXPECT_EQ(read(error_status), data_link_protocol);
    EXPECT_EQ(bench_.read_port(root_status, 4), 0x24u);
    EXPECT_FALSE(bench_.events().at(0).report.fatal);
}

TEST_F(DeviceErrorsTest, TellNoGuestThatMasksAll) {
    start();
    bench_.function(0).config().write<std::uint32_t>(error_mask, ~0u);
    fail();
    ASSERT_TRUE(bench_.wait_for_events(1));

    EXPECT_EQ(read(error_status), 0u);
    EXPECT_EQ(messages(), 0u);
    EXPECT_FALSE(bench_.events().at(0).report.told);
}

TEST_F(DeviceErrorsTest, AreLatchedForAGuestThatDoesNotWantToBeTold) {
    start();
    write(device_control, 2, 0);
    fail();
    ASSERT_TRUE(bench_.wait_for_events(1));

    EXPECT_EQ(read(error_status), data_link_protocol);
    EXPECT_EQ(bench_.read_port(root_status, 4), 0u);
    EXPECT_FALSE(bench_.events().at(0).report.told);
}

TEST_F(DeviceErrorsTest, AreThePortsOfAFunctionWithoutRegistersForThem) {
    bench_.function(0).config().write<std::uint32_t>(0x100, 0);
    start();
    fail();
    ASSERT_TRUE(bench_.wait_for_events(1));

    EXPECT_EQ(bench_.read_port(error_status, 4), data_link_protocol);
    EXPECT_EQ(bench_.read_port(root_source, 4), 0x00080000u);
    EXPECT_EQ(messages(), 1u);
    EXPECT_TRUE(bench_.events().at(0).report.told);
}

TEST_F(DeviceErrorsTest, AreForgottenWhenTheMachineIsReset) {
    start();
    fail();
    ASSERT_TRUE(bench_.wait_for_events(1));
    bench_.topology().restart();
    EXPECT_EQ(read(error_status), 0u);
    EXPECT_EQ(bench_.read_port(root_status, 4), 0u);
}

TEST_F(DeviceErrorsTest, PauseTheMachineWithStop) {
    bench_.choose({.on_error = model::chosen::ErrorAction::Stop});
    start();
    fail();
    ASSERT_TRUE(bench_.wait_for_events(1));
    EXPECT_EQ(bench_.pauses(), 1u);
    EXPECT_EQ(bench_.read_port(root_status, 4), 0x54u);
    EXPECT_EQ(bench_.events().at(0).action, model::chosen::ErrorAction::Stop);
}

TEST_F(DeviceErrorsTest, TakeTheDeviceAwayWithDetach) {
    bench_.choose({.on_error = model::chosen::ErrorAction::Detach});
    start();
    fail();
    ASSERT_TRUE(bench_.wait_for_events(2));
    EXPECT_EQ(bench_.events().at(0).kind, PlugEvent::Kind::Failed);
    EXPECT_EQ(bench_.events().at(1), (PlugEvent{.kind = PlugEvent::Kind::Deleted, .id = "f0"}));
    EXPECT_EQ(bench_.chassis().slot(0).phase(), model::running::SlotPhase::Empty);
    EXPECT_EQ(bench_.mapped(), 0u);
}

TEST_F(DeviceErrorsTest, OfAFunctionThatWaitsTellNoGuest) {
    ASSERT_TRUE(bench_.add(1, 1));
    fail(1);
    ASSERT_TRUE(bench_.wait_for_events(1));
    EXPECT_FALSE(bench_.events().at(0).report.told);
}

TEST_F(DeviceErrorsTest, OfADeviceThatHasGoneTakeItAway) {
    start();
    pull();
    fail();
    ASSERT_TRUE(bench_.wait_for_events(2));
    EXPECT_EQ(bench_.events().at(0), (PlugEvent{.kind = PlugEvent::Kind::Lost, .id = "f0"}));
    EXPECT_EQ(bench_.events().at(1), (PlugEvent{.kind = PlugEvent::Kind::Deleted, .id = "f0"}));
}

TEST_F(DeviceErrorsTest, AreNotNeededForADeviceThatGoes) {
    start();
    pull();
    EXPECT_EQ(read(error_mask), ~0u);
    ASSERT_TRUE(bench_.wait_for_events(2));
    EXPECT_EQ(bench_.events().at(1), (PlugEvent{.kind = PlugEvent::Kind::Deleted, .id = "f0"}));
}

TEST_F(DeviceErrorsTest, OfOnesThatADeviceHasTakeNothingAway) {
    start();
    bench_.function(0).config().write<std::uint32_t>(0x11c, ~0u);
    EXPECT_EQ(read(0x11c), ~0u);
    // What was noted before this is done when this is, and another may be added.
    fail();
    ASSERT_TRUE(bench_.wait_for_events(1));
    ASSERT_TRUE(bench_.add(1, 0, "rp1"));
    EXPECT_THAT(bench_.events(), SizeIs(1));
    EXPECT_TRUE(bench_.chassis().find("f0"));
}

}  // namespace
}  // namespace tenon::vmm::slots
