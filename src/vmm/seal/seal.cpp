#include "vmm/seal/seal.hpp"

#include <linux/seccomp.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>

#include "vmm/seal/privileges.hpp"

namespace tenon::vmm::seal {
namespace {

// Set once, before threads begin.
Left& left_to_threads() {
    static Left left;
    return left;
}
std::atomic<bool> sealed = false;
std::atomic<void (*)()> tidy_then = nullptr;

thread_local ThreadKind this_kind = ThreadKind::Main;

// A line put together where nothing may be allocated.
class Line {
public:
    void add(std::string_view text) {
        const auto count = std::min(text.size(), text_.size() - size_);
        std::copy_n(text.begin(), count, text_.begin() + static_cast<std::ptrdiff_t>(size_));
        size_ += count;
    }
    void add(std::uint64_t number, unsigned base) {
        std::array<char, 24> digits{};
        std::size_t at = digits.size();
        do {
            digits.at(--at) = "0123456789abcdef"[number % base];
            number /= base;
        } while (number != 0);
        add({digits.data() + at, digits.size() - at});
    }
    [[noreturn]] void print_and_end() const {
        [[maybe_unused]] const auto told = ::write(STDERR_FILENO, text_.data(), size_);
        if (auto* const tidy = tidy_then.exchange(nullptr)) tidy();
        for (;;)
            ::syscall(SYS_exit_group, 1);
    }

private:
    std::array<char, 256> text_{};
    std::size_t size_ = 0;
};

// The process cannot be trusted any more: nothing is given back, the kernel resets its devices.
void end_by_trap(int /*signal*/, siginfo_t* info, void* context) {
    Line line;
    line.add("tenon: sealed: the thread '");
    line.add(name_of(this_kind));
    line.add("' made system call ");
    line.add(static_cast<std::uint64_t>(static_cast<std::uint32_t>(info->si_syscall)), 10);
    if (info->si_syscall == SYS_ioctl) {
        line.add(" (ioctl) with request 0x");
        const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
        line.add(static_cast<std::uint32_t>(registers[REG_RSI]), 16);
    }
    line.add(", which its filter does not allow; the guest ends here\r\n");
    line.print_and_end();
}

Result<void> take_filter(const std::vector<sock_filter>& filter) {
    const sock_fprog program{.len = static_cast<unsigned short>(filter.size()),
                             .filter = const_cast<sock_filter*>(filter.data())};  // NOLINT
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
        return fail_system(errno, "a filter of system calls (seccomp)");
    return {};
}

const std::vector<sock_filter>& filter_of(ThreadKind kind) {
    return left_to_threads().filters.at(static_cast<std::size_t>(kind));
}

Result<void> install_handler() {
    struct sigaction action{};
    action.sa_sigaction = end_by_trap;
    action.sa_flags = SA_SIGINFO;
    if (::sigaction(SIGSYS, &action, nullptr) < 0) return fail_system(errno, "SIGSYS");
    sigset_t trap;
    ::sigemptyset(&trap);
    ::sigaddset(&trap, SIGSYS);
    ::pthread_sigmask(SIG_UNBLOCK, &trap, nullptr);
    return {};
}

}  // namespace

Result<void> seal_process(Level level, Left left,
                          const std::function<void(const std::string&)>& warn) {
    if (level == Level::Off) return {};
    const auto or_warning = [&](Result<void> done) -> Result<void> {
        if (done || level == Level::Full) return done;
        warn("not fully sealed: " + to_string(done.error()));
        return {};
    };
    // Of several arenas glibc gives memory back only after it has asked /proc for a setting.
    ::mallopt(M_ARENA_MAX, 1);
    TENON_TRY(
        lock_stays,
        drop_privileges(level == Level::Full ? LockCapability::Goes : LockCapability::MayStay),
        "sealing");
    if (lock_stays)
        warn(
            "CAP_IPC_LOCK is kept: without it the limit of locked memory would count, which this "
            "process may not raise; `ulimit -l unlimited` before the start lets it go");
    if (const int version = landlock_version(); version > 0)
        TENON_TRY_DO(or_warning(restrict_files(version, left.files, left.signals)), "sealing");
    else
        warn(
            "this kernel has no Landlock: which files can be opened is up to the filters of system "
            "calls alone");
    left_to_threads() = std::move(left);
    TENON_TRY_DO(install_handler(), "sealing");
    const auto done = take_filter(filter_of(ThreadKind::Main));
    sealed = done.has_value();
    return or_warning(done);
}

Result<void> seal_beside(ThreadKind kind, const std::vector<sock_filter>& filter,
                         std::span<const FileRight> files) {
    this_kind = kind;
    TENON_TRY_DO(drop_all_privileges(), "");
    if (const int version = landlock_version(); version > 0)
        TENON_TRY_DO(restrict_files(version, files), "");
    TENON_TRY_DO(install_handler(), "");
    [[maybe_unused]] const auto taken = take_filter(filter);
    return {};
}

void tidy_at_trap(void (*tidy)()) { tidy_then = tidy; }

ThreadKind current() { return this_kind; }

void enter(ThreadKind kind) {
    this_kind = kind;
    std::array<char, 16> name{};  // What the kernel keeps of it.
    constexpr std::string_view program = "tenon-";
    const auto rest = std::ranges::copy(program, name.begin()).out;
    const auto own = name_of(kind);
    std::copy_n(own.begin(), std::min<std::size_t>(own.size(), name.size() - program.size() - 1),
                rest);
    ::pthread_setname_np(::pthread_self(), name.data());
    if (!sealed || take_filter(filter_of(kind))) return;
    Line line;
    line.add("tenon: sealed: the kernel refuses the filter of the thread '");
    line.add(own);
    line.add("'; the guest ends here\r\n");
    line.print_and_end();
}

}  // namespace tenon::vmm::seal
