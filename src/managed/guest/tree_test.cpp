#include "managed/guest/tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "managed/qemu/command_line.hpp"

namespace tenon::managed::guest {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

said::Configuration read(std::string_view text) {
    const auto words = qemu::read_command(text, "vm.sh");
    EXPECT_TRUE(words);
    auto configuration = qemu::read_command_line(*words, nullptr);
    EXPECT_TRUE(configuration);
    return *std::move(configuration);
}

// "bus slot" of the devices that have an id, in the order of the command line.
std::vector<std::string> places(std::string_view text) {
    const auto vm = read(text);
    const auto tree = make_tree(vm);
    std::vector<std::string> all;
    for (std::size_t n = 0; n < vm.devices.size(); ++n) {
        const auto* const node = tree.find(n);
        if (!vm.devices[n].id.empty())
            all.push_back(node == nullptr ? "nowhere"
                                          : tree.buses[node->bus].name + ' ' + slot_text(*node));
    }
    return all;
}

std::vector<Problem::Kind> problems(std::string_view text) {
    std::vector<Problem::Kind> kinds;
    for (const auto& problem : make_tree(read(text)).problems)
        kinds.push_back(problem.kind);
    return kinds;
}

TEST(MakeTree, GivesTheLowestFreeSlot) {
    EXPECT_THAT(places("kvm -M q35 -nodefaults -device edu,id=a -device edu,id=b,addr=3 "
                       "-device edu,id=c -device edu,id=d"),
                ElementsAre("pcie.0 01.0", "pcie.0 03.0", "pcie.0 02.0", "pcie.0 04.0"));
}

TEST(MakeTree, KnowsWhatTheBoardHas) {
    EXPECT_THAT(places("kvm -M q35 -device edu,id=a"), ElementsAre("pcie.0 03.0"));
    EXPECT_THAT(places("kvm -M pc -device edu,id=a"), ElementsAre("pci.0 04.0"));
    EXPECT_THAT(places("kvm -M pc -nodefaults -device edu,id=a"), ElementsAre("pci.0 02.0"));
    EXPECT_THAT(places("kvm -M q35 -vga none -nic none -device edu,id=a"),
                ElementsAre("pcie.0 01.0"));
    EXPECT_THAT(places("kvm -M q35 -nodefaults -vga std -device edu,id=a"),
                ElementsAre("pcie.0 02.0"));
    // A display that is named takes the place of QEMU's own.
    EXPECT_THAT(places("kvm -M q35 -nic none -device VGA,id=v -device edu,id=a"),
                ElementsAre("pcie.0 01.0", "pcie.0 02.0"));
    EXPECT_THAT(problems("kvm -M q35 -device edu,addr=1f.2"),
                ElementsAre(Problem::Kind::AddressTaken));
}

TEST(MakeTree, MakesJsonAfterAllOthers) {
    EXPECT_THAT(places(R"(kvm -M q35 -nodefaults -device '{"driver":"edu","id":"a"}' )"
                       R"(-device edu,id=b -device edu,id=c -device '{"driver":"edu","id":"d"}')"),
                ElementsAre("pcie.0 03.0", "pcie.0 01.0", "pcie.0 02.0", "pcie.0 04.0"));
}

TEST(MakeTree, ReadsEveryFormOfAnAddress) {
    EXPECT_THAT(places("kvm -M q35 -nodefaults -device edu,id=a,addr=1c "
                       "-device edu,id=b,addr=0x10.0x1 -device edu,id=c,addr=11.0"),
                ElementsAre("pcie.0 1c.0", "pcie.0 10.1", "pcie.0 11.0"));
    // A number of JSON is slot and function in one.
    EXPECT_THAT(places(R"(kvm -M q35 -nodefaults -device '{"driver":"edu","id":"a","addr":17}')"),
                ElementsAre("pcie.0 02.1"));
    EXPECT_THAT(problems("kvm -M q35 -device edu,addr=20 -device edu,addr=1.8 -device edu,addr=x"),
                ElementsAre(Problem::Kind::BadAddress, Problem::Kind::BadAddress,
                            Problem::Kind::BadAddress));
}

TEST(MakeTree, PutsDevicesBehindPortsAndSwitches) {
    EXPECT_THAT(
        places(
            "kvm -M q35 -nodefaults -device pcie-root-port,id=rp,chassis=1 "
            "-device x3130-upstream,id=up,bus=rp -device xio3130-downstream,id=d1,bus=up,chassis=2 "
            "-device edu,id=a,bus=d1 -device pcie-pci-bridge,id=br -device edu,id=b,bus=br,addr=5"),
        ElementsAre("pcie.0 01.0", "rp 00.0", "up 00.0", "d1 00.0", "pcie.0 02.0", "br 05.0"));
}

TEST(MakeTree, GivesTheSecondBehindAPortSlotOneWhereNobodyFindsIt) {
    const auto vm = read(
        "kvm -M q35 -device pcie-root-port,id=rp -device edu,bus=rp "
        "-device edu,bus=rp");
    const auto tree = make_tree(vm);

    EXPECT_TRUE(tree.is_found(*tree.find(1)));
    EXPECT_EQ(tree.find(2)->slot, 1u);
    EXPECT_FALSE(tree.is_found(*tree.find(2)));
}

TEST(MakeTree, FindsFunctionsOnlyBesideFunctionZero) {
    const auto vm = read(
        "kvm -M q35 -nodefaults -device edu,addr=2.1 -device edu,addr=3.1 "
        "-device edu,addr=3.0,multifunction=on");
    const auto tree = make_tree(vm);

    EXPECT_FALSE(tree.is_found(*tree.find(0)));
    EXPECT_TRUE(tree.is_found(*tree.find(1)));
    EXPECT_TRUE(tree.is_found(*tree.find(2)));
}

TEST(MakeTree, WantsFunctionZeroToSayThatItIsNotAlone) {
    const auto kind = Problem::Kind::NotMultifunction;
    EXPECT_THAT(problems("kvm -M q35 -device edu,addr=5.0 -device edu,addr=5.1"),
                ElementsAre(kind));
    EXPECT_THAT(problems("kvm -M q35 -device edu,addr=5.1 -device edu,addr=5.0"),
                ElementsAre(kind));
    EXPECT_THAT(problems("kvm -M q35 -device edu,addr=5.0,multifunction=on -device edu,addr=5.1"),
                IsEmpty());
}

TEST(MakeTree, SaysWhyABusIsNotThere) {
    EXPECT_THAT(problems("kvm -M q35 -device edu,bus=pci.0"),
                ElementsAre(Problem::Kind::NoSuchBus));
    EXPECT_THAT(problems("kvm -M pc -device edu,bus=pcie.0"),
                ElementsAre(Problem::Kind::NoSuchBus));
    EXPECT_THAT(problems("kvm -M q35 -device edu,bus=rp -device pcie-root-port,id=rp"),
                ElementsAre(Problem::Kind::BusComesLater));
    EXPECT_THAT(problems("kvm -M q35 -device '{\"driver\":\"pcie-root-port\",\"id\":\"rp\"}' "
                         "-device edu,bus=rp"),
                ElementsAre(Problem::Kind::BusInJson));
}

TEST(MakeTree, LetsOnlyBridgesOntoAnExpander) {
    EXPECT_THAT(problems("kvm -M q35 -device pxb-pcie,id=x,bus_nr=10 -device edu,bus=x"),
                ElementsAre(Problem::Kind::BridgesAlone));
    EXPECT_THAT(places("kvm -M q35 -nodefaults -device pxb-pcie,id=x,bus_nr=10 "
                       "-device pcie-root-port,id=rp,bus=x -device edu,id=a,bus=rp"),
                ElementsAre("pcie.0 01.0", "x 00.0", "rp 00.0"));
}

TEST(MakeTree, LeavesWhatIsNotOfPciAlone) {
    const auto tree = make_tree(
        read("kvm -M q35 -nodefaults -device usb-tablet -device isa-serial -device scsi-hd "
             "-device intel-iommu -device edu"));

    EXPECT_EQ(tree.find(4)->slot, 1u);
    EXPECT_THAT(tree.unplaced, IsEmpty());
}

TEST(MakeTree, NamesDriversThatAreNotKnown) {
    const auto tree = make_tree(read("kvm -M q35 -device frobnicator -device frobnicator,addr=9"));

    EXPECT_THAT(tree.unplaced, ElementsAre(0u));
    EXPECT_EQ(tree.find(1)->slot, 9u);
}

TEST(MakeTree, SaysThatABusIsFull) {
    std::string text = "kvm -M pc -nodefaults -device pcie-pci-bridge,id=br";
    for (unsigned n = 0; n < 33; ++n)
        text += " -device edu,bus=br";

    EXPECT_THAT(problems(text), ElementsAre(Problem::Kind::BusFull));
}

}  // namespace
}  // namespace tenon::managed::guest
