// A start of which each step is made to fail in turn: the host is afterwards as before.
//
// Everything is the program's own down to the calls of the kernel: plan, VFIO, iommufd, assignment.
// The real kernel restores registers when a function is closed; the fake one does not, so what is
// found there afterwards is what the program put back itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "cli/run_command.hpp"
#include "host/opened_file.hpp"
#include "host/opener.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/fake_slots.hpp"
#include "tests/support/fake_vfio_files.hpp"

namespace tenon::cli {
namespace {

using testing::IsEmpty;

constexpr auto first = "0000:01:00.0";
constexpr auto second = "0000:01:00.1";

// Device Control 2 of the functions of a FakeHost, and its AtomicOp Requester Enable.
constexpr std::size_t control_2 = 0x68;
constexpr std::uint16_t requester_enable = 0x0040;

// How functions get to the program.
enum class Way { Group, Iommufd, HandedOver };

// Open files of this process: events, memory.
std::size_t open_files_of_ours() {
    const std::filesystem::directory_iterator files{"/proc/self/fd"};
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

// Two functions of one slot whose path completes AtomicOps, so that asking sets Requester Enable;
// the second had it set before.
class FailedStart : public testing::TestWithParam<Way> {
protected:
    FailedStart() {
        std::ofstream{kernel_} << "kernel";
        for (auto* const function : {&first_, &second_})
            function->info().atomic_completer = 3;
        second_.config().write<std::uint16_t>(control_2, requester_enable | 0x0005);
        for (auto* const function : {&first_, &second_})
            found_.push_back(function->config());
        if (GetParam() == Way::HandedOver) show_files();
    }
    ~FailedStart() override { std::remove(kernel_.c_str()); }

    // What sysfs tells of files that somebody else opened.
    void show_files() {
        const std::filesystem::path sysfs = host_.paths().sysfs;
        const auto misc = sysfs / "devices/virtual/misc/iommu";
        std::filesystem::create_directories(misc);
        std::filesystem::create_directories(sysfs / "dev/char");
        std::filesystem::create_symlink(misc, sysfs / "dev/char/10:123");
        std::filesystem::create_symlink(host_.tree().file(first, "vfio-dev/vfio3"),
                                        sysfs / "dev/char/511:3");
        std::filesystem::create_symlink(host_.tree().file(second, "vfio-dev/vfio4"),
                                        sysfs / "dev/char/511:4");
    }

    Host host() {
        return {
            .sysfs = host::sysfs::Sysfs{host_.paths()},
            .make_opener =
                [this](device::Interface interface, std::span<const device::DeviceFacts> functions,
                       std::optional<int> iommufd) {
                    return host::make_opener(interface, functions, iommufd, host_.kernel(),
                                             host_.paths());
                },
            .find_function_of =
                [this](int file) {
                    return host::find_function_of(host_.kernel(), host_.paths(), file);
                },
            .check_is_iommufd =
                [this](int file) {
                    return host::check_is_iommufd(host_.kernel(), host_.paths(), file);
                },
            .dma_limits = [] { return device::DmaLimits{.lock_limit_applies = false}; }};
    }

    // A step of the machine itself: KVM, its processors.
    Result<void> machine_step(std::string_view what) {
        if (const auto error = machine_.next()) return fail_system(*error, what);
        return {};
    }

    // The steps of vmm::run_plan() with a machine that KVM knows nothing of.
    Result<vmm::board::MachineEnd> run_plan(const model::machine::MachinePlan& plan,
                                            device::OpenedFunctions& opened) {
        TENON_TRY_DO(machine_step("creating the machine"), "");
        TENON_TRY_DO(machine_step("creating the kvm-vfio device"), "");
        TENON_TRY(memory, vmm::board::GuestMemory::create(4 << 20, 0xc0000000), "");
        support::FakeVfioFiles files{machine_};
        support::FakeBoard board;
        support::FakeSlots slots{plan, board};
        board.here = [&slots] { return slots.chassis.peers(); };
        const auto done = [&]() -> Result<void> {
            const auto assignment = vmm::slots::Assignment::create(plan, opened,
                                                                   {.board = board.parts(),
                                                                    .memory = memory,
                                                                    .chassis = slots.chassis,
                                                                    .resets = slots.resets,
                                                                    .files = &files});
            if (!assignment) return std::unexpected(assignment.error());
            EXPECT_FALSE(host_.kernel().mapped().empty());
            for (auto* const function : {&first_, &second_})
                EXPECT_EQ(function->config().read16(control_2) & requester_enable, 0);
            TENON_TRY_DO(machine_step("starting the processors"), "");
            started_ = true;
            calls_ = host_.kernel().faults().calls();
            return {};
        }();
        EXPECT_THAT(files.files(), IsEmpty());
        EXPECT_THAT(board.vm.slots, IsEmpty());
        EXPECT_THAT(board.vm.irqfds, IsEmpty());
        EXPECT_THAT(slots.chassis.functions(), IsEmpty());
        TENON_TRY_DO(done, "");
        return vmm::board::MachineEnd::PoweredOff;
    }

    // What the program is called with. A file that is handed over can be bound once, so it is
    // another one for each start.
    MachineArguments arguments() {
        MachineArguments machine{.ports = {"slot"}, .memory = "4M"};
        for (const auto* const address : {first, second})
            machine.devices.push_back(std::string{address} + ",port=slot");
        for (std::size_t n = 0; n < 2; ++n) {
            if (GetParam() != Way::HandedOver) {
                machine.devices[n] += GetParam() == Way::Group ? ",iommu=group" : ",iommu=iommufd";
                continue;
            }
            theirs_.insert(open(n == 0 ? "/vfio/devices/vfio3" : "/vfio/devices/vfio4"));
            machine.devices[n] += ",fd=" + std::to_string(*theirs_.rbegin());
        }
        if (GetParam() == Way::HandedOver) {
            theirs_.insert(open("/iommu"));
            machine.iommufd = "fd=" + std::to_string(*theirs_.rbegin());
        }
        return machine;
    }

    int open(const char* node) { return host_.kernel().open(host_.paths().dev + node).value(); }

    Outcome start(const MachineArguments& machine) {
        started_ = false;
        auto outcome =
            run_guest(host(),
                      [this](const model::machine::MachinePlan& plan, const vmm::RunRequest&,
                             device::OpenedFunctions& opened) { return run_plan(plan, opened); },
                      {.machine = machine, .kernel = kernel_}, {});
        return outcome;
    }

    // The files of somebody else are still open; nothing of ours is in them.
    void expect_as_before() {
        const auto& kernel = host_.kernel();
        EXPECT_EQ(kernel.open_files(), theirs_.size());
        EXPECT_EQ(kernel.attached(), 0u);
        EXPECT_EQ(kernel.address_spaces(), 0u);
        EXPECT_THAT(kernel.mapped(), IsEmpty());
        EXPECT_EQ(first_.config(), found_[0]);
        EXPECT_EQ(second_.config(), found_[1]);
        for (auto* const function : {&first_, &second_})
            for (const auto index : {device::IrqIndex::Intx, device::IrqIndex::Msi,
                                     device::IrqIndex::Msix, device::IrqIndex::Request})
                EXPECT_THAT(function->vectors(index), IsEmpty());
        while (!theirs_.empty()) {  // A device's file, opened before, goes before its iommufd.
            host_.kernel().close(*theirs_.begin());
            theirs_.erase(theirs_.begin());
        }
        EXPECT_EQ(kernel.open_files(), 0u);
        EXPECT_EQ(first_.opened() + second_.opened(), 0u);
        EXPECT_THAT(kernel.mistakes(), IsEmpty());
        EXPECT_EQ(open_files_of_ours(), ours_);
    }

    support::FakeHost host_;
    support::FakeFunction& first_ = host_.add(first, "14", 3);
    support::FakeFunction& second_ = host_.add(second, "14", 4);
    std::vector<pci::ConfigImage> found_;
    std::string kernel_ = testing::TempDir() + "failed_start_kernel";
    support::Faults machine_;
    bool started_ = false;
    unsigned calls_ = 0;    // Of the kernel, when the processors were to start.
    std::set<int> theirs_;  // Files that somebody else opened.
    std::size_t ours_ = open_files_of_ours();
};

INSTANTIATE_TEST_SUITE_P(Ways, FailedStart,
                         testing::Values(Way::Group, Way::Iommufd, Way::HandedOver),
                         [](const auto& way) {
                             return way.param == Way::Group     ? "Group"
                                    : way.param == Way::Iommufd ? "Iommufd"
                                                                : "HandedOver";
                         });

TEST_P(FailedStart, IsNoneWhereNothingFails) {
    const auto outcome = start(arguments());

    EXPECT_EQ(outcome.err, "");
    EXPECT_TRUE(started_);
    expect_as_before();
}

// A question of the plan that fails is asked again by the start: such a start may succeed.
TEST_P(FailedStart, LeavesNothingWhicheverCallOfTheKernelFails) {
    {
        const auto machine = arguments();
        const auto before = host_.kernel().faults().calls();
        ASSERT_EQ(start(machine).status, 0);
        calls_ -= before;
        expect_as_before();
    }
    const auto calls = calls_;
    ASSERT_GT(calls, 50u);
    unsigned failed = 0;
    for (unsigned n = 1; n <= calls && !HasFailure(); ++n) {
        SCOPED_TRACE("call " + std::to_string(n));
        const auto machine = arguments();
        host_.kernel().faults().fail_call(n, EIO);
        const auto outcome = start(machine);
        EXPECT_TRUE(host_.kernel().faults().reached());
        EXPECT_EQ(outcome.status == 0, started_);
        failed += started_ ? 0 : 1;
        expect_as_before();
    }
    EXPECT_GT(failed, 0u);
}

TEST_P(FailedStart, LeavesNothingWhicheverStepOfTheMachineFails) {
    // The machine, kvm-vfio, two functions' files, the processors.
    for (unsigned n = 1; n <= 5; ++n) {
        SCOPED_TRACE("step " + std::to_string(n));
        const auto machine = arguments();
        machine_.fail_call(n, EIO);
        const auto outcome = start(machine);
        EXPECT_TRUE(machine_.reached());
        EXPECT_EQ(outcome.status, 1);
        EXPECT_FALSE(started_);
        expect_as_before();
    }
}

}  // namespace
}  // namespace tenon::cli
