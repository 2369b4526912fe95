#include "vmm/seal/nowhere.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <utility>

#include "base/fd.hpp"
#include "vmm/seal/privileges.hpp"

namespace tenon::vmm::seal {
namespace {

// Where the new root is put together. It is covered by it, and goes.
constexpr auto workplace = "/tmp";

constexpr auto restless = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

Result<void> checked(int returned, std::string_view step) {
    if (returned < 0) return fail_system(errno, step);
    return {};
}

void raise_lock_limit() {
    // As root: what is locked is charged to the user that it becomes.
    constexpr ::rlimit none{.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
    if (::setrlimit(RLIMIT_MEMLOCK, &none) == 0) return;
    ::rlimit limit{};
    if (::getrlimit(RLIMIT_MEMLOCK, &limit) < 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_MEMLOCK, &limit);
}

Result<void> become(uid_t user, gid_t group) {
    if (::geteuid() != 0) return {};
    TENON_TRY_DO(checked(::setgroups(0, nullptr), "setgroups"), "");
    TENON_TRY_DO(checked(::setresgid(group, group, group), "setresgid"), "");
    return checked(::setresuid(user, user, user), "setresuid");
}

Result<void> write_file(const std::string& path, std::string_view text) {
    TENON_TRY(file, Fd::open(path, O_WRONLY), "");
    const auto written = ::write(file.number(), text.data(), text.size());
    return checked(written == static_cast<ssize_t>(text.size()) ? 0 : -1, path);
}

Result<void> enter_namespaces() {
    const auto user = ::geteuid();
    const auto group = ::getegid();
    // A process that changed its user is another's to the files of /proc/self.
    TENON_TRY_DO(checked(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "PR_SET_DUMPABLE"), "");
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET) < 0) {
        const bool refused = errno == EPERM || errno == ENOSPC;
        return fail_system(errno, "unshare",
                           refused ? "User namespaces of users without rights are switched off: "
                                     "sysctl kernel.unprivileged_userns_clone=1, "
                                     "user.max_user_namespaces"
                                   : "");
    }
    TENON_TRY_DO(write_file("/proc/self/setgroups", "deny"), "");
    TENON_TRY_DO(write_file("/proc/self/uid_map", fmt::format("{0} {0} 1", user)), "");
    TENON_TRY_DO(write_file("/proc/self/gid_map", fmt::format("{0} {0} 1", group)), "");
    return checked(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mounts");
}

// What is mounted at a path, with all below it, as a thing of its own.
Result<Fd> tree_of(const std::string& path, std::uint64_t attributes) {
    Fd tree{::open_tree(AT_FDCWD, path.c_str(),
                        OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | unsigned{AT_RECURSIVE})};
    if (!tree) return fail_system(errno, path);
    ::mount_attr wanted{.attr_set = attributes, .attr_clr = 0, .propagation = 0, .userns_fd = 0};
    TENON_TRY_DO(checked(::mount_setattr(tree.number(), "", AT_EMPTY_PATH | AT_RECURSIVE, &wanted,
                                         sizeof wanted),
                         path),
                 "");
    return tree;
}

struct Kept {
    std::string path;  // In the new root as in the old one.
    Fd tree;
};

// Taken before the new root covers what may be their place.
Result<std::vector<Kept>> take_kept(const std::vector<std::string>& folders) {
    std::vector<Kept> kept;
    TENON_TRY(sys, tree_of("/sys", MOUNT_ATTR_RDONLY | restless), "");
    kept.push_back({.path = "/sys", .tree = std::move(sys)});
    for (const auto& folder : folders) {
        TENON_TRY(tree, tree_of(folder, restless), "");
        kept.push_back({.path = folder, .tree = std::move(tree)});
    }
    return kept;
}

Result<void> place(const Kept& kept) {
    const auto place = workplace + kept.path;
    std::error_code error;
    std::filesystem::create_directories(place, error);
    if (error) return fail_system(error.value(), place);
    return checked(
        ::move_mount(kept.tree.number(), "", AT_FDCWD, place.c_str(), MOVE_MOUNT_F_EMPTY_PATH),
        kept.path);
}

Result<void> change_root(const std::vector<std::string>& folders) {
    constexpr unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    TENON_TRY(kept, take_kept(folders), "");
    TENON_TRY_DO(
        checked(::mount("tenon", workplace, "tmpfs", flags, "mode=0755,size=64k"), "an empty root"),
        "");
    for (const auto& one : kept)
        TENON_TRY_DO(place(one), "");
    TENON_TRY_DO(checked(::mount(nullptr, workplace, nullptr,
                                 MS_REMOUNT | MS_BIND | MS_RDONLY | flags, nullptr),
                         "a root to read"),
                 "");
    TENON_TRY_DO(checked(::chdir(workplace), "a root"), "");
    // The old root comes to lie over the new one, and goes.
    TENON_TRY_DO(checked(static_cast<int>(::syscall(SYS_pivot_root, ".", ".")), "pivot_root"), "");
    TENON_TRY_DO(checked(::umount2(".", MNT_DETACH), "the old root"), "");
    TENON_TRY_DO(checked(::chdir("/"), "the new root"), "");
    // No other process of this user may look at it.
    return checked(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "PR_SET_DUMPABLE");
}

// Those that end a guest. Process 1 never gets one for which it has no handler yet; what is blocked
// waits for it.
void hold_signals() {
    sigset_t ending;
    ::sigemptyset(&ending);
    for (const int one : {SIGHUP, SIGINT, SIGTERM})
        ::sigaddset(&ending, one);
    ::sigprocmask(SIG_BLOCK, &ending, nullptr);
}

// Until `child` has ended; its exit status.
Result<int> await(pid_t child) {
    // A device belongs to a guest for as long as one of its files is open.
    ::close_range(STDERR_FILENO + 1, ~0u, 0);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return fail_system(errno, "waiting for the guest");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// The child's first: it ends with `parent`, also one that is no more.
void end_with(const Fd& parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    pollfd ended{.fd = parent.number(), .events = POLLIN, .revents = 0};
    if (::poll(&ended, 1, 0) != 0) ::_exit(1);
}

}  // namespace

Result<std::optional<int>> go_nowhere(const Nowhere& asked) {
    constexpr auto what = "leaving the host";
    raise_lock_limit();
    TENON_TRY_DO(become(asked.user, asked.group), what);
    TENON_TRY_DO(enter_namespaces(), what);
    TENON_TRY_DO(change_root(asked.folders), what);
    const Fd own{static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0))};
    if (!own) return fail_system(errno, what);
    hold_signals();
    const auto child = ::fork();
    if (child < 0) return fail_system(errno, what);
    if (child == 0) {
        end_with(own);
        // Those of its own namespace, which came with it.
        TENON_TRY_DO(drop_all_privileges(), what);
        return std::optional<int>{};
    }
    TENON_TRY(status, await(child), what);
    return std::optional{status};
}

}  // namespace tenon::vmm::seal
