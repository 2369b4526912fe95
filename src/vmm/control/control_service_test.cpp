#include "vmm/control/control_service.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>

#include "base/listener.hpp"
#include "tests/support/hot_plug_bench.hpp"
#include "vmm/control/control_client.hpp"

namespace tenon::vmm::control {
namespace {

/// A guest of which nothing but its events is looked at.
class EventfulGuest final : public board::GuestControl {
public:
    void stop(board::MachineEnd /*why*/, board::EndCause /*cause*/) override {}
    Result<void> pause() override {
        event({.kind = board::MachineEvent::Kind::Paused});
        return {};
    }
    void resume() override {}
    bool paused() const override { return false; }
    Result<void> press_power_button() override { return {}; }
    void on_event(std::function<void(const board::MachineEvent&)> listener) override {
        event.set(std::move(listener));
    }

    Listener<void(const board::MachineEvent&)> event;
};

// Hot-plug pauses a guest whose device fails, from a thread that outlives the service. For the
// sanitizers.
TEST(ControlService, IsToldOfNothingOnceItHasGone) {
    const auto path = testing::TempDir() + "tenon-service-" + std::to_string(::getpid());
    support::HotPlugBench bench;
    EventfulGuest guest;
    std::atomic<bool> end = false;
    std::thread machine{[&] {
        while (!end) {
            EXPECT_TRUE(guest.pause());
            bench.board().warnings.incident({.function = "f0", .kind = "odd", .text = "is odd"});
            bench.board().translation({.id = "f0", .enabled = true, .of = board::AtsSwitch{}});
        }
    }};

    for (int round = 0; round < 20; ++round) {
        ControlService service{guest, bench.board().warnings, bench.board().translation,
                               bench.hot_plug()};
        EXPECT_TRUE(service.serve(ControlSocket::Listener::bind(path).value(), {.package = "tenon"},
                                  [] { return nlohmann::json::array(); }));
        EXPECT_TRUE(ControlClient::connect(path));
    }
    end = true;
    machine.join();
}

}  // namespace
}  // namespace tenon::vmm::control
