// What takes long concerns who asked for it: others go on meanwhile.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <utility>

#include "tests/support/fake_slots.hpp"

namespace tenon::vmm::slots {
namespace {

constexpr std::uint16_t command = 0x04;
constexpr std::uint16_t decoding = 0x0006;
constexpr std::uint32_t nvme_id = 0x00101b36;
constexpr std::chrono::milliseconds moment{20};

// Two functions in a slot each; what the first one does takes as long as the test wants.
class Waiting : public testing::Test {
protected:
    Waiting() {
        for (std::size_t n = 0; n < 2; ++n) {
            functions_.push_back(
                assigned::AssignedFunction::create(
                    std::make_shared<const model::slot::FunctionPlan>(plan_.ports[n]->functions[0]),
                    std::make_unique<support::FakeDevice>(n == 0 ? *first_ : *second_),
                    board_.parts(), n == 0 ? memory_ : nullptr)
                    .value());
            slots_.seat(n, functions_[n]);
        }
    }
    ~Waiting() override {
        for (const auto& function : functions_)
            function->shut_down();
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

    std::uint32_t read(std::uint8_t bus, std::uint16_t offset, unsigned size) {
        return slots_.topology.read({.bus = bus, .devfn = 0, .offset = offset}, size);
    }
    void write(std::uint8_t bus, std::uint16_t offset, std::uint32_t value) {
        slots_.topology.write({.bus = bus, .devfn = 0, .offset = offset}, 2, value);
    }
    void write_port(std::uint16_t offset, std::uint32_t value) {
        slots_.topology.write({.bus = 0, .devfn = 1 << 3, .offset = offset}, 2, value);
    }

    // Begins `act` in another thread, calls `meanwhile` while the first function's reset goes on,
    // and lets that end.
    void during_reset(std::function<void()> act, const std::function<void()>& meanwhile) {
        std::promise<void> begun;
        std::promise<void> go_on;
        first_->before_reset([&, first = true]() mutable {
            if (!std::exchange(first, false)) return;
            begun.set_value();
            go_on.get_future().wait();
        });
        auto acting = std::async(std::launch::async, std::move(act));
        begun.get_future().wait();
        meanwhile();
        go_on.set_value();
        acting.get();
        first_->before_reset({});
    }

    std::unique_ptr<support::FakeFunction> first_ = support::nvme_function();
    std::unique_ptr<support::FakeFunction> second_ = support::nvme_function();
    model::machine::MachinePlan plan_ = support::plan_of({first_.get(), second_.get()});
    support::FakeBoard board_;
    std::shared_ptr<assigned::DmaProgress> memory_ = std::make_shared<assigned::DmaProgress>();
    support::FakeSlots slots_{plan_, board_};
    std::vector<std::shared_ptr<assigned::AssignedFunction>> functions_;
};

TEST_F(Waiting, ForMemoryIsOfTheWriteThatNeedsIt) {
    auto writing = std::async(std::launch::async, [&] { write(1, command, decoding); });
    EXPECT_EQ(writing.wait_for(moment), std::future_status::timeout);

    EXPECT_EQ(read(2, 0, 4), nvme_id);
    EXPECT_EQ(read(1, 0, 4), nvme_id);
    EXPECT_NE(read(0, 0, 4), ~0u);
    write(1, command, 0x0002);
    write(2, command, decoding);
    EXPECT_EQ(second_->config().read16(command), decoding);
    EXPECT_EQ(first_->config().read16(command), 0x0002);

    memory_->finish({});
    writing.get();
    EXPECT_EQ(first_->config().read16(command), decoding);
}

TEST_F(Waiting, ForAResetIsOfWhoIsReset) {
    memory_->finish({});
    std::future<std::uint32_t> reading;
    // Device Control of the NVMe and Initiate FLR.
    during_reset([&] { write(1, 0x88, 0x8000); },
                 [&] {
                     EXPECT_EQ(read(2, 0, 4), nvme_id);
                     EXPECT_NE(read(0, 0, 4), ~0u);
                     reading = std::async(std::launch::async, [&] { return read(1, 0, 4); });
                     EXPECT_EQ(reading.wait_for(moment), std::future_status::timeout);
                 });
    EXPECT_EQ(reading.get(), nvme_id);
}

// Who has left the chassis is in no reset when that has been waited for.
TEST_F(Waiting, ForAResetIsOfWhoTakesAFunctionAway) {
    memory_->finish({});
    std::future<void> leaving;
    during_reset([&] { write(1, 0x88, 0x8000); },
                 [&] {
                     leaving = std::async(std::launch::async, [&] { slots_.resets.settle(); });
                     EXPECT_EQ(leaving.wait_for(moment), std::future_status::timeout);
                 });
    leaving.get();
}

// The event thread serves all devices.
TEST_F(Waiting, ForAResetIsNotOfTheEventThread) {
    memory_->finish({});
    write(1, command, decoding);
    write(1, 0xc2, 0x8000);
    const auto tick = EventFd::create().value();
    std::promise<void> served;
    const auto token = board_.events.add(tick.number(), [&] {
        tick.take();
        served.set_value();
    });
    ASSERT_TRUE(token);
    during_reset([&] { write_port(0x3e, 0x0040); },
                 [&] {
                     tick.signal();
                     EXPECT_EQ(served.get_future().wait_for(std::chrono::seconds{10}),
                               std::future_status::ready);
                 });
    board_.events.remove(*token);
    board_.events.settle();
}

TEST_F(Waiting, EndsForWhoIsResetWhenTheFunctionLeaves) {
    memory_->finish({});
    std::future<void> leaving;
    during_reset([&] { write(1, 0x88, 0x8000); },
                 [&] {
                     leaving = std::async(std::launch::async, [&] {
                         functions_[0]->shut_down();
                         slots_.chassis.slot(0).take();
                         slots_.resets.settle();
                         functions_[0]->close();
                     });
                     EXPECT_EQ(leaving.wait_for(moment), std::future_status::timeout);
                     EXPECT_EQ(first_->opened(), 1u);
                 });
    leaving.get();
    EXPECT_EQ(first_->opened(), 0u);
    EXPECT_EQ(functions_[0]->read_config(0, 4), ~0u);
    functions_[0]->write_config(command, 2, decoding);
    EXPECT_EQ(functions_[0]->read_bar(0, 0x2100, 4), 0xffffffffu);
}

}  // namespace
}  // namespace tenon::vmm::slots
