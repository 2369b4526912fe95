// Each trap that shows in a command line: one that has it and nothing else, one that has not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include "managed/traps/families.hpp"
#include "tests/support/diagnosed.hpp"

namespace tenon::managed::traps {
namespace {

using support::diagnosed;
using support::traps_in;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct Pair {
    std::string_view trap;
    std::string_view with;
    std::string_view without;
};

constexpr auto pairs = std::to_array<Pair>({
    {"refused-word", "-M q35 -global nonsense", "-M q35 -global VGA.vgamem_mb=8"},
    {"set-on-json", R"(-M q35 -device '{"driver":"edu","id":"a"}' -set device.a.x=1)",
     "-M q35 -device edu,id=a -set device.a.x=1"},
    {"json-type", R"(-M q35 -device '{"driver":"pcie-root-port","id":"rp","chassis":"1"}')",
     R"(-M q35 -device '{"driver":"pcie-root-port","id":"rp","chassis":1}')"},
    {"unknown-bus", "-M q35 -device edu,bus=pci.0", "-M pc -device edu,bus=pci.0"},
    {"address-taken",
     R"(-M q35 -nodefaults -device edu -device '{"driver":"edu","bus":"pcie.0","addr":"0x1"}')",
     R"(-M q35 -nodefaults -device edu -device '{"driver":"edu","bus":"pcie.0","addr":"0x2"}')"},
    {"not-multifunction", "-M q35 -device edu,addr=5.0 -device edu,addr=5.1",
     "-M q35 -device edu,addr=5.0,multifunction=on -device edu,addr=5.1"},
    {"wrong-address", "-M q35 -device edu,addr=20", "-M q35 -device edu,addr=1e"},
    {"chassis-repeated", "-M q35 -device pcie-root-port,id=a -device pcie-root-port,id=b",
     "-M q35 -device pcie-root-port,id=a -device pcie-root-port,id=b,slot=1"},
    {"repeated-id", "-M q35 -device edu,id=a -device edu,id=a",
     "-M q35 -device edu,id=a -device edu,id=b"},
    {"old-name", "-M q35 -device intel-iommu,x-scalable-mode=on",
     "-M q35 -device intel-iommu,scalable-mode=on"},
    {"viommu-without-caching-mode",
     "-M q35,accel=kvm -device intel-iommu -device pcie-root-port,id=rp "
     "-device vfio-pci,host=65:00.0,bus=rp",
     "-M q35,accel=kvm -device intel-iommu,caching-mode=on -device pcie-root-port,id=rp "
     "-device vfio-pci,host=65:00.0,bus=rp"},
    {"amd-viommu-without-dma-remap",
     "-M q35 -device amd-iommu -device pcie-root-port,id=rp -device vfio-pci,host=65:00.0,bus=rp",
     "-M q35 -device amd-iommu,dma-remap=on -device pcie-root-port,id=rp "
     "-device vfio-pci,host=65:00.0,bus=rp"},
    {"viommu-after-functions",
     "-M q35 -device pcie-root-port,id=rp -device vfio-pci,host=65:00.0,bus=rp "
     "-device virtio-iommu-pci",
     "-M q35 -device virtio-iommu-pci -device pcie-root-port,id=rp "
     "-device vfio-pci,host=65:00.0,bus=rp"},
    {"remapping-without-split-irqchip", "-M q35,accel=kvm -device intel-iommu,intremap=on",
     "-M q35,accel=kvm,kernel-irqchip=split -device intel-iommu,intremap=on"},
    {"x2apic-without-remapping", "-M q35 -device intel-iommu,eim=on,intremap=off",
     "-M q35 -device intel-iommu,eim=on,intremap=on"},
    {"snoop-control",
     "-M q35 -device intel-iommu,caching-mode=on,snoop-control=on -device pcie-root-port,id=rp "
     "-device vfio-pci,host=65:00.0,bus=rp",
     "-M q35 -device intel-iommu,snoop-control=on"},
    {"viommu-not-possible", "-M pc -device intel-iommu", "-M q35 -device intel-iommu"},
    {"viommu-behind-port", "-M q35 -device pcie-root-port,id=rp -device virtio-iommu-pci,bus=rp",
     "-M q35 -device virtio-iommu-pci"},
    {"first-stage", "-M q35 -device intel-iommu,fsts=on",
     "-M q35 -device intel-iommu,scalable-mode=on,fsts=on,pasid-bits=20"},
    {"conventional-bus", "-M pc -device vfio-pci,host=65:00.0",
     "-M pc -nodefaults -device vfio-pci,host=00:02.0,addr=2"},
    {"root-bus", "-M q35 -device vfio-pci,host=65:00.0,bus=pcie.0",
     "-M q35 -device vfio-pci,host=00:02.0,bus=pcie.0"},
    {"atomics-lost",
     "-M q35 -device pcie-root-port,id=rp -device vfio-pci,host=65:00.0,bus=rp,multifunction=on "
     "-device vfio-pci,host=65:00.1,bus=rp,addr=0.1",
     "-M q35 -device pcie-root-port,id=a,chassis=1 -device pcie-root-port,id=b,chassis=2 "
     "-device vfio-pci,host=65:00.0,bus=a -device vfio-pci,host=65:00.1,bus=b"},
    {"behind-switch",
     "-M q35 -device pcie-root-port,id=rp -device x3130-upstream,id=up,bus=rp "
     "-device xio3130-downstream,id=d,bus=up,chassis=2 -device vfio-pci,host=65:00.0,bus=d",
     "-M q35 -device pcie-root-port,id=rp -device x3130-upstream,id=up,bus=rp "
     "-device xio3130-downstream,id=d,bus=up,chassis=2 -device nvme,bus=d"},
    {"hidden-function", "-M q35 -device pcie-root-port,id=rp -device edu,bus=rp,addr=1",
     "-M q35 -device pcie-root-port,id=rp -device edu,bus=rp,addr=0"},
    {"slower-link", "-M q35 -device ioh3420,id=rp -device vfio-pci,host=65:00.0,bus=rp",
     "-M q35 -device pcie-root-port,id=rp -device vfio-pci,host=65:00.0,bus=rp"},
    {"ejectable",
     "-M q35 -nodefaults -cpu host,hv_relaxed,hv_time -device pcie-root-port,id=rp "
     "-device vfio-pci,host=65:00.0,bus=rp,romfile=a",
     "-M q35 -nodefaults -cpu host,hv_relaxed,hv_time -device pcie-root-port,id=rp,hotplug=off "
     "-device vfio-pci,host=65:00.0,bus=rp,romfile=a"},
    {"hidden-hypervisor",
     "-M q35 -cpu host,kvm=off,hv_vendor_id=x -device pcie-root-port,id=rp "
     "-device vfio-pci,host=65:00.0,bus=rp",
     "-M q35 -cpu host,kvm=on -device pcie-root-port,id=rp -device vfio-pci,host=65:00.0,bus=rp"},
    {"cpu-replaced", "-M q35 -cpu host,+x -cpu host", "-M q35 -cpu host"},
    {"beyond-address-width", "-M q35 -m 1T -cpu qemu64", "-M q35 -m 1T -cpu qemu64,phys-bits=46"},
    {"amd-address-hole", "-M pc-q35-7.0 -m 990G -cpu EPYC-Milan,phys-bits=48",
     "-M pc-q35-7.1 -m 990G -cpu EPYC-Milan,phys-bits=48"},
    {"needless-vga",
     "-M q35 -device pcie-root-port,id=rp -device vfio-pci,host=65:00.0,bus=rp,x-vga=on",
     "-M q35 -vga none -device pcie-root-port,id=rp -device vfio-pci,host=65:00.0,bus=rp,x-vga=on"},
    {"balloon",
     "-M q35 -device virtio-balloon-pci -device pcie-root-port,id=rp "
     "-device vfio-pci,host=65:00.0,bus=rp",
     "-M q35 -device virtio-balloon-pci"},
    {"graphics-place",
     "-M pc -device vfio-pci,host=00:02.0,x-igd-legacy-mode=on,addr=3 -vga none -nic none",
     "-M pc -device vfio-pci,host=00:02.0,x-igd-legacy-mode=on,addr=2 -vga none -nic none"},
    {"wrong-clique",
     "-M q35 -device pcie-root-port,id=rp -device vfio-pci,host=65:00.0,bus=rp,"
     "x-nv-gpudirect-clique=16",
     "-M q35 -device pcie-root-port,id=rp -device vfio-pci,host=65:00.0,bus=rp,"
     "x-nv-gpudirect-clique=15"},
    {"trapped-memory",
     "-M q35 -device pcie-root-port,id=rp -device vfio-pci,host=65:00.0,bus=rp,x-no-mmap=on",
     "-M q35 -device pcie-root-port,id=rp -device vfio-pci,host=65:00.0,bus=rp,x-no-mmap=off"},
    {"relocation-auto",
     "-M q35 -device pcie-root-port,id=rp -device vfio-pci,host=65:00.0,bus=rp,"
     "x-msix-relocation=auto",
     "-M q35 -device pcie-root-port,id=rp -device vfio-pci,host=65:00.0,bus=rp,"
     "x-msix-relocation=bar2"},
    {"token-through-iommufd",
     "-M q35 -object iommufd,id=f -device pcie-root-port,id=rp -device "
     "vfio-pci,host=65:02.0,bus=rp,"
     "iommufd=f,vf-token=6a0b6f1e-0000-4000-8000-000000000000",
     "-M q35 -device pcie-root-port,id=rp -device vfio-pci,host=65:02.0,bus=rp,"
     "vf-token=6a0b6f1e-0000-4000-8000-000000000000"},
    {"iommufd-missing",
     "-M q35 -device pcie-root-port,id=rp -device vfio-pci,host=65:00.0,bus=rp,iommufd=f",
     "-M q35 -object iommufd,id=f -device pcie-root-port,id=rp "
     "-device vfio-pci,host=65:00.0,bus=rp,iommufd=f"},
    {"too-many-mappings",
     "-M q35 -object memory-backend-ram,id=m,size=256G -device "
     "virtio-mem-pci,memdev=m,block-size=2M "
     "-device pcie-root-port,id=rp -device vfio-pci,host=65:00.0,bus=rp",
     "-M q35 -object memory-backend-ram,id=m,size=64G -device "
     "virtio-mem-pci,memdev=m,block-size=2M "
     "-device pcie-root-port,id=rp -device vfio-pci,host=65:00.0,bus=rp"},
});

class EachTrap : public testing::TestWithParam<Pair> {};

TEST_P(EachTrap, IsFoundAloneWhereItIs) {
    EXPECT_THAT(traps_in(fmt::format("qemu-system-x86_64 {}", GetParam().with)),
                ElementsAre(GetParam().trap));
}

TEST_P(EachTrap, IsNotFoundWhereItIsNot) {
    EXPECT_THAT(traps_in(fmt::format("qemu-system-x86_64 {}", GetParam().without)), IsEmpty());
}

TEST_P(EachTrap, SaysWhatShowsItAndWhy) {
    const auto found = diagnosed(fmt::format("qemu-system-x86_64 {}", GetParam().with)).findings;

    for (const auto& one : found) {
        EXPECT_FALSE(one.what.empty());
        EXPECT_FALSE(one.why.empty());
        EXPECT_FALSE(one.source.empty());
        ASSERT_FALSE(one.evidence.empty());
        EXPECT_EQ(one.evidence.front().place.file, "vm.sh");
        EXPECT_EQ(one.evidence.front().place.line, 1u);
    }
}

INSTANTIATE_TEST_SUITE_P(Of, EachTrap, testing::ValuesIn(pairs), [](const auto& tested) {
    std::string name{tested.param.trap};
    std::ranges::replace(name, '-', '_');
    return name;
});

TEST(AllTraps, HaveATestEach) {
    std::set<std::string_view> tested;
    for (const auto& pair : pairs)
        tested.insert(pair.trap);
    // What a host alone tells is in host_traps_test.cpp; this is a question.
    for (const auto& trap : traps_of_host())
        tested.insert(trap.name);
    for (const auto& trap : traps_of_memory())
        tested.insert(trap.name);
    for (const auto* const name : {"no-room-for-bars", "wider-than-iommu", "viommu-wider-than-host",
                                   "split-card", "untold-host", "clique-across-roots",
                                   "rom-missing", "no-rom", "hidden-rom", "token-needed"})
        tested.insert(name);
    std::set<std::string_view> names;
    for (const auto* const trap : all_traps())
        EXPECT_TRUE(names.insert(trap->name).second) << trap->name;

    EXPECT_EQ(names, tested);
}

// What a finding offers to paste, put in place of what was there, has no finding.
std::vector<std::string> after_paste(std::string command, std::string_view old) {
    const auto found = diagnosed(command).findings;
    if (found.size() != 1) return {"not one finding"};
    std::string lines;
    for (const auto& line : found[0].paste)
        lines += line + ' ';
    const auto at = command.find(old);
    if (at == std::string::npos) return {"nothing to replace"};
    return traps_in(command.replace(at, old.size(), lines));
}

TEST(Paste, MendsWhatWasFound) {
    EXPECT_THAT(after_paste("kvm -M q35 -device intel-iommu,aw-bits=39 -device "
                            "pcie-root-port,id=rp -device vfio-pci,host=65:00.0,bus=rp",
                            "-device intel-iommu,aw-bits=39"),
                IsEmpty());
    EXPECT_THAT(after_paste("kvm -M q35 -device vfio-pci,host=65:00.0,id=gpu",
                            "-device vfio-pci,host=65:00.0,id=gpu"),
                IsEmpty());
    EXPECT_THAT(after_paste(R"(kvm -M q35 -device '{"driver":"vfio-pci","host":"65:00.0"}')",
                            R"(-device '{"driver":"vfio-pci","host":"65:00.0"}')"),
                IsEmpty());
    EXPECT_THAT(after_paste("kvm -M q35 -m 1T -cpu EPYC,phys-bits=40", "-cpu EPYC,phys-bits=40"),
                IsEmpty());
    EXPECT_THAT(
        after_paste("kvm -M q35,accel=kvm -device intel-iommu,intremap=on", "-M q35,accel=kvm"),
        IsEmpty());
    EXPECT_THAT(after_paste("kvm -M q35 -device pcie-root-port,id=a -device pcie-root-port,id=b",
                            "-device pcie-root-port,id=b"),
                IsEmpty());
}

TEST(Paste, IsQuotedForAShell) {
    const auto found =
        diagnosed("kvm -M q35 -device 'vfio-pci,host=65:00.0,id=a b;c,romfile=x,,y'").findings;

    ASSERT_EQ(found.size(), 1u);
    ASSERT_EQ(found[0].paste.size(), 2u);
    EXPECT_THAT(found[0].paste[1],
                HasSubstr("'vfio-pci,id=a b;c,host=65:00.0,romfile=x,,y,bus=port0"));
}

TEST(Questions, NameWhatTheHostWouldTell) {
    const auto questions =
        diagnosed("kvm -M q35 -device pcie-root-port,id=rp -device vfio-pci,host=65:00.0,bus=rp")
            .questions;

    std::vector<std::string> traps;
    for (const auto& question : questions)
        traps.push_back(question.trap);
    EXPECT_THAT(traps, ElementsAre("slower-link", "no-iommu", "shared-group", "no-reset"));
}

TEST(Questions, AskForAFunctionThatTheWordsDoNotName) {
    const auto questions = diagnosed(
                               "kvm -M q35 -object iommufd,id=f -device pcie-root-port,id=rp "
                               "-device vfio-pci,id=gpu,fd=9,iommufd=f,bus=rp")
                               .questions;

    EXPECT_THAT(questions, testing::Contains(testing::Field(&Question::what, HasSubstr("gpu"))));
}

TEST(Mediated, DevicesNeedNeitherAPortNorCachingMode) {
    EXPECT_THAT(traps_in("kvm -M q35 -device intel-iommu -device vfio-pci,sysfsdev="
                         "/sys/bus/mdev/devices/6a0b6f1e-0000-4000-8000-000000000000"),
                IsEmpty());
}

TEST(Variables, AreTakenForNothing) {
    const auto words =
        qemu::read_command("kvm -M q35 -device vfio-pci,host=$GPU,bus=pcie.0", "vm.sh");
    ASSERT_TRUE(words);
    const auto read = qemu::read_command_line(*words, nullptr);

    ASSERT_TRUE(read);
    ASSERT_EQ(read->unknown.size(), 1u);
    EXPECT_THAT(read->unknown[0].what, HasSubstr("variable"));
    EXPECT_THAT(read->unknown[0].word, Not(IsEmpty()));
}

}  // namespace
}  // namespace tenon::managed::traps
