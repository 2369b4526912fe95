// A child of the test is sealed; the seal is for good.
#include "vmm/seal/seal.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <string>

#include "base/file.hpp"
#include "vmm/seal/filter.hpp"
#include "vmm/seal/thread.hpp"

namespace tenon::vmm::seal {
namespace {

using testing::HasSubstr;

// What this test's child does when it is sealed.
constexpr std::array needed{SYS_write,
                            SYS_exit_group,
                            SYS_futex,
                            SYS_mmap,
                            SYS_munmap,
                            SYS_mprotect,
                            SYS_madvise,
                            SYS_clone3,
                            SYS_clone,
                            SYS_rseq,
                            SYS_prctl,
                            SYS_seccomp,
                            SYS_exit,
                            SYS_openat,
                            SYS_pause,
                            SYS_rt_sigprocmask,
                            SYS_set_robust_list,
                            SYS_sched_getaffinity,
                            SYS_sigaltstack,
                            SYS_rt_sigaction,
                            SYS_gettid,
                            SYS_getpid,
                            SYS_brk,
                            SYS_mremap,
                            SYS_read};

Left left_for_test(bool threads_may_get_uid) {
    std::vector<Rule> rules;
    for (const auto number : needed)
        rules.push_back({.number = static_cast<int>(number)});
    std::vector<const Rule*> rows;
    for (const auto& rule : rules)
        rows.push_back(&rule);
    const Rule uid{.number = SYS_getuid};
    Left left;
    auto more = rows;
    more.push_back(&uid);
    for (auto& filter : left.filters)
        filter = compile(threads_may_get_uid ? more : rows);
    left.filters[static_cast<std::size_t>(ThreadKind::Main)] = compile(more);
    return left;
}

struct Ended {
    int status = 0;
    std::string said;
};

// Runs `work` in a child; its exit status, and what it wrote to standard error.
template <typename Work>
Ended in_child(Work work) {
    std::array<int, 2> pipe{};
    EXPECT_EQ(::pipe(pipe.data()), 0);
    const auto child = ::fork();
    if (child == 0) {
        ::dup2(pipe[1], STDERR_FILENO);
        work();
        ::_exit(0);
    }
    ::close(pipe[1]);
    Ended ended;
    std::array<char, 4096> part{};
    for (ssize_t count = 0; (count = ::read(pipe[0], part.data(), part.size())) > 0;)
        ended.said.append(part.data(), static_cast<std::size_t>(count));
    ::close(pipe[0]);
    ::waitpid(child, &ended.status, 0);
    return ended;
}

void say_nothing(const std::string& /*text*/) {}

TEST(SealProcess, EndsItByACallWithoutARowAndNamesThreadAndCall) {
    const auto ended = in_child([] {
        if (!seal_process(Level::Auto, left_for_test(true), say_nothing)) ::_exit(9);
        ::syscall(SYS_getuid);
        ::syscall(SYS_getppid);
    });
    EXPECT_TRUE(WIFEXITED(ended.status)) << ended.status;
    EXPECT_EQ(WEXITSTATUS(ended.status), 1);
    EXPECT_EQ(ended.said, "tenon: sealed: the thread 'main' made system call " +
                              std::to_string(SYS_getppid) +
                              ", which its filter does not allow; the guest ends here\r\n");
}

TEST(SealProcess, NamesTheRequestOfAnIoctl) {
    const auto ended = in_child([] {
        if (!seal_process(Level::Auto, left_for_test(true), say_nothing)) ::_exit(9);
        ::syscall(SYS_ioctl, 0, 0xae80, 0);
    });
    EXPECT_THAT(ended.said, HasSubstr("16 (ioctl) with request 0xae80"));
}

TEST(SealProcess, GivesEachThreadTheFilterOfItsKind) {
    const auto ended = in_child([] {
        Hold hold;
        auto thread = Thread::start(ThreadKind::HotPlug, [] { ::syscall(SYS_getuid); });
        if (!seal_process(Level::Auto, left_for_test(false), say_nothing)) ::_exit(9);
        ::syscall(SYS_getuid);
        hold.end();
        thread.join();
    });
    EXPECT_THAT(ended.said,
                HasSubstr("the thread 'hot-plug' made system call " + std::to_string(SYS_getuid)));
    EXPECT_EQ(WEXITSTATUS(ended.status), 1);
}

// Where the limit of locked memory cannot be raised this one would stay.
void give_up_lock_capability() {
    ::__user_cap_header_struct head{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<::__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
    ::syscall(SYS_capget, &head, sets.data());
    sets[0].effective &= ~(1u << CAP_IPC_LOCK);
    ::syscall(SYS_capset, &head, sets.data());
}

TEST(SealProcess, LeavesNoPrivilegeAndNoFile) {
    std::array<int, 2> ready{};
    ASSERT_EQ(::pipe(ready.data()), 0);
    const auto child = ::fork();
    if (child == 0) {
        give_up_lock_capability();
        const bool done = seal_process(Level::Auto, left_for_test(true), say_nothing).has_value();
        const int opened = ::open("/etc/passwd", O_RDONLY | O_CLOEXEC);
        const char answer = !done ? 'x' : opened >= 0 ? 'o' : 'd';
        [[maybe_unused]] const auto told = ::write(ready[1], &answer, 1);
        for (;;)
            ::syscall(SYS_pause);
    }
    char answer = 0;
    ASSERT_EQ(::read(ready[0], &answer, 1), 1);
    const auto status = read_file("/proc/" + std::to_string(child) + "/status", 65536);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    for (const int end : ready)
        ::close(end);
    EXPECT_EQ(answer, landlock_version() > 0 ? 'd' : 'o');
    ASSERT_TRUE(status);
    for (const auto* const line :
         {"NoNewPrivs:\t1", "Seccomp:\t2", "CapInh:\t0000000000000000", "CapPrm:\t0000000000000000",
          "CapEff:\t0000000000000000", "CapAmb:\t0000000000000000"})
        EXPECT_THAT(*status, HasSubstr(line));
    if (::geteuid() == 0) {
        EXPECT_THAT(*status, HasSubstr("CapBnd:\t0000000000000000"));
    }
}

TEST(SealProcess, LeavesAllAsItIsWhenOff) {
    const auto ended = in_child([] {
        if (!seal_process(Level::Off, left_for_test(false), say_nothing)) ::_exit(9);
        ::syscall(SYS_getppid);
    });
    EXPECT_EQ(ended.status, 0);
    EXPECT_EQ(ended.said, "");
}

}  // namespace
}  // namespace tenon::vmm::seal
