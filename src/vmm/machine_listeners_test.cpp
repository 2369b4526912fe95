// Who is told of what happens to a machine comes and goes while it runs. Skips where there is no
// KVM.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <latch>
#include <memory>
#include <thread>

#include "base/fd.hpp"
#include "tests/support/kernel_builder.hpp"
#include "vmm/machine.hpp"

namespace tenon::vmm {
namespace {

using namespace std::chrono_literals;
using support::Code;
using testing::HasSubstr;

/// Function 0 answers when it is let.
class SlowHost final : public board::PciHost {
public:
    std::uint32_t read(const Place& /*place*/, unsigned size) override {
        if (slow) {
            asked.count_down();
            answer.wait();
        }
        return static_cast<std::uint32_t>(board::all_ones(size));
    }
    void write(const Place& /*place*/, unsigned /*size*/, std::uint32_t /*value*/) override {}
    void restart() override {}

    std::atomic<bool> slow = false;
    std::latch asked{1};
    std::latch answer{1};
};

class MachineListeners : public testing::Test {
protected:
    void SetUp() override {
        if (const auto kvm = kvm::Kvm::open(); !kvm)
            GTEST_SKIP() << "no KVM here: " << to_string(kvm.error());
        std::filesystem::create_directories(folder);
        null = std::move(*Fd::open("/dev/null", O_RDWR));
    }
    void TearDown() override { std::filesystem::remove_all(folder); }

    void make(const std::vector<std::byte>& kernel) {
        {
            std::ofstream file{folder + "/kernel", std::ios::binary};
            for (const auto byte : kernel)
                file.put(static_cast<char>(byte));
        }
        auto made =
            Machine::create({.addresses = {.ecam = {.base = 0xe000'0000, .size = 0x10'0000}},
                             .memory = 64 << 20,
                             .vcpus = 1,
                             .boot = {.kernel = folder + "/kernel"},
                             .restarts = false,
                             .input = null.number(),
                             .output = null.number(),
                             .pause_patience = patience});
        ASSERT_TRUE(made) << to_string(made.error());
        machine = std::move(*made);
    }

    std::string folder = testing::TempDir() + "tenon-listeners-" +
                         testing::UnitTest::GetInstance()->current_test_info()->name();
    Fd null;
    std::chrono::milliseconds patience = 300s;  // What does not stop takes so long.
    SlowHost host;
    std::unique_ptr<Machine> machine;
};

TEST_F(MachineListeners, ComeAndGoWhileTheGuestRuns) {
    make(support::make_bzimage(Code{}.raw({0xeb, 0xfe})));
    std::atomic<bool> end = false;
    std::thread pauses{[&] {
        while (!end) {
            EXPECT_TRUE(machine->pause());
            machine->resume();
        }
        machine->stop(board::MachineEnd::Interrupted, board::EndCause::HostCommand);
    }};
    std::thread changes{[&] {
        for (int round = 0; round < 200; ++round) {
            auto told = std::make_unique<std::atomic<int>>(0);
            machine->on_event([&told](const board::MachineEvent&) { ++*told; });
            machine->on_ending([&told] { ++*told; });
            machine->on_memory_fault([&told](std::optional<GuestAddress>) { return ++*told > 0; });
            std::this_thread::sleep_for(1ms);
            machine->on_event({});
            machine->on_ending({});
            machine->on_memory_fault({});
        }
        end = true;
    }};

    EXPECT_TRUE(machine->run(host));
    pauses.join();
    changes.join();
}

TEST_F(MachineListeners, AreToldOfTheEndWithoutALockOfTheMachine) {
    make(support::make_bzimage(Code{}.raw({0xeb, 0xfe})));
    std::atomic<bool> told = false;
    machine->on_ending([&] { told = !machine->paused(); });
    machine->on_started(
        [&] { machine->stop(board::MachineEnd::Interrupted, board::EndCause::HostCommand); });

    EXPECT_TRUE(machine->run(host));
    EXPECT_TRUE(told);
}

TEST_F(MachineListeners, PauseTellsNoMoreThanIsKnown) {
    patience = 20ms;
    // mov eax, [0xe0000000]; then for ever: jmp to itself
    make(support::make_vmlinux(Code{}.raw({0xa1, 0x00, 0x00, 0x00, 0xe0, 0xeb, 0xfe})));
    host.slow = true;
    std::thread controller{[&] {
        host.asked.wait();
        const auto paused = machine->pause();
        host.answer.count_down();
        EXPECT_THAT(paused ? "" : paused.error().what,
                    HasSubstr("processor 0 of the guest has not stopped within 0.02 seconds, for a "
                              "reason that is not known here"));
        EXPECT_FALSE(machine->paused());
        machine->stop(board::MachineEnd::Interrupted, board::EndCause::HostCommand);
    }};

    EXPECT_TRUE(machine->run(host));
    controller.join();
}

}  // namespace
}  // namespace tenon::vmm
