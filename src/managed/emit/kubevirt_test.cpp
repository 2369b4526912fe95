#include "managed/emit/kubevirt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "managed/kubevirt/yaml.hpp"
#include "tests/support/diagnosed.hpp"
#include "tests/support/random_machine.hpp"

namespace tenon::managed::emit {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::uint64_t gibibyte = std::uint64_t{1} << 30;

Machine nvme() {
    Machine machine{.processors = 4};
    machine.memory.size = 4 * gibibyte;
    machine.ports = {{.name = "rp0", .slot = 1, .physical_slot = 1}};
    Function one{.id = "dev0", .host = "0000:65:00.0", .vendor = 0x1b36, .device = 0x10};
    one.address = pci::Address{.bus = 0x65};
    machine.ports[0].functions = {one};
    return machine;
}

TEST(KubevirtInstance, PutsFunctionsWhereItCan) {
    const auto placed = [](Place place) {
        auto machine = nvme();
        machine.place = place;
        return kubevirt_instance(machine);
    };

    EXPECT_THAT(placed(Place::RootBus),
                HasSubstr("  annotations:\n"
                          "    kubevirt.io/placePCIDevicesOnRootComplex: \"true\"\nspec:"));
    EXPECT_THAT(placed(Place::Pc), HasSubstr("      type: pc\n"));
    EXPECT_THAT(placed(Place::Conventional), HasSubstr("no word for a conventional bus"));
}

TEST(KubevirtInstance, IsAnObject) {
    EXPECT_EQ(
        kubevirt_instance(nvme()),
        "# The guest of Tenon's plan under KubeVirt. Disks and network are yours to add\n"
        "# - ports, slots and windows are libvirt's choice, and which functions of a node the "
        "guest gets is\n#   the cluster's: any with the same ids\n"
        "# The cluster has to permit its devices, under names of your choice, in its KubeVirt "
        "object:\n"
        "#   spec: {configuration: {permittedHostDevices: {pciHostDevices: …}}}\n"
        "#   - pciVendorSelector: \"1B36:0010\"\n"
        "#     resourceName: \"tenon.example/1b36-0010\"\n"
        "apiVersion: kubevirt.io/v1\n"
        "kind: VirtualMachineInstance\n"
        "metadata:\n"
        "  name: tenon\n"
        "spec:\n"
        "  domain:\n"
        "    machine:\n"
        "      type: q35\n"
        "    cpu:\n"
        "      cores: 4\n"
        "      model: host-passthrough\n"
        "    memory:\n"
        "      guest: \"4Gi\"\n"
        "    devices:\n"
        "      autoattachGraphicsDevice: false\n"
        "      autoattachMemBalloon: false\n"
        "      hostDevices:\n"
        "      - name: \"dev0\"  # 0000:65:00.0\n"
        "        deviceName: \"tenon.example/1b36-0010\"\n");
}

TEST(KubevirtInstance, TakesMemoryFromHugePages) {
    auto machine = nvme();
    machine.memory.page = gibibyte;
    machine.memory.node = 2;

    EXPECT_THAT(kubevirt_instance(machine),
                HasSubstr("      hugepages:\n        pageSize: \"1Gi\"\n"));
    EXPECT_THAT(kubevirt_instance(machine), HasSubstr("# - memory of node 2 cannot be said"));
}

TEST(KubevirtInstance, TellsWhatItHasNoWordsFor) {
    auto machine = nvme();
    auto& port = machine.ports[0];
    port.speed = 5;
    port.hotplug = false;
    port.functions[0].ats = Ats::Off;
    port.functions[0].rom = Rom::None;
    port.functions.push_back(port.functions[0]);
    machine.ports.push_back({.name = "spare"});
    machine.viommu = Viommu{};

    const auto text = kubevirt_instance(machine);

    EXPECT_THAT(text, HasSubstr("were planned for one slot and have several"));
    EXPECT_THAT(text, HasSubstr("shown with 16 GT/s at most"));
    EXPECT_THAT(text, HasSubstr("# - hotplug=off of the port rp0 cannot be said"));
    EXPECT_THAT(text, HasSubstr("# - ats=off of 0000:65:00.0 cannot be said"));
    EXPECT_THAT(text, HasSubstr("# - 0000:65:00.0 shows the ROM that the device has"));
    EXPECT_THAT(text, HasSubstr("# - the port spare is left out"));
    EXPECT_THAT(text, HasSubstr("# - the guest has no IOMMU"));
}

TEST(KubevirtInstance, KeepsNamesOfOthersInComments) {
    auto machine = nvme();
    machine.ports[0].functions[0].host = "dump\n      - name: evil";
    machine.lacks = {"a\nb: c"};

    const auto text = kubevirt_instance(machine);

    EXPECT_THAT(text, HasSubstr("# dump\\u000a      - name: evil\n"));
    EXPECT_THAT(text, Not(HasSubstr("\nb: c")));
}

TEST(KubevirtInstance, IsReadBackWithoutFindings) {
    constexpr unsigned machines = 100;
    for (unsigned seed = 0; seed < machines && !HasFailure(); ++seed) {
        SCOPED_TRACE(seed);
        auto machine = support::random_machine(seed);
        machine.place = Place::Port;  // Findings are made of the others.
        const auto text = kubevirt_instance(machine);

        const auto read = support::read_any(text);

        ASSERT_TRUE(read) << read.error().what << text;
        EXPECT_EQ(read->manager, said::Manager::KubeVirt);
        std::ptrdiff_t functions = 0;
        for (const auto& port : machine.ports)
            functions += std::ssize(port.functions);
        EXPECT_EQ(std::ranges::count_if(read->devices, said::is_assigned), functions);
        EXPECT_EQ(said::parse_size(read->memory.text("size"), 1), machine.memory.size);
        EXPECT_EQ(read->cpu()->type, "host");
        EXPECT_THAT(support::traps_in(text), IsEmpty()) << text;
    }
}

}  // namespace
}  // namespace tenon::managed::emit
