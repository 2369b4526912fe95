#include "library/emit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/config_builder.hpp"

namespace tenon::library {
namespace {

using managed::emit::Ats;
using managed::emit::Prefer;
using managed::emit::Rom;
using managed::said::Manager;
using model::machine::DeviceRequest;
using model::machine::MachineRequest;
using support::ConfigBuilder;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

// An NVMe at 65:00.0 with PCI Express and, at 0x100, Address Translation Services.
DeviceRequest nvme() {
    DeviceRequest request;
    request.facts = device::DeviceFacts{"nvme.txt"};
    request.facts.address = pci::Address{.bus = 0x65};
    request.facts.physical =
        ConfigBuilder{}.head(0x80).express(0x80, 0).extended(0x100, 0x0f, 0).image();
    return request;
}

MachineRequest with(DeviceRequest device) {
    MachineRequest request;
    request.devices = {std::move(device)};
    request.memory.size = std::uint64_t{1} << 30;
    return request;
}

managed::emit::Machine emitted(MachineRequest request) {
    return machine_to_emit(model::machine::make_plan(std::move(request)).value());
}

TEST(MachineToEmit, HasThePlacesOfThePlan) {
    const auto machine = emitted(with(nvme()));

    ASSERT_EQ(machine.ports.size(), 1U);
    const auto& port = machine.ports[0];
    EXPECT_EQ(port.name, "rp0");
    EXPECT_EQ(port.slot, 1U);
    EXPECT_EQ(port.function, 0U);
    EXPECT_EQ(port.physical_slot, 1U);
    ASSERT_EQ(port.functions.size(), 1U);
    EXPECT_EQ(port.functions[0].address, (pci::Address{.bus = 0x65}));
    EXPECT_EQ(port.functions[0].vendor, 0x1b36);
    EXPECT_EQ(machine.memory.size, std::uint64_t{1} << 30);
    EXPECT_FALSE(machine.viommu);
}

TEST(MachineToEmit, HasTheVersionAndThePlaceOfQemusPlan) {
    auto request = with(nvme());
    request.version = "QEMU 11.0, root-bus";
    request.devices[0].keys.ats = model::chosen::AtsMode::Off;

    const auto machine = emitted(std::move(request));

    EXPECT_EQ(machine.qemu, "11.0");
    EXPECT_EQ(machine.place, managed::emit::Place::RootBus);
    EXPECT_EQ(machine.ports[0].functions[0].ats, Ats::Auto);
    EXPECT_THAT(machine.lacks, ElementsAre(HasSubstr("0000:65:00.0: ats: QEMU 11.0, root-bus has "
                                                     "nothing like it")));
}

TEST(MachineToEmit, SaysNothingOfAtsWhereNoGuestCouldFindIt) {
    auto request = with(nvme());
    request.version = "QEMU 11.1, pc";

    EXPECT_EQ(emitted(std::move(request)).ports[0].functions[0].ats, Ats::Auto);
}

TEST(MachineToEmit, SaysWhatIsDoubtfulOfAVersionWithoutRules) {
    auto request = with(nvme());
    request.version = "QEMU 7.2";

    const auto machine = emitted(std::move(request));

    EXPECT_EQ(machine.qemu, "7.2");
    EXPECT_THAT(machine.lacks, ElementsAre(HasSubstr("QEMU 7.2: what QEMU 11.0 shows its guest")));
}

TEST(MachineToEmit, KnowsNoAddressOfADumpThatTellsNone) {
    auto device = nvme();
    device.facts.address = Unknown{"not told"};

    EXPECT_EQ(emitted(with(std::move(device))).ports[0].functions[0].address, std::nullopt);
}

TEST(MachineToEmit, LeavesOutABridgeWithItsPort) {
    auto device = nvme();
    device.facts.physical = ConfigBuilder{}.put8(0x0e, 0x01).image();

    const auto machine = emitted(with(std::move(device)));

    EXPECT_TRUE(machine.ports.empty());
    EXPECT_THAT(machine.lacks, ElementsAre(HasSubstr("0000:65:00.0 is left out: ")));
}

// QEMU takes a function by its address, whatever is known of it.
TEST(MachineToEmit, HasAFunctionThatIsKnownByWordsAlone) {
    auto device = nvme();
    device.facts.physical = Unknown{"the input has words of it, and no bytes"};
    device.facts.words = device::Words{};
    device.facts.identity = device::Identity{.vendor = 0x10de, .device = 0x1d10};

    const auto machine = emitted(with(std::move(device)));

    ASSERT_EQ(machine.ports.size(), 1U);
    ASSERT_EQ(machine.ports[0].functions.size(), 1U);
    EXPECT_EQ(machine.ports[0].functions[0].vendor, 0x10de);
    EXPECT_EQ(machine.ports[0].speed, std::nullopt);
    EXPECT_THAT(machine.lacks, Contains(HasSubstr("its registers are not known")));
}

TEST(MachineToEmit, SaysWhatBecomesOfAts) {
    const auto ats = [](std::optional<model::chosen::AtsMode> mode) {
        auto device = nvme();
        device.keys.ats = mode;
        return emitted(with(std::move(device))).ports[0].functions[0].ats;
    };
    EXPECT_EQ(ats(model::chosen::AtsMode::Off), Ats::Off);
    EXPECT_EQ(ats(model::chosen::AtsMode::On), Ats::On);
    EXPECT_EQ(ats(std::nullopt), Ats::Auto);
}

TEST(MachineToEmit, TakesTheRomThatWasChosen) {
    auto device = nvme();
    device.rom.from = model::chosen::RomRequest::From::Nothing;
    EXPECT_EQ(emitted(with(device)).ports[0].functions[0].rom, Rom::None);
    device.rom.from = model::chosen::RomRequest::From::File;
    device.rom.file = "x.rom";
    device.rom.image = std::make_shared<std::vector<std::byte>>(2048);
    EXPECT_EQ(emitted(with(device)).ports[0].functions[0].rom, Rom::File);
    EXPECT_EQ(emitted(with(device)).ports[0].functions[0].rom_file, "x.rom");
}

TEST(MachineToEmit, TellsWhatNoManagerCanSay) {
    auto device = nvme();
    device.keys.on_error = model::chosen::ErrorAction::Detach;
    device.port = "a";
    auto request = with(std::move(device));
    request.ports = {
        {.name = "a",
         .atomics = model::chosen::AtomicsRule{.mode = model::chosen::AtomicsMode::Off}}};

    EXPECT_THAT(emitted(std::move(request)).lacks,
                ElementsAre(HasSubstr("on-error=detach of 0000:65:00.0 cannot be said"),
                            HasSubstr("atomics=off of the port a")));
}

TEST(MachineToEmit, ReservesForAnEmptySlotWhatThePlanDoes) {
    MachineRequest request;
    request.memory.size = std::uint64_t{1} << 30;
    request.ports = {{.name = "spare", .memory = std::uint64_t{64} << 20}};
    const auto plan = model::machine::make_plan(std::move(request)).value();

    const auto port = machine_to_emit(plan).ports.at(0);

    EXPECT_EQ(port.memory, std::uint64_t{64} << 20);
    EXPECT_EQ(port.prefetchable, plan.ports[0]->prefetchable.size);
    EXPECT_EQ(port.speed, std::nullopt);
}

TEST(MachineToEmit, HasNoWiderAddressesThanTheHostsIommu) {
    auto device = nvme();
    device.facts.iommu.iova = std::vector<device::IovaRange>{{0, (std::uint64_t{1} << 39) - 1}};
    auto request = with(std::move(device));
    request.physical_bits = 46U;

    const auto machine = emitted(std::move(request));

    EXPECT_EQ(machine.address_bits, 39U);
    EXPECT_TRUE(machine.narrowed);
}

TEST(MachineToEmit, GivesPasidTheViommuThatItNeeds) {
    auto device = nvme();
    device.facts.iommu.pasid = device::PasidFacts{.width = 20};
    auto request = with(std::move(device));
    request.viommu_pasid_width = 16;

    const auto machine = emitted(std::move(request));

    ASSERT_TRUE(machine.viommu);
    EXPECT_TRUE(machine.viommu->first_stage);
    EXPECT_EQ(machine.viommu->pasid_bits, 16U);
    EXPECT_EQ(machine.viommu->address_bits, 48U);
    EXPECT_TRUE(machine.ports[0].functions[0].iommufd);
    EXPECT_THAT(machine.lacks, Contains(HasSubstr("fsts=on")));
}

TEST(Emit, HasAFormOfEachManager) {
    const auto plan = model::machine::make_plan(with(nvme())).value();
    const auto text = [&](Manager manager) { return emit(plan, manager, Prefer::Planned).value(); };

    EXPECT_THAT(text(Manager::Qemu), HasSubstr("host=0000:65:00.0,bus=rp0"));
    EXPECT_THAT(text(Manager::Libvirt), HasSubstr("bus='0x65' slot='0x00' function='0x0'"));
    EXPECT_THAT(text(Manager::Proxmox), HasSubstr("hostpci0: 0000:65:00.0,pcie=1"));
    EXPECT_THAT(text(Manager::KubeVirt), HasSubstr("deviceName: \"tenon.example/1b36-0010\""));
}

TEST(Emit, IsKnownByItsNames) {
    EXPECT_THAT(emitted_managers(), ElementsAre("qemu", "libvirt", "proxmox", "kubevirt"));
    EXPECT_EQ(find_emitted("proxmox"), Manager::Proxmox);
    EXPECT_FALSE(find_emitted("lspci"));
    EXPECT_EQ(parse_prefer("").value(), Prefer::Planned);
    EXPECT_EQ(parse_prefer("atomics").value(), Prefer::Atomics);
    EXPECT_EQ(parse_prefer("one-slot").value(), Prefer::OneSlot);
    EXPECT_EQ(parse_prefer("speed").error().what, "--prefer speed: known are atomics, one-slot");
}

}  // namespace
}  // namespace tenon::library
