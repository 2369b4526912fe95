#include "cli/vm_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "cli/app.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class VmFile : public testing::Test {
protected:
    ~VmFile() override { std::filesystem::remove(path); }

    Result<std::vector<FileOption>> read(const std::string& text) const {
        std::ofstream{path} << text;
        return read_vm_file(path);
    }
    // The message for a file, without its folder.
    std::string wrong(const std::string& text) const {
        auto what = read(text).error().what;
        return what.starts_with(path) ? "vm.toml" + what.substr(path.size()) : what;
    }

    std::string path = testing::TempDir() +
                       testing::UnitTest::GetInstance()->current_test_info()->name() + "vm.toml";
};

TEST_F(VmFile, SaysWhatOptionsSay) {
    const auto file = read(R"(kernel = "bzImage"
cpus = 4
memory = "16G,hugepages=1G"
no-reboot = true
[[port]]
name = "gpu"
[[device]]
host = "0000:65:00.0"
port = "gpu"
function = 0
)");

    ASSERT_TRUE(file) << file.error().what;
    ASSERT_EQ(file->size(), 6u);
    const auto value = [&](std::string_view key) {
        return std::ranges::find(*file, key, &FileOption::key)->value;
    };
    EXPECT_EQ(value("kernel"), "bzImage");
    EXPECT_EQ(value("cpus"), "4");
    EXPECT_EQ(value("memory"), "16G,hugepages=1G");
    EXPECT_EQ(value("no-reboot"), "true");
    EXPECT_EQ(value("port"), "gpu");
    EXPECT_EQ(value("device"), "0000:65:00.0,function=0,port=gpu");
}

TEST_F(VmFile, NamesFileLineAndKeyOfWhatIsWrong) {
    EXPECT_EQ(wrong("kernel = \"k\"\nmemory = \"much\"\n"),
              "vm.toml:2: memory: \"much\" is not a size: write bytes, or a number with K, M, G "
              "or T");
    EXPECT_EQ(wrong("\n\ncpus = 1000\n"),
              "vm.toml:3: cpus: \"1000\": a guest has 1 to 255 processors");
    EXPECT_THAT(wrong("machine = \"tenon-99\"\n"),
                StartsWith("vm.toml:1: machine: \"tenon-99\" is not known"));
    EXPECT_EQ(wrong("[[device]]\nhost = \"01:00.0\"\nfunction = 9\n"),
              "vm.toml:3: function: 01:00.0: function=9: a slot has the functions 0 to 7");
    EXPECT_THAT(wrong("[[device]]\nhost = \"01:00.0\"\ncolour = \"red\"\n"),
                StartsWith("vm.toml:3: colour: 01:00.0: unknown key \"colour\""));
    EXPECT_EQ(wrong("[[device]]\nport = \"gpu\"\n"),
              "vm.toml:1: device: host = \"...\" is missing");
    EXPECT_EQ(wrong("device = \"01:00.0\"\n"),
              "vm.toml:1: device: write it as a table: [[device]]");
    EXPECT_EQ(wrong("memory = [1, 2]\n"),
              "vm.toml:1: memory: neither a text, a number, true nor false");
    EXPECT_EQ(wrong("[[device]]\nhost = \"01:00.0\"\nid = \"a,port=b\"\n"),
              "vm.toml:3: id: a value cannot contain a comma");
}

TEST_F(VmFile, NamesTheLineOfWhatIsNotToml) {
    EXPECT_THAT(wrong("kernel = \"k\"\nmemory =\n"), StartsWith("vm.toml:2: "));
    EXPECT_THAT(wrong("kernel = \"k\"\nkernel = \"l\"\n"), StartsWith("vm.toml:2: "));
}

// The reader that we use asserts that these begin with a name.
TEST_F(VmFile, NamesTheLineOfATableWithoutAName) {
    EXPECT_THAT(wrong("\n[\x0f"), StartsWith("vm.toml:2: "));
    EXPECT_THAT(wrong("[\n"), StartsWith("vm.toml:1: "));
    EXPECT_THAT(wrong("[[ ="), StartsWith("vm.toml:1: "));
    EXPECT_THAT(wrong("[\xc3\xa9]"), StartsWith("vm.toml:1: "));
}

TEST_F(VmFile, NamesTheLineOfAKeyWithoutAName) {
    EXPECT_EQ(wrong("\n''=''"), "vm.toml:2: a key without a name");
    EXPECT_EQ(wrong("[[device]]\nhost = \"01:00.0\"\n\"\" = 1\n"),
              "vm.toml:3: a key without a name");
}

// Letters that the reader takes for impossible where it looks for blanks.
TEST_F(VmFile, MayHaveLettersOfEveryLanguage) {
    EXPECT_THAT(wrong("kernel = \xc3\xa9\n"), StartsWith("vm.toml:1: "));
    EXPECT_THAT(wrong("kernel\xd2\x99 = 1\n"), StartsWith("vm.toml:1: "));
    const auto options = read("append = \"\"\"a\\\n  \xc3\xa9t\xc3\xa9\"\"\"\n");
    ASSERT_TRUE(options);
    EXPECT_EQ(options->at(0).value, "a\xc3\xa9t\xc3\xa9");
}

TEST_F(VmFile, HasAnEnd) {
    EXPECT_FALSE(read(std::string(2 << 20, '#')));
    EXPECT_FALSE(read("x = " + std::string(100000, '[')));
    EXPECT_FALSE(read_vm_file("/nonexistent/vm.toml"));
}

TEST(VmFileDevices, GiveWayToThoseOfTheCommandLine) {
    EXPECT_THAT(merge_devices({"0000:01:00.0,port=a", "0000:02:00.0,id=disk", "0000:03:00.0"},
                              {"01:00.0", "0000:04:00.0,id=disk"}),
                ElementsAre("0000:03:00.0", "01:00.0", "0000:04:00.0,id=disk"));
    EXPECT_THAT(merge_ports({"a", "b"}, {"b", "c"}), ElementsAre("a", "b", "c"));
    EXPECT_THAT(merge_backends(*words::find_backend_option("vhost-user"),
                               {"a,type=blk", "b,type=net,id=lan", "c,type=fs"},
                               {"a,type=net", "d,type=net,id=lan"}),
                ElementsAre("c,type=fs", "a,type=net", "d,type=net,id=lan"));
}

// The command as a whole, with a dump as its device: nothing of this host is needed.
class VmFilePlan : public VmFile {
protected:
    VmFilePlan() {
        const auto image = support::ConfigBuilder{}.head(0x80).express(0x80, 0).image();
        std::ofstream{dump, std::ios::binary}.write(
            std::bit_cast<const char*>(image.bytes().data()),
            static_cast<std::streamsize>(image.bytes().size()));
    }
    ~VmFilePlan() override { std::filesystem::remove(dump); }

    Outcome run_words(std::vector<const char*> words) const {
        words.insert(words.begin(), "tenon");
        return run(static_cast<int>(words.size()), words.data(), this_host(), {}, {});
    }

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
