#include "base/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "base/fd.hpp"
#include "base/path.hpp"
#include "base/quiet_thread.hpp"
#include "base/text.hpp"

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

std::string in_words(int status) {
    return WIFEXITED(status) ? fmt::format("ended with status {}", WEXITSTATUS(status))
                             : fmt::format("was ended by signal {}", WTERMSIG(status));
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

    std::unique_ptr<Child> child{new Child};
    int error = 0;
    {
        // The kernel's word that we have ended is that this thread has: it stays as long as the
        // program does.
        const MutexLock lock{child->mutex_};
        bool tried = false;
        child->thread_ = quiet_thread([&child = *child, &prepared, &tried, &error] {
            const auto process = ::fork();
            if (process == 0) become(prepared);
            {
                const MutexLock inner{child.mutex_};
                if (process < 0) error = errno;
                child.process_ = process;
                tried = true;
                child.changed_.wake();
            }
            if (process > 0) child.watch(process);
        });
        while (!tried)
            child->changed_.wait(child->mutex_);
    }
    if (error != 0) return fail_system(error, command.program);
    prepared.failure.close();
    // It closes at execve(2).
    if (::read(failed.number(), &error, sizeof error) == sizeof error)
        return fail_system(error, command.program);
    return child;
}

Child::~Child() {
    end(last_patience);
    thread_.join();
}

// Its number stays its own until it is taken from the kernel, which is done with the lock.
void Child::watch(pid_t process) {
    siginfo_t ended{};
    while (::waitid(P_PID, static_cast<id_t>(process), &ended, WEXITED | WNOWAIT) < 0 &&
           errno == EINTR) {
    }
    const MutexLock lock{mutex_};
    int status = 0;
    ::waitpid(process, &status, 0);
    process_ = -1;
    status_ = status;
    changed_.wake();
}

std::optional<std::string> Child::wait(milliseconds patience) const {
    const auto end = steady_clock::now() + patience;
    const MutexLock lock{mutex_};
    while (process_ >= 0)
        if (!changed_.wait_until(mutex_, end)) break;
    if (!status_) return std::nullopt;
    return in_words(*status_);
}

void Child::send(int signal) {
    const MutexLock lock{mutex_};
    if (process_ > 0) ::kill(process_, signal);
}

bool Child::end(milliseconds patience) {
    send(SIGTERM);
    if (wait(patience)) return true;
    send(SIGKILL);
    const MutexLock lock{mutex_};
    while (process_ >= 0)
        changed_.wait(mutex_);
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
