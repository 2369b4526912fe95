// The board with a real KVM, and guests of a few instructions. Skips where there is no KVM.
#include "vmm/machine.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/event_fd.hpp"
#include "base/file.hpp"
#include "tests/support/kernel_builder.hpp"

namespace tenon::vmm {
namespace {

using support::Code;

/// No function at all.
class EmptyHost final : public board::PciHost {
public:
    std::uint32_t read(const Place& /*place*/, unsigned size) override {
        return static_cast<std::uint32_t>(board::all_ones(size));
    }
    void write(const Place& /*place*/, unsigned /*size*/, std::uint32_t /*value*/) override {}
    void restart() override { ++restarts; }

    unsigned restarts = 0;
};

class MachineTest : public testing::Test {
protected:
    void SetUp() override {
        if (const auto kvm = kvm::Kvm::open(); !kvm)
            GTEST_SKIP() << "no KVM here: " << to_string(kvm.error());
        std::filesystem::create_directories(folder);
        input = std::move(*Fd::open("/dev/null", O_RDONLY));
        output = std::move(*Fd::open(folder + "/console", O_RDWR | O_CREAT | O_TRUNC));
    }
    void TearDown() override { std::filesystem::remove_all(folder); }

    Result<std::unique_ptr<Machine>> make(const std::vector<std::byte>& kernel, unsigned vcpus = 1,
                                          bool restarts = false) {
        {
            std::ofstream file{folder + "/kernel", std::ios::binary};
            for (const auto byte : kernel)
                file.put(static_cast<char>(byte));
        }
        return Machine::create({.addresses = {.ecam = {.base = 0xe000'0000, .size = 0x10'0000}},
                                .memory = 64 << 20,
                                .vcpus = vcpus,
                                .boot = {.kernel = folder + "/kernel"},
                                .restarts = restarts,
                                .timeline = &timeline,
                                .input = input.number(),
                                .output = output.number()});
    }

    Result<board::MachineEnd> run(const std::vector<std::byte>& kernel, unsigned vcpus = 1) {
        TENON_TRY(machine, make(kernel, vcpus), "making");
        return machine->run(host);
    }
    std::string console() const { return read_file(folder + "/console", 4096).value_or("?"); }

    std::string folder = testing::TempDir() + "tenon-machine-" +
                         testing::UnitTest::GetInstance()->current_test_info()->name();
    Fd input;
    Fd output;
    EmptyHost host;
    Timeline timeline;
};

TEST_F(MachineTest, RunsA64BitGuestToItsPowerOff) {
    const auto end = run(support::make_bzimage(Code{}.print("hi64").out(0x600, 0x34).halt()));

    ASSERT_TRUE(end) << to_string(end.error());
    EXPECT_EQ(*end, board::MachineEnd::PoweredOff);
    EXPECT_EQ(console(), "hi64");
}

TEST_F(MachineTest, RunsAPvhGuestToItsReset) {
    const auto end = run(support::make_vmlinux(Code{}.print("hi32").out(0x602, 1).halt()));

    ASSERT_TRUE(end) << to_string(end.error());
    EXPECT_EQ(*end, board::MachineEnd::Reset);
    EXPECT_EQ(console(), "hi32");
}

// mov al, [0x200000]; inc byte [0x200000]; print 'A' + al; a power-off after the third time, a
// reset before. Memory outlives a reset, registers do not.
std::vector<std::byte> guest_that_resets_twice() {
    return support::make_vmlinux(Code{}
                                     .raw({0xa0, 0x00, 0x00, 0x20, 0x00})
                                     .raw({0xfe, 0x05, 0x00, 0x00, 0x20, 0x00})
                                     .raw({0x66, 0xba, 0xf8, 0x03, 0x04, 0x41, 0xee})
                                     .raw({0x3c, 0x43, 0x74, 0x0a})  // cmp al, 'C'; je +10
                                     .out(0x602, 1)
                                     .halt()
                                     .out(0x600, 0x34)
                                     .halt());
}

TEST_F(MachineTest, StartsTheGuestAgainInPlace) {
    const auto machine = make(guest_that_resets_twice(), 2, true);
    ASSERT_TRUE(machine) << to_string(machine.error());

    const auto end = (*machine)->run(host);

    ASSERT_TRUE(end) << to_string(end.error());
    EXPECT_EQ(*end, board::MachineEnd::PoweredOff);
    EXPECT_EQ(console(), "ABC");
    EXPECT_EQ(host.restarts, 2u);
}

TEST_F(MachineTest, NotesTheMomentsOfItsStartOnce) {
    const auto machine = make(guest_that_resets_twice(), 1, true);
    ASSERT_TRUE(machine) << to_string(machine.error());

    ASSERT_TRUE((*machine)->run(host));

    const auto moments = timeline.moments();
    ASSERT_EQ(moments.size(), 3u);
    EXPECT_EQ(moments[0].what, "kernel loaded");
    EXPECT_EQ(moments[1].what, "first instruction of the guest's kernel");
    EXPECT_EQ(moments[2].what, "first output of the guest");
}

TEST_F(MachineTest, ReadsAbsentFunctionsAsAllOnes) {
    // mov eax, [0xe0000000]; inc eax: zero if all ones. Then prints 'A' + eax.
    const auto end = run(support::make_vmlinux(Code{}
                                                   .raw({0xa1, 0x00, 0x00, 0x00, 0xe0})
                                                   .raw({0x40, 0x66, 0xba, 0xf8, 0x03})
                                                   .raw({0x04, 0x41, 0xee})
                                                   .out(0x600, 0x34)
                                                   .halt()));

    ASSERT_TRUE(end) << to_string(end.error());
    EXPECT_EQ(console(), "A");
}

TEST_F(MachineTest, TellsATripleFault) {
    // An undefined instruction without an interrupt table.
    const auto end = run(support::make_vmlinux(Code{}.raw({0x0f, 0x0b})));

    ASSERT_FALSE(end);
    EXPECT_NE(end.error().what.find("triple fault"), std::string::npos) << end.error().what;
}

TEST_F(MachineTest, StopsAGuestThatWouldRunForEver) {
    const auto machine = make(support::make_bzimage(Code{}.print("!").raw({0xeb, 0xfe})), 2);
    ASSERT_TRUE(machine) << to_string(machine.error());
    const std::jthread stopper{[&] {
        std::this_thread::sleep_for(std::chrono::milliseconds{100});
        (*machine)->stop(board::MachineEnd::Interrupted, board::EndCause::HostSignal);
    }};

    const auto end = (*machine)->run(host);

    ASSERT_TRUE(end) << to_string(end.error());
    EXPECT_EQ(*end, board::MachineEnd::Interrupted);
}

TEST_F(MachineTest, KeepsAStopThatCameBeforeTheStart) {
    const auto machine = make(support::make_bzimage(Code{}.raw({0xeb, 0xfe})));
    ASSERT_TRUE(machine) << to_string(machine.error());

    (*machine)->stop(board::MachineEnd::Interrupted, board::EndCause::HostSignal);
    const auto end = (*machine)->run(host);

    ASSERT_TRUE(end);
    EXPECT_EQ(*end, board::MachineEnd::Interrupted);
}

TEST_F(MachineTest, StandsStillWhilePaused) {
    // mov dx, 0x3f8; mov al, '.'; then for ever: out dx, al
    const auto machine = make(
        support::make_vmlinux(Code{}.raw({0x66, 0xba, 0xf8, 0x03, 0xb0, 0x2e, 0xee, 0xeb, 0xfd})));
    ASSERT_TRUE(machine) << to_string(machine.error());
    std::vector<board::MachineEvent::Kind> events;
    (*machine)->on_event([&](const board::MachineEvent& event) { events.push_back(event.kind); });
    const auto written = [&] { return std::filesystem::file_size(folder + "/console"); };
    const auto wait_beyond = [&](std::uintmax_t count) {
        for (int n = 0; n < 600 && written() <= count; ++n)
            std::this_thread::sleep_for(std::chrono::milliseconds{50});
        return written() > count;
    };
    const std::jthread controller{[&] {
        EXPECT_TRUE(wait_beyond(0));
        EXPECT_TRUE((*machine)->pause());
        EXPECT_TRUE((*machine)->paused());
        // What it sent before is still on its way into the file.
        std::this_thread::sleep_for(std::chrono::milliseconds{300});
        const auto before = written();
        std::this_thread::sleep_for(std::chrono::milliseconds{300});
        EXPECT_EQ(written(), before);
        (*machine)->resume();
        EXPECT_TRUE(wait_beyond(before));
        EXPECT_TRUE((*machine)->pause());
        (*machine)->stop(board::MachineEnd::Interrupted, board::EndCause::HostCommand);
    }};

    EXPECT_TRUE((*machine)->run(host));

    using enum board::MachineEvent::Kind;
    EXPECT_EQ(events, (std::vector{Paused, Resumed, Paused, Ended}));
}

TEST_F(MachineTest, PausesAndEndsThoughNobodyReadsItsOutput) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const Fd reader{ends[0]};
    output = Fd{ends[1]};
    // mov dx, 0x3f8; mov al, '.'; then for ever: out dx, al
    const auto machine = make(
        support::make_vmlinux(Code{}.raw({0x66, 0xba, 0xf8, 0x03, 0xb0, 0x2e, 0xee, 0xeb, 0xfd})),
        2);
    ASSERT_TRUE(machine) << to_string(machine.error());
    const auto begin = std::chrono::steady_clock::now();
    const std::jthread controller{[&] {
        std::this_thread::sleep_for(std::chrono::seconds{2});
        EXPECT_TRUE((*machine)->pause());
        (*machine)->resume();
        std::this_thread::sleep_for(std::chrono::milliseconds{100});
        (*machine)->stop(board::MachineEnd::Interrupted, board::EndCause::HostSignal);
    }};

    EXPECT_TRUE((*machine)->run(host));

    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{120});
}

TEST_F(MachineTest, RaisesWhatIsPendingInAnEventOnce) {
    const auto machine = make({});
    ASSERT_TRUE(machine) << to_string(machine.error());
    const auto event = EventFd::create().value();
    event.signal();

    ASSERT_TRUE((*machine)->vm().connect_irqfd(kvm::Gsi{4}, event.number(), kvm::Vm::no_resample));

    EXPECT_FALSE(event.pending());
    EXPECT_TRUE((*machine)->vm().disconnect_irqfd(kvm::Gsi{4}, event.number()));
}

TEST_F(MachineTest, RefusesMoreProcessorsThanApicIds) {
    EXPECT_FALSE(make({}, 256));
    EXPECT_FALSE(make({}, 0));
}

}  // namespace
}  // namespace tenon::vmm
