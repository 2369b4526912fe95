#include "base/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <expected>
#include <future>
#include <thread>
#include <tuple>
#include <utility>

#include "base/path.hpp"
#include "base/quiet_thread.hpp"
#include "base/text.hpp"

// glibc 2.36 declares them as though they were of C++.
extern "C" {
#include <sys/pidfd.h>
}

namespace tenon {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// All that the new process needs: between fork(2) and execve(2) it may ask for no memory.
struct Prepared {
    const char* program = nullptr;
    std::vector<char*> words;
    std::vector<Fd> files;  // Their numbers are above those that they get.
    Fd null;
    Fd output;
    Fd failure;  // The number of an error goes there.
    pid_t parent = -1;
};

Result<Fd> copy_above(int file, int least) {
    Fd copy{::fcntl(file, F_DUPFD_CLOEXEC, least)};
    if (!copy) return fail_system(errno, "copying a file for it");
    return copy;
}

void take_signals() {
    for (int signal = 1; signal < NSIG; ++signal)
        ::signal(signal, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool give_files(const Prepared& prepared) {
    if (::dup2(prepared.null.number(), STDIN_FILENO) < 0 ||
        ::dup2(prepared.output.number(), STDOUT_FILENO) < 0 ||
        ::dup2(prepared.output.number(), STDERR_FILENO) < 0)
        return false;
    int number = Child::first_file;
    for (const auto& file : prepared.files)
        if (::dup2(file.number(), number++) < 0) return false;
    // Those whom somebody else opened for us may be without O_CLOEXEC.
    return ::close_range(static_cast<unsigned>(number), ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

[[noreturn]] void become(const Prepared& prepared) {
    ::setsid();
    const bool bound =
        ::prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    if (::getppid() != prepared.parent) ::_exit(0);  // It has ended before that.
    if (bound && give_files(prepared)) {
        take_signals();
        ::execv(prepared.program, prepared.words.data());
    }
    const int error = errno;
    [[maybe_unused]] const auto count = ::write(prepared.failure.number(), &error, sizeof error);
    ::_exit(127);
}

Result<void> prepare(const Child::Command& command, Prepared& prepared) {
    TENON_TRY(program, kernel_path(command.program), "");
    prepared.program = program;
    const int least = Child::first_file + static_cast<int>(command.files.size());
    for (const int file : command.files) {
        TENON_TRY(copy, copy_above(file, least), command.program);
        prepared.files.push_back(std::move(copy));
    }
    TENON_TRY(output, copy_above(command.output, least), command.program);
    prepared.output = std::move(output);
    TENON_TRY(null, Fd::open("/dev/null", O_RDWR), command.program);
    TENON_TRY(high, copy_above(null.number(), least), command.program);
    prepared.null = std::move(high);
    return {};
}

// From its file; it has ended.
std::string how_ended(const Fd& process) {
    siginfo_t info{};
    while (::waitid(P_PIDFD, static_cast<id_t>(process.number()), &info, WEXITED) < 0)
        if (errno != EINTR) return "ended";  // Somebody else has waited for it.
    return info.si_code == CLD_EXITED ? fmt::format("ended with status {}", info.si_status)
                                      : fmt::format("was ended by signal {}", info.si_status);
}

// Whether the file's process ends within `patience`; none: it is waited for.
bool wait_for_end(const Fd& process, std::optional<milliseconds> patience) {
    const auto end = steady_clock::now() + patience.value_or(milliseconds{0});
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now()).count();
        const auto time = patience ? std::clamp<std::int64_t>(left, 0, 1 << 30) : -1;
        pollfd ended{.fd = process.number(), .events = POLLIN, .revents = 0};
        const int ready = ::poll(&ended, 1, static_cast<int>(time));
        if (ready > 0) return true;
        if (ready == 0 && left <= 0) return false;
    }
}

void send(const Fd& process, int signal) {
    // One that has ended gets none.
    ::pidfd_send_signal(process.number(), signal, nullptr, 0);
}

// Its file, or an errno.
std::expected<Fd, int> fork_program(const Prepared& prepared) {
    const auto process = ::fork();
    if (process == 0) become(prepared);
    if (process < 0) return std::unexpected(errno);
    // Its number stays its own until we have waited for it.
    Fd file{::pidfd_open(process, 0)};
    if (file) return file;
    const int error = errno;
    ::kill(process, SIGKILL);
    ::waitpid(process, nullptr, 0);
    return std::unexpected(error);
}

// By a thread that stays until the program has ended: it is the one whose end the kernel tells the
// program of.
std::pair<std::thread, std::expected<Fd, int>> fork_beside(const Prepared& prepared) {
    std::promise<std::expected<Fd, int>> forked;
    auto answer = forked.get_future();
    auto keeper = quiet_thread([&prepared, forked = std::move(forked)] mutable {
        auto file = fork_program(prepared);
        const Fd copy{file ? ::fcntl(file->number(), F_DUPFD_CLOEXEC, 0) : -1};
        forked.set_value(std::move(file));
        if (copy) wait_for_end(copy, std::nullopt);
    });
    return {std::move(keeper), answer.get()};
}

}  // namespace

Result<std::unique_ptr<Child>> Child::start(const Command& command) {
    Prepared prepared;
    TENON_TRY_DO(prepare(command, prepared), "");
    auto words = command.arguments;
    words.insert(words.begin(), command.program);
    for (auto& word : words)
        prepared.words.push_back(word.data());
    prepared.words.push_back(nullptr);
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) < 0) return fail_system(errno, command.program);
    const Fd failed{ends[0]};
    Fd failure{ends[1]};
    TENON_TRY(high,
              copy_above(failure.number(), first_file + static_cast<int>(command.files.size())),
              command.program);
    prepared.failure = std::move(high);
    failure.close();
    prepared.parent = ::getpid();

    // The kernel's word that we have ended is that the thread has which forked.
    std::thread keeper;
    std::expected<Fd, int> process;
    if (::gettid() == ::getpid())
        process = fork_program(prepared);
    else
        std::tie(keeper, process) = fork_beside(prepared);
    if (!process) {
        if (keeper.joinable()) keeper.join();
        return fail_system(process.error(), command.program);
    }
    std::unique_ptr<Child> child{new Child{*std::move(process), std::move(keeper)}};
    prepared.failure.close();
    int error = 0;
    // It closes at execve(2).
    if (::read(failed.number(), &error, sizeof error) == sizeof error)
        return fail_system(error, command.program);
    return child;
}

Child::~Child() {
    end(last_patience);
    if (keeper_.joinable()) keeper_.join();
}

std::optional<std::string> Child::wait(milliseconds patience) const {
    if (!wait_for_end(process_, patience)) return std::nullopt;
    const MutexLock lock{mutex_};
    if (!how_) how_ = how_ended(process_);
    return how_;
}

bool Child::end(milliseconds patience) {
    send(process_, SIGTERM);
    if (wait(patience)) return true;
    send(process_, SIGKILL);
    wait_for_end(process_, std::nullopt);
    wait(milliseconds{0});
    return false;
}

std::optional<std::string> find_program(std::string_view name,
                                        std::initializer_list<std::string_view> others) {
    std::vector<std::string> candidates;
    const char* const path = ::getenv("PATH");
    for (const auto folder : split(path == nullptr ? "" : path, ':'))
        if (folder.starts_with('/')) candidates.push_back(fmt::format("{}/{}", folder, name));
    candidates.insert(candidates.end(), others.begin(), others.end());
    const auto found = std::ranges::find_if(
        candidates, [](const auto& file) { return ::access(file.c_str(), X_OK) == 0; });
    if (found == candidates.end()) return std::nullopt;
    return *found;
}

Result<std::string> output_of(const Child::Command& command, std::size_t limit,
                              milliseconds patience) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) < 0)
        return fail_system(errno, command.program);
    const Fd from{ends[0]};
    Fd to{ends[1]};
    auto printing = command;
    printing.output = to.number();
    TENON_TRY(child, Child::start(printing), "");
    to.close();
    const auto end = steady_clock::now() + patience;
    std::string text;
    std::array<char, 1024> part{};
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now()).count();
        pollfd ready{.fd = from.number(), .events = POLLIN, .revents = 0};
        const auto count = left > 0 && ::poll(&ready, 1, static_cast<int>(left)) > 0
                               ? ::read(from.number(), part.data(), part.size())
                               : -1;
        if (count < 0 && left > 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (count < 0) {
            child->end(milliseconds{0});
            return fail(Error::Kind::Io, "{}: it does not end in time", command.program);
        }
        if (count == 0) return text;
        const auto room = std::min(static_cast<std::size_t>(count), limit - text.size());
        text.append(part.data(), room);
    }
}

}  // namespace tenon
