#include "cli/app.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <vector>

#include "tests/support/config_builder.hpp"
#include "tests/support/fake_sysfs.hpp"

namespace tenon::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// A host with an NVMe at 01:00.0, bound to its own driver.
class App : public testing::Test {
protected:
    App() {
        const auto image = support::ConfigBuilder{256}.image();
        tree_.add({.address = "0000:01:00.0",
                   .config = {image.bytes().begin(), image.bytes().begin() + 256},
                   .driver = "nvme",
                   .group = "14"});
    }

    Outcome run_with(std::vector<const char*> words) {
        words.insert(words.begin(), "tenon");
        const Host host{.sysfs = host::sysfs::Sysfs{
                            {.sysfs = tree_.sysfs(), .dev = tree_.dev(), .proc = tree_.proc()}}};
        return run(static_cast<int>(words.size()), words.data(), host, {}, {});
    }

    support::FakeSysfs tree_;
};

TEST_F(App, PrintsItsVersionAndHelp) {
    EXPECT_THAT(run_with({"--version"}).out, StartsWith("tenon "));
    EXPECT_EQ(run_with({"--version"}).status, 0);
    EXPECT_THAT(run_with({"--help"}).out, HasSubstr("Usage: tenon COMMAND"));
    EXPECT_THAT(run_with({"plan", "--help"}).out, HasSubstr("Usage: tenon plan"));
    EXPECT_EQ(run_with({"plan", "--help"}).status, 0);
}

TEST_F(App, BeginsAGuestWithAKernelOrWithFirmware) {
    EXPECT_EQ(run_with({"run"}).err,
              "tenon: --kernel or --firmware is required. See: tenon run --help\n");
    const auto both = run_with({"run", "--kernel", "a", "--firmware", "b"});
    EXPECT_EQ(both.status, 2);
    EXPECT_THAT(both.err, HasSubstr("a guest begins with one of them"));
    EXPECT_THAT(run_with({"run", "--firmware", "b", "--append", "quiet"}).err,
                HasSubstr("--append is for --kernel"));
    EXPECT_THAT(run_with({"run", "--firmware", "b", "--initrd", "c"}).err,
                HasSubstr("--initrd is for --kernel"));
    EXPECT_THAT(run_with({"plan", "--firmware", "b", "--port", "p", "--target", "qemu"}).err,
                HasSubstr("--firmware with --target qemu"));
}

TEST_F(App, LooksForTheFirmwareThatIsInstalledWhereThereIsADisk) {
    if (std::ifstream{"/usr/share/cloudhv-efi-x86-64/CLOUDHV.fd"})
        GTEST_SKIP() << "it is installed here";
    const auto outcome = run_with({"run", "--disk", "debian.qcow2"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.err, HasSubstr("install Debian's package cloudhv-efi-x86-64"));
}

TEST_F(App, EndsWithOneMessageOnWrongUsage) {
    EXPECT_EQ(run_with({}).status, 2);
    EXPECT_EQ(run_with({}).err, "tenon: no command. See: tenon --help\n");
    EXPECT_EQ(
        run_with({"plan"}).err,
        "tenon: DEVICE, --disk, --vhost-user or --port is required. See: tenon plan --help\n");
    EXPECT_EQ(run_with({"fly"}).status, 2);
    EXPECT_EQ(run_with({"fly"}).err,
              "tenon: unknown command \"fly\"; known: plan, run, capture, list, diff, ctl, check. "
              "See: tenon --help\n");
    EXPECT_EQ(run_with({"list", "--fly"}).err,
              "tenon: unknown option --fly. See: tenon list --help\n");
    EXPECT_EQ(run_with({"diff", "a", "b", "c", "d"}).err,
              "tenon: \"c\" is one argument too many. See: tenon diff --help\n");
    EXPECT_EQ(run_with({"run", "--kernel"}).err,
              "tenon: --kernel needs a value. See: tenon run --help\n");
    EXPECT_EQ(run_with({"plan", "--emit", "xml", "01:00.0"}).err,
              "tenon: --emit xml: known are lspci, qemu, libvirt, proxmox, "
              "kubevirt. See: tenon plan --help\n");
    EXPECT_EQ(run_with({"plan", "--emit", "lspci", "--json", "01:00.0"}).status, 2);
}

// Names come from anywhere: a download, a device, the host's list of names.
TEST_F(App, PrintsNoControlCharacterOfOthers) {
    tree_.add({.address = "0000:02:00.0", .config = {}, .driver = "x\x1b[2J\u202e", .group = "15"});

    EXPECT_THAT(run_with({"list"}).out, HasSubstr("x\\u001b[2J\\u202e"));
    EXPECT_THAT(run_with({"plan", "no\x1b[2J\ntenon: forged"}).err,
                StartsWith("tenon: no\\u001b[2J\\u000atenon: forged: "));
}

TEST_F(App, PrintsAPlanThatCannotBeCarriedOutToo) {
    const auto text = run_with({"plan", "01:00.0"});
    EXPECT_EQ(text.status, 1);
    EXPECT_THAT(text.out, HasSubstr("not assignable"));
    EXPECT_THAT(text.err, IsEmpty());

    const auto json = run_with({"plan", "--json", "01:00.0"});
    EXPECT_EQ(json.status, 1);
    EXPECT_THAT(json.out, HasSubstr("\"assignable\": false"));

    const auto command = run_with({"plan", "--emit", "qemu", "01:00.0"});
    EXPECT_EQ(command.status, 1);
    EXPECT_THAT(command.out, HasSubstr("-device vfio-pci,id=dev0,host=0000:01:00.0,bus="));
    EXPECT_THAT(command.out, HasSubstr("# - 0000:01:00.0 cannot be assigned as it is: "));
    EXPECT_THAT(command.err, HasSubstr("driver_override"));

    const auto dump = run_with({"plan", "--emit", "lspci", "01:00.0"});
    EXPECT_EQ(dump.status, 1);
    EXPECT_THAT(dump.out, StartsWith("01:00.0 0108: 1b36:0010"));
    EXPECT_THAT(dump.err, HasSubstr("driver_override"));
}

TEST_F(App, EndsWithTheErrorOfWhatCannotBeRead) {
    const auto outcome = run_with({"plan", "02:00.0"});

    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err,
              "tenon: 0000:02:00.0: this host has no such PCI function. List those it has with: "
              "lspci -D\n");
}

TEST_F(App, TakesQemuItselfOrItsDefaults) {
    const auto both = run_with({"plan", "--target", "qemu", "--machine", "qemu-11.1", "01:00.0"});
    EXPECT_EQ(both.status, 2);
    EXPECT_THAT(both.err, HasSubstr("give one of them"));
    EXPECT_EQ(run_with({"plan", "--target", "xen", "01:00.0"}).status, 2);
    EXPECT_EQ(run_with({"plan", "--target", "tenon", "--machine", "qemu-11.1", "01:00.0"}).status,
              1);

    const auto plan = run_with({"plan", "--json", "--target", "qemu-7.2,place=pc", "01:00.0"});
    EXPECT_EQ(plan.status, 1);
    EXPECT_THAT(plan.out, HasSubstr(R"("machine": "QEMU 11.0, pc")"));
    EXPECT_THAT(plan.out, HasSubstr("in doubt: a root port completed no AtomicOps before 8.1"));
}

TEST_F(App, StartsNoGuestByTheRulesOfQemu) {
    for (const auto* const command : {"plan", "diff"})
        EXPECT_EQ(run_with({command, "--machine", "QEMU 11.1", "01:00.0", "01:00.0"}).status, 2);
    const auto outcome =
        run_with({"run", "--kernel", "k", "--machine", "QEMU 11.1", "--device", "01:00.0"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.err, HasSubstr("this is no machine version"));
}

TEST_F(App, ComparesATargetOfOneSide) {
    const auto differs = run_with({"diff", "--json", "01:00.0,target=qemu", "01:00.0"});
    EXPECT_EQ(differs.status, 1) << differs.err;
    EXPECT_THAT(differs.out, HasSubstr("QEMU 11.1"));

    EXPECT_EQ(run_with({"diff", "01:00.0,target=qemu", "01:00.0,target=qemu"}).status, 0);
    const auto places = run_with({"diff", "--json", "01:00.0,target=qemu,place=pc,intx=auto",
                                  "01:00.0,intx=auto,target=qemu"});
    EXPECT_THAT(places.out, HasSubstr("QEMU 11.1, pc")) << places.err;
    EXPECT_EQ(run_with({"diff", "--target", "qemu", "01:00.0", "01:00.0"}).status, 0);
    EXPECT_EQ(run_with({"diff", "01:00.0,target=xen", "01:00.0"}).status, 2);
}

TEST_F(App, TakesAPortWithoutSwallowingTheDevice) {
    EXPECT_THAT(run_with({"plan", "-v", "--port", "a", "01:00.0,port=a"}).out,
                StartsWith("Root port a at 00:01.0"));
}

}  // namespace
}  // namespace tenon::cli
