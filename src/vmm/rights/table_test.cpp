#include "vmm/rights/table.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <algorithm>
#include <set>

#include "vmm/kvm/kvm_abi.hpp"

namespace tenon::vmm::rights {
namespace {

using seal::Kinds;
using seal::Rule;
using seal::ThreadKind;

std::vector<const Rule*> rows_for(ThreadKind kind, bool has_clients = true) {
    static const auto all = table({.process = 1234, .stop_signal = 34});
    return rows_of(kind, all, has_clients);
}

bool names(const std::vector<const Rule*>& rows, int number) {
    return std::ranges::any_of(rows, [&](const Rule* row) { return row->number == number; });
}

bool names_request(const std::vector<const Rule*>& rows, unsigned long request) {
    return std::ranges::any_of(rows, [&](const Rule* row) {
        return row->number == SYS_ioctl && row->conditions.at(0).value == request;
    });
}

TEST(RightsTable, GivesAReasonInEveryRow) {
    for (const auto& row : table({.process = 1, .stop_signal = 34})) {
        EXPECT_FALSE(row.reason.empty()) << row.name;
        EXPECT_NE(row.who, Kinds{}) << row.name;
        EXPECT_EQ(row.where.empty() && row.number != SYS_ioctl, row.conditions.empty()) << row.name;
    }
}

// A row behind one without conditions would never be asked.
TEST(RightsTable, HasNoRowBehindOneThatAlwaysHolds) {
    const auto rows = table({.process = 1, .stop_signal = 34});
    for (auto row = rows.begin(); row != rows.end(); ++row) {
        if (!row->conditions.empty()) continue;
        EXPECT_FALSE(std::any_of(row + 1, rows.end(), [&](const Rule& later) {
            return later.number == row->number && later.who.meets(row->who);
        })) << row->name;
    }
}

// Requests of VFIO's containers and devices share numbers; none is there twice by its name.
TEST(RightsTable, HasNoRequestTwice) {
    std::set<std::string_view> seen;
    for (const auto& row : requests())
        EXPECT_TRUE(seen.insert(row.name).second) << row.name;
}

TEST(RightsTable, LetsNobodyStartAProgramOrOpenASocket) {
    for (const auto kind : seal::all_thread_kinds)
        for (const int number : {SYS_execve, SYS_execveat, SYS_fork, SYS_vfork, SYS_ptrace,
                                 SYS_socket, SYS_connect, SYS_bind, SYS_kill, SYS_setuid, SYS_mount,
                                 SYS_bpf, SYS_io_uring_setup, SYS_process_vm_writev})
            EXPECT_FALSE(names(rows_for(kind), number)) << name_of(kind) << ' ' << number;
}

// abort(3), and malloc(3) before it.
TEST(RightsTable, LetsEverybodyTellOfABrokenHeap) {
    for (const auto kind : seal::all_thread_kinds)
        for (const int number : {SYS_writev, SYS_tgkill, SYS_rt_sigprocmask, SYS_exit_group})
            EXPECT_TRUE(kind == ThreadKind::Opener || names(rows_for(kind), number))
                << name_of(kind) << ' ' << number;
}

TEST(RightsTable, LetsWorkersAloneOpenFiles) {
    for (const auto kind : seal::all_thread_kinds)
        EXPECT_EQ(names(rows_for(kind), SYS_openat),
                  started_by(kind, true).contains(ThreadKind::Worker) || kind == ThreadKind::Opener)
            << name_of(kind);
}

// Of all rows of openat(2) that hold for a thread of the machine, none lets it write.
TEST(RightsTable, LetsNoThreadOpenANodeItself) {
    for (const auto kind : seal::all_thread_kinds)
        for (const auto* const row : rows_for(kind))
            if (row->number == SYS_openat && row->refused == 0 && kind != ThreadKind::Opener) {
                EXPECT_EQ(row->conditions.at(0).value, std::uint64_t{O_RDONLY}) << name_of(kind);
            }
}

TEST(RightsTable, LetsNobodyOpenFilesOfAMachineWithoutClients) {
    for (const auto kind : seal::all_thread_kinds)
        if (kind != ThreadKind::Control && kind != ThreadKind::Worker &&
            kind != ThreadKind::Opener) {
            EXPECT_FALSE(names(rows_for(kind, false), SYS_openat)) << name_of(kind);
        }
}

TEST(RightsTable, LetsThreadsThatTalkToOthersTouchNoDevice) {
    for (const auto kind : {ThreadKind::Console, ThreadKind::Output}) {
        EXPECT_FALSE(names_request(rows_for(kind), KVM_RUN)) << name_of(kind);
        EXPECT_FALSE(names_request(rows_for(kind), KVM_SET_USER_MEMORY_REGION)) << name_of(kind);
        EXPECT_FALSE(names(rows_for(kind), SYS_pwrite64)) << name_of(kind);
    }
}

TEST(RightsTable, GivesAThreadAllThatThoseItStartsMayDo) {
    for (const auto kind : seal::all_thread_kinds)
        for (const auto child : seal::all_thread_kinds) {
            if (!started_by(kind, true).contains(child)) continue;
            const auto own = rows_for(kind);
            for (const auto* const row : rows_for(child))
                EXPECT_NE(std::ranges::find(own, row), own.end())
                    << name_of(kind) << " starts " << name_of(child) << ": " << row->name;
        }
}

}  // namespace
}  // namespace tenon::vmm::rights
