#include "managed/kubevirt/machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "managed/guest/tree.hpp"
#include "managed/traps/diagnose.hpp"

namespace tenon::managed::kubevirt {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A machine whose domain has these lines.
std::string vmi(std::string_view domain, std::string_view annotations = "{}") {
    return fmt::format(
        "apiVersion: kubevirt.io/v1\nkind: VirtualMachineInstance\nmetadata:\n  name: vm\n"
        "  annotations: {}\nspec:\n  domain:\n{}",
        annotations, domain);
}

constexpr std::string_view gpu =
    "    devices:\n      gpus:\n      - name: gpu1\n        deviceName: example.com/CARD\n";

said::Configuration read(std::string_view text) {
    auto configuration = read_machine(text, "vm.yaml");
    EXPECT_TRUE(configuration) << configuration.error().what;
    return *std::move(configuration);
}

traps::Diagnosis diagnosed(std::string_view text) {
    const auto vm = read(text);
    const auto tree = guest::make_tree(vm);
    const traps::HostView nobody;
    return traps::diagnose(traps::Case{vm, tree, nobody});
}

std::vector<std::string> traps_in(std::string_view text) {
    std::vector<std::string> names;
    for (const auto& finding : diagnosed(text).findings)
        names.push_back(finding.trap);
    return names;
}

std::string place_of(const said::Configuration& vm, std::string_view id) {
    for (const auto& device : vm.devices)
        if (device.id == id)
            return fmt::format("{} {}", device.properties.text("bus"),
                               device.properties.text("addr"));
    return "none";
}

TEST(IsMachine, TellsItFromOtherTexts) {
    EXPECT_TRUE(is_machine(vmi("")));
    EXPECT_TRUE(is_machine("{\n  \"apiVersion\": \"kubevirt.io/v1\"\n}"));
    EXPECT_TRUE(is_machine("# mine\n- apiVersion: kubevirt.io/v1\n"));
    EXPECT_FALSE(is_machine("apiVersion: v1\nkind: Pod\n"));
    EXPECT_FALSE(is_machine("<domain xmlns:k='http://kubevirt.io/v1'/>"));
    EXPECT_FALSE(is_machine("machine: q35\n"));
    EXPECT_FALSE(is_machine(""));
}

TEST(KubeVirt, GivesEachDeviceAPort) {
    const auto vm =
        read(vmi("    cpu: {model: host-passthrough}\n    memory: {guest: 8Gi}\n    devices:\n"
                 "      gpus:\n      - name: a\n        deviceName: x/y\n"
                 "      hostDevices:\n      - name: b\n        deviceName: x/z\n"
                 "      interfaces:\n      - name: c\n        sriov: {}\n      - name: d\n        "
                 "bridge: {}\n"));

    EXPECT_EQ(vm.machine.text("type"), "q35");
    EXPECT_EQ(vm.memory.text("size"), "8589934592b");
    EXPECT_EQ(vm.cpu()->type, "host");
    EXPECT_EQ(place_of(vm, "ua-gpu-a"), "pci.1 0x0");
    EXPECT_EQ(place_of(vm, "ua-hostdevice-b"), "pci.2 0x0");
    EXPECT_EQ(place_of(vm, "ua-sriov-c"), "pci.3 0x0");
    EXPECT_EQ(place_of(vm, "ua-sriov-d"), "none");
    EXPECT_THAT(guest::make_tree(vm).problems, IsEmpty());
}

TEST(KubeVirt, FindsTheMachineInATemplateAndInAList) {
    const std::string in_template =
        "apiVersion: kubevirt.io/v1\nkind: VirtualMachine\nspec:\n  template:\n    metadata:\n"
        "      annotations: {kubevirt.io/placePCIDevicesOnRootComplex: \"true\"}\n"
        "    spec: {domain: {devices: {gpus: [{name: a, deviceName: b}]}}}\n";
    EXPECT_EQ(place_of(read(in_template), "ua-gpu-a"), "pcie.0 0x2");

    EXPECT_EQ(place_of(read("kind: Pod\n---\napiVersion: v1\nitems:\n- apiVersion: "
                            "kubevirt.io/v1\n  spec: {domain: {devices: {gpus: [{name: a}]}}}\n"),
                       "ua-gpu-a"),
              "pci.1 0x0");
    EXPECT_EQ(place_of(read(R"({"apiVersion": "kubevirt.io/v1", "spec": {"domain":
                            {"devices": {"gpus": [{"name": "a"}]}}}})"),
                       "ua-gpu-a"),
              "pci.1 0x0");
}

TEST(KubeVirt, HasNoFindingWhereNothingIsWrong) {
    for (const auto& text :
         {vmi(""), vmi(gpu),
          vmi(std::string{"    cpu: {model: host-passthrough}\n"} + std::string{gpu}),
          vmi("    devices: {autoattachMemBalloon: true}\n"),
          vmi("    firmware: {bootloader: {efi: {secureBoot: false}}}\n    features: {hyperv: "
              "{relaxed: {}, vapic: {enabled: true}}, kvm: {hidden: false}}\n" +
              std::string{gpu})})
        EXPECT_THAT(traps_in(text), IsEmpty()) << text;
}

TEST(KubeVirt, HasTheTrapsThatShowInTheObject) {
    EXPECT_THAT(traps_in(vmi(gpu, "{kubevirt.io/placePCIDevicesOnRootComplex: 'true'}")),
                ElementsAre("root-bus"));
    EXPECT_THAT(traps_in(vmi("    machine: {type: pc}\n" + std::string{gpu})),
                ElementsAre("conventional-bus"));
    EXPECT_THAT(traps_in(vmi("    features: {kvm: {hidden: true}}\n" + std::string{gpu})),
                ElementsAre("hidden-hypervisor"));
    EXPECT_THAT(traps_in(vmi(std::string{gpu} + "      autoattachMemBalloon: true\n")),
                ElementsAre("balloon"));
}

TEST(KubeVirt, SaysWhatToWriteInItsOwnWords) {
    const auto found = diagnosed(vmi("    features: {kvm: {hidden: true}}\n" + std::string{gpu}));
    ASSERT_EQ(found.findings.size(), 1u);
    EXPECT_THAT(found.findings[0].paste, ElementsAre("features: {kvm: {hidden: false}}"));

    const auto root = diagnosed(vmi(gpu, "{kubevirt.io/placePCIDevicesOnRootComplex: 'true'}"));
    ASSERT_EQ(root.findings.size(), 1u);
    EXPECT_EQ(root.findings[0].evidence[0].word, "gpus: gpu1, example.com/CARD");
    EXPECT_EQ(to_string(root.findings[0].evidence[0].place), "vm.yaml:10");
    EXPECT_THAT(root.findings[0].change, HasSubstr("annotation"));
}

TEST(KubeVirt, AsksForTheFunction) {
    EXPECT_THAT(
        diagnosed(vmi(gpu)).questions,
        testing::Contains(testing::Field(&traps::Question::what, HasSubstr("ua-gpu-gpu1"))));
}

// A comma there was an empty document for ever.
TEST(KubeVirt, EndsAtACommaInFrontOfADocument) {
    const auto read = read_machine(",apiVersion: v1\n---\nkind: VirtualMachine\n", "vm.yaml");

    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().what, HasSubstr("vm.yaml"));
}

TEST(KubeVirt, RefusesDocumentsWithoutEnd) {
    std::string text;
    for (int n = 0; n < 1001; ++n)
        text += "---\n";

    EXPECT_THAT(read_machine(text, "vm.yaml").error().what, HasSubstr("more than 1000 documents"));
}

TEST(KubeVirt, RefusesWhatItCannotRead) {
    const auto error_of = [](std::string_view text) {
        const auto read = read_machine(text, "vm.yaml");
        return read ? "" : read.error().what;
    };
    EXPECT_THAT(error_of("a: [b"), HasSubstr("no YAML"));
    EXPECT_THAT(error_of("kind: Pod"), HasSubstr("spec.domain"));
    EXPECT_THAT(error_of(std::string(200, '[')), HasSubstr("deep"));
    EXPECT_THAT(error_of(std::string(1000, ' ') + "a"), HasSubstr("indented"));
    EXPECT_THAT(error_of(std::string(longest_document + 1, 'a')), HasSubstr("more than"));
    // References are not copied, however often they are named.
    std::string bomb = "a0: &a0 [x, x]\n";
    for (int n = 1; n < 40; ++n)
        bomb += fmt::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}]\n", n, n - 1);
    EXPECT_THAT(error_of(bomb), HasSubstr("spec.domain"));
}

}  // namespace
}  // namespace tenon::managed::kubevirt
