#include "cli/list_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/config_builder.hpp"
#include "tests/support/fake_sysfs.hpp"

namespace tenon::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A port, a card of two functions that share its group, and a disk that is bound to VFIO.
class ListCommand : public testing::Test {
protected:
    ListCommand() {
        add("0000:00:02.0", 1, "pcieport", "7");
        add("0000:01:00.0", 0, "vfio-pci", "3");
        add("0000:02:00.0", 0, "igb", "7");
        add("0000:02:00.1", 0, "", "7");
        tree_.write(tree_.proc() + "/share/misc/pci.ids",
                    "1b36  Red Hat, Inc.\n\t0010  QEMU NVM Express Controller\n");
    }

    void add(const char* address, std::uint8_t header_type, const char* driver, const char* group) {
        const auto image = support::ConfigBuilder{}.put8(0x0e, header_type).image();
        const auto bytes = image.bytes();
        tree_.add({.address = address,
                   .config = {bytes.begin(), bytes.end()},
                   .driver = driver,
                   .group = group});
    }

    // A factory that nobody may call.
    Host host() const {
        return {.sysfs = host::sysfs::Sysfs{{.sysfs = tree_.sysfs(),
                                             .dev = tree_.dev(),
                                             .proc = tree_.proc(),
                                             .share = tree_.proc() + "/share"}}};
    }

    std::string text(std::size_t width) const { return run_list(host(), {}, {.width = width}).out; }

    support::FakeSysfs tree_;
};

TEST_F(ListCommand, PutsTheMembersOfAGroupTogether) {
    const auto list = list_functions(host()).value();

    std::vector<std::string> order;
    order.reserve(list.functions.size());
    for (const auto& function : list.functions)
        order.push_back(to_string(function.address));
    EXPECT_THAT(order, ElementsAre("0000:00:02.0", "0000:02:00.0", "0000:02:00.1", "0000:01:00.0"));
    EXPECT_EQ(list.moved_together().size(), 1u);
    EXPECT_THAT(list.moved_together().at(7),
                ElementsAre(pci::Address{.bus = 2}, pci::Address{.bus = 2, .function = 1}));
}

TEST_F(ListCommand, ShowsATableWhereThereIsRoom) {
    const auto out = text(120);

    EXPECT_THAT(out, HasSubstr("group  address  device"));
    EXPECT_THAT(out, HasSubstr("3      01:00.0  Red Hat, Inc. QEMU NVM Express Controller"));
    EXPECT_THAT(out, HasSubstr("vfio-pci  yes\n"));
    EXPECT_THAT(out, HasSubstr("bridge, stays with the host"));
    EXPECT_THAT(out, HasSubstr("no: it is bound to the host driver igb"));
    EXPECT_THAT(out, HasSubstr("group 7: 02:00.0, 02:00.1 move together"));
    EXPECT_THAT(out, HasSubstr("1 of 4 functions can be assigned now"));
}

TEST_F(ListCommand, FitsANarrowTerminal) {
    const auto out = text(60);

    EXPECT_THAT(out, HasSubstr("02:00.0 Red Hat, Inc. QEMU NVM Express Controller\n"
                               "  group 7, driver igb\n"));
    std::size_t longest = 0;
    for (std::size_t at = 0; at < out.size();) {
        const auto end = out.find('\n', at);
        longest = std::max(longest, end - at);
        at = end + 1;
    }
    EXPECT_LE(longest, 60u);
}

TEST_F(ListCommand, ShowsDomainsWhereThereAreSeveral) {
    add("10000:01:00.0", 0, "", "9");

    EXPECT_THAT(text(120), HasSubstr("0000:01:00.0  Red Hat"));
}

TEST_F(ListCommand, NamesAFunctionByIdsAndClassWithoutAList) {
    tree_.write(tree_.proc() + "/share/misc/pci.ids", "");

    EXPECT_THAT(text(120), HasSubstr("1b36:0010 Non-Volatile memory controller"));
}

TEST_F(ListCommand, SaysOnceWhatStandsInTheWayOfAll) {
    support::FakeSysfs bare;
    const auto image = support::ConfigBuilder{}.image();
    for (const auto* const address : {"0000:01:00.0", "0000:02:00.0"})
        bare.add({.address = address,
                  .config = {image.bytes().begin(), image.bytes().end()},
                  .driver = "igb",
                  .group = ""});
    const Host without{
        .sysfs = host::sysfs::Sysfs{
            {.sysfs = bare.sysfs(), .dev = bare.dev(), .proc = bare.proc(), .share = "/none"}}};

    const auto out = run_list(without, {}, {.width = 120}).out;

    EXPECT_THAT(out, testing::StartsWith("no IOMMU translates the DMA of any function"));
    EXPECT_THAT(out, HasSubstr("the kernel has no vfio-pci now"));
    EXPECT_EQ(out.find("no IOMMU", 10), std::string::npos) << out;
    const auto json = nlohmann::json::parse(run_list(without, {.json = true}, {}).out);
    EXPECT_EQ(json.at("problems").size(), 2u);
}

TEST_F(ListCommand, SaysTheReasonThatWouldRemainLast) {
    add("0000:03:00.0", 0, "igb", "");  // Alone without an IOMMU, which takes a reboot.

    EXPECT_THAT(text(120), HasSubstr("igb       no: it is in no IOMMU group"));
    EXPECT_THAT(text(120), testing::Not(HasSubstr("no IOMMU translates the DMA of any")));
}

TEST_F(ListCommand, LeavesPartsOfTheHostToIt) {
    const auto image = support::ConfigBuilder{}.put32(0x08, 0x06000000).image();
    tree_.add({.address = "0000:00:00.0",
               .config = {image.bytes().begin(), image.bytes().end()},
               .driver = "",
               .group = "0",
               .class_code = 0x060000});

    EXPECT_THAT(text(160), HasSubstr("no: it is a host bridge (class 0600)"));
}

TEST_F(ListCommand, DrawsATree) {
    const auto out = run_list(host(), {.tree = true}, {.width = 120}).out;

    EXPECT_THAT(out, testing::StartsWith("[0000:00]\n\\-- 02.0-[00] Red Hat"));
    EXPECT_THAT(out, HasSubstr("group 3, vfio-pci\n"));
    EXPECT_THAT(out, HasSubstr("      yes\n"));
    EXPECT_THAT(out, HasSubstr("1 of 4 functions can be assigned now"));
}

TEST_F(ListCommand, WritesAPage) {
    const auto file = tree_.proc() + "/list.html";

    EXPECT_EQ(run_list(host(), {.report = file}, {}).out, "wrote " + file + "\n");
    EXPECT_EQ(run_list(host(), {.report = tree_.proc() + "/none/list.html"}, {}).status,
              status::wrong);
}

TEST_F(ListCommand, PrintsJson) {
    const auto json = nlohmann::json::parse(run_list(host(), {.json = true}, {}).out);

    EXPECT_EQ(json.at("format"), 1);
    const auto& disk = json.at("functions").at(3);
    EXPECT_EQ(disk.at("address"), "0000:01:00.0");
    EXPECT_EQ(disk.at("iommu_group"), 3);
    EXPECT_EQ(disk.at("assignable"), true);
    EXPECT_EQ(disk.at("reasons").size(), 0u);
    EXPECT_EQ(json.at("functions").at(0).at("bridge"), true);
    EXPECT_EQ(json.at("moved_together"),
              nlohmann::json::parse(
                  R"([{"iommu_group": 7, "functions": ["0000:02:00.0", "0000:02:00.1"]}])"));
}

TEST_F(ListCommand, SaysThatAHostShowsNoBus) {
    const Host none{.sysfs = host::sysfs::Sysfs{{.sysfs = tree_.sysfs() + "/none"}}};

    const auto outcome = run_list(none, {}, {});

    EXPECT_EQ(outcome.status, status::wrong);
    EXPECT_THAT(outcome.err, HasSubstr("no PCI bus"));
}

// A host that somebody wrote down in words.
constexpr std::string_view words_of_host =
    "00:01.0 PCI bridge [0604]: Intel Corporation PCIe Controller [8086:1901] (rev 07)\n"
    "\tKernel driver in use: pcieport\n"
    "01:00.0 VGA compatible controller [0300]: NVIDIA Corporation GP104 [10de:1b80] (rev a1)\n"
    "\tKernel driver in use: vfio-pci\n"
    "01:00.1 Audio device [0403]: NVIDIA Corporation Audio [10de:10f0] (rev a1)\n"
    "\tKernel driver in use: snd_hda_intel\n"
    "02:00.0 Non-Volatile memory controller [0108]: Samsung SM981 [144d:a808]\n"
    "\tKernel driver in use: vfio-pci\n"
    "\n"
    "[    0.4] pci 0000:00:01.0: Adding to iommu group 1\n"
    "[    0.4] pci 0000:01:00.0: Adding to iommu group 1\n"
    "[    0.4] pci 0000:01:00.1: Adding to iommu group 1\n"
    "[    0.4] pci 0000:02:00.0: Adding to iommu group 12\n";

class ListOfAFile : public ListCommand {
protected:
    ListOfAFile() { tree_.write(file_, words_of_host); }

    std::string file_ = tree_.proc() + "/host.txt";
};

TEST_F(ListOfAFile, ShowsWhoBlocksWhom) {
    const auto outcome = run_list(host(), {.file = file_}, {.width = 160});

    EXPECT_EQ(outcome.status, status::good) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("pcieport       bridge, stays with the host\n"));
    EXPECT_THAT(outcome.out, HasSubstr("NVIDIA Corporation GP104"));
    EXPECT_THAT(outcome.out,
                HasSubstr("no: 0000:01:00.1 of the same IOMMU group 1 is bound to snd_hda_intel"));
    EXPECT_THAT(outcome.out, HasSubstr("group 1: 01:00.0, 01:00.1 move together"));
    EXPECT_THAT(outcome.out, HasSubstr("vfio-pci       yes\n"));
    EXPECT_THAT(outcome.out, HasSubstr("1 of 4 functions can be assigned now, as far as the file "
                                       "tells. What to do about another: tenon plan FILE#ADDRESS"));
}

TEST_F(ListOfAFile, IsTheSameInJson) {
    const auto json =
        nlohmann::json::parse(run_list(host(), {.file = file_, .json = true}, {}).out);

    EXPECT_EQ(json.at("functions").size(), 4u);
    EXPECT_EQ(json.at("functions").at(3).at("address"), "0000:02:00.0");
    EXPECT_EQ(json.at("functions").at(3).at("assignable"), true);
    EXPECT_EQ(json.at("functions").at(0).at("bridge"), true);
    EXPECT_EQ(json.at("functions").at(1).at("iommu_group"), 1);
}

TEST_F(ListOfAFile, SaysWhatTheFileDoesNotTell) {
    tree_.write(file_,
                "IOMMU Group 1 01:00.0 VGA compatible controller [0300]: N [10de:1b80]\n"
                "IOMMU Group 1 01:00.1 Audio device [0403]: N [10de:10f0]\n");

    EXPECT_THAT(run_list(host(), {.file = file_}, {.width = 160}).out,
                HasSubstr("yes, as far as known: its driver: the input does not tell"));
}

TEST_F(ListOfAFile, DrawsItsTree) {
    tree_.write(file_, "-[0000:00]-+-00.0  Host\n           \\-01.0-[01]----00.0  Card\n");

    EXPECT_THAT(run_list(host(), {.file = file_, .tree = true}, {.width = 100}).out,
                HasSubstr("\\-- 01.0 PCI bridge\n    \\-- 00.0 Card\n"));
}

// A file with the text of two machines, and one of words.
class ListOfFile : public testing::Test {
protected:
    Outcome list(const std::string& text, const ListArguments& how) const {
        const auto file = tree_.proc() + "/host.txt";
        tree_.write(file, text);
        const Host host{.sysfs = host::sysfs::Sysfs{
                            {.sysfs = tree_.sysfs(), .dev = tree_.dev(), .proc = tree_.proc()}}};
        auto arguments = how;
        arguments.file = file;
        return run_list(host, arguments, {.width = 500});
    }

    static std::string dump(unsigned vendor) {
        auto text = fmt::format("65:00.0 Device\n00: {:02x} 10", vendor);
        for (unsigned n = 2; n < 64; ++n)
            text += n % 16 == 0 ? fmt::format("\n{:02x}: 00", n) : " 00";
        return text + "\n\n";
    }

    support::FakeSysfs tree_;
};

TEST_F(ListOfFile, SaysWhichAddressIsThereTwice) {
    const auto twice = dump(1) + dump(2);
    const auto said =
        "0000:65:00.0 is in the file 2 times, and this is the first: FILE#0000:65:00.0@2 is the "
        "second";

    EXPECT_THAT(list(twice, {}).out, HasSubstr(said));
    EXPECT_THAT(list(twice, {.tree = true}).out, HasSubstr(said));
    EXPECT_THAT(list(twice, {.json = true}).out, HasSubstr(said));
    EXPECT_EQ(list(dump(1), {}).out.find("times"), std::string::npos);
}

TEST_F(ListOfFile, HasNoIdsThatNobodyTold) {
    const auto object = nlohmann::json::parse(
        list("01:00.0 Ethernet controller: Intel Corporation I350 Gigabit Network Connection "
             "(rev 01)\n",
             {.json = true})
            .out);

    const auto& function = object.at("functions").at(0);
    EXPECT_TRUE(function.at("vendor").is_null());
    EXPECT_TRUE(function.at("device").is_null());
    EXPECT_EQ(function.at("class"), "0x020000");
}

}  // namespace
}  // namespace tenon::cli
