#include "vmm/control/control_socket.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "vmm/board/local_address.hpp"

namespace tenon::vmm::control {
namespace {

class ControlListenerTest : public testing::Test {
protected:
    void leave_one_over() const {
        const Fd dead{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        ASSERT_EQ(board::bind_to(dead, *board::local_address(path)), 0);
    }
    bool is_served() const {
        const Fd client{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        return board::connect_to(client, *board::local_address(path)) == 0;
    }

    std::string path = testing::TempDir() + "tenon-listener-" + std::to_string(::getpid());
};

TEST_F(ControlListenerTest, OneOfManyReplacesALeftOverSocket) {
    constexpr int many = 4;
    for (int round = 0; round < 400; ++round) {
        leave_one_over();
        std::latch start{many};
        std::latch end{many};
        std::atomic<int> bound = 0;
        std::atomic<int> served = 0;
        std::vector<std::thread> threads;
        for (int n = 0; n < many; ++n)
            threads.emplace_back([&] {
                start.arrive_and_wait();
                const auto listener = ControlListener::bind(path);
                if (listener) ++bound;
                end.arrive_and_wait();
                if (listener) served += is_served() ? 1 : 0;
            });
        for (auto& thread : threads)
            thread.join();

        ASSERT_EQ(bound, 1) << round;
        ASSERT_EQ(served, 1) << round;
        ASSERT_NE(::access(path.c_str(), F_OK), 0);
    }
}

TEST_F(ControlListenerTest, LeavesASocketAloneThatTookItsPlace) {
    {
        const auto listener = ControlListener::bind(path);
        ASSERT_TRUE(listener);
        ASSERT_EQ(::unlink(path.c_str()), 0);
        leave_one_over();
    }
    EXPECT_EQ(::access(path.c_str(), F_OK), 0);
    ::unlink(path.c_str());
}

TEST_F(ControlListenerTest, DoesNotFollowALink) {
    const auto link = path + "-link";
    leave_one_over();
    ASSERT_EQ(::symlink(path.c_str(), link.c_str()), 0);

    EXPECT_FALSE(ControlListener::bind(link));
    EXPECT_EQ(::unlink(link.c_str()), 0);
    EXPECT_EQ(::unlink(path.c_str()), 0);
}

}  // namespace
}  // namespace tenon::vmm::control
