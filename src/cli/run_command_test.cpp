#include "cli/run_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>
#include <functional>
#include <optional>

#include "tests/support/config_builder.hpp"
#include "tests/support/fake_device.hpp"
#include "tests/support/fake_sysfs.hpp"

namespace tenon::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// A host with functions at 01:00.0 (bound to vfio-pci) and 02:00.0 (not), and a machine that only
// notes what it was to run.
class RunCommand : public testing::Test {
protected:
    RunCommand() {
        add("0000:01:00.0", "vfio-pci", "14");
        add("0000:02:00.0", "nvme", "15");
        std::ofstream{kernel_} << "kernel";
    }
    ~RunCommand() override { std::remove(kernel_.c_str()); }

    void add(const char* address, const char* driver, const char* group) {
        const auto image = support::ConfigBuilder{}.head(0x80).express(0x80, 0).image();
        tree_.add({.address = address,
                   .config = {image.bytes().begin(), image.bytes().end()},
                   .driver = driver,
                   .group = group});
    }

    Outcome run(const RunArguments& arguments) {
        Host host{.sysfs = host::sysfs::Sysfs{
                      {.sysfs = tree_.sysfs(), .dev = tree_.dev(), .proc = tree_.proc()}}};
        host.make_opener =
            [this](device::Interface, std::span<const device::DeviceFacts>,
                   std::optional<int>) -> Result<std::unique_ptr<device::DeviceOpener>> {
            auto opener = std::make_unique<support::FakeOpener>();
            opener->add({.bus = 1}, function_);
            return opener;
        };
        host.make_opener_behind_iommu = [this, make = host.make_opener](auto&&... asked) {
            ++openers_behind_iommu_;
            return make(asked...);
        };
        const GuestRunner run_plan = [this](const model::machine::MachinePlan& plan,
                                            const vmm::RunRequest& request,
                                            device::OpenedFunctions&) {
            plan_ = plan;
            request_ = request;
            if (while_it_runs_) while_it_runs_();
            if (said_) said_ = testing::internal::GetCapturedStderr();
            return end_;
        };
        host.find_function_of = [](int) -> Result<pci::Address> {
            return fail_system(EACCES, "fd=5");
        };
        host.dma_limits = [] { return device::DmaLimits{.lock_limit_applies = false}; };
        return run_guest(host, run_plan, arguments, {});
    }

    support::FakeSysfs tree_;
    support::FakeFunction function_{support::ConfigBuilder{}.head(0x80).express(0x80, 0).image()};
    std::string kernel_ = testing::TempDir() + "run_command_kernel";
    Result<vmm::board::MachineEnd> end_ = vmm::board::MachineEnd::PoweredOff;
    std::optional<model::machine::MachinePlan> plan_;
    std::optional<vmm::RunRequest> request_;
    std::function<void()> while_it_runs_;
    unsigned openers_behind_iommu_ = 0;
    std::optional<std::string> said_;  // On standard error before the guest starts, if asked for.
};

TEST_F(RunCommand, OpensDevicesForAnIommuOfTheGuestWhereItHasOne) {
    RunArguments arguments{.machine = {.devices = {"01:00.0"}}, .kernel = kernel_};
    EXPECT_EQ(run(arguments).status, 0);
    EXPECT_EQ(openers_behind_iommu_, 0u);

    arguments.machine.viommu = "vtd";
    EXPECT_EQ(run(arguments).status, 0);

    EXPECT_EQ(openers_behind_iommu_, 1u);
}

TEST_F(RunCommand, RunsTheVeryPlanOfTheDevices) {
    const auto outcome =
        run({.machine = {.devices = {"01:00.0,id=disk"}, .memory = "256M", .cpus = "4"},
             .kernel = kernel_,
             .append = "console=ttyS0"});

    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.err, "");
    ASSERT_TRUE(plan_ && request_);
    EXPECT_EQ(plan_->ports[0]->functions[0].view.id, "disk");
    EXPECT_TRUE(plan_->ports[0]->functions[0].facts.vfio);
    EXPECT_EQ(plan_->memory.size, 268435456u);
    EXPECT_EQ(plan_->vcpus, 4u);
    EXPECT_EQ(request_->boot.kernel, kernel_);
    EXPECT_EQ(request_->boot.append, "console=ttyS0");
}

TEST_F(RunCommand, StartsFirmwareInPlaceOfAKernel) {
    const auto outcome =
        run({.machine = {.devices = {"01:00.0"}, .memory = "256M", .firmware = kernel_}});

    EXPECT_EQ(outcome.status, 0);
    ASSERT_TRUE(plan_ && request_);
    EXPECT_TRUE(plan_->firmware);
    EXPECT_EQ(request_->boot.kernel, kernel_);
    EXPECT_THAT(run({.machine = {.memory = "256M", .firmware = "/nonexistent"}}).err,
                HasSubstr("firmware: /nonexistent: No such file"));
}

TEST_F(RunCommand, SaysOfManyProcessorsThatFirmwareStartsFewer) {
    const auto outcome = run({.machine = {.memory = "256M", .cpus = "255", .firmware = kernel_}});

    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.err, HasSubstr("firmware starts 254 at most"));
    EXPECT_FALSE(plan_);
}

TEST_F(RunCommand, DoesNotStartWhatCannotBeAssigned) {
    const auto outcome = run({.machine = {.devices = {"02:00.0"}}, .kernel = kernel_});

    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.err, StartsWith("tenon: the guest is not started:\n  dev0 0000:02:00.0"));
    EXPECT_THAT(outcome.err, HasSubstr("driver_override"));
    EXPECT_FALSE(plan_);
}

TEST_F(RunCommand, DoesNotStartAFile) {
    const auto dump = testing::TempDir() + "run_command_dump";
    std::ofstream{dump, std::ios::binary} << std::string(256, '\0');

    const auto outcome = run({.machine = {.devices = {dump}}, .kernel = kernel_});

    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.err, HasSubstr("a file can be planned, not run"));
    EXPECT_FALSE(plan_);
    std::remove(dump.c_str());
}

TEST_F(RunCommand, LooksAtFilesBeforeItOpensADevice) {
    const auto outcome = run({.machine = {.devices = {"01:00.0"}}, .kernel = "/nonexistent"});

    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(outcome.err, "tenon: kernel: /nonexistent: No such file or directory\n");
    EXPECT_EQ(function_.resets(), 0u);
    EXPECT_EQ(run({.kernel = kernel_, .initrd = "/nonexistent"}).err,
              "tenon: initrd: /nonexistent: No such file or directory\n");
}

TEST_F(RunCommand, RefusesASizeThatIsNone) {
    EXPECT_THAT(run({.machine = {.memory = "much"}, .kernel = kernel_}).err,
                HasSubstr("--memory: \"much\" is not a size"));
}

TEST_F(RunCommand, StartsAGuestAgainThatResetsUnlessToldNotTo) {
    run({.kernel = kernel_});
    EXPECT_TRUE(request_->restarts);
    run({.kernel = kernel_, .no_reboot = true});
    EXPECT_FALSE(request_->restarts);
}

TEST_F(RunCommand, SealsTheMachineUnlessToldNotTo) {
    using vmm::seal::Level;
    run({.kernel = kernel_});
    EXPECT_EQ(request_->seal, Level::Auto);
    run({.kernel = kernel_, .seal = "full"});
    EXPECT_EQ(request_->seal, Level::Full);
    run({.kernel = kernel_, .seal = "log"});
    EXPECT_EQ(request_->seal, Level::Log);
    run({.kernel = kernel_, .seal = "off"});
    EXPECT_EQ(request_->seal, Level::Off);
}

TEST_F(RunCommand, RefusesASealThatIsNone) {
    const auto outcome = run({.kernel = kernel_, .seal = "half"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.err, "tenon: --seal=half: it is auto, full, log or off\n");
    EXPECT_FALSE(request_);
}

TEST_F(RunCommand, OpensNoDeviceForAMachineThatIsAllSealed) {
    run({.kernel = kernel_, .seal = "full"});
    device::OpenedFunctions opened{{}};
    const auto arrival =
        request_->plan_arrival({.device = "01:00.0"}, {.plan = *plan_, .ports = {}}, opened);
    ASSERT_FALSE(arrival);
    EXPECT_THAT(to_string(arrival.error()),
                HasSubstr("01:00.0: this machine is sealed and opens no device"));
}

TEST_F(RunCommand, SaysThatASealedMachineOpensNoOtherFile) {
    std::string hint;
    while_it_runs_ = [&] {
        device::OpenedFunctions opened{{}};
        const auto arrival =
            request_->plan_arrival({.device = "fd=5"}, {.plan = *plan_, .ports = {}}, opened);
        ASSERT_FALSE(arrival);
        hint = arrival.error().hint;
    };
    run({.kernel = kernel_});
    EXPECT_THAT(hint, StartsWith("The machine is sealed"));
    run({.kernel = kernel_, .seal = "off"});
    EXPECT_EQ(hint, "");
}

TEST_F(RunCommand, SaysEachWarningOfThePlanBeforeTheGuestStarts) {
    RunArguments arguments{.kernel = kernel_};
    arguments.machine.devices = {"01:00.0,id=card,port=gpu,rom=" + kernel_};
    arguments.machine.ports = {"gpu,atomics=32"};
    said_.emplace();
    testing::internal::CaptureStderr();

    ASSERT_EQ(run(arguments).status, 0);

    EXPECT_THAT(*said_, HasSubstr("tenon: warning: card (0000:01:00.0): " + kernel_ +
                                  " does not begin with 55 aa"));
    EXPECT_THAT(*said_, HasSubstr("tenon: warning: port gpu "));

    arguments.quiet = true;
    testing::internal::CaptureStderr();
    ASSERT_EQ(run(arguments).status, 0);
    EXPECT_EQ(*said_, "");
}

TEST_F(RunCommand, PrintsTheTimingWhereItWasAskedFor) {
    Timeline timeline;
    const auto outcome = run({.kernel = kernel_, .timeline = &timeline});

    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.err, HasSubstr("devices read, plan made"));
    EXPECT_EQ(request_->timeline, &timeline);
    EXPECT_EQ(run({.kernel = kernel_}).err, "");
}

TEST_F(RunCommand, TellsHowTheGuestEnded) {
    end_ = vmm::board::MachineEnd::Reset;
    EXPECT_EQ(run({.kernel = kernel_, .no_reboot = true}).status, 3);
    EXPECT_THAT(run({.kernel = kernel_, .no_reboot = true}).err, HasSubstr("reset itself"));
    end_ = vmm::board::MachineEnd::Interrupted;
    EXPECT_THAT(run({.kernel = kernel_}).err, HasSubstr("ended from outside"));
    end_ = fail(Error::Kind::Busy, "VFIO group 14: busy");
    EXPECT_EQ(run({.kernel = kernel_}).status, 1);
    EXPECT_EQ(run({.kernel = kernel_}).err, "tenon: VFIO group 14: busy\n");
}

TEST_F(RunCommand, LooksForImagesBeforeItOpensADevice) {
    const auto outcome =
        run({.machine = {.devices = {"01:00.0"}, .backends = {{"disk", {"/nowhere/a.img"}}}},
             .kernel = kernel_});

    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.err, StartsWith("tenon: disk:/nowhere/a.img: "));
    EXPECT_FALSE(plan_);
}

}  // namespace
}  // namespace tenon::cli
