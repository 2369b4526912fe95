#include "base/event_fd.hpp"

#include <gtest/gtest.h>

namespace tenon {
namespace {

TEST(EventFd, CountsSignalsUntilTaken) {
    const auto event = EventFd::create();
    ASSERT_TRUE(event);

    event->signal();
    event->signal();

    EXPECT_TRUE(event->pending());
    EXPECT_EQ(event->take(), 2u);
    EXPECT_FALSE(event->pending());
    EXPECT_EQ(event->take(), 0u);
}

}  // namespace
}  // namespace tenon
