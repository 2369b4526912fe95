// A function whose device is a process: a driver's accesses here, messages there.
#include "vmm/virtio/function.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <thread>

#include "base/bytes.hpp"
#include "base/mutex.hpp"
#include "model/virtio/facts.hpp"
#include "tests/support/assigned_nvme.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/fake_slots.hpp"
#include "vmm/slots/assignment.hpp"

namespace tenon::vmm::virtio {
namespace {

using namespace std::chrono_literals;
using support::FakeBackend;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t mib = 1 << 20;

model::virtio::Backend disk() {
    return {
        .socket = "disk", .file = {}, .type = 2, .queues = 2, .queue_size = 128, .config_size = 60};
}

class VirtioFunctionTest : public testing::Test {
protected:
    void connect(FakeBackend::Manners manners = {}, std::chrono::milliseconds patience = 20s) {
        backend.emplace(std::move(manners));
        warnings.listen([this](const board::DeviceEvent& event) {
            const MutexLock lock{mutex};
            events.push_back(event.kind + ": " + event.text);
        });
        auto stated = disk();
        stated.socket.clear();
        stated.file = backend->front();
        auto made = VirtioFunction::connect(
            stated, "disk",
            {.memory = memory, .warnings = warnings, .events = loop, .patience = patience});
        ASSERT_TRUE(made) << to_string(made.error());
        function = std::move(*made);
    }
    std::uint64_t read(std::uint64_t offset, std::size_t size, unsigned region = 0) {
        std::uint64_t value = 0;
        EXPECT_TRUE(function->read(region, offset, writable_bytes_of(value).first(size)));
        return value;
    }
    void write(std::uint64_t offset, std::size_t size, std::uint64_t value, unsigned region = 0) {
        EXPECT_TRUE(function->write(region, offset, bytes_of(value).first(size)));
    }
    void set_up(std::uint64_t used = 0x3000) {
        write(20, 1, 3);
        write(8, 4, 1);
        write(12, 4, 1);
        write(20, 1, 11);
        write(26, 2, 1);
        write(32, 8, 0x1000);
        write(40, 8, 0x2000);
        write(48, 8, used);
        write(28, 2, 1);
    }
    void start() {
        set_up();
        write(20, 1, 15);
        ASSERT_TRUE(backend->wait_for(18));
    }
    // Waits, a while.
    template <typename So>
    bool until(So so) {
        for (int tries = 0; tries < 20'000 && !so(); ++tries)
            std::this_thread::sleep_for(1ms);
        return so();
    }
    std::vector<std::string> told() {
        const MutexLock lock{mutex};
        return events;
    }

    board::GuestMemory memory =
        board::GuestMemory::create(8 * mib, 6 * mib, {.shared = true}).value();
    board::Warnings warnings;
    board::EventLoop loop;
    Mutex mutex;
    std::vector<std::string> events TENON_GUARDED_BY(mutex);
    std::optional<FakeBackend> backend;
    EventFd vector = EventFd::create().value();
    std::unique_ptr<VirtioFunction> function;
};

TEST_F(VirtioFunctionTest, ShowsWhatTheBackEndOffers) {
    connect();

    EXPECT_EQ(read(4, 4), 0x200u);
    EXPECT_EQ(read(0x2000, 1), 0x5au);
    EXPECT_EQ(read(0, 4, device::config_region), 0x1042'1af4u);
}

TEST_F(VirtioFunctionTest, GivesTheBackEndMemoryAndQueues) {
    connect();
    start();

    for (const auto& one : backend->told()) {
        if (one.request != 5) continue;
        EXPECT_EQ(load<std::uint32_t>(one.payload, 0), 2u);
        EXPECT_EQ(one.files, 2u);
        EXPECT_EQ(load<std::uint64_t>(one.payload, 8), 0u);
        EXPECT_EQ(load<std::uint64_t>(one.payload, 16), 6 * mib);
        EXPECT_EQ(load<std::uint64_t>(one.payload, 40), std::uint64_t{1} << 32);
        EXPECT_EQ(load<std::uint64_t>(one.payload, 64), 6 * mib);  // Its offset in the file.
    }
    EXPECT_THAT(backend->requests(), Contains(5u));
    EXPECT_EQ(backend->take_kick(0), 1u);  // What was made available before.
}

TEST_F(VirtioFunctionTest, RingsTheBackEnd) {
    connect();
    start();
    EXPECT_EQ(backend->take_kick(0), 1u);

    write(0x3000, 2, 0);

    EXPECT_EQ(backend->take_kick(0), 1u);
    ASSERT_EQ(function->doorbells().size(), 2u);
    EXPECT_EQ(function->doorbells()[1].offset, 0x3004u);
}

TEST_F(VirtioFunctionTest, SignalsTheVectorOfTheQueue) {
    connect();
    ASSERT_TRUE(function->set_vectors(device::IrqIndex::Msix, 1, std::array{vector.number()}));
    start();

    backend->call(0);

    EXPECT_TRUE(until([&] { return vector.pending(); }));
}

TEST_F(VirtioFunctionTest, KeepsAnInterruptForAVectorThatIsNotThereYet) {
    connect();
    start();
    backend->call(0);
    EXPECT_TRUE(until([&] { return read(0x5000, 8) == 2; }));  // Pending, of vector 1.

    ASSERT_TRUE(function->set_vectors(device::IrqIndex::Msix, 1, std::array{vector.number()}));

    EXPECT_TRUE(until([&] { return vector.pending(); }));
    EXPECT_EQ(read(0x5000, 8), 0u);
}

TEST_F(VirtioFunctionTest, TakesTheQueuesBackBeforeItsStatusReadsZero) {
    connect();
    start();

    write(20, 1, 0);

    EXPECT_TRUE(until([&] { return read(20, 1) == 0; }));
    EXPECT_THAT(backend->requests(), Contains(11u));
}

TEST_F(VirtioFunctionTest, KeepsTheConnectionOverAReset) {
    connect();
    start();

    ASSERT_TRUE(function->reset());
    EXPECT_EQ(read(20, 1), 0u);
    set_up();
    write(20, 1, 15);

    EXPECT_TRUE(backend->wait_for(5, 2));
}

TEST_F(VirtioFunctionTest, GivesNoQueueThatLiesOutsideMemory) {
    connect();
    set_up(64 * mib);

    write(20, 1, 15);

    EXPECT_EQ(read(20, 1), 0x4fu);
    EXPECT_THAT(backend->requests(), Not(Contains(5u)));
}

TEST_F(VirtioFunctionTest, SaysThatItsBackEndHasGone) {
    connect();
    ASSERT_TRUE(function->set_vectors(device::IrqIndex::Msix, 0, std::array{vector.number()}));
    write(16, 2, 0);
    start();

    backend->die();

    EXPECT_TRUE(until([&] { return read(20, 1) == 0x4f; }));
    EXPECT_TRUE(until([&] { return vector.pending(); }));
    EXPECT_TRUE(until([&] { return !told().empty(); }));
    EXPECT_THAT(told(), ElementsAre(HasSubstr("back-end-lost: the back end has closed")));
    write(20, 1, 0);
    EXPECT_TRUE(until([&] { return read(20, 1) == 0; }));
    set_up();
    EXPECT_EQ(read(20, 1), 3u);  // Nothing is offered any more.
}

TEST_F(VirtioFunctionTest, WaitsForABackEndThatHangsInNoAccess) {
    connect({.hangs_at = 11}, 200ms);
    start();
    const auto begin = std::chrono::steady_clock::now();

    write(20, 1, 0);

    EXPECT_EQ(read(20, 1), 15u);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 200ms);
    EXPECT_TRUE(until([&] { return read(20, 1) == 0; }));
    EXPECT_THAT(told(), ElementsAre(HasSubstr("does not answer in time")));
}

TEST_F(VirtioFunctionTest, EndsThoughItsBackEndHangs) {
    connect({.hangs_at = 11}, 100ms);
    start();

    function.reset();

    EXPECT_THAT(told(), ElementsAre(HasSubstr("does not answer in time")));
}

TEST_F(VirtioFunctionTest, HearsABackEndThatTalksUnasked) {
    connect();
    const std::array<std::byte, 4> unasked{};
    backend->say(unasked);

    EXPECT_TRUE(until([&] { return !told().empty(); }));
    EXPECT_THAT(told(), ElementsAre(HasSubstr("what nobody asked for")));
}

TEST_F(VirtioFunctionTest, BoundsWhatADriverWritesIntoTheConfiguration) {
    connect({.hangs_at = 25}, 300ms);

    for (unsigned n = 0; n < 10'000; ++n)
        write(0x2020, 1, n & 1);

    EXPECT_TRUE(until([&] { return !told().empty(); }));
}

TEST_F(VirtioFunctionTest, ReachesItsRegistersThroughConfigurationSpace) {
    connect();
    // cap.bar, cap.offset, cap.length of VIRTIO_PCI_CAP_PCI_CFG at d4; the data is behind.
    write(0xd8, 1, 0, device::config_region);
    write(0xdc, 4, 18, device::config_region);
    write(0xe0, 4, 2, device::config_region);
    EXPECT_EQ(read(0xe4, 2, device::config_region), 2u);  // num_queues

    write(0xdc, 4, 20, device::config_region);
    write(0xe0, 4, 1, device::config_region);
    write(0xe4, 1, 1, device::config_region);

    EXPECT_EQ(read(20, 1), 1u);
}

TEST_F(VirtioFunctionTest, IsAFunctionOfTheMachine) {
    connect();
    model::machine::MachineRequest request{.memory = {.size = 256 * mib}};
    request.devices.resize(1);
    request.devices[0].facts = model::virtio::make_facts(disk());
    request.devices[0].backend = disk();
    const auto plan = model::machine::make_plan(std::move(request)).value();
    support::FakeBoard fake;
    auto doorbells = function->doorbells();
    const auto assigned = assigned::AssignedFunction::create(
        support::first_of(plan), std::move(function), fake.parts(), nullptr, std::move(doorbells));
    ASSERT_TRUE(assigned) << to_string(assigned.error());
    const auto at = plan.ports[0]->functions[0].bar_address[0];

    (*assigned)->write_config(4, 2, 6);

    EXPECT_EQ(fake.memory.read(at + 18, 2), 2u);
    EXPECT_EQ(fake.vm.doorbells.size(), 2u);
    EXPECT_TRUE(fake.vm.doorbells.contains(at + 0x3004));
    (*assigned)->write_config(4, 2, 0);
    EXPECT_TRUE(fake.vm.doorbells.empty());
    (*assigned)->shut_down();
}

TEST_F(VirtioFunctionTest, IsSeatedWithoutAnythingOfAHost) {
    const FakeBackend process;
    auto stated = disk();
    stated.file = process.front();
    model::machine::MachineRequest request{.memory = {.size = 256 * mib}};
    request.devices.resize(1);
    request.devices[0].facts = model::virtio::make_facts(stated);
    request.devices[0].backend = stated;
    const auto plan = model::machine::make_plan(std::move(request)).value();
    support::FakeBoard fake;
    support::FakeSlots slots{plan, fake};
    device::OpenedFunctions opened{[](auto&&...) -> Result<std::unique_ptr<device::DeviceOpener>> {
        return malformed("nothing of the host is asked for");
    }};

    auto assignment = slots::Assignment::create(plan, opened,
                                                {.board = fake.parts(),
                                                 .memory = memory,
                                                 .chassis = slots.chassis,
                                                 .resets = slots.resets,
                                                 .files = nullptr});

    ASSERT_TRUE(assignment) << to_string(assignment.error());
    EXPECT_EQ(slots.topology.read({.bus = 1, .devfn = 0, .offset = 0}, 4), 0x1042'1af4u);
    EXPECT_TRUE(slots.chassis.peers().empty());
    slots.topology.write({.bus = 1, .devfn = 0, .offset = 4}, 2, 6);
    EXPECT_EQ(fake.vm.doorbells.size(), 2u);
    assignment->reset();
    EXPECT_TRUE(fake.vm.doorbells.empty());
}

}  // namespace
}  // namespace tenon::vmm::virtio
