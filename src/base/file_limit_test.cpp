#include "base/file_limit.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <vector>

#include "base/event_fd.hpp"

namespace tenon {
namespace {

// Eight devices with 129 vectors each pass 1024 files, which is what most processes start with.
TEST(FileLimit, IsRaisedToWhatTheProcessMayGiveItself) {
    constexpr std::size_t wanted = std::size_t{8} * 129;
    ::rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    if (before.rlim_max < 2 * wanted) GTEST_SKIP() << "the hard limit is " << before.rlim_max;
    const ::rlimit usual{.rlim_cur = 1024, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);

    EXPECT_EQ(raise_file_limit(), before.rlim_max);

    std::vector<EventFd> events;
    while (events.size() < wanted) {
        auto event = EventFd::create();
        if (!event) break;
        events.push_back(*std::move(event));
    }
    EXPECT_EQ(events.size(), wanted);
    events.clear();
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace tenon
