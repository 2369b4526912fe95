#include "tests/support/hot_plug_bench.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>

namespace tenon::vmm::slots {
namespace {

using support::HotPlugBench;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint32_t nothing = 0xffffffff;

PlugEvent deleted(std::string id) {
    return {.kind = PlugEvent::Kind::Deleted, .id = std::move(id)};
}

std::uint32_t id_of(HotPlugBench& bench, std::uint8_t number, unsigned port = 0) {
    const auto bus = static_cast<std::uint8_t>(bench.read_port(0x19, 1, port));
    return bench.topology().read({.bus = bus, .devfn = number, .offset = 0}, 4);
}

void expect_untouched_host(HotPlugBench& bench) {
    for (std::size_t n = 0; n < HotPlugBench::most; ++n)
        EXPECT_EQ(bench.function(n).opened(), 0u) << n;
    EXPECT_THAT(bench.opened().interfaces(), IsEmpty());
    EXPECT_EQ(bench.mapped(), 0u);
    EXPECT_THAT(bench.files().files(), IsEmpty());
    EXPECT_THAT(bench.board().vm.slots, IsEmpty());
    EXPECT_THAT(bench.board().vm.irqfds, IsEmpty());
    EXPECT_EQ(bench.board().vm.messages, 0u);
    EXPECT_THAT(bench.chassis().functions(), IsEmpty());
}

TEST(HotPlug, BringsAFunctionToAnEmptySlotAndTellsTheGuest) {
    HotPlugBench bench;
    bench.start_driver();
    EXPECT_EQ(id_of(bench, 0), nothing);

    ASSERT_EQ(bench.add(0, 0).value_or(""), "f0");

    EXPECT_EQ(id_of(bench, 0), 0x00101b36u);
    EXPECT_EQ(bench.read_port(0x5a, 2), 0x0148u);
    ASSERT_THAT(bench.board().vm.sent, SizeIs(1));
    EXPECT_EQ(bench.board().vm.sent[0].first, 0xfee00000u);
    EXPECT_EQ(bench.board().vm.sent[0].second, 0x41u);
    EXPECT_EQ(bench.mapped(), 1u);
    // Its BARs are where a reset leaves them.
    EXPECT_EQ(bench.topology().read({.bus = 1, .devfn = 0, .offset = 0x10}, 4) & ~0xfu, 0u);
    EXPECT_EQ(id_of(bench, 0, 1), nothing);
}

TEST(HotPlug, OtherFunctionsWaitForFunctionZero) {
    HotPlugBench bench;
    bench.start_driver();

    ASSERT_TRUE(bench.add(1, 1));
    ASSERT_TRUE(bench.add(2, 5));
    EXPECT_EQ(id_of(bench, 1), nothing);
    EXPECT_EQ(bench.read_port(0x5a, 2), 0u);
    EXPECT_THAT(bench.board().vm.sent, IsEmpty());
    EXPECT_THAT(bench.chassis().slot(0).seen_functions(), IsEmpty());

    ASSERT_TRUE(bench.add(0, 0));
    for (const auto number : std::to_array<std::uint8_t>({0, 1, 5}))
        EXPECT_EQ(id_of(bench, number), 0x00101b36u) << unsigned{number};
    EXPECT_EQ(id_of(bench, 2), nothing);
    EXPECT_EQ(bench.topology().read({.bus = 1, .devfn = 0, .offset = 0x0e}, 1), 0x80u);
    EXPECT_THAT(bench.board().vm.sent, SizeIs(1));
}

TEST(HotPlug, RefusesAFunctionForASlotThatWasAnnounced) {
    HotPlugBench bench;
    ASSERT_TRUE(bench.add(0, 0));

    const auto late = bench.add(1, 1);

    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind, Error::Kind::Busy);
    EXPECT_THAT(late.error().what, HasSubstr("announced"));
    EXPECT_EQ(bench.function(1).opened(), 0u);
}

TEST(HotPlug, RefusesWhatIsTaken) {
    HotPlugBench bench;
    ASSERT_TRUE(bench.add(1, 1));
    const auto same_number = bench.add(2, 1);
    ASSERT_FALSE(same_number);
    EXPECT_THAT(same_number.error().what, HasSubstr("function 1 of port rp0 is taken"));
    const auto same_device = bench.add(1, 0, "rp1");
    ASSERT_FALSE(same_device);
    EXPECT_EQ(same_device.error().kind, Error::Kind::Busy);
    const auto no_port = bench.add(2, 0, "other");
    ASSERT_FALSE(no_port);
    EXPECT_EQ(no_port.error().kind, Error::Kind::NotFound);
}

TEST(HotPlug, RefusesAPortWithoutIt) {
    HotPlugBench bench{std::chrono::seconds{30}, {{.name = "rp0", .hotplug = false}}};
    const auto added = bench.add(0, 0);
    ASSERT_FALSE(added);
    EXPECT_THAT(added.error().what, HasSubstr("hotplug=off"));
    expect_untouched_host(bench);
}

TEST(HotPlug, RefusesADeviceThatIsLargerThanTheWindow) {
    HotPlugBench bench{std::chrono::seconds{30}, {{.name = "rp0", .memory = 0, .prefetchable = 0}}};
    const auto added = bench.add(0, 0);
    ASSERT_FALSE(added);
    EXPECT_THAT(added.error().what, HasSubstr("BAR 0"));
    EXPECT_THAT(added.error().hint, HasSubstr("--port rp0,mem="));
    expect_untouched_host(bench);
}

TEST(HotPlug, AsksTheGuestAndTakesOutWhatItLetsGo) {
    HotPlugBench bench;
    bench.start_driver();
    const auto before = bench.registers();
    ASSERT_TRUE(bench.add(1, 1));
    ASSERT_TRUE(bench.add(0, 0));
    bench.clear_events();
    bench.light_indicator();

    ASSERT_TRUE(bench.hot_plug().remove("f1"));
    EXPECT_EQ(bench.read_port(0x5a, 2), 0x0041u);
    EXPECT_EQ(id_of(bench, 1), 0x00101b36u);
    const auto twice = bench.hot_plug().remove("f0");
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().kind, Error::Kind::Busy);
    const auto meanwhile = bench.add(2, 2);
    ASSERT_FALSE(meanwhile);
    EXPECT_THAT(meanwhile.error().what, HasSubstr("being removed"));
    bench.let_go();

    ASSERT_TRUE(bench.wait_for_events(2));
    EXPECT_THAT(bench.events(), ElementsAre(deleted("f0"), deleted("f1")));
    EXPECT_EQ(bench.read_port(0x5a, 2), 0x0108u);
    bench.clear_events();
    EXPECT_EQ(bench.registers(), before);
    expect_untouched_host(bench);
    ASSERT_TRUE(bench.add(0, 0));
}

TEST(HotPlug, FunctionsThatWaitGoAtOnce) {
    HotPlugBench bench;
    ASSERT_TRUE(bench.add(1, 1));
    ASSERT_TRUE(bench.add(2, 2));

    ASSERT_TRUE(bench.hot_plug().remove("f2"));

    EXPECT_THAT(bench.events(), ElementsAre(deleted("f1"), deleted("f2")));
    EXPECT_EQ(bench.read_port(0x5a, 2), 0u);
    expect_untouched_host(bench);
}

TEST(HotPlug, SaysThatAGuestDoesNotLetGo) {
    HotPlugBench bench{std::chrono::milliseconds{20}};
    ASSERT_TRUE(bench.add(0, 0));

    ASSERT_TRUE(bench.hot_plug().remove("f0"));
    ASSERT_TRUE(bench.wait_for_events(1));

    EXPECT_THAT(bench.events(),
                ElementsAre(PlugEvent{.kind = PlugEvent::Kind::NotLetGo, .id = "f0"}));
    EXPECT_EQ(id_of(bench, 0), 0x00101b36u);
    // It may still let go, or be asked again.
    ASSERT_TRUE(bench.hot_plug().remove("f0"));
    ASSERT_TRUE(bench.wait_for_events(2));
    bench.start_driver();
    bench.light_indicator();
    bench.let_go();
    ASSERT_TRUE(bench.wait_for_events(3));
    EXPECT_EQ(bench.events()[2], deleted("f0"));
    expect_untouched_host(bench);
}

TEST(HotPlug, PullsOutByForce) {
    HotPlugBench bench;
    bench.start_driver();
    ASSERT_TRUE(bench.add(0, 0));
    bench.clear_events();
    bench.board().vm.sent.clear();
    bench.topology().write({.bus = 1, .devfn = 0, .offset = 0x10}, 4, 0xd0000000);
    bench.topology().write({.bus = 1, .devfn = 0, .offset = 0x04}, 2, 0x0006);
    ASSERT_THAT(bench.board().vm.slots, SizeIs(1));

    ASSERT_TRUE(bench.hot_plug().pull_out("f0"));

    EXPECT_EQ(bench.read_port(0x5a, 2), 0x0108u);
    EXPECT_EQ(bench.read_port(0x52, 2) & 0x2000, 0u);
    EXPECT_THAT(bench.board().vm.sent, SizeIs(1));
    EXPECT_THAT(bench.events(), ElementsAre(deleted("f0")));
    expect_untouched_host(bench);
    EXPECT_FALSE(bench.hot_plug().pull_out("f0"));
}

TEST(HotPlug, ARestartCompletesARemovalAndKeepsTheRest) {
    HotPlugBench bench;
    ASSERT_TRUE(bench.add(0, 0, "rp0"));
    ASSERT_TRUE(bench.add(1, 0, "rp1"));
    ASSERT_TRUE(bench.hot_plug().remove("f0"));

    bench.topology().restart();

    EXPECT_THAT(bench.events(), ElementsAre(deleted("f0")));
    EXPECT_EQ(id_of(bench, 0, 0), nothing);
    EXPECT_EQ(id_of(bench, 0, 1), 0x00101b36u);
    EXPECT_EQ(bench.read_port(0x5a, 2, 0), 0u);
    EXPECT_EQ(bench.read_port(0x5a, 2, 1), 0x0040u);
    // A guest that starts finds it where firmware would have put it: in the port's window.
    const auto bar = bench.topology().read({.bus = 2, .devfn = 0, .offset = 0x10}, 4) & ~0xfu;
    const auto base = (bench.read_port(0x20, 2, 1) & 0xfff0) << 16;
    EXPECT_NE(bar, 0u);
    EXPECT_EQ(bar & 0xfff00000, base);
}

TEST(HotPlug, AsksTheGuestForWhatTheHostWantsBack) {
    HotPlugBench bench;
    bench.function(0).irq(device::IrqIndex::Request) = {.count = 1, .eventfd = true};
    bench.start_driver();
    ASSERT_TRUE(bench.add(0, 0));
    ASSERT_THAT(bench.function(0).vectors(device::IrqIndex::Request), SizeIs(1));
    bench.clear_events();
    bench.light_indicator();

    bench.function(0).trigger(device::IrqIndex::Request, 0);
    bench.function(0).trigger(device::IrqIndex::Request, 0);
    while (bench.chassis().slot(0).phase() != model::running::SlotPhase::Leaving)
        std::this_thread::yield();
    EXPECT_EQ(bench.read_port(0x5a, 2), 0x0041u);
    bench.let_go();

    ASSERT_TRUE(bench.wait_for_events(1));
    EXPECT_THAT(bench.events(), ElementsAre(deleted("f0")));
    EXPECT_THAT(bench.function(0).vectors(device::IrqIndex::Request), IsEmpty());
    expect_untouched_host(bench);
}

// Whatever fails while functions come, and while they go again: nothing is left behind.
class FailingPlug : public testing::TestWithParam<unsigned> {};

// Functions n-1 to 0 come; whether all came.
bool bring(HotPlugBench& bench, unsigned count) {
    for (unsigned n = count; n-- > 0;)
        if (!bench.add(n, n)) return false;
    return true;
}

// The guest switches memory decode on: BARs go into its memory, and into the DMA of the others.
void use_all(HotPlugBench& bench, unsigned count) {
    const auto bus = static_cast<std::uint8_t>(bench.read_port(0x19, 1));
    for (unsigned n = 0; n < count; ++n) {
        const auto devfn = static_cast<std::uint8_t>(n);
        bench.topology().write({.bus = bus, .devfn = devfn, .offset = 0x10}, 4,
                               0xd0000000u + n * 0x10000u);
        bench.topology().write({.bus = bus, .devfn = devfn, .offset = 0x04}, 2, 0x0006);
    }
}

// Whose calls fail: those of each function, of KVM's list of files, of KVM.
std::vector<support::Faults*> sources(HotPlugBench& bench, unsigned count) {
    std::vector<support::Faults*> all{&bench.file_faults(), &bench.board().vm.faults};
    for (unsigned n = 0; n < count; ++n)
        all.push_back(&bench.function(n).faults());
    return all;
}

// One attempt in which a call fails that `arm` has chosen; whether functions stayed away.
bool fails_cleanly(unsigned count, const std::function<void(HotPlugBench&)>& arm) {
    HotPlugBench bench;
    bench.start_driver();
    const auto before = bench.registers();
    arm(bench);
    const bool all_came = bring(bench, count);
    bench.clear_events();
    if (!all_came) {
        EXPECT_EQ(bench.registers(), before);
    } else {
        use_all(bench, count);
    }
    if (const auto there = bench.chassis().plans()[0]->functions; !there.empty()) {
        EXPECT_TRUE(bench.hot_plug().pull_out(there.front().view.id));
    }
    bench.clear_events();
    EXPECT_EQ(bench.registers(), before);
    expect_untouched_host(bench);
    return !all_came;
}

TEST_P(FailingPlug, LeavesNothingBehindWhateverCallFails) {
    const auto count = GetParam();
    std::vector<unsigned> calls;
    unsigned opener_calls = 0;
    {
        HotPlugBench healthy;
        healthy.start_driver();
        ASSERT_TRUE(bring(healthy, count));
        healthy.clear_events();
        use_all(healthy, count);
        EXPECT_EQ(healthy.bars().size(), count < 2 ? 0u : count);
        // So many more take BARs and memory back, and with that the opener goes.
        opener_calls = healthy.opener_calls() + static_cast<unsigned>(healthy.mapped());
        ASSERT_TRUE(healthy.hot_plug().pull_out("f0"));
        for (const auto* const source : sources(healthy, count))
            calls.push_back(source->calls());
    }
    unsigned failed = 0;
    for (unsigned n = 1; n <= opener_calls; ++n)
        failed += fails_cleanly(count, [n](auto& bench) { bench.fail_next_opener(n); }) ? 1 : 0;
    for (std::size_t source = 0; source < calls.size(); ++source)
        for (unsigned n = 1; n <= calls[source]; ++n)
            failed += fails_cleanly(
                          count, [&](auto& bench) { sources(bench, count)[source]->fail_call(n); })
                          ? 1
                          : 0;
    EXPECT_GE(failed, 3 * count);
}

INSTANTIATE_TEST_SUITE_P(Functions, FailingPlug, testing::Values(1, 2, 8));

// Whatever came, went, failed or was reset before: the guest finds what it would find in a machine
// to which the same functions came first.
RC_GTEST_PROP(HotPlugHistory, LeavesNoTrace, ()) {
    HotPlugBench bench;
    std::map<unsigned, std::vector<std::pair<std::size_t, unsigned>>> there;
    const auto step_count = *rc::gen::inRange(1, 12);
    for (int step = 0; step < step_count; ++step) {
        const auto port = *rc::gen::inRange(0u, 2u);
        const auto name = fmt::format("rp{}", port);
        switch (*rc::gen::inRange(0, 5)) {
            case 0:
            case 1: {
                const auto n = *rc::gen::inRange<std::size_t>(0, HotPlugBench::most);
                const auto number = *rc::gen::inRange(0u, 8u);
                if (*rc::gen::inRange(0, 3) == 0)
                    bench.function(n).faults().fail_call(*rc::gen::inRange(1u, 6u));
                if (bench.add(n, number, name)) there[port].emplace_back(n, number);
                bench.function(n).faults().fail_call(0);
                break;
            }
            case 2:
                if (!there[port].empty()) {
                    const auto id = fmt::format("f{}", there[port].front().first);
                    RC_ASSERT(bench.hot_plug().pull_out(id).has_value());
                    there[port].clear();
                }
                break;
            case 3:
                bench.topology().restart();
                break;
            default:
                bench.write_port(0x3e, 2, 0x0040, port);
                bench.write_port(0x3e, 2, 0, port);
                break;
        }
    }
    bench.topology().restart();

    HotPlugBench fresh;
    for (const auto& [port, functions] : there) {
        // Function 0 last, as it has to be.
        auto ordered = functions;
        std::ranges::sort(ordered, std::greater{}, &std::pair<std::size_t, unsigned>::second);
        for (const auto& [n, number] : ordered)
            RC_ASSERT(fresh.add(n, number, fmt::format("rp{}", port)).has_value());
    }
    fresh.topology().restart();
    for (const auto port : {0u, 1u})
        RC_ASSERT(bench.registers(port) == fresh.registers(port));
    RC_ASSERT(bench.mapped() == fresh.mapped());
    RC_ASSERT(bench.files().files().size() == fresh.files().files().size());
    RC_ASSERT(bench.board().vm.slots.size() == fresh.board().vm.slots.size());
    RC_ASSERT(bench.board().vm.irqfds.size() == fresh.board().vm.irqfds.size());
    RC_ASSERT(bench.opened().interfaces() == fresh.opened().interfaces());
}

}  // namespace
}  // namespace tenon::vmm::slots
