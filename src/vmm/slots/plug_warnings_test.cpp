// What a user should know of a device that comes to a running guest is said then.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/hot_plug_bench.hpp"
#include "tests/support/qmp_command.hpp"
#include "vmm/control/plug_commands.hpp"

namespace tenon::vmm::slots {
namespace {

using support::HotPlugBench;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

// With it, a plan has one warning.
model::chosen::RomRequest odd_rom() {
    return {.file = "card.rom", .image = std::make_shared<const std::vector<std::byte>>(2048)};
}

TEST(PlugWarnings, AreOfTheDeviceThatComes) {
    HotPlugBench bench;
    const auto plain = bench.plug(0, 0);
    ASSERT_TRUE(plain);
    EXPECT_THAT(plain->warnings, IsEmpty());
    EXPECT_THAT(bench.events(), IsEmpty());

    bench.choose_rom(odd_rom());
    const auto odd = bench.plug(1, 0, "rp1");

    ASSERT_TRUE(odd);
    EXPECT_EQ(odd->id, "f1");
    EXPECT_THAT(odd->warnings, Contains(StartsWith("f1 (0000:02:00.0): card.rom does not")));
    ASSERT_THAT(bench.events(), SizeIs(1));
    EXPECT_EQ(bench.events()[0],
              (PlugEvent{.kind = PlugEvent::Kind::Warned, .id = "f1", .warnings = odd->warnings}));
}

TEST(PlugWarnings, DoNotSayThatThereIsNoResetBeforeTheSlotIsWhole) {
    HotPlugBench bench;
    bench.share_bus({0, 1});
    const auto waiting = bench.plug(1, 1);
    const auto last = bench.plug(0, 0);

    ASSERT_TRUE(waiting && last);
    EXPECT_THAT(waiting->warnings, IsEmpty());
    EXPECT_THAT(last->warnings, IsEmpty());
    EXPECT_THAT(bench.events(), IsEmpty());
}

TEST(PlugWarnings, OfOthersAreEventsOfTheirsAndInTheAnswer) {
    HotPlugBench bench;
    bench.share_bus({1, 2});
    ASSERT_TRUE(bench.plug(1, 1));
    const auto last = bench.plug(0, 0);

    ASSERT_TRUE(last);
    EXPECT_THAT(last->warnings, ElementsAre(StartsWith("f1 (0000:02:00.0): it is not reset")));
    ASSERT_THAT(bench.events(), SizeIs(1));
    EXPECT_EQ(bench.events()[0],
              (PlugEvent{.kind = PlugEvent::Kind::Warned, .id = "f1", .warnings = last->warnings}));
}

TEST(PlugWarnings, OfThoseWhoStayAreEventsAfterADeparture) {
    HotPlugBench bench;
    bench.share_bus({0, 1});
    ASSERT_TRUE(bench.plug(0, 0));
    ASSERT_TRUE(bench.plug(1, 0, "rp1"));
    const auto before = bench.events().size();

    ASSERT_TRUE(bench.hot_plug().pull_out("f1"));

    const auto events = bench.events();
    ASSERT_THAT(events, SizeIs(before + 2));
    EXPECT_EQ(events[before].kind, PlugEvent::Kind::Deleted);
    EXPECT_EQ(events[before + 1].kind, PlugEvent::Kind::Warned);
    EXPECT_EQ(events[before + 1].id, "f0");
    EXPECT_THAT(events[before + 1].warnings, ElementsAre(HasSubstr("it is not reset")));
}

TEST(PlugWarnings, AreInTheAnswerOfDeviceAdd) {
    std::vector<std::string> warnings;
    const control::Plugging plugging{
        .add = [&](const PlugRequest&) -> Result<Plugged> {
            return Plugged{.id = "disk", .warnings = warnings};
        },
        .remove = [](const std::string&) -> Result<void> { return {}; },
        .pull_out = [](const std::string&) -> Result<void> { return {}; }};
    control::QmpFiles files;
    const auto commands = control::make_plug_commands(plugging);
    const auto add = [&] {
        return carry_out(commands.at(0),
                         nlohmann::json::parse(R"({"driver":"vfio-pci","host":"0000:01:00.0"})"),
                         files);
    };

    EXPECT_EQ(add().value_or(nullptr), nlohmann::json::object());
    warnings = {"disk: not reset"};
    EXPECT_EQ(add().value_or(nullptr).dump(), R"({"warnings":["disk: not reset"]})");
}

TEST(PlugWarnings, AreAnEvent) {
    const auto event = control::event_of(
        PlugEvent{.kind = PlugEvent::Kind::Warned, .id = "disk", .warnings = {"disk: not reset"}});

    EXPECT_EQ(event.name, "TENON_DEVICE_WARNING");
    EXPECT_EQ(event.data, (nlohmann::json{{"device", "disk"},
                                          {"path", "/machine/peripheral/disk"},
                                          {"warnings", {"disk: not reset"}}}));
}

}  // namespace
}  // namespace tenon::vmm::slots
