#include "vmm/control/event_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::vmm::control {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;
using Which = EventQueue::Which;

class EventQueueTest : public testing::Test {
protected:
    bool put(std::string name, std::string series = {}) {
        return queue.put({.name = std::move(name),
                          .data = nlohmann::json::object(),
                          .series = std::move(series)},
                         now);
    }
    // "NAME*COUNT"
    std::vector<std::string> take(Which which = Which::Due) {
        std::vector<std::string> names;
        for (const auto& event : queue.take(now, which)) {
            const auto count = event.data.value("count", 1u);
            names.push_back(event.name + (count == 1 ? "" : "*" + std::to_string(count)));
        }
        return names;
    }

    EventQueue queue;
    EventQueue::Clock::time_point now{1h};
};

TEST_F(EventQueueTest, GivesEventsInOrder) {
    EXPECT_FALSE(queue.next());
    EXPECT_TRUE(put("STOP"));
    EXPECT_FALSE(put("RESUME"));
    EXPECT_FALSE(put("STOP"));
    EXPECT_LE(queue.next(), now);

    EXPECT_THAT(take(), ElementsAre("STOP", "RESUME", "STOP"));
    EXPECT_FALSE(queue.next());
}

TEST_F(EventQueueTest, TellsTheFirstOfASeriesAndCountsTheRest) {
    EXPECT_TRUE(put("A", "a"));
    EXPECT_THAT(take(), ElementsAre("A"));
    now += 10ms;
    EXPECT_TRUE(put("A", "a"));
    EXPECT_FALSE(put("A", "a"));
    EXPECT_FALSE(put("A", "a"));
    EXPECT_EQ(queue.next(), now + 990ms);
    EXPECT_THAT(take(), IsEmpty());
    now += 990ms;
    EXPECT_THAT(take(), ElementsAre("A*3"));
    // A second begins with each that is told.
    now += 500ms;
    EXPECT_TRUE(put("A", "a"));
    EXPECT_THAT(take(), IsEmpty());
    now += 500ms;
    EXPECT_THAT(take(), ElementsAre("A"));
    now += 1s;
    EXPECT_THAT(take(), IsEmpty());
    EXPECT_TRUE(put("A", "a"));
    EXPECT_THAT(take(), ElementsAre("A"));
}

TEST_F(EventQueueTest, KeepsSeriesApart) {
    put("A", "a");
    put("B", "b");
    put("B", "b");
    put("B", "b");

    EXPECT_THAT(take(), ElementsAre("A", "B"));
    EXPECT_THAT(take(Which::All), ElementsAre("B*2"));
}

TEST_F(EventQueueTest, TellsWhatWasBeforeAnEventBeforeIt) {
    put("A", "a");
    put("A", "a");
    put("A", "a");
    put("SHUTDOWN");

    EXPECT_THAT(take(), ElementsAre("A", "A*2", "SHUTDOWN"));
}

TEST_F(EventQueueTest, IsBounded) {
    for (std::size_t n = 0; n < EventQueue::most + 5; ++n)
        put(std::to_string(n));

    const auto taken = take();
    ASSERT_EQ(taken.size(), EventQueue::most + 1);
    EXPECT_EQ(taken[0], "TENON_EVENTS_LOST*5");
    EXPECT_EQ(taken[1], "5");
    EXPECT_THAT(take(), IsEmpty());
}

TEST_F(EventQueueTest, IsBoundedInItsSeriesToo) {
    for (std::size_t n = 0; n < 3 * EventQueue::most; ++n)
        put("A", std::to_string(n));

    EXPECT_EQ(take().size(), EventQueue::most + 1);
}

}  // namespace
}  // namespace tenon::vmm::control
