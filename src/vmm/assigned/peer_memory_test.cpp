#include "vmm/assigned/peer_memory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <memory>

#include "tests/support/assigned_nvme.hpp"
#include "tests/support/hot_plug_bench.hpp"

namespace tenon::vmm::assigned {
namespace {

using device::BarMaps;
using support::HotPlugBench;
using testing::IsEmpty;
using testing::Pair;
using testing::StartsWith;
using testing::UnorderedElementsAre;

constexpr std::uint64_t part_size = 0x2000;

// A function that decodes memory, opened, with a part of BAR 0 that the guest reaches.
struct Function {
    std::unique_ptr<support::FakeFunction> function = support::nvme_function();
    std::unique_ptr<support::FakeDevice> device;
    Mapping mapping;
    PeerMemory::Part part;

    Function() {
        function->config().write<std::uint16_t>(0x04, 0x0002);
        device = std::make_unique<support::FakeDevice>(*function);
        mapping = device->map(0, {.offset = 0, .size = part_size}).value();
        part = {.bar = 0, .offset = 0, .bytes = mapping.bytes()};
    }
};

class PeerMemoryTest : public testing::Test {
protected:
    void join(Function& one, support::FakeAddressSpace& reaches, bool memory_mapped = true,
              Known<bool> gives_files = true) {
        here.push_back({.name = &one == &first ? "dev0" : "dev1",
                        .device = one.device.get(),
                        .space = &reaches,
                        .memory_mapped = memory_mapped,
                        .gives_files = std::move(gives_files)});
        peers.settle();
    }
    void leave(Function& one) {
        std::erase_if(here, [&](const auto& member) { return member.device == one.device.get(); });
        peers.remove(*one.device, one.part);
        peers.settle();
    }
    void place(Function& one, std::uint64_t at) {
        peers.add(*one.device, one.part, GuestAddress{at});
    }

    Function first;
    Function second;
    support::Faults faults;
    support::FakeAddressSpace space{faults};
    support::FakeAddressSpace group{faults, BarMaps::ByAddress};
    board::Warnings warnings;
    std::vector<PeerMemory::Member> here;
    PeerMemory peers{warnings, [this] { return here; }};
};

TEST_F(PeerMemoryTest, MapsNothingForASingleFunction) {
    join(first, space);
    place(first, 0xc0000000);
    EXPECT_EQ(faults.calls(), 0u);
    EXPECT_THAT(space.bars(), IsEmpty());
}

TEST_F(PeerMemoryTest, MapsWhatWasThereWhenASecondFunctionComes) {
    join(first, space);
    place(first, 0xc0000000);

    join(second, space);
    EXPECT_THAT(space.bars(), UnorderedElementsAre(Pair(Iova{0xc0000000}, part_size)));

    place(second, 0xd0000000);
    EXPECT_THAT(space.bars(), UnorderedElementsAre(Pair(Iova{0xc0000000}, part_size),
                                                   Pair(Iova{0xd0000000}, part_size)));
}

TEST_F(PeerMemoryTest, FollowsABarThatMoves) {
    join(first, space);
    join(second, space);
    place(first, 0xc0000000);

    peers.remove(*first.device, first.part);
    EXPECT_THAT(space.bars(), IsEmpty());
    place(first, 0xc8000000);

    EXPECT_THAT(space.bars(), UnorderedElementsAre(Pair(Iova{0xc8000000}, part_size)));
}

TEST_F(PeerMemoryTest, MapsInEveryAddressSpaceAsItTakesBars) {
    join(first, space);
    join(second, group);
    place(first, 0xc0000000);

    EXPECT_THAT(space.bars(), UnorderedElementsAre(Pair(Iova{0xc0000000}, part_size)));
    EXPECT_THAT(group.bars(), UnorderedElementsAre(Pair(Iova{0xc0000000}, part_size)));
    EXPECT_EQ(group.mapped().at(Iova{0xc0000000}).data(), first.mapping.bytes().data());
}

TEST_F(PeerMemoryTest, WaitsForTheMemoryOfTheGuest) {
    join(first, space, false);
    join(second, space, false);
    place(first, 0xc0000000);
    EXPECT_EQ(faults.calls(), 0u);

    for (auto& member : here)
        member.memory_mapped = true;
    peers.settle();

    EXPECT_THAT(space.bars(), UnorderedElementsAre(Pair(Iova{0xc0000000}, part_size)));
}

TEST_F(PeerMemoryTest, EndsWithTheFunction) {
    Function third;
    join(first, space);
    join(second, group);
    join(third, space);
    place(first, 0xc0000000);
    place(second, 0xd0000000);

    leave(first);
    EXPECT_THAT(space.bars(), UnorderedElementsAre(Pair(Iova{0xd0000000}, part_size)));
    EXPECT_THAT(group.bars(), UnorderedElementsAre(Pair(Iova{0xd0000000}, part_size)));

    // The last of its address space, which may go.
    leave(third);
    EXPECT_THAT(space.bars(), IsEmpty());
    // And nobody is left to reach the last one's.
    EXPECT_THAT(group.bars(), IsEmpty());
}

TEST_F(PeerMemoryTest, SaysOnceWhatCannotBeMapped) {
    join(first, space);
    join(second, space);
    faults.fail_call(1, EINVAL);
    testing::internal::CaptureStderr();

    place(first, 0xc0000000);
    peers.remove(*first.device, first.part);
    faults.fail_call(1, ENOSPC);
    place(first, 0xc8000000);

    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "tenon: warning: dev0: no peer-to-peer with BAR 0: mapping 0x2000 bytes at "
              "0xc0000000: Invalid argument\r\n");
    EXPECT_THAT(space.bars(), IsEmpty());

    // The guest may place it where it can be mapped.
    peers.remove(*first.device, first.part);
    place(first, 0xd0000000);
    EXPECT_THAT(space.bars(), UnorderedElementsAre(Pair(Iova{0xd0000000}, part_size)));
}

TEST_F(PeerMemoryTest, NamesTheDeviceThatDoesNotDecodeMemory) {
    first.function->config().write<std::uint16_t>(0x04, 0);
    join(first, space);
    join(second, space);
    testing::internal::CaptureStderr();

    place(first, 0xc0000000);

    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                StartsWith("tenon: warning: dev0: no peer-to-peer with BAR 0: "));
}

TEST_F(PeerMemoryTest, SaysNothingOfAKernelThatIsKnownToHaveNoFiles) {
    first.function->give_bar_files(false);
    join(first, space, true, false);
    join(second, group, true, false);
    testing::internal::CaptureStderr();

    place(first, 0xc0000000);

    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    EXPECT_THAT(space.bars(), IsEmpty());
    EXPECT_THAT(group.bars(), UnorderedElementsAre(Pair(Iova{0xc0000000}, part_size)));
}

TEST_F(PeerMemoryTest, PassesOverFunctionsThatHaveNotJoined) {
    join(first, space);
    join(second, space);
    Function stranger;
    place(stranger, 0xc0000000);
    peers.remove(*stranger.device, stranger.part);
    leave(stranger);
    EXPECT_EQ(faults.calls(), 0u);
}

// In a machine: a guest that switches functions on, moves BARs, resets; functions that come and go.
class PeersOfAMachine : public testing::Test {
protected:
    PeersOfAMachine() {
        bench.start_driver(0);
        bench.start_driver(1);
    }

    void write(unsigned bus, std::uint16_t offset, unsigned size, std::uint32_t value) {
        bench.topology().write(
            {.bus = static_cast<std::uint8_t>(bus), .devfn = 0, .offset = offset}, size, value);
    }
    void place(unsigned bus, std::uint32_t at) {
        write(bus, 0x10, 4, at);
        write(bus, 0x04, 2, 0x0006);
    }

    HotPlugBench bench;
};

TEST_F(PeersOfAMachine, ReachEachOtherWhereTheGuestHasThem) {
    ASSERT_TRUE(bench.add(0, 0, "rp0"));
    place(1, 0xd0000000);
    EXPECT_THAT(bench.bars(), IsEmpty());

    ASSERT_TRUE(bench.add(1, 0, "rp1"));
    // The second page of the BAR has the MSI-X table and its pending bits.
    EXPECT_THAT(bench.bars(), UnorderedElementsAre(Pair(Iova{0xd0000000}, 0x2000)));
    place(2, 0xd0100000);
    EXPECT_THAT(bench.bars(), UnorderedElementsAre(Pair(Iova{0xd0000000}, 0x2000),
                                                   Pair(Iova{0xd0100000}, 0x2000)));
}

TEST_F(PeersOfAMachine, AreMappedAnewAfterMemoryDecodeWasOff) {
    ASSERT_TRUE(bench.add(0, 0, "rp0"));
    ASSERT_TRUE(bench.add(1, 0, "rp1"));
    place(1, 0xd0000000);

    write(1, 0x04, 2, 0x0004);
    EXPECT_THAT(bench.bars(), IsEmpty());
    place(1, 0xd0200000);
    EXPECT_THAT(bench.bars(), UnorderedElementsAre(Pair(Iova{0xd0200000}, 0x2000)));

    // A reset of the bus below the port, and its end.
    bench.write_port(0x3e, 2, 0x0040, 0);
    EXPECT_THAT(bench.bars(), IsEmpty());
    bench.write_port(0x3e, 2, 0, 0);
    place(1, 0xd0000000);
    EXPECT_THAT(bench.bars(), UnorderedElementsAre(Pair(Iova{0xd0000000}, 0x2000)));
}

TEST_F(PeersOfAMachine, EndWithTheFunctionThatGoes) {
    ASSERT_TRUE(bench.add(0, 0, "rp0"));
    ASSERT_TRUE(bench.add(1, 0, "rp1"));
    place(1, 0xd0000000);
    place(2, 0xd0100000);

    ASSERT_TRUE(bench.hot_plug().pull_out("f0"));
    EXPECT_THAT(bench.bars(), IsEmpty());
    EXPECT_EQ(bench.mapped(), 1u);

    ASSERT_TRUE(bench.add(0, 0, "rp0"));
    EXPECT_THAT(bench.bars(), UnorderedElementsAre(Pair(Iova{0xd0100000}, 0x2000)));
}

// Whatever of it fails: the function comes all the same, and nothing is left when both are gone.
TEST_F(PeersOfAMachine, ThatFailNeverFailAFunction) {
    unsigned calls = 0;
    for (unsigned n = 0; n <= calls; ++n) {
        HotPlugBench machine;
        machine.start_driver(0);
        machine.start_driver(1);
        ASSERT_TRUE(machine.add(0, 0, "rp0"));
        ASSERT_TRUE(machine.add(1, 0, "rp1"));
        const auto before = machine.opener_calls();
        auto& faults = machine.opener().faults();
        if (n != 0) faults.fail_call(n);
        for (const auto bus : std::to_array<std::uint8_t>({1, 2})) {
            const auto at = 0xd0000000u + bus * 0x100000u;
            machine.topology().write({.bus = bus, .devfn = 0, .offset = 0x10}, 4, at);
            machine.topology().write({.bus = bus, .devfn = 0, .offset = 0x04}, 2, 0x0006);
        }
        EXPECT_EQ(machine.board().vm.slots.size(), 2u) << n;
        machine.topology().write({.bus = 1, .devfn = 0, .offset = 0x04}, 2, 0);
        if (n == 0) calls = machine.opener_calls() - before;
        faults.fail_call(0);
        EXPECT_TRUE(machine.hot_plug().pull_out("f0")) << n;
        EXPECT_TRUE(machine.hot_plug().pull_out("f1")) << n;
        EXPECT_EQ(machine.mapped(), 0u) << n;
    }
    // Two maps and the end of one.
    EXPECT_EQ(calls, 3u);
}

}  // namespace
}  // namespace tenon::vmm::assigned
