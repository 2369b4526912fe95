#include "vmm/control/commands.hpp"

#include <gtest/gtest.h>

#include "tests/support/qmp_command.hpp"

namespace tenon::vmm::control {
namespace {

using Json = nlohmann::json;

class FakeGuest final : public board::GuestControl {
public:
    void stop(board::MachineEnd why, board::EndCause cause) override {
        stopped = why;
        stopped_by = cause;
    }
    Result<void> pause() override {
        if (stuck) return fail(Error::Kind::Busy, "stuck");
        is_paused = true;
        return {};
    }
    void resume() override { is_paused = false; }
    bool paused() const override { return is_paused; }
    Result<void> press_power_button() override {
        ++presses;
        return {};
    }
    void on_event(std::function<void(const board::MachineEvent&)> /*listener*/) override {}

    std::optional<board::MachineEnd> stopped;
    std::optional<board::EndCause> stopped_by;
    bool is_paused = false;
    bool stuck = false;
    int presses = 0;
};

class CommandsTest : public testing::Test {
protected:
    Result<Json> run(std::string_view name) {
        for (const auto& command : commands)
            if (command.name == name) return carry_out(command, Json::object(), files);
        return malformed("no command {}", name);
    }

    FakeGuest guest;
    QmpFiles files;
    QmpVersion version{.major = 1, .package = "tenon"};
    std::vector<QmpCommand> commands =
        make_commands({.guest = guest, .version = version, .pci = [] { return Json::array({1}); }});
};

TEST_F(CommandsTest, PauseAndResumeTheGuest) {
    EXPECT_EQ(run("query-status"), Json::parse(R"({"running":true,"status":"running"})"));
    EXPECT_EQ(run("stop"), Json::object());
    EXPECT_EQ(run("query-status"), Json::parse(R"({"running":false,"status":"paused"})"));
    EXPECT_EQ(run("cont"), Json::object());
    EXPECT_FALSE(guest.is_paused);
}

TEST_F(CommandsTest, SayWhyTheGuestDoesNotStop) {
    guest.stuck = true;

    EXPECT_EQ(run("stop").error().what, "stuck");
}

TEST_F(CommandsTest, EndAndResetTheGuest) {
    EXPECT_TRUE(run("system_reset"));
    EXPECT_EQ(guest.stopped, board::MachineEnd::Reset);
    EXPECT_TRUE(run("quit"));
    EXPECT_EQ(guest.stopped, board::MachineEnd::Interrupted);
    EXPECT_EQ(guest.stopped_by, board::EndCause::HostCommand);
    EXPECT_TRUE(run("system_powerdown"));
    EXPECT_EQ(guest.presses, 1);
}

TEST_F(CommandsTest, ListThemselvesAndWhoAnswers) {
    const auto listed = run("query-commands").value();

    EXPECT_EQ(listed.size(), commands.size() + 1);  // The negotiation is the session's.
    for (const auto& command : commands)
        EXPECT_NE(std::ranges::find(listed, Json{{"name", command.name}}), listed.end())
            << command.name;
    EXPECT_EQ(run("query-version")->at("package"), "tenon");
    EXPECT_EQ(run("query-pci"), Json::array({1}));
}

TEST(ControlEvents, HaveTheWordsOfQmp) {
    using Kind = board::MachineEvent::Kind;
    const auto told = [](const board::MachineEvent& event) {
        const auto qmp = event_of(event);
        return qmp.name + ' ' + qmp.data.dump();
    };
    EXPECT_EQ(told({.kind = Kind::Paused}), "STOP null");
    EXPECT_EQ(told({.kind = Kind::Resumed}), "RESUME null");
    EXPECT_EQ(told({.kind = Kind::PowerButton}), "POWERDOWN null");
    EXPECT_EQ(told({.kind = Kind::Reset, .cause = board::EndCause::Guest}),
              R"(RESET {"guest":true,"reason":"guest-reset"})");
    EXPECT_EQ(told({.kind = Kind::Reset, .cause = board::EndCause::HostCommand}),
              R"(RESET {"guest":false,"reason":"host-qmp-system-reset"})");
    EXPECT_EQ(told({.kind = Kind::Ended,
                    .cause = board::EndCause::Guest,
                    .end = board::MachineEnd::PoweredOff}),
              R"(SHUTDOWN {"guest":true,"reason":"guest-shutdown"})");
    EXPECT_EQ(told({.kind = Kind::Ended,
                    .cause = board::EndCause::Guest,
                    .end = board::MachineEnd::Reset}),
              R"(SHUTDOWN {"guest":true,"reason":"guest-reset"})");
    EXPECT_EQ(told({.kind = Kind::Ended, .cause = board::EndCause::HostCommand}),
              R"(SHUTDOWN {"guest":false,"reason":"host-qmp-quit"})");
    EXPECT_EQ(told({.kind = Kind::Ended, .cause = board::EndCause::HostSignal}),
              R"(SHUTDOWN {"guest":false,"reason":"host-signal"})");
    EXPECT_EQ(told({.kind = Kind::Ended, .cause = board::EndCause::Crash}),
              R"(SHUTDOWN {"guest":true,"reason":"guest-panic"})");
    EXPECT_GT(event_of(board::MachineEvent{}).microseconds, 1'600'000'000'000'000);
}

TEST(ControlEvents, TellOfDevices) {
    const auto qmp = event_of(board::DeviceEvent{
        .function = "dev0", .kind = "silent-vector", .vector = 3, .text = "why"});

    EXPECT_EQ(qmp.name, "TENON_DEVICE_INCIDENT");
    EXPECT_EQ(qmp.data,
              Json::parse(R"({"device":"dev0","kind":"silent-vector","vector":3,"text":"why"})"));
}

TEST(ControlEvents, TellWhatAGuestSwitchesOfTranslation) {
    const auto told = [](const board::TranslationSwitch& event) {
        const auto qmp = event_of(event);
        return qmp.name + ' ' + qmp.data.dump();
    };
    const auto start = [](const std::string& capability) {
        return R"(TENON_DEVICE_TRANSLATION {)" + capability;
    };

    EXPECT_EQ(
        told({.id = "f0", .enabled = true, .of = board::AtsSwitch{.smallest_translation = 8192}}),
        start(R"("capability":"ats","device":"f0","enabled":true,)"
              R"("path":"/machine/peripheral/f0","smallest-translation":8192})"));
    EXPECT_EQ(told({.id = "f0", .enabled = true, .of = board::PageRequestSwitch{.allocation = 32}}),
              start(R"("allocation":32,"capability":"page-requests","device":"f0","enabled":true,)"
                    R"("path":"/machine/peripheral/f0"})"));
    EXPECT_EQ(told({.id = "f0", .enabled = false, .of = board::PasidSwitch{.execute = true}}),
              start(R"("capability":"pasid","device":"f0","enabled":false,"execute":true,)"
                    R"("path":"/machine/peripheral/f0","privileged":false})"));
}

// A guest may switch as fast as it likes.
TEST(ControlEvents, PutTogetherWhatAGuestSwitchesOfOneCapability) {
    const auto series = [](std::string id, decltype(board::TranslationSwitch::of) of, bool on) {
        return event_of(board::TranslationSwitch{.id = std::move(id), .enabled = on, .of = of})
            .series;
    };
    const auto ats = series("f0", board::AtsSwitch{}, true);

    EXPECT_FALSE(ats.empty());
    EXPECT_EQ(series("f0", board::AtsSwitch{.smallest_translation = 8192}, false), ats);
    EXPECT_NE(series("f0", board::PasidSwitch{}, true), ats);
    EXPECT_NE(series("f1", board::AtsSwitch{}, true), ats);
}

}  // namespace
}  // namespace tenon::vmm::control
