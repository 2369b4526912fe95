#include "cli/check_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/app.hpp"
#include "tests/support/config_builder.hpp"
#include "tests/support/fake_sysfs.hpp"

namespace tenon::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class CheckCommand : public testing::Test {
protected:
    Outcome check(std::vector<const char*> words) {
        words.insert(words.begin(), {"tenon", "check"});
        return run(static_cast<int>(words.size()), words.data(), host(), nullptr, {.width = 100});
    }

    Host host() {
        return {.sysfs =
                    host::sysfs::Sysfs{
                        {.sysfs = tree_.sysfs(), .dev = tree_.dev(), .proc = tree_.proc()}},
                .dma_limits = [this] { return device::DmaLimits{.lock_limit = lock_limit_}; }};
    }

    std::string file(const std::string& name, const std::string& text) {
        const auto path = (std::filesystem::path{testing::TempDir()} / name).string();
        std::ofstream{path} << text;
        return path;
    }

    support::FakeSysfs tree_;
    std::uint64_t lock_limit_ = ~std::uint64_t{0};
};

TEST_F(CheckCommand, FindsNothingInASoundCommand) {
    const auto outcome = check({"--", "qemu-system-x86_64", "-M", "q35", "-device",
                                "pcie-root-port,id=rp", "-device", "vfio-pci,host=65:00.0,bus=rp"});

    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("Findings\n  none\n"));
    EXPECT_THAT(outcome.out, HasSubstr("--host here"));
}

TEST_F(CheckCommand, ShowsTheTreeAndWhatIsWrong) {
    const auto path = file("vm.sh",
                           "qemu-system-x86_64 -M q35 -nodefaults \\\n"
                           "  -device pcie-root-port,id=rp,x-speed=32,chassis=3 \\\n"
                           "  -device vfio-pci,host=65:00.0,id=gpu,addr=5\n");
    const auto outcome = check({path.c_str()});

    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.out, HasSubstr("  01.0 pcie-root-port rp: 32 GT/s x32, chassis 3"));
    EXPECT_THAT(outcome.out, HasSubstr("  05.0 vfio-pci gpu: host 0000:65:00.0\n"));
    EXPECT_THAT(outcome.out, HasSubstr("1. the guest loses something"));
    EXPECT_THAT(outcome.out, HasSubstr("vm.sh:3: vfio-pci,host=65:00.0,id=gpu"));
    EXPECT_THAT(outcome.out,
                HasSubstr("\n      -device vfio-pci,id=gpu,host=65:00.0,addr=0x0,bus=port1\n"));
}

// An endpoint with AER and SR-IOV, whose bytes the host shows.
std::vector<std::byte> endpoint() {
    const auto image = support::ConfigBuilder{}
                           .head(0x40)
                           .express(0x40, 0)
                           .extended(0x100, 0x01, 0x148)
                           .extended(0x148, 0x10, 0)
                           .image();
    return {image.bytes().begin(), image.bytes().end()};
}

TEST_F(CheckCommand, SaysWhatTheGuestSeesOfAFunction) {
    tree_.add(
        {.address = "0000:65:00.0", .config = endpoint(), .driver = "vfio-pci", .group = "14"});

    const auto below = check({"--host", "here", "--", "kvm", "-M", "q35", "-device",
                              "pcie-root-port,id=rp", "-device", "vfio-pci,host=65:00.0,bus=rp"});
    EXPECT_THAT(below.out, HasSubstr("0000:65:00.0 by QEMU 11.1\n"));
    EXPECT_THAT(below.out,
                HasSubstr("finds PCI Express at 0x40, Advanced Error Reporting at 0x100"));
    EXPECT_THAT(below.out, HasSubstr("does not find SR-IOV (QEMU drops it)"));

    const auto behind =
        check({"--host", "here", "--json", "--", "kvm", "-M", "q35", "-device",
               "pci-bridge,id=br,chassis_nr=1", "-device", "vfio-pci,host=65:00.0,bus=br,addr=1"});
    const auto views = nlohmann::json::parse(behind.out)["views"];
    ASSERT_EQ(views.size(), 1u);
    EXPECT_EQ(views[0]["by"], "QEMU 11.1, conventional");
    EXPECT_EQ(views[0]["config_size"], 256);
    EXPECT_TRUE(views[0]["capabilities"][0]["at"].is_null());
}

TEST_F(CheckCommand, TakesAnyPlaceOfPasidThatAConfigurationNames) {
    tree_.add(
        {.address = "0000:65:00.0", .config = endpoint(), .driver = "vfio-pci", .group = "14"});
    for (const std::string place : {"0xffe", "0xfff", "0xffc", "1", "0x10000", "-1"}) {
        const auto device = "vfio-pci,host=65:00.0,bus=rp,iommufd=i,x-vpasid-cap-offset=" + place;
        const auto outcome =
            check({"--host", "here", "--", "kvm", "-M", "q35", "-device",
                   "intel-iommu,scalable-mode=on,fsts=on,pasid-bits=20,caching-mode=on", "-device",
                   "pcie-root-port,id=rp", "-device", device.c_str()});
        EXPECT_THAT(outcome.out, HasSubstr("by QEMU 11.1")) << place;
    }
}

TEST_F(CheckCommand, SeesFunctionsByTheRulesOfTheVersionThatIsNamed) {
    tree_.add(
        {.address = "0000:65:00.0", .config = endpoint(), .driver = "vfio-pci", .group = "14"});
    const auto by = [&](const char* target) {
        return check({"--host", "here", "--target", target, "--", "kvm", "-M", "q35", "-device",
                      "vfio-pci,host=65:00.0"});
    };

    EXPECT_THAT(by("qemu-11.0").out, HasSubstr("0000:65:00.0 by QEMU 11.0, root-bus\n"));
    EXPECT_THAT(by("qemu-7.2").out, HasSubstr("by QEMU 11.0, root-bus for qemu-7.2 (in doubt: "));
    EXPECT_EQ(by("tenon").status, 2);
    EXPECT_EQ(by("qemu,place=pc").status, 2);
}

TEST_F(CheckCommand, AsksTheHostThatIsNamed) {
    const std::vector<std::byte> config(64);
    tree_.add({.address = "0000:65:00.0", .config = config, .driver = "vfio-pci", .group = "14"});
    tree_.add(
        {.address = "0000:65:00.1", .config = config, .driver = "snd_hda_intel", .group = "14"});
    const std::array device{"-device", "vfio-pci,host=65:00.0,bus=rp"};

    const auto outcome =
        check({"--host", "here", "--", "kvm", "-M", "q35", "-device", "pcie-root-port,id=rp",
               device[0], device[1], "-device", "pcie-root-port,id=b,chassis=2", "-device",
               "vfio-pci,host=66:00.0,bus=b"});

    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.out, HasSubstr("shares IOMMU group 14"));
    EXPECT_THAT(outcome.out, HasSubstr("(snd_hda_intel)"));
    EXPECT_THAT(outcome.out, HasSubstr("0000:66:00.0 is not on the host"));
    // Of what is not there nothing more is asked.
    EXPECT_THAT(outcome.out, HasSubstr("the links of 1 function are"));
}

TEST_F(CheckCommand, FindsNothingOfAFunctionThatARecordOfOthersLacks) {
    std::filesystem::create_directories(tree_.proc());
    const auto file = tree_.proc() + "/record";
    const auto record = [&](std::string_view more) {
        std::ofstream{file, std::ios::trunc}
            << more << "0000:41:00.0 Non-Volatile memory controller: a disk\n"
            << "00: 36 1b 10 00 06 04 10 00 02 02 08 01 00 00 00 00\n";
        return check({"--host", file.c_str(), "--", "kvm", "-M", "q35", "-device",
                      "pcie-root-port,id=rp", "-device", "vfio-pci,host=66:00.0,bus=rp"});
    };

    const auto part = record("");
    EXPECT_EQ(part.status, 0) << part.out << part.err;
    EXPECT_THAT(part.out, HasSubstr("the host does not tell whether 0000:66:00.0 is there"));
    const auto whole = record(
        "0000:00:00.0 Host bridge: one\n00: 86 80 c0 29 06 00 00 00 00 00 00 06 00 00 00 00\n");
    EXPECT_THAT(whole.out, HasSubstr("0000:66:00.0 is not on the host"));
}

TEST_F(CheckCommand, ReadsAProcess) {
    std::filesystem::create_directories(tree_.proc() + "/77");
    std::ofstream{tree_.proc() + "/77/cmdline", std::ios::binary}
        << std::string{"/usr/bin/kvm\0-M\0q35\0-device\0edu,bus=no\0", 39};

    const auto outcome = check({"--pid", "77"});

    EXPECT_EQ(outcome.status, 1) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("process 77, word 4"));
    EXPECT_EQ(check({"--pid", "78"}).status, 2);
    EXPECT_THAT(check({"--pid", "78"}).err, HasSubstr("there is no process 78"));
}

TEST_F(CheckCommand, FindsTheFunctionOfAProcessByItsFile) {
    tree_.add({.address = "0000:65:00.0",
               .config = std::vector<std::byte>(64),
               .driver = "vfio-pci",
               .group = "14",
               .vfio = "vfio3"});
    const auto folder = tree_.proc() + "/77";
    std::filesystem::create_directories(folder + "/fd");
    std::filesystem::create_symlink("/dev/vfio/devices/vfio3", folder + "/fd/24");
    const std::string words =
        "kvm|-M|q35|-object|iommufd,id=f|-device|pcie-root-port,id=rp|-device|"
        "vfio-pci,iommufd=f,fd=24,bus=rp,id=gpu|-device|vfio-pci,iommufd=f,fd=99,addr=9,id=other|";
    std::string line = words;
    std::ranges::replace(line, '|', '\0');
    std::ofstream{folder + "/cmdline", std::ios::binary} << line;

    const auto outcome = check({"--pid", "77"});

    EXPECT_THAT(outcome.out, HasSubstr("vfio-pci gpu: host 0000:65:00.0"));
    EXPECT_THAT(outcome.out, HasSubstr("which function of the host other is"));
}

TEST_F(CheckCommand, LooksAtFilesOfRomsAndAtTheLimitOfMemory) {
    tree_.add({.address = "0000:65:00.0", .config = std::vector<std::byte>(64), .group = "14"});
    const auto none = file("none.rom", "no ROM");
    const auto rom = file("good.rom", "\x55\xaa rest");
    const auto with = [&](const std::string& path, const char* program) {
        const auto device = "vfio-pci,host=65:00.0,bus=rp,romfile=" + path;
        return check({"--host", "here", "--", program, "kvm", "-M", "q35", "-m", "1G", "-device",
                      "pcie-root-port,id=rp", "-device", device.c_str()})
            .out;
    };

    EXPECT_THAT(with(none, "nice"), HasSubstr("does not begin with 55 aa"));
    EXPECT_THAT(with("/no/such.rom", "nice"), HasSubstr("cannot be read"));
    EXPECT_THAT(with(rom, "nice"), Not(HasSubstr("ROM file")));
    lock_limit_ = 1 << 20;
    EXPECT_THAT(with(rom, "nice"), HasSubstr("this user may lock 1 MiB"));
    EXPECT_THAT(with(rom, "sudo"), Not(HasSubstr("may lock")));
}

TEST_F(CheckCommand, ReadsConfigFilesThatAreNamed) {
    const auto config = file("ports.cfg", "[device \"rp\"]\n driver = \"pcie-root-port\"\n");
    const auto outcome = check({"--", "kvm", "-M", "q35", "-readconfig", config.c_str(), "-device",
                                "vfio-pci,host=65:00.0,bus=rp"});

    EXPECT_EQ(outcome.status, 0) << outcome.out;
    EXPECT_THAT(outcome.out, HasSubstr("pcie-root-port rp"));
}

TEST_F(CheckCommand, GivesJson) {
    const auto outcome = check(
        {"--json", "--", "kvm", "-M", "q35", "-frob", "-device", "vfio-pci,host=65:00.0,id=gpu"});
    const auto json = nlohmann::json::parse(outcome.out);

    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(json.at("format"), 1);
    EXPECT_EQ(json.at("findings").size(), 1u);
    EXPECT_EQ(json.at("findings").at(0).at("trap"), "root-bus");
    EXPECT_EQ(json.at("findings").at(0).at("evidence").at(0).at("word"), 5);
    EXPECT_EQ(json.at("unknown").at(0).at("text"), "-frob");
    EXPECT_EQ(json.at("buses").at(0).at("name"), "pcie.0");
}

TEST_F(CheckCommand, EndsWithTwoForWhatItCannotRead) {
    EXPECT_EQ(check({"/no/such/file"}).status, 2);
    EXPECT_EQ(check({file("none.sh", "echo 'a").c_str()}).status, 2);
    EXPECT_EQ(check({"--", "kvm", "disk.img"}).status, 2);
    EXPECT_EQ(check({"--host", "/no/such", "--", "kvm", "-m", "1G"}).status, 2);
}

TEST_F(CheckCommand, WantsOneInput) {
    EXPECT_EQ(check({}).status, 2);
    EXPECT_EQ(check({"--"}).status, 2);
    EXPECT_EQ(check({"a.sh", "--", "kvm", "-m", "1G"}).status, 2);
    EXPECT_EQ(check({"--pid", "1", "a.sh"}).status, 2);
    EXPECT_EQ(check({"--pid", "-1"}).status, 2);
    EXPECT_THAT(check({}).err, HasSubstr("tenon check --help"));
}

TEST_F(CheckCommand, WritesAPage) {
    const auto path = (std::filesystem::path{testing::TempDir()} / "check.html").string();
    const auto outcome = check({"--report", path.c_str(), "--", "kvm", "-M", "q35", "-frob",
                                "-device", "vfio-pci,host=65:00.0,id=<gpu>"});
    std::stringstream page;
    page << std::ifstream{path}.rdbuf();

    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(outcome.out, "wrote " + path + "\n");
    for (const auto* const id : {"findings", "tree", "unknown"})
        EXPECT_THAT(page.str(), HasSubstr(std::string{"<section id=\""} + id + "\">")) << id;
    EXPECT_THAT(page.str(),
                HasSubstr("command line, word 5: vfio-pci,host=65:00.0,id=&lt;gpu&gt;"));
    EXPECT_THAT(page.str(), HasSubstr("<pre>-device pcie-root-port,id=port0"));
    EXPECT_THAT(page.str(), HasSubstr("-frob is no option that is known here"));
    EXPECT_THAT(page.str(), Not(HasSubstr("<gpu>")));
}

TEST_F(CheckCommand, WantsAPageOrJson) {
    EXPECT_EQ(check({"--report", "a.html", "--json", "--", "kvm", "-m", "1G"}).status, 2);
    EXPECT_THAT(check({"--report", "a.sh", "--", "kvm", "-m", "1G"}).err,
                HasSubstr("ends in .html"));
}

TEST_F(CheckCommand, ReadsXmlOfLibvirt) {
    const auto path = file("vm.xml",
                           "<domain type='kvm'>\n<os><type machine='q35'>hvm</type></os>\n"
                           "<cpu mode='host-passthrough'/>\n<devices>\n<hostdev type='pci'><source>"
                           "<address bus='0x65'/></source><address type='pci' bus='0' slot='9'/>"
                           "</hostdev>\n</devices>\n</domain>\n");
    const auto outcome = check({path.c_str()});

    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.out, HasSubstr("vm.xml:5: <hostdev type='pci'> 0000:65:00.0"));
    EXPECT_THAT(outcome.out,
                HasSubstr("      <controller type='pci' index='4' model='pcie-root-port'/>\n"));
    EXPECT_EQ(
        check({file("bomb.xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><domain>&b;</domain>").c_str()})
            .status,
        2);
}

TEST_F(CheckCommand, SaysThatAnOptionLacksItsArgument) {
    const auto outcome = check({"--", "kvm", "-m"});

    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.out, HasSubstr("-m has no argument"));
}

TEST_F(CheckCommand, LeavesTheOtherProgramsHelpAlone) {
    const auto outcome = check({"--", "kvm", "-m", "1G", "--help"});

    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.out, Not(HasSubstr("Usage")));
}

}  // namespace
}  // namespace tenon::cli
