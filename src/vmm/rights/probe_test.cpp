// The kernel itself answers every call that there could be, under the filter of each kind of
// thread: what the table says, and nothing else.
#include <gtest/gtest.h>
#include <linux/ioctl.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <new>
#include <set>
#include <vector>

#include "vmm/rights/table.hpp"
#include "vmm/seal/filter.hpp"

namespace tenon::vmm::rights {
namespace {

using seal::ThreadKind;

// Nothing is carried out: even what is allowed gets an errno, which no kernel has.
constexpr int allowed = 1001;
constexpr int otherwise = 1003;
constexpr seal::Answers answers{.allowed = SECCOMP_RET_ERRNO | allowed,
                                .otherwise = SECCOMP_RET_ERRNO | otherwise};

constexpr std::size_t most_calls = 80'000;

struct Call {
    int number = 0;
    std::array<std::uint64_t, 6> arguments{};
};

// Shared with the child, which cannot even end itself.
struct Answered {
    std::atomic<bool> done = false;
    std::array<std::atomic<int>, most_calls> error{};
};

int expected(const std::vector<const seal::Rule*>& rows, const Call& call) {
    for (const auto* const row : rows) {
        const auto holds = [&](const seal::Condition& one) {
            return (call.arguments.at(one.argument) & one.mask) == one.value;
        };
        if (row->number == call.number && std::ranges::all_of(row->conditions, holds))
            return row->refused == 0 ? allowed : row->refused;
    }
    return otherwise;
}

[[noreturn]] void ask_and_wait(const std::vector<sock_filter>& filter,
                               const std::vector<Call>& calls, Answered& answered) {
    const sock_fprog program{.len = static_cast<unsigned short>(filter.size()),
                             .filter = const_cast<sock_filter*>(filter.data())};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
        ::_exit(1);
    for (std::size_t n = 0; n < calls.size(); ++n) {
        const auto& [number, arguments] = calls[n];
        const auto got = ::syscall(number, arguments[0], arguments[1], arguments[2], arguments[3],
                                   arguments[4], arguments[5]);
        answered.error.at(n) = got == -1 ? errno : 0;
    }
    answered.done = true;
    for (;;) {
    }
}

// What the kernel answers to each of `calls`.
std::vector<int> ask(const std::vector<sock_filter>& filter, const std::vector<Call>& calls) {
    void* const shared = ::mmap(nullptr, sizeof(Answered), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(shared, MAP_FAILED);
    auto* const answered = new (shared) Answered;
    const auto child = ::fork();
    if (child == 0) ask_and_wait(filter, calls, *answered);
    int status = 0;
    while (!answered->done && ::waitpid(child, &status, WNOHANG) == 0)
        ::usleep(1000);
    EXPECT_TRUE(answered->done) << "the child ended by itself, status " << status;
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
    std::vector<int> errors(calls.size());
    for (std::size_t n = 0; n < calls.size(); ++n)
        errors[n] = answered->error.at(n);
    ::munmap(shared, sizeof(Answered));
    return errors;
}

// Numbers that are there, that may come, and x32's; with arguments that some rows want, and others.
std::vector<Call> every_call() {
    std::vector<Call> calls;
    constexpr int x32 = 0x40000000;
    // Of the kernel's own code for probes, and never filtered: SIGILL anywhere else. Source:
    // Linux 6.14, kernel/seccomp.c, seccomp_uprobe_exception().
    constexpr int uretprobe = 335;
    constexpr int uprobe = 336;
    for (int number = 0; number < 1024; ++number) {
        if (number == uretprobe || number == uprobe) continue;
        calls.push_back({.number = number});
        calls.push_back(
            {.number = number, .arguments = {~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull}});
        calls.push_back({.number = number, .arguments = {1234, 1, 6, 0, 0, 0}});
        calls.push_back({.number = number | x32});
    }
    return calls;
}

// Every number of KVM's, VFIO's (and iommufd's) and terminals' requests, with each direction and
// each size of an argument that one of the table has; those of the table, and their neighbours.
std::vector<Call> every_request() {
    std::set<std::uint64_t> sizes{0};
    for (const auto& row : requests())
        sizes.insert(_IOC_SIZE(row.conditions.at(0).value));
    std::vector<std::uint64_t> numbers;
    for (const std::uint64_t type : {0xae, 0x3b, 0x54})
        for (std::uint64_t number = 0; number < 256; ++number)
            for (const auto size : sizes)
                for (const std::uint64_t direction :
                     {_IOC_NONE, _IOC_READ, _IOC_WRITE, _IOC_READ | _IOC_WRITE})
                    numbers.push_back(_IOC(direction, type, number, size));
    for (const auto& row : requests())
        for (const std::uint64_t other : {0x0ull, 0x1ull, 0x10000ull, 0x40000000ull, 0x80000000ull})
            numbers.push_back(row.conditions.at(0).value ^ other);
    std::vector<Call> calls;
    for (const auto number : numbers)
        calls.push_back({.number = SYS_ioctl, .arguments = {0, number}});
    return calls;
}

// Each row's own conditions, met exactly, and each in turn not met.
std::vector<Call> around(const std::vector<seal::Rule>& table) {
    std::vector<Call> calls;
    for (const auto& row : table) {
        Call call{.number = row.number};
        for (const auto& condition : row.conditions)
            call.arguments.at(condition.argument) = condition.value;
        calls.push_back(call);
        for (const auto& condition : row.conditions) {
            auto other = call;
            other.arguments.at(condition.argument) ^= condition.mask & (~condition.mask + 1);
            calls.push_back(other);
        }
    }
    return calls;
}

class Probe : public testing::TestWithParam<ThreadKind> {};

TEST_P(Probe, TheKernelAllowsWhatTheTableSays) {
    const auto all = table({.process = 1234, .stop_signal = 34});
    for (const bool has_clients : {true, false}) {
        const auto rows = rows_of(GetParam(), all, has_clients);
        auto calls = every_call();
        std::ranges::copy(every_request(), std::back_inserter(calls));
        std::ranges::copy(around(all), std::back_inserter(calls));
        ASSERT_LE(calls.size(), most_calls);
        const auto errors = ask(seal::compile(rows, answers), calls);
        for (std::size_t n = 0; n < calls.size(); ++n)
            ASSERT_EQ(errors[n], expected(rows, calls[n]))
                << "call " << calls[n].number << ", arguments " << std::hex
                << testing::PrintToString(calls[n].arguments);
    }
}

INSTANTIATE_TEST_SUITE_P(EveryKind, Probe, testing::ValuesIn(seal::all_thread_kinds));

}  // namespace
}  // namespace tenon::vmm::rights
