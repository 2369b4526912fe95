// Traps that only facts of the host tell: each with facts that have it, and with facts that have
// not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/config_builder.hpp"
#include "tests/support/diagnosed.hpp"

namespace tenon::managed::traps {
namespace {

using device::DeviceFacts;
using support::host_with;
using support::traps_in;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr pci::Address card{.bus = 0x65};
constexpr std::string_view one_card =
    "kvm -M q35 -device pcie-root-port,id=rp -device vfio-pci,host=65:00.0,bus=rp";

// A sound one: a display, alone in its group, with a reset of its own.
DeviceFacts facts() {
    DeviceFacts all;
    all.address = card;
    all.identity = device::Identity{.vendor = 0x1002, .device = 0x740f, .class_code = 0x030000};
    all.has_iommu = true;
    all.group = device::GroupFacts{.number = 7, .members = {}};
    all.reset_methods = std::vector<std::string>{"flr", "bus"};
    all.bus_neighbours = std::vector<device::GroupMember>{};
    all.link = device::LinkFacts{
        .speed = "16.0 GT/s PCIe", .max_speed = "16.0 GT/s PCIe", .width = 16, .max_width = 16};
    return all;
}

TEST(HostTraps, FindNothingOnASoundHost) {
    const auto found = support::diagnosed(one_card, host_with(facts()));

    EXPECT_THAT(found.findings, IsEmpty());
    EXPECT_THAT(found.questions, IsEmpty());
}

TEST(HostTraps, FindAFunctionThatIsNotThere) {
    HostView host{.asked = true};
    host.missing.push_back(card);

    EXPECT_THAT(traps_in(one_card, host), ElementsAre("function-missing"));
}

TEST(HostTraps, AskForAFunctionThatAPartOfAHostLacks) {
    HostView host{.asked = true, .whole = false};
    host.missing.push_back(card);

    const auto found = support::diagnosed(one_card, host);

    EXPECT_THAT(found.findings, IsEmpty());
    ASSERT_EQ(found.questions.size(), 1U);
    EXPECT_THAT(found.questions[0].what, HasSubstr("whether 0000:65:00.0 is there"));
}

TEST(HostTraps, FindAHostWithoutAnIommu) {
    auto of = facts();
    of.has_iommu = false;

    EXPECT_THAT(traps_in(one_card, host_with(std::move(of))), ElementsAre("no-iommu"));
}

TEST(HostTraps, FindAGroupThatTheHostUses) {
    auto of = facts();
    of.group->members = {{.address = {.bus = 0x65, .function = 1}, .driver = "snd_hda_intel"}};
    EXPECT_THAT(traps_in(one_card, host_with(of)), ElementsAre("shared-group"));

    // Assigned too, it is no longer the host's.
    const auto both = std::string{one_card} +
                      " -device pcie-root-port,id=b,chassis=2 -device vfio-pci,host=65:00.1,bus=b";
    EXPECT_THAT(traps_in(both, host_with(of)), IsEmpty());

    of.group->members = {{.address = {.bus = 0x65, .function = 1}, .driver = "vfio-pci"},
                         {.address = {.bus = 0x64}, .driver = "pcieport", .is_bridge = true},
                         {.address = {.bus = 0x65, .function = 2}, .driver = ""}};
    EXPECT_THAT(traps_in(one_card, host_with(std::move(of))), IsEmpty());
}

TEST(HostTraps, FindADeviceWithoutAReset) {
    auto of = facts();
    of.reset_methods = std::vector<std::string>{};

    EXPECT_THAT(traps_in(one_card, host_with(std::move(of))), ElementsAre("no-reset"));
}

TEST(HostTraps, FindAResetThatOthersFeel) {
    auto of = facts();
    of.reset_methods = std::vector<std::string>{"bus"};
    EXPECT_THAT(traps_in(one_card, host_with(of)), IsEmpty());

    of.bus_neighbours = std::vector<device::GroupMember>{
        {.address = {.bus = 0x65, .function = 1}, .driver = "vfio-pci"}};
    EXPECT_THAT(traps_in(one_card, host_with(std::move(of))), ElementsAre("no-reset"));
}

// Sizes of 256 MiB to 16 GiB for BAR 0, of which 2^(20 + `now`) is chosen.
pci::ConfigImage resizable(std::uint32_t now) {
    return support::ConfigBuilder{}
        .head(0x40)
        .express(0x40, 0)
        .extended(0x100, 0x15, 0)
        .put32(0x104, 0x0007f000)
        .put32(0x108, 0x20 | now << 8)
        .image();
}

TEST(HostTraps, FindABarThatCouldBeLarger) {
    auto of = facts();
    of.physical = resizable(8);
    EXPECT_THAT(traps_in(one_card, host_with(of)), ElementsAre("fixed-bar-size"));

    of.physical = resizable(14);
    EXPECT_THAT(traps_in(one_card, host_with(std::move(of))), IsEmpty());
}

TEST(HostTraps, FindVirtualFunctionsThatNobodyCanMake) {
    auto of = facts();
    of.physical =
        support::ConfigBuilder{}.head(0x40).express(0x40, 0).extended(0x100, 0x10, 0).image();

    EXPECT_THAT(traps_in(one_card, host_with(std::move(of))), ElementsAre("no-virtual-functions"));
}

TEST(HostTraps, FindALinkThatThePortCaps) {
    auto of = facts();
    of.link->max_speed = "32.0 GT/s PCIe";
    EXPECT_THAT(traps_in(one_card, host_with(of)), ElementsAre("slower-link"));
    EXPECT_THAT(traps_in("kvm -M q35 -device pcie-root-port,id=rp,x-speed=32 "
                         "-device vfio-pci,host=65:00.0,bus=rp",
                         host_with(std::move(of))),
                IsEmpty());
}

TEST(HostTraps, ReadTheLinkOfADump) {
    auto of = facts();
    of.link = Unknown{"a dump"};
    // Link Capabilities: x16 at 32 GT/s.
    of.physical = support::ConfigBuilder{}.head(0x40).express(0x40, 0).put32(0x4c, 0x105).image();
    EXPECT_THAT(traps_in(one_card, host_with(of)), ElementsAre("slower-link"));

    of.physical = support::ConfigBuilder{}.head(0x40).express(0x40, 0).put32(0x4c, 0x104).image();
    EXPECT_THAT(traps_in(one_card, host_with(std::move(of))), IsEmpty());
}

TEST(HostTraps, TellAnIntegratedEndpointFromOneWithALink) {
    constexpr auto on_root = "kvm -M q35 -device vfio-pci,host=65:00.0,bus=pcie.0";
    auto of = facts();
    of.physical = support::ConfigBuilder{}.head(0x40).express(0x40, 0).image();
    EXPECT_THAT(traps_in(on_root, host_with(of)), ElementsAre("root-bus"));

    // Without PCI Express it has nothing to lose there, nor on a conventional bus.
    of.physical = support::ConfigBuilder{}.image();
    EXPECT_THAT(traps_in(on_root, host_with(of)), IsEmpty());
    EXPECT_THAT(traps_in("kvm -M pc -device vfio-pci,host=65:00.0", host_with(std::move(of))),
                IsEmpty());
}

HostView card_without_atomics() {
    HostView host{.asked = true};
    for (const std::uint8_t function : {std::uint8_t{0}, std::uint8_t{1}}) {
        auto of = std::make_unique<DeviceFacts>(facts());
        of->address = pci::Address{.bus = 0x65, .function = function};
        of->atomics = 0u;
        host.functions.push_back(std::move(of));
    }
    return host;
}

TEST(HostTraps, WantOneSlotForACardWhereTheHostCompletesNoAtomics) {
    constexpr auto apart =
        "kvm -M q35 -device pcie-root-port,id=a,chassis=1 -device pcie-root-port,id=b,chassis=2 "
        "-device vfio-pci,host=65:00.0,bus=a -device vfio-pci,host=65:00.1,bus=b";
    constexpr auto together =
        "kvm -M q35 -device pcie-root-port,id=a -device "
        "vfio-pci,host=65:00.0,bus=a,multifunction=on "
        "-device vfio-pci,host=65:00.1,bus=a,addr=0.1";

    EXPECT_THAT(traps_in(apart, card_without_atomics()), ElementsAre("split-card"));
    EXPECT_THAT(traps_in(together, card_without_atomics()), IsEmpty());
}

DeviceFacts with_bars(std::uint64_t size) {
    auto of = facts();
    std::array<device::ResourceFacts, device::bar_count + 1> bars{};
    bars[0] = {
        .size = size,
        .flags = device::resource_memory | device::resource_64bit | device::resource_prefetch};
    of.resources = bars;
    return of;
}

TEST(HostTraps, FindBarsThatDoNotFit) {
    constexpr auto named =
        "kvm -M q35 -cpu qemu64 -drive if=pflash,file=a -device pcie-root-port,id=rp "
        "-device vfio-pci,host=65:00.0,bus=rp";

    EXPECT_THAT(traps_in(named, host_with(with_bars(std::uint64_t{256} << 30))),
                ElementsAre("no-room-for-bars"));
    EXPECT_THAT(traps_in(named, host_with(with_bars(std::uint64_t{16} << 30))), IsEmpty());
    EXPECT_THAT(traps_in(std::string{named} + " -fw_cfg name=opt/ovmf/X-PciMmio64Mb,string=524288",
                         host_with(with_bars(std::uint64_t{256} << 30))),
                IsEmpty());
    EXPECT_THAT(traps_in("kvm -M q35 -cpu host -drive if=pflash,file=a -device "
                         "pcie-root-port,id=rp -device vfio-pci,host=65:00.0,bus=rp",
                         host_with(with_bars(std::uint64_t{256} << 30))),
                IsEmpty());
}

TEST(HostTraps, FindASlowStart) {
    auto of = with_bars(std::uint64_t{128} << 30);
    of.kernel = std::string{"6.1.0-13-amd64"};
    EXPECT_THAT(traps_in(one_card, host_with(of)), ElementsAre("slow-start"));

    of.kernel = std::string{"6.12.1"};
    EXPECT_THAT(traps_in(one_card, host_with(std::move(of))), IsEmpty());
}

DeviceFacts with_iommu_of(unsigned bits) {
    auto of = facts();
    of.iommu.iova =
        std::vector<device::IovaRange>{{.first = 0, .last = (std::uint64_t{1} << bits) - 1}};
    return of;
}

TEST(HostTraps, FindAViommuThatIsWiderThanTheHosts) {
    constexpr auto wide =
        "kvm -M q35 -cpu host -device intel-iommu,caching-mode=on -device pcie-root-port,id=rp "
        "-device vfio-pci,host=65:00.0,bus=rp";
    constexpr auto older =
        "kvm -M pc-q35-9.1 -cpu host -device intel-iommu,caching-mode=on "
        "-device pcie-root-port,id=rp -device vfio-pci,host=65:00.0,bus=rp";

    EXPECT_THAT(traps_in(wide, host_with(with_iommu_of(39))),
                ElementsAre("viommu-wider-than-host"));
    EXPECT_THAT(traps_in(wide, host_with(with_iommu_of(48))), IsEmpty());
    EXPECT_THAT(traps_in(older, host_with(with_iommu_of(39))), IsEmpty());
}

TEST(HostTraps, FindAGuestThatIsWiderThanTheIommu) {
    constexpr auto guest =
        "kvm -M q35 -cpu EPYC,phys-bits=46 -device pcie-root-port,id=rp "
        "-device vfio-pci,host=65:00.0,bus=rp";

    EXPECT_THAT(traps_in(guest, host_with(with_iommu_of(39))), ElementsAre("wider-than-iommu"));
    EXPECT_THAT(traps_in(guest, host_with(with_iommu_of(46))), IsEmpty());

    auto host = host_with(with_iommu_of(39));
    host.physical_bits = 39;
    EXPECT_THAT(traps_in("kvm -M q35 -cpu host -device pcie-root-port,id=rp "
                         "-device vfio-pci,host=65:00.0,bus=rp",
                         host),
                IsEmpty());
}

TEST(HostTraps, FindDevicesThatDoNotReachEachOther) {
    constexpr auto two =
        "kvm -M q35 -object iommufd,id=f -device pcie-root-port,id=a,chassis=1 "
        "-device pcie-root-port,id=b,chassis=2 -device vfio-pci,host=65:00.0,bus=a,iommufd=f "
        "-device vfio-pci,host=66:00.0,bus=b,iommufd=f";
    const auto host = [](const char* kernel) {
        HostView view{.asked = true};
        for (const std::uint8_t bus : {std::uint8_t{0x65}, std::uint8_t{0x66}}) {
            auto of = std::make_unique<DeviceFacts>(facts());
            of->address = pci::Address{.bus = bus};
            of->kernel = std::string{kernel};
            view.functions.push_back(std::move(of));
        }
        return view;
    };

    EXPECT_THAT(traps_in(two, host("6.18.3")), ElementsAre("no-peer-to-peer"));
    EXPECT_THAT(traps_in(two, host("6.19.0")), IsEmpty());
    EXPECT_THAT(traps_in(two, host("7.2")), IsEmpty());
}

TEST(HostTraps, RefuseACliqueOfWhatIsNoDisplay) {
    constexpr auto with_clique =
        "kvm -M q35 -device pcie-root-port,id=rp "
        "-device vfio-pci,host=65:00.0,bus=rp,x-nv-gpudirect-clique=1";
    auto of = facts();
    EXPECT_THAT(traps_in(with_clique, host_with(of)), IsEmpty());

    of.identity->class_code = 0x010802;
    EXPECT_THAT(traps_in(with_clique, host_with(std::move(of))), Contains("wrong-clique"));
}

// Two cards, the second behind `second`.
HostView two_cards(const pci::Address& second) {
    HostView view{.asked = true};
    for (const std::uint8_t bus : {std::uint8_t{0x65}, std::uint8_t{0x66}}) {
        auto of = std::make_unique<DeviceFacts>(facts());
        of->address = pci::Address{.bus = bus};
        of->path = std::vector<device::BridgeFacts>{
            {.address = bus == 0x65 ? pci::Address{.bus = 0x64} : second}};
        view.functions.push_back(std::move(of));
    }
    return view;
}

TEST(HostTraps, FindACliqueOverTwoRoots) {
    constexpr auto two =
        "kvm -M q35 -device pcie-root-port,id=a,chassis=1 -device pcie-root-port,id=b,chassis=2 "
        "-device vfio-pci,host=65:00.0,bus=a,x-nv-gpudirect-clique=1 "
        "-device vfio-pci,host=66:00.0,bus=b,x-nv-gpudirect-clique=1";

    EXPECT_THAT(traps_in(two, two_cards({.bus = 0xc0})), ElementsAre("clique-across-roots"));
    EXPECT_THAT(traps_in(two, two_cards({.bus = 0x64, .device = 1})), IsEmpty());
}

TEST(HostTraps, FindFilesThatAreNoRom) {
    constexpr auto with_file =
        "kvm -M q35 -device pcie-root-port,id=rp -device vfio-pci,host=65:00.0,bus=rp,romfile=/a";
    auto host = host_with(facts());
    EXPECT_THAT(traps_in(with_file, host), IsEmpty());

    host.rom_files = {{.path = "/a", .is_there = false}};
    EXPECT_THAT(traps_in(with_file, host), ElementsAre("rom-missing"));

    host.rom_files = {{.path = "/a", .is_there = true}};
    EXPECT_THAT(traps_in(with_file, host), ElementsAre("no-rom"));
}

TEST(HostTraps, FindTheOnlyDisplayWithItsRomHidden) {
    const auto of = [](std::string_view more) {
        return traps_in(
            fmt::format("kvm -M q35 -nodefaults -drive if=pflash,file=a -cpu host -device "
                        "pcie-root-port,id=rp -device vfio-pci,host=65:00.0,bus=rp,rombar=0{}",
                        more),
            host_with(facts()));
    };

    EXPECT_THAT(of(""), ElementsAre("hidden-rom"));
    EXPECT_THAT(of(" -device VGA"), IsEmpty());
    EXPECT_THAT(of(",romfile=a.rom"), IsEmpty());
}

TEST(HostTraps, FindAVirtualFunctionWhoseTokenIsNotGiven) {
    const auto host = [] {
        auto of = facts();
        of.identity->class_code = 0x020000;
        of.virtual_function = true;
        of.physical_function =
            device::PhysicalFunctionFacts{.address = {.bus = 0x64}, .config = Unknown{"a test"}};
        return host_with(std::move(of));
    };
    EXPECT_THAT(traps_in(one_card, host()), IsEmpty());

    auto on_vfio = host();
    on_vfio.physical_on_vfio = {{.bus = 0x64}};
    EXPECT_THAT(traps_in(one_card, on_vfio), ElementsAre("token-needed"));
    EXPECT_THAT(
        traps_in(std::string{one_card} + ",vf-token=6a0b6f1e-0000-4000-8000-000000000000", on_vfio),
        IsEmpty());
}

TEST(HostTraps, FindMemoryThatCannotBeLocked) {
    const auto with_memory = std::string{one_card} + " -m 16G";
    auto host = host_with(facts());
    host.lock_limit = std::uint64_t{8} << 20;
    EXPECT_THAT(traps_in(with_memory, host), ElementsAre("memory-not-lockable"));
    EXPECT_THAT(traps_in("kvm -M q35 -m 16G", host), IsEmpty());

    host.lock_limit = std::uint64_t{32} << 30;
    EXPECT_THAT(traps_in(with_memory, host), IsEmpty());
    // Behind a vIOMMU each maps all of it.
    EXPECT_THAT(
        traps_in("kvm -M q35 -m 20G -cpu host -device virtio-iommu-pci -device "
                 "pcie-root-port,id=a,chassis=1 -device pcie-root-port,id=b,chassis=2 -device "
                 "vfio-pci,host=65:00.0,bus=a -device vfio-pci,host=66:00.0,bus=b",
                 host),
        ElementsAre("memory-not-lockable"));
}

}  // namespace
}  // namespace tenon::managed::traps
