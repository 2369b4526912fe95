#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>

#include "vmm/rights/table.hpp"

namespace tenon::vmm::rights {
namespace {

using seal::Condition;
using seal::Kinds;
using seal::Rule;
using enum seal::ThreadKind;

constexpr std::uint64_t word = 0xffffffff;
// Bits of open(2)'s flags that let a file be written to or made.
constexpr std::uint64_t writing = O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY);

#define TENON_CALL(name) SYS_##name, #name

Rule row(int number, std::string_view name, Kinds who, std::string_view reason) {
    return {.number = number, .name = name, .who = who, .reason = reason};
}

Rule row(int number, std::string_view name, Kinds who, std::string_view where,
         std::vector<Condition> conditions, std::string_view reason) {
    return {.number = number,
            .name = name,
            .who = who,
            .reason = reason,
            .conditions = std::move(conditions),
            .where = where};
}

Rule refused(int number, std::string_view name, Kinds who, int error, std::string_view reason) {
    auto rule = row(number, name, who, reason);
    rule.refused = error;
    return rule;
}

void add_waiting(std::vector<Rule>& rows) {
    const Kinds all = seal::everyone();
    rows.insert(
        rows.end(),
        {row(TENON_CALL(futex), all, "locks, and waiting for other threads"),
         row(TENON_CALL(read), all | Kinds{Opener},
             "takes an event, a request; the console's input; files that are open"),
         row(TENON_CALL(write), all | Kinds{Opener}, "signals an event; output, messages"),
         row(TENON_CALL(writev), all, "malloc(3) tells of a broken heap, before abort(3)"),
         row(TENON_CALL(poll), all, "whether an event is pending; waits for files"),
         row(TENON_CALL(epoll_wait), {Events}, "waits for events of devices"),
         row(TENON_CALL(epoll_ctl), acting | Kinds{Events, Backend},
             "an event that is to be watched comes or goes"),
         row(TENON_CALL(restart_syscall), all,
             "the kernel's own, when a stopped process goes on (SIGSTOP, SIGCONT)"),
         row(TENON_CALL(clock_gettime), all, "the time, where the kernel gives none in user space"),
         row(TENON_CALL(clock_nanosleep), acting, "looks again at a device that a reset hides"),
         row(TENON_CALL(timerfd_create), acting | Kinds{Events},
             "the time after which INTx is looked at again"),
         row(TENON_CALL(timerfd_settime), acting | Kinds{Events}, "the same"),
         row(TENON_CALL(sched_yield), {Main, Console}, "std::stop_token: its lock is taken"),
         row(TENON_CALL(eventfd2), acting | Kinds{Events, Backend, Control},
             "an event for each vector that the guest switches on")});
}

void add_memory(std::vector<Rule>& rows) {
    const Kinds all = seal::everyone();
    const Condition not_executable{.argument = 2, .mask = PROT_EXEC, .value = 0};
    rows.insert(rows.end(), {row(TENON_CALL(mmap), all, "not executable", {not_executable},
                                 "memory of malloc(3), stacks, registers of devices"),
                             row(TENON_CALL(mprotect), all, "not executable", {not_executable},
                                 "malloc(3) grows, stacks have a guard"),
                             row(TENON_CALL(munmap), all, "what was mapped goes"),
                             row(TENON_CALL(mremap), all, "malloc(3): a large block grows"),
                             row(TENON_CALL(brk), all, "malloc(3)"),
                             row(TENON_CALL(madvise), all,
                                 "malloc(3) and stacks of threads give memory back")});
}

// Signals that threads of this process send to threads of this process, and to nobody else.
void add_signals(std::vector<Rule>& rows, const Running& running) {
    const auto sends = [&](int signal) {
        return std::vector<Condition>{
            {.argument = 0, .mask = word, .value = static_cast<std::uint64_t>(running.process)},
            {.argument = 2, .mask = word, .value = static_cast<std::uint64_t>(signal)}};
    };
    const Kinds all = seal::everyone();
    rows.push_back(row(TENON_CALL(tgkill), all.without(Output).without(Backend),
                       "a vCPU of this process, to stop it", sends(running.stop_signal),
                       "takes a vCPU out of the guest, at its end or for a pause"));
    rows.push_back(row(TENON_CALL(tgkill), all, "this process, SIGABRT", sends(SIGABRT),
                       "abort(3): a failed assertion, a broken heap"));
    struct Fault {
        int signal;
        std::string_view where;
    };
    for (const auto& [signal, where] :
         {Fault{SIGSEGV, "this process, SIGSEGV"}, Fault{SIGBUS, "this process, SIGBUS"},
          Fault{SIGILL, "this process, SIGILL"}, Fault{SIGFPE, "this process, SIGFPE"}})
        rows.push_back(row(TENON_CALL(tgkill), all, where, sends(signal),
                           "a fault of ours ends it by its own signal, once the terminal is back"));
}

void add_threads(std::vector<Rule>& rows) {
    const Kinds all = seal::everyone();
    const Kinds starting{Main, Control};
    rows.insert(
        rows.end(),
        {row(TENON_CALL(rt_sigprocmask), all, "pthread_kill(3), and the start of a thread"),
         row(TENON_CALL(rt_sigreturn), all, "the end of a signal's handler"),
         row(TENON_CALL(getpid), all, "pthread_kill(3), abort(3)"),
         row(TENON_CALL(gettid), all, "pthread_kill(3), abort(3)"),
         row(TENON_CALL(exit), all, "the end of a thread"),
         row(TENON_CALL(exit_group), all | Kinds{Opener}, "the end of the process"),
         row(TENON_CALL(rt_sigaction), {Main},
             "how signals are taken: of vCPUs, and by libc, when its first thread is made"),
         row(TENON_CALL(signalfd4), {Main}, "signals that end the machine, as a file"),
         refused(TENON_CALL(clone3), starting, ENOSYS,
                 "its flags cannot be seen by a filter: libc takes clone instead"),
         row(TENON_CALL(clone), starting, "a thread, not a process",
             {{.argument = 0,
               .mask = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD,
               .value = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD}},
             "starts vCPUs, again after a reset, and workers"),
         row(TENON_CALL(set_robust_list), starting, "the start of a thread"),
         row(TENON_CALL(rseq), starting, "the start of a thread"),
         row(TENON_CALL(prctl), starting, "PR_SET_NAME",
             {{.argument = 0, .mask = word, .value = PR_SET_NAME}}, "a thread takes its name"),
         row(TENON_CALL(seccomp), starting, "SECCOMP_SET_MODE_FILTER",
             {{.argument = 0, .mask = word, .value = SECCOMP_SET_MODE_FILTER}},
             "a thread takes its own filter, beside the one it has")});
}

void add_files(std::vector<Rule>& rows) {
    const Kinds all = seal::everyone();
    const Kinds worker{Worker};
    rows.insert(
        rows.end(),
        {row(TENON_CALL(close), all | Kinds{Opener}, "files that are no longer needed"),
         row(TENON_CALL(fcntl), acting | Kinds{Backend}, "F_DUPFD_CLOEXEC",
             {{.argument = 1, .mask = word, .value = F_DUPFD_CLOEXEC}},
             "a copy of an event or of a file that was passed"),
         row(TENON_CALL(pread64), acting | Kinds{Events},
             "registers of devices; the kernel, when the guest is started again"),
         row(TENON_CALL(pwrite64), acting | Kinds{Events}, "registers of devices"),
         row(TENON_CALL(newfstatat), {Main, Worker},
             "the control socket's own file at the end; what an open file is"),
         row(TENON_CALL(fstat), {Main, Worker}, "the size of the kernel's file"),
         row(TENON_CALL(openat), worker, "to read only",
             {{.argument = 2, .mask = writing, .value = O_RDONLY}},
             "a device comes: what sysfs tells of it"),
         row(TENON_CALL(openat), {Opener}, "to read and write, what is there",
             {{.argument = 2, .mask = writing, .value = O_RDWR}},
             "hot-plug by address: a device's node, for a worker"),
         refused(TENON_CALL(openat), worker, EACCES, "anything else is an error of that command"),
         row(TENON_CALL(getdents64), worker, "a device comes: folders of sysfs"),
         row(TENON_CALL(statfs), worker, "a device comes: whether what is read is sysfs"),
         row(TENON_CALL(readlink), worker, "a device comes: links of sysfs"),
         row(TENON_CALL(getcwd), worker, "a device comes by a path that begins where we are"),
         row(TENON_CALL(fcntl), worker, "F_GETFL",
             {{.argument = 1, .mask = word, .value = F_GETFL}}, "fdopendir(3): folders of sysfs"),
         row(TENON_CALL(fcntl), worker, "F_SETFD",
             {{.argument = 1, .mask = word, .value = F_SETFD}}, "the same: it is closed on exec"),
         row(TENON_CALL(prlimit64), worker, "only asks", {{.argument = 2, .value = 0}},
             "a device comes: how much memory may be locked"),
         row(TENON_CALL(capget), worker, "a device comes: whether that limit holds"),
         row(TENON_CALL(unlink), {Main}, "the control socket's own file, at the end")});
}

// A program that is a device: it was started before, and is known by its file.
void add_programs(std::vector<Rule>& rows) {
    const Kinds ending = acting | Kinds{Backend};
    rows.insert(rows.end(), {row(TENON_CALL(pidfd_send_signal), ending,
                                 "ends a program that is a device, by the file of its process"),
                             row(TENON_CALL(waitid), ending, "P_PIDFD",
                                 {{.argument = 0, .mask = word, .value = P_PIDFD}},
                                 "how such a program ended")});
}

void add_sockets(std::vector<Rule>& rows) {
    rows.insert(
        rows.end(),
        {row(TENON_CALL(accept4), {Control}, "a client comes"),
         row(TENON_CALL(getsockopt), {Control}, "SO_PEERCRED",
             {{.argument = 1, .mask = word, .value = SOL_SOCKET},
              {.argument = 2, .mask = word, .value = SO_PEERCRED}},
             "whose client it is"),
         row(TENON_CALL(recvmsg), {Control, Worker, Backend},
             "what a client, the opener or a back end sends, with the files that it passes"),
         row(TENON_CALL(sendto), {Control, Worker},
             "answers and events for a client; paths for the opener"),
         row(TENON_CALL(sendmsg), {Backend, Opener},
             "requests to a back end, with files; a node that was opened"),
         row(TENON_CALL(recvfrom), {Backend}, "whether a back end is still there")});
}
#undef TENON_CALL

}  // namespace

std::vector<Rule> system_calls(const Running& running) {
    std::vector<Rule> rows;
    add_waiting(rows);
    add_memory(rows);
    add_files(rows);
    add_signals(rows, running);
    add_threads(rows);
    add_programs(rows);
    add_sockets(rows);
    return rows;
}

}  // namespace tenon::vmm::rights
