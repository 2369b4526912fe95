#include "library/request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/config_builder.hpp"
#include "tests/support/fake_sysfs.hpp"

namespace tenon::library {
namespace {

// A host with functions at 01:00.0 and 01:00.1, bound to their own driver.
class Request : public testing::Test {
protected:
    Request() {
        const auto image = support::ConfigBuilder{}.head(0x80).express(0x80, 0).image();
        for (const auto* const address : {"0000:01:00.0", "0000:01:00.1"})
            tree_.add({.address = address,
                       .config = {image.bytes().begin(), image.bytes().end()},
                       .driver = "nvme",
                       .group = "14"});
    }

    Result<model::machine::MachinePlan> plan(const MachineArguments& arguments) {
        const Host host{.sysfs =
                            host::sysfs::Sysfs{
                                {.sysfs = tree_.sysfs(), .dev = tree_.dev(), .proc = tree_.proc()}},
                        .find_function_of = [](int file) -> Result<pci::Address> {
                            if (file == 5) return pci::Address{.bus = 1};
                            return malformed("fd={}: it is null", file);
                        },
                        .check_is_iommufd = [](int file) -> Result<void> {
                            if (file == 6) return {};
                            return malformed("--iommufd: fd={}: it is null", file);
                        },
                        .check_is_kvm = [](int file) -> Result<void> {
                            if (file == 7) return {};
                            return malformed("--kvm: fd={}: it is null", file);
                        },
                        .physical_bits = [](std::optional<int> kvm) -> Known<unsigned> {
                            if (kvm == 7) return 45u;
                            return Unknown{"KVM was not asked"};
                        }};
        TENON_TRY(planned, plan_machine(host, arguments), "");
        return std::move(planned.plan);
    }

    std::string wrong(const MachineArguments& arguments) {
        const auto made = plan(arguments);
        return made ? "no error" : made.error().what;
    }

    support::FakeSysfs tree_;
};

TEST_F(Request, GivesEachDeviceAPortOfItsOwn) {
    const auto made = plan({.devices = {"01:00.0", "0000:01:00.1"}}).value();

    ASSERT_EQ(made.ports.size(), 2u);
    EXPECT_EQ(made.ports[0]->name, "rp0");
    EXPECT_EQ(made.ports[1]->name, "rp1");
    EXPECT_EQ(made.ports[1]->functions[0].view.id, "dev1");
    EXPECT_EQ(made.version, "tenon-1");
}

TEST_F(Request, PutsDevicesWhereTheirKeysSay) {
    const auto made =
        plan({.ports = {"slot"},
              .devices = {"01:00.0,port=slot,id=disk,iommu=group", "01:00.1,port=slot,function=4"}})
            .value();

    ASSERT_EQ(made.ports.size(), 1u);
    EXPECT_EQ(made.ports[0]->functions[0].view.id, "disk");
    EXPECT_EQ(made.ports[0]->functions[0].access.interface, device::Interface::Group);
    EXPECT_EQ(made.ports[0]->functions[1].view.function, 4u);
}

TEST_F(Request, FindsTheFunctionBehindAFile) {
    const auto made = plan({.devices = {"fd=5,id=disk"}}).value();

    const auto& function = made.ports[0]->functions[0];
    EXPECT_EQ(function.view.host, "0000:01:00.0");
    EXPECT_EQ(function.view.id, "disk");
    EXPECT_EQ(function.access.file, 5);
    EXPECT_EQ(function.access.interface, device::Interface::Iommufd);
    EXPECT_EQ(plan({.devices = {"01:00.0,fd=5"}}).value().ports[0]->functions[0].access.file, 5);
}

TEST_F(Request, RefusesAFileOfSomethingElse) {
    EXPECT_EQ(wrong({.devices = {"01:00.1,fd=5"}}), "01:00.1: fd=5 is 0000:01:00.0");
    EXPECT_EQ(wrong({.devices = {"fd=7"}}), "fd=7: it is null");
    EXPECT_EQ(wrong({.devices = {"fd=5", "01:00.0"}}), "0000:01:00.0 is given twice");
}

TEST_F(Request, PrefersIommufdWhereItIsHandedOver) {
    const auto made =
        plan({.devices = {"01:00.0", "01:00.1,iommu=group"}, .iommufd = "fd=6"}).value();

    EXPECT_EQ(made.ports[0]->functions[0].access.interface, device::Interface::Iommufd);
    EXPECT_EQ(made.ports[1]->functions[0].access.interface, device::Interface::Group);
    EXPECT_EQ(wrong({.devices = {"01:00.0"}, .iommufd = "fd=7"}), "--iommufd: fd=7: it is null");
    EXPECT_EQ(wrong({.devices = {"01:00.0"}, .iommufd = "6"}), "--iommufd: \"6\" is not key=value");
}

TEST_F(Request, AsksTheKvmThatIsHandedOver) {
    EXPECT_EQ(plan({.devices = {"01:00.0"}, .kvm = "fd=7"})->physical_bits, 45u);
    EXPECT_EQ(wrong({.devices = {"01:00.0"}, .kvm = "fd=6"}), "--kvm: fd=6: it is null");
    EXPECT_EQ(wrong({.devices = {"01:00.0"}, .kvm = "fd=x"}),
              "--kvm: fd=x: it is not the number of a file");
}

TEST_F(Request, SaysWhichRomCannotBeRead) {
    EXPECT_EQ(wrong({.devices = {"01:00.0,rom=/nonexistent"}}),
              "01:00.0: rom=/nonexistent: /nonexistent: No such file or directory");
}

TEST_F(Request, PutsProcessesBehindPortsAsDevices) {
    const auto made =
        plan({.ports = {"slot"},
              .devices = {"01:00.0"},
              .backends = {{"vhost-user", {"/run/a,type=blk,port=slot", "/run/b,type=net"}}}})
            .value();

    ASSERT_EQ(made.ports.size(), 3u);
    EXPECT_EQ(made.ports[0]->functions[0].view.host, "vhost-user:/run/a");
    EXPECT_EQ(made.ports[0]->functions[0].view.id, "dev1");
    EXPECT_EQ(made.ports[2]->functions[0].view.device, 0x1041u);
    EXPECT_EQ(made.ports[2]->functions[0].backend->queues, 2u);
    EXPECT_FALSE(made.peers);
    EXPECT_EQ(made.ports[2]->functions[0].view.warnings.size(), 1u);  // Of memory in a file.
}

TEST_F(Request, PredictsNoProcessOfQemus) {
    EXPECT_THAT(wrong({.version = "QEMU 11.1", .backends = {{"vhost-user", {"/run/a,type=blk"}}}}),
                testing::HasSubstr("not predicted"));
}

TEST_F(Request, RefusesAProcessTwice) {
    EXPECT_EQ(wrong({.backends = {{"vhost-user", {"/run/a,type=blk", "/run/a,type=net"}}}}),
              "vhost-user:/run/a is given twice");
}

TEST_F(Request, GivesAnImageToOneWriter) {
    const auto disks = [](std::vector<std::string> texts) {
        return MachineArguments{.backends = {{"disk", std::move(texts)}}};
    };

    EXPECT_EQ(wrong(disks({"a.img", "a.img,port=b"})), "disk:a.img is given twice");
    EXPECT_EQ(plan(disks({"a.img,readonly", "a.img,readonly"}))->ports.size(), 2u);
}

TEST_F(Request, GivesNetworksAddressesThatDiffer) {
    const auto made =
        plan({.backends = {{"net", {"user", "user,mac=52:54:00:12:34:57", "user"}}}}).value();
    using Mac = model::virtio::MacAddress;

    EXPECT_EQ(made.ports[0]->functions[0].backend->mac, (Mac{0x52, 0x54, 0, 0x12, 0x34, 0x56}));
    EXPECT_EQ(made.ports[1]->functions[0].backend->mac, (Mac{0x52, 0x54, 0, 0x12, 0x34, 0x57}));
    EXPECT_EQ(made.ports[2]->functions[0].backend->mac, (Mac{0x52, 0x54, 0, 0x12, 0x34, 0x58}));
}

TEST_F(Request, NamesNoSocketWhereNamesAreTaken) {
    const auto made =
        plan({.backends = {{"vhost-user", {"/run/secret,type=blk"}}}, .anonymize = true}).value();

    EXPECT_EQ(made.ports[0]->functions[0].view.host, "vhost-user:SOCKET");
}

TEST_F(Request, RefusesAFunctionTwice) {
    EXPECT_EQ(wrong({.devices = {"01:00.0", "0000:01:00.0"}}), "0000:01:00.0 is given twice");
}

TEST_F(Request, RefusesWhatDoesNotExist) {
    EXPECT_EQ(wrong({.devices = {"02:00.0"}}), "0000:02:00.0: this host has no such PCI function");
    EXPECT_TRUE(wrong({.version = "pc-1", .devices = {"01:00.0"}})
                    .starts_with("machine version \"pc-1\" is not known; known: tenon-1"));
    EXPECT_EQ(wrong({.ports = {"a", "a"}, .devices = {"01:00.0"}}), "port a is given twice");
}

}  // namespace
}  // namespace tenon::library
