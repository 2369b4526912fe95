#include "vmm/sealing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

namespace tenon::vmm {
namespace {

using seal::FileRight;
using seal::Level;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::vector<std::string> paths_of(const seal::Left& left, FileRight::Kind kind) {
    std::vector<std::string> paths;
    for (const auto& right : left.files)
        if (right.kind == kind) paths.push_back(right.path);
    return paths;
}

TEST(LeftBy, IsNoFileOfAMachineWithoutClients) {
    EXPECT_THAT(left_by({.level = Level::Auto}).files, IsEmpty());
}

TEST(LeftBy, IsNoNodeOfAnyMachine) {
    const auto left = left_by({.level = Level::Auto, .control = "/run/guest/control"});
    EXPECT_THAT(paths_of(left, FileRight::Kind::Device), IsEmpty());
    EXPECT_THAT(paths_of(left, FileRight::Kind::Read), UnorderedElementsAre("/sys", "/proc"));
    EXPECT_THAT(paths_of(left, FileRight::Kind::Remove), ElementsAre("/run/guest"));
    const auto here = left_by({.level = Level::Full, .control = "control"});
    EXPECT_THAT(paths_of(here, FileRight::Kind::Remove), ElementsAre("."));
}

TEST(LeftBy, IsASignalOfAMachineWithPrograms) {
    EXPECT_EQ(left_by({.level = Level::Full}).signals, seal::SignalsOutside::Denied);
    EXPECT_EQ(left_by({.level = Level::Full, .has_programs = true}).signals,
              seal::SignalsOutside::Allowed);
}

TEST(OpensNodes, IsForHotPlugByAddressIntoASealedMachine) {
    EXPECT_TRUE(opens_nodes({.level = Level::Auto, .control = "control"}));
    EXPECT_TRUE(opens_nodes({.level = Level::Log, .control = "control"}));
    EXPECT_FALSE(opens_nodes({.level = Level::Auto}));
    EXPECT_FALSE(opens_nodes({.level = Level::Full, .control = "control"}));
    EXPECT_FALSE(opens_nodes({.level = Level::Off, .control = "control"}));
}

// What went wrong is to be seen, not that the filter did not allow its telling.
TEST(SealMachine, LetsAFaultEndTheProcessByItsOwnSignal) {
    for (const int fault : {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE}) {
        const auto child = ::fork();
        if (child == 0) {
            std::signal(fault, SIG_DFL);  // Sanitizers have handlers of their own.
            board::Warnings warnings;
            if (!seal_machine({.level = Level::Auto}, warnings)) ::_exit(9);
            ::raise(fault);
            ::_exit(8);
        }
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == fault) << fault << ": " << status;
    }
}

}  // namespace
}  // namespace tenon::vmm
