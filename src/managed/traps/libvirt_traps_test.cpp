// Traps that show in XML of libvirt: a domain that has one and nothing else, and one that has not.
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "tests/support/diagnosed.hpp"

namespace tenon::managed::traps {
namespace {

using support::diagnosed;
using support::traps_in;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// What a domain says beside its devices, and those; libvirt adds none but ports.
struct Parts {
    std::string beside{};
    std::string devices{};
    std::string machine = "q35";
    std::string cpu = "<cpu mode='host-passthrough'/>";
};

std::string domain(const Parts& parts) {
    return fmt::format(
        "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n"
        "  <memory unit='GiB'>8</memory>\n"
        "  <os><type arch='x86_64' machine='{}'>hvm</type></os>\n"
        "  {}\n  {}\n  <devices>\n{}\n  <controller type='usb' model='none'/>"
        "<memballoon model='none'/></devices>\n</domain>\n",
        parts.machine, parts.cpu, parts.beside, parts.devices);
}

std::string hostdev(std::string_view bus, std::string_view inside = "",
                    std::string_view function = "0") {
    return fmt::format(
        "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0' "
        "bus='0x{}' slot='0' function='{}'/></source>{}</hostdev>\n",
        bus, function, inside);
}

std::string arguments(std::initializer_list<std::string_view> words) {
    std::string all = "<qemu:commandline>";
    for (const auto word : words)
        all += fmt::format("<qemu:arg value='{}'/>", word);
    return all + "</qemu:commandline>";
}

std::string overriding(std::string_view property) {
    return fmt::format(
        "<qemu:override><qemu:device alias='hostdev0'><qemu:frontend><qemu:property {}/>"
        "</qemu:frontend></qemu:device></qemu:override>",
        property);
}

constexpr auto json_viommu = R"({"driver":"intel-iommu","caching-mode":true})";
constexpr auto on_pcie_0 = "<address type='pci' bus='0' slot='9'/>";
constexpr auto two_functions =
    "<hostdev type='pci'><source><address bus='0x65' slot='0' function='0'/></source>"
    "<address type='pci' bus='1' slot='0' function='0' multifunction='on'/></hostdev>"
    "<hostdev type='pci'><source><address bus='0x65' slot='0' function='1'/></source>"
    "<address type='pci' bus='1' slot='0' function='1'/></hostdev>";
constexpr auto below_a_switch =
    "<controller type='pci' index='1' model='pcie-root-port'/>"
    "<controller type='pci' index='2' model='pcie-switch-upstream-port'/>"
    "<controller type='pci' index='3' model='pcie-switch-downstream-port'/>";
constexpr auto windows =
    "<features><hyperv><relaxed state='on'/><vapic state='on'/></hyperv></features>";

struct Row {
    std::string_view trap;
    Parts with;
    Parts without;
};

std::vector<Row> rows() {
    const auto alone = hostdev("65");
    const auto both = hostdev("65") + hostdev("66");
    return {
        {"json-type",
         {.beside = overriding("name='x-pci-device-id' type='string' value='0x1234'"),
          .devices = alone},
         {.beside = overriding("name='x-pci-device-id' type='unsigned' value='4660'"),
          .devices = alone}},
        {"viommu-not-counted",
         {.beside = arguments({"-device", "intel-iommu,caching-mode=on"}), .devices = both},
         {.devices = both + "<iommu model='intel'><driver caching_mode='on'/></iommu>"}},
        {"hard-limit",
         {.beside = "<memtune><hard_limit unit='GiB'>8</hard_limit></memtune>", .devices = alone},
         {.beside = "<memtune><hard_limit unit='GiB'>9</hard_limit></memtune>", .devices = alone}},
        {"hidden-hypervisor",
         {.beside = "<features><kvm><hidden state='on'/></kvm></features>", .devices = alone},
         {.beside = "<features><kvm><hidden state='off'/></kvm></features>", .devices = alone}},
        {"atomics-lost",
         {.devices = two_functions},
         {.devices = hostdev("65") + hostdev("65", "", "1")}},
        {"conventional-bus",
         {.devices = alone, .machine = "pc"},
         {.devices = hostdev("00", "", "2"), .machine = "pc"}},
        {"root-bus", {.devices = hostdev("65", on_pcie_0)}, {.devices = alone}},
        {"viommu-without-caching-mode",
         {.devices = alone + "<iommu model='intel'/>"},
         {.devices = alone + "<iommu model='intel'><driver caching_mode='on'/></iommu>"}},
        {"amd-viommu-without-dma-remap",
         {.devices = alone + "<iommu model='amd'/>"},
         {.devices = alone + "<iommu model='virtio'/>"}},
        {"remapping-without-split-irqchip",
         {.devices =
              alone + "<iommu model='intel'><driver caching_mode='on' intremap='on'/></iommu>"},
         {.beside = "<features><ioapic driver='qemu'/></features>",
          .devices =
              alone + "<iommu model='intel'><driver caching_mode='on' intremap='on'/></iommu>"}},
        {"viommu-after-functions",
         {.beside = arguments({"-device", json_viommu}), .devices = alone},
         {.beside = arguments({"-device", "intel-iommu,caching-mode=on"}), .devices = alone}},
        {"balloon",
         {.devices = alone + "<memballoon model='virtio'/>"},
         {.devices = alone + "<memballoon model='none'/>"}},
        {"behind-switch",
         {.devices = below_a_switch + hostdev("65", "<address type='pci' bus='3' slot='0'/>")},
         {.devices = below_a_switch + std::string{"<controller type='nvme' index='0'><address "
                                                  "type='pci' bus='3' slot='0'/></controller>"}}},
        {"slower-link",
         {.devices = "<controller type='pci' index='1' model='pcie-root-port'><model "
                     "name='ioh3420'/></controller>" +
                     alone},
         {.devices = "<controller type='pci' index='1' model='pcie-root-port'><model "
                     "name='pcie-root-port'/></controller>" +
                     alone}},
        {"ejectable",
         {.beside = windows, .devices = hostdev("65", "<rom file='/a.rom'/>")},
         {.beside = windows,
          .devices = "<controller type='pci' index='1' model='pcie-root-port'><target "
                     "hotplug='off'/></controller>" +
                     hostdev("65", "<rom file='/a.rom'/>")}},
        {"chassis-repeated",
         {.devices = "<controller type='pci' index='1' model='pcie-root-port'><target "
                     "chassis='2'/></controller><controller type='pci' index='2' "
                     "model='pcie-root-port'/>"},
         {.devices = "<controller type='pci' index='1' model='pcie-root-port'/><controller "
                     "type='pci' index='2' model='pcie-root-port'/>"}},
        {"address-taken",
         {.beside = arguments({"-device", "edu"}), .devices = alone},
         {.beside = arguments({"-device", R"({"driver":"edu","bus":"pcie.0","addr":"0x9"})"}),
          .devices = alone}},
        {"not-multifunction",
         {.devices = "<controller type='pci' index='1' model='pcie-root-port'><address type='pci' "
                     "bus='0' slot='3' function='0'/></controller><controller type='pci' index='2' "
                     "model='pcie-root-port'><address type='pci' bus='0' slot='3' "
                     "function='1'/></controller>"},
         {.devices =
              "<controller type='pci' index='1' model='pcie-root-port'><address type='pci' "
              "bus='0' slot='3' function='0' multifunction='on'/></controller><controller "
              "type='pci' index='2' model='pcie-root-port'><address type='pci' bus='0' slot='3' "
              "function='1'/></controller>"}},
        {"set-on-json",
         {.beside = arguments({"-set", "device.hostdev0.x-vga=off"}), .devices = alone},
         {.beside = overriding("name='x-vga' type='bool' value='false'"), .devices = alone}},
        {"unknown-bus",
         {.beside = arguments({"-device", "edu,bus=pci.1"}), .devices = alone},
         {.beside = arguments({"-device", R"({"driver":"edu","bus":"pci.2","addr":"0x0"})"}),
          .devices = "<controller type='pci' index='2' model='pcie-root-port'/>" +
                     hostdev("65", "<address type='pci' bus='1' slot='0'/>")}},
        {"hidden-function",
         {.devices = "<controller type='pci' index='1' model='pcie-root-port'/>" +
                     hostdev("65", "<address type='pci' bus='1' slot='1'/>")},
         {.devices = alone}},
        {"cpu-replaced",
         {.beside = arguments({"-cpu", "host,-hypervisor-x"}), .devices = alone},
         {.devices = alone}},
        {"beyond-address-width",
         {.beside = "<maxMemory slots='1' unit='TiB'>2</maxMemory>",
          .cpu = "<cpu mode='custom'><model>EPYC</model></cpu>"},
         {.beside = "<maxMemory slots='1' unit='TiB'>2</maxMemory>",
          .cpu = "<cpu mode='custom'><model>EPYC</model><maxphysaddr mode='passthrough'/></cpu>"}},
        {"old-name",
         {.devices = hostdev("65", "<driver name='kvm'/>")},
         {.devices = hostdev("65", "<driver name='vfio'/>")}},
        {"trapped-memory",
         {.beside = overriding("name='x-no-mmap' type='bool' value='true'"), .devices = alone},
         {.beside = overriding("name='x-no-mmap' type='bool' value='false'"), .devices = alone}},
        {"relocation-auto",
         {.beside = overriding("name='x-msix-relocation' type='string' value='auto'"),
          .devices = alone},
         {.beside = overriding("name='x-msix-relocation' type='string' value='bar4'"),
          .devices = alone}},
        {"wrong-clique",
         {.beside = overriding("name='x-nv-gpudirect-clique' type='unsigned' value='16'"),
          .devices = alone},
         {.beside = overriding("name='x-nv-gpudirect-clique' type='unsigned' value='3'"),
          .devices = alone}},
        {"viommu-not-possible",
         {.devices = "<iommu model='intel'/>", .machine = "pc"},
         {.devices = "<iommu model='intel'/>"}},
        {"too-many-mappings",
         {.devices = alone + "<memory model='virtio-mem'><target><size unit='GiB'>256</size><block "
                             "unit='MiB'>2</block></target></memory>"},
         {.devices = alone + "<memory model='virtio-mem'><target><size unit='GiB'>256</size><block "
                             "unit='MiB'>128</block></target></memory>"}},
        {"snoop-control",
         {.beside = "<qemu:override><qemu:device alias='iommu0'><qemu:frontend><qemu:property "
                    "name='snoop-control' type='bool' value='true'/></qemu:frontend>"
                    "</qemu:device></qemu:override>",
          .devices = alone + "<iommu model='intel'><driver caching_mode='on'/></iommu>"},
         {.devices = alone + "<iommu model='intel'><driver caching_mode='on'/></iommu>"}},
    };
}

class LibvirtTrap : public testing::TestWithParam<Row> {};

TEST_P(LibvirtTrap, IsFoundAloneWhereItIs) {
    EXPECT_THAT(traps_in(domain(GetParam().with)), ElementsAre(GetParam().trap))
        << domain(GetParam().with);
}

TEST_P(LibvirtTrap, IsNotFoundWhereItIsNot) {
    EXPECT_THAT(traps_in(domain(GetParam().without)), IsEmpty()) << domain(GetParam().without);
}

TEST_P(LibvirtTrap, SaysWhichLineShowsIt) {
    for (const auto& one : diagnosed(domain(GetParam().with)).findings) {
        ASSERT_FALSE(one.evidence.empty());
        EXPECT_EQ(one.evidence.front().place.file, "vm.xml");
        EXPECT_GT(one.evidence.front().place.line, 0u);
        EXPECT_THAT(one.paste, testing::Each(testing::Not(HasSubstr("-device "))));
    }
}

INSTANTIATE_TEST_SUITE_P(Of, LibvirtTrap, testing::ValuesIn(rows()), [](const auto& tested) {
    std::string name{tested.param.trap};
    std::ranges::replace(name, '-', '_');
    return name;
});

std::vector<std::string> paste_of(const Parts& parts) {
    const auto found = diagnosed(domain(parts)).findings;
    EXPECT_EQ(found.size(), 1u);
    return found.empty() ? std::vector<std::string>{} : found.front().paste;
}

std::string joined(const std::vector<std::string>& lines) {
    return fmt::format("{}", fmt::join(lines, "\n"));
}

TEST(LibvirtPaste, MendsWhatWasFound) {
    const auto ports = joined(paste_of({.devices = hostdev("65", on_pcie_0)}));
    EXPECT_THAT(traps_in(domain({.devices = ports})), IsEmpty()) << ports;

    const auto apart = joined(paste_of({.devices = two_functions}));
    EXPECT_THAT(traps_in(domain({.devices = apart})), IsEmpty()) << apart;

    const auto viommu = joined(paste_of({.devices = hostdev("65") + "<iommu model='intel'/>"}));
    EXPECT_THAT(traps_in(domain({.devices = hostdev("65") + viommu})), IsEmpty()) << viommu;

    const auto split = joined(paste_of(
        {.devices = hostdev("65") +
                    "<iommu model='intel'><driver caching_mode='on' intremap='on'/></iommu>"}));
    EXPECT_EQ(split, "<ioapic driver='qemu'/>");

    const auto override =
        joined(paste_of({.beside = overriding("name='x-no-mmap' type='bool' value='true'"),
                         .devices = hostdev("65")}));
    EXPECT_THAT(traps_in(domain({.beside = override, .devices = hostdev("65")})), IsEmpty())
        << override;

    const auto wide = joined(paste_of({.beside = "<maxMemory unit='TiB'>2</maxMemory>",
                                       .cpu = "<cpu><model>EPYC</model></cpu>"}));
    EXPECT_EQ(wide, "<maxphysaddr mode='passthrough'/>");
}

TEST(LibvirtPaste, KeepsTheWordsOfWhatIsHandedToQemu) {
    EXPECT_THAT(
        paste_of({.beside = arguments({"-device", "intel-iommu"}), .devices = hostdev("65")}),
        ElementsAre("<qemu:arg value='-device'/>",
                    "<qemu:arg value='intel-iommu,caching-mode=on'/>"));
}

TEST(LibvirtPaste, GivesTheTypeThatQemuWants) {
    EXPECT_THAT(paste_of({.beside = overriding("name='x-pci-vendor-id' type='string' value='1'"),
                          .devices = hostdev("65")}),
                ElementsAre("<qemu:property name='x-pci-vendor-id' type='unsigned' value='1'/>"));
}

TEST(LibvirtTraps, AreFoundTogether) {
    // All of a card in one slot, hidden from its driver, with a balloon.
    EXPECT_THAT(
        traps_in(domain({.beside = "<features><kvm><hidden state='on'/></kvm></features>",
                         .devices = two_functions + std::string{"<memballoon model='virtio'/>"}})),
        ElementsAre("atomics-lost", "hidden-hypervisor", "balloon"));
    // The machine that libvirt takes if none is said.
    EXPECT_THAT(traps_in("<domain type='kvm'><os><type>hvm</type></os><cpu "
                         "mode='host-passthrough'/><devices>" +
                         hostdev("65") + "</devices></domain>"),
                ElementsAre("conventional-bus"));
    // A vIOMMU with remapping alone, on a machine without the split.
    EXPECT_THAT(
        traps_in(domain(
            {.devices = hostdev("65") + "<iommu model='intel'><driver intremap='on'/></iommu>"})),
        ElementsAre("viommu-without-caching-mode", "remapping-without-split-irqchip"));
    // Behind a bridge for conventional devices.
    EXPECT_THAT(
        traps_in(domain({.devices = "<controller type='pci' index='1' "
                                    "model='dmi-to-pci-bridge'/><controller type='pci' index='2' "
                                    "model='pci-bridge'/>" +
                                    hostdev("65", "<address type='pci' bus='2' slot='1'/>")})),
        ElementsAre("conventional-bus"));
}

}  // namespace
}  // namespace tenon::managed::traps
