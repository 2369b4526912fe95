#include "vmm/seal/opener.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/file.hpp"
#include "vmm/seal/filter.hpp"

namespace tenon::vmm::seal {
namespace {

using testing::HasSubstr;

// A folder with a node, a plain file here, and an opener for it.
class OpenerTest : public testing::Test {
protected:
    void SetUp() override {
        folder_ = testing::TempDir() + "opener_test_nodes";
        std::filesystem::create_directory(folder_);
        std::ofstream{folder_ + "/node"} << "node";
        std::vector<const Rule*> rows;
        for (const auto& rule : rules_)
            rows.push_back(&rule);
        auto started =
            Opener::start(compile(rows), {{.path = folder_, .kind = FileRight::Kind::Device}});
        ASSERT_TRUE(started) << to_string(started.error());
        opener_.emplace(std::move(*started));
    }
    ~OpenerTest() override { std::filesystem::remove_all(folder_); }

    std::string proc(const char* name) const {
        return "/proc/" + std::to_string(opener_->process()) + "/" + name;
    }

    // Whether it has gone in time: it is nobody's child here.
    bool ends() const {
        const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes{1};
        while (std::filesystem::exists(proc("exe")) && std::chrono::steady_clock::now() < limit)
            std::this_thread::sleep_for(std::chrono::milliseconds{5});
        return !std::filesystem::exists(proc("exe"));
    }

    const std::array<Rule, 6> rules_{{{.number = SYS_read},
                                      {.number = SYS_write},
                                      {.number = SYS_openat},
                                      {.number = SYS_sendmsg},
                                      {.number = SYS_close},
                                      {.number = SYS_exit_group}}};
    std::string folder_;
    std::optional<Opener> opener_;
};

TEST_F(OpenerTest, GivesAFileToReadAndToWrite) {
    const auto file = opener_->open(folder_ + "/node");

    ASSERT_TRUE(file);
    const Fd node{*file};
    EXPECT_EQ(read_to_end(node, 64, "node").value(), "node");
    EXPECT_EQ(::write(node.number(), "more", 4), 4);
    EXPECT_NE(::fcntl(node.number(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(OpenerTest, SaysWhyThereIsNone) {
    EXPECT_EQ(opener_->open(folder_ + "/none").error(), ENOENT);
    EXPECT_EQ(opener_->open("").error(), ENOENT);
    EXPECT_EQ(opener_->open("/" + std::string(254, 'x')).error(), ENOENT);
    EXPECT_EQ(opener_->open("/" + std::string(255, 'x')).error(), ENAMETOOLONG);
    if (landlock_version() > 0) {
        EXPECT_EQ(opener_->open("/etc/passwd").error(), EACCES);
    }
    EXPECT_TRUE(opener_->open(folder_ + "/node")) << "after those that failed";
}

TEST_F(OpenerTest, HasNoPrivilegeAndNoFileOfOurs) {
    const auto status = read_file(proc("status"), 65536);

    ASSERT_TRUE(status);
    for (const auto* const line :
         {"Name:\ttenon-opener", "NoNewPrivs:\t1", "Seccomp:\t2", "CapInh:\t0000000000000000",
          "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "CapAmb:\t0000000000000000"})
        EXPECT_THAT(*status, HasSubstr(line));
    const std::filesystem::directory_iterator files{proc("fd")};
    EXPECT_EQ(std::distance(begin(files), end(files)), 2) << "standard error and its socket";
}

TEST_F(OpenerTest, EndsWhenNobodyCanAskItAnyMore) {
    {
        const Opener last = *std::move(opener_);
        EXPECT_TRUE(last.open(folder_ + "/node"));
    }
    EXPECT_TRUE(ends());
}

TEST_F(OpenerTest, IsMissedByAnError) {
    ::kill(opener_->process(), SIGKILL);
    ASSERT_TRUE(ends());

    const auto file = opener_->open(folder_ + "/node");

    ASSERT_FALSE(file);
    EXPECT_TRUE(file.error() == EPIPE || file.error() == ECONNRESET) << file.error();
}

}  // namespace
}  // namespace tenon::vmm::seal
