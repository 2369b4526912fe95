#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::cli {
namespace {

using testing::HasSubstr;

// The command as a whole, with a dump as its device: nothing of this host is needed.
class VmFilePlan : public testing::Test {
protected:
    VmFilePlan() {
        const auto image = support::ConfigBuilder{}.head(0x80).express(0x80, 0).image();
        std::ofstream{dump, std::ios::binary}.write(
            std::bit_cast<const char*>(image.bytes().data()),
            static_cast<std::streamsize>(image.bytes().size()));
    }
    ~VmFilePlan() override {
        std::filesystem::remove(path);
        std::filesystem::remove(dump);
    }

    Outcome run_words(std::vector<const char*> words) const {
        words.insert(words.begin(), "tenon");
        return run(static_cast<int>(words.size()), words.data(), this_host(), {}, {});
    }

    std::string path = testing::TempDir() +
                       testing::UnitTest::GetInstance()->current_test_info()->name() + "vm.toml";
    std::string dump = path + ".config";
};

TEST_F(VmFilePlan, PlansTheMachineOfTheFile) {
    std::ofstream{path} << "cpus = 4\nmemory = \"1G\"\nkernel = \"nowhere\"\n[[device]]\nhost = \""
                        << dump << "\"\nid = \"disk\"\n";

    const auto outcome = run_words({"plan", path.c_str()});

    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("4 processors"));
    EXPECT_THAT(outcome.out, HasSubstr("1 GiB"));
    EXPECT_THAT(outcome.out, HasSubstr("disk"));
}

TEST_F(VmFilePlan, PlansAProcessOfTheFile) {
    std::ofstream{path} << "[[vhost-user]]\nsocket = \"/nowhere\"\ntype = \"blk\"\nid = \"disk\"\n";

    const auto outcome = run_words({"plan", path.c_str()});

    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("disk vhost-user:/nowhere: assignable"));
}

TEST_F(VmFilePlan, ReadsDisks) {
    std::ofstream{path} << "[[disk]]\nfile = \"a.img\"\nreadonly = true\nid = \"system\"\n"
                           "[[disk]]\nfile = \"b.img\"\n";

    const auto outcome = run_words({"plan", path.c_str(), "--disk", "b.img,id=data"});

    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("system disk:a.img: assignable"));
    EXPECT_THAT(outcome.out, HasSubstr("data disk:b.img: assignable"));
    EXPECT_THAT(run_words({"plan", path.c_str(), "-v"}).out,
                HasSubstr("qemu-storage-daemon serves a.img"));
}

TEST_F(VmFilePlan, SaysWhichKeyOfADiskIsWrong) {
    std::ofstream{path} << "[[disk]]\nfile = \"a.img\"\nformat = \"vmdk\"\n";

    EXPECT_THAT(run_words({"plan", path.c_str()}).err,
                HasSubstr("vm.toml:3: format: a.img: format=vmdk: known are raw, qcow2"));
}

TEST_F(VmFilePlan, SaysWhereAProcessLacksItsType) {
    std::ofstream{path} << "[[vhost-user]]\nsocket = \"/nowhere\"\nqueues = 2\n";

    EXPECT_THAT(run_words({"plan", path.c_str()}).err,
                HasSubstr("vm.toml:1: vhost-user: /nowhere: type= is missing"));
}

TEST_F(VmFilePlan, LetsOptionsWin) {
    std::ofstream{path} << "cpus = 4\nmemory = \"1G\"\n[[device]]\nhost = \"" << dump << "\"\n";

    const auto outcome = run_words({"plan", path.c_str(), "--cpus", "2"});

    EXPECT_THAT(outcome.out, HasSubstr("2 processors"));
    EXPECT_THAT(outcome.out, HasSubstr("1 GiB"));
}

TEST_F(VmFilePlan, NamesKeysThatAreNone) {
    std::ofstream{path} << "cpus = 4\nspeed = 3\n";

    const auto outcome = run_words({"plan", path.c_str()});

    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.err,
                HasSubstr("vm.toml:2: speed: no such key; known: append, control, cpus, "));
}

TEST_F(VmFilePlan, TellsFlagsFromValues) {
    std::ofstream{path} << "no-reboot = \"yes\"\n";
    EXPECT_THAT(run_words({"run", path.c_str()}).err,
                HasSubstr("vm.toml:1: no-reboot: it is true or false"));
    std::ofstream{path} << "append = true\n";
    EXPECT_THAT(run_words({"run", path.c_str()}).err,
                HasSubstr("vm.toml:1: append: it has a value, not true or false"));
}

TEST_F(VmFilePlan, TakesTheKernelFromTheFile) {
    std::ofstream{path} << "kernel = \"/nonexistent/kernel\"\n";
    EXPECT_THAT(run_words({"run", path.c_str()}).err,
                HasSubstr("/nonexistent/kernel: No such file"));
    EXPECT_THAT(run_words({"run", path.c_str(), "--kernel", "/nonexistent/other"}).err,
                HasSubstr("/nonexistent/other: No such file"));
    std::ofstream{path} << "append = \"quiet\"\n";
    EXPECT_THAT(run_words({"run", path.c_str()}).err,
                HasSubstr("--kernel or --firmware is required"));
}

TEST_F(VmFilePlan, TakesOneFile) {
    std::ofstream{path} << "cpus = 4\n";
    EXPECT_THAT(run_words({"plan", path.c_str(), "other.toml"}).err,
                HasSubstr("a machine is described by one file"));
}

}  // namespace
}  // namespace tenon::cli
