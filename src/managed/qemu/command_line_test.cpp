#include "managed/qemu/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace tenon::managed::qemu {
namespace {

using said::Board;
using said::Configuration;
using said::Form;
using said::Mistake;
using testing::HasSubstr;

Configuration read(std::string_view text, std::map<std::string, std::string> files = {}) {
    const auto words = read_command(text, "vm.sh");
    EXPECT_TRUE(words);
    auto configuration =
        read_command_line(*words, [&](const std::string& path) -> Result<std::string> {
            const auto file = files.find(path);
            if (file == files.end()) return fail(Error::Kind::NotFound, "{}: not there", path);
            return file->second;
        });
    EXPECT_TRUE(configuration);
    return *std::move(configuration);
}

TEST(CommandLine, ReadsKeysOfADevice) {
    const auto vm =
        read("kvm -device vfio-pci,host=65:00.0,romfile=/a,,b,id=gpu,x-vga,nomultifunction");

    ASSERT_EQ(vm.devices.size(), 1u);
    const auto& device = vm.devices[0];
    EXPECT_EQ(device.type, "vfio-pci");
    EXPECT_EQ(device.id, "gpu");
    EXPECT_EQ(device.form, Form::Keys);
    EXPECT_EQ(device.properties.text("host"), "65:00.0");
    EXPECT_EQ(device.properties.text("romfile"), "/a,b");
    EXPECT_EQ(device.properties.text("x-vga"), "on");
    EXPECT_EQ(device.properties.text("multifunction"), "off");
    EXPECT_EQ(device.place, (said::Place{.file = "vm.sh", .line = 1, .word = 2}));
}

TEST(CommandLine, TakesTheDriverByItsName) {
    const auto vm = read("kvm --device id=a,driver=VGA");

    ASSERT_EQ(vm.devices.size(), 1u);
    EXPECT_EQ(vm.devices[0].type, "VGA");
    EXPECT_EQ(vm.devices[0].id, "a");
}

TEST(CommandLine, ReadsJson) {
    const auto vm = read(
        R"(kvm -device '{"driver":"pcie-root-port","port":8,"chassis":1,"id":"pci.1","multifunction":true,"addr":"0x1"}')");

    ASSERT_EQ(vm.devices.size(), 1u);
    const auto& device = vm.devices[0];
    EXPECT_EQ(device.form, Form::Json);
    EXPECT_EQ(device.id, "pci.1");
    EXPECT_EQ(device.properties.text("port"), "8");
    EXPECT_EQ(device.properties.find("port")->kind, said::ValueKind::Number);
    EXPECT_EQ(device.properties.text("multifunction"), "on");
    EXPECT_TRUE(vm.mistakes.empty());
}

TEST(CommandLine, MergesMachines) {
    const auto vm = read("kvm -M q35,kernel_irqchip=on -machine type=pc,kernel-irqchip=split");

    EXPECT_EQ(vm.machine.text("type"), "pc");
    EXPECT_EQ(vm.machine.text("kernel-irqchip"), "split");
    EXPECT_EQ(said::board_of(vm), Board::Pc);
}

TEST(CommandLine, KnowsBoardsAndVersions) {
    EXPECT_EQ(said::board_of(read("kvm -m 1G")), Board::Pc);
    EXPECT_EQ(said::board_of(read("kvm -M q35")), Board::Q35);
    EXPECT_EQ(said::board_of(read("kvm -M type=pc+pve0")), Board::Pc);  // As Proxmox writes it.
    EXPECT_EQ(said::board_of(read("kvm -M q35+pve1")), Board::Q35);
    EXPECT_EQ(said::board_of(read("kvm -M microvm")), Board::Other);
    EXPECT_EQ(said::version_of(read("kvm -M q35")), std::nullopt);
    EXPECT_EQ(said::version_of(read("kvm -M pc-q35-9.2")),
              (said::MachineVersion{.major = 9, .minor = 2}));
    EXPECT_EQ(said::version_of(read("kvm -M pc-i440fx-10.0+pve1")),
              (said::MachineVersion{.major = 10, .minor = 0}));
}

TEST(CommandLine, ReadsCpuFlags) {
    const auto vm = read("kvm -cpu host,+vmx,-hypervisor,kvm=off,hv_time");

    ASSERT_NE(vm.cpu(), nullptr);
    EXPECT_EQ(vm.cpu()->type, "host");
    EXPECT_EQ(vm.cpu()->properties.text("vmx"), "on");
    EXPECT_EQ(vm.cpu()->properties.text("hypervisor"), "off");
    EXPECT_EQ(vm.cpu()->properties.text("kvm"), "off");
    EXPECT_EQ(vm.cpu()->properties.text("hv_time"), "on");
}

TEST(CommandLine, SetsPropertiesOfDevicesBefore) {
    const auto vm = read("kvm -device vfio-pci,host=1:0.0,id=a -set device.a.rombar=0");

    EXPECT_EQ(vm.devices.at(0).properties.text("rombar"), "0");
    EXPECT_TRUE(vm.mistakes.empty());
}

TEST(CommandLine, RefusesToSetWhatIsInJsonOrNotThere) {
    const auto json = read(R"(kvm -device '{"driver":"VGA","id":"a"}' -set device.a.x=1)");
    ASSERT_EQ(json.mistakes.size(), 1u);
    EXPECT_EQ(json.mistakes[0].kind, Mistake::Kind::SetOnJson);

    const auto early = read("kvm -set device.a.x=1 -device VGA,id=a");
    ASSERT_EQ(early.mistakes.size(), 1u);
    EXPECT_EQ(early.mistakes[0].kind, Mistake::Kind::Syntax);
}

TEST(CommandLine, GlobalsAreForThoseThatDoNotSay) {
    const auto vm = read(
        "kvm -global pcie-root-port.x-speed=32 -global driver=VGA,property=vgamem_mb,value=8 "
        "-device pcie-root-port,id=a -device pcie-root-port,id=b,x-speed=8 -device VGA");

    EXPECT_EQ(said::value_of(vm, vm.devices[0], "x-speed")->text, "32");
    EXPECT_EQ(said::value_of(vm, vm.devices[1], "x-speed")->text, "8");
    EXPECT_EQ(said::value_of(vm, vm.devices[2], "vgamem_mb")->text, "8");
    EXPECT_EQ(said::value_of(vm, vm.devices[2], "x-speed"), nullptr);
}

TEST(CommandLine, ReadsConfigFiles) {
    const auto vm = read("kvm -readconfig q35.cfg -set device.port1.x-speed=32",
                         {{"q35.cfg",
                           "# ports\n[device \"port1\"]\n  driver = \"pcie-root-port\"\n"
                           "  addr = \"1c.0\"\n\n[machine]\n type = \"q35\"\n"}});

    ASSERT_EQ(vm.devices.size(), 1u);
    EXPECT_EQ(vm.devices[0].id, "port1");
    EXPECT_EQ(vm.devices[0].form, Form::ConfigFile);
    EXPECT_EQ(vm.devices[0].properties.text("addr"), "1c.0");
    EXPECT_EQ(vm.devices[0].properties.text("x-speed"), "32");
    EXPECT_EQ(vm.devices[0].place, (said::Place{.file = "q35.cfg", .line = 2}));
    EXPECT_EQ(vm.machine.text("type"), "q35");
}

TEST(CommandLine, NamesConfigFilesThatAreNoneOrNotThere) {
    const auto missing = read("kvm -readconfig a.cfg -m 1G");
    ASSERT_EQ(missing.unknown.size(), 1u);
    EXPECT_THAT(missing.unknown[0].what, HasSubstr("cannot be read"));

    const auto wrong = read("kvm -readconfig a.cfg -m 1G", {{"a.cfg", "[device \"a\"]\nx\n"}});
    ASSERT_EQ(wrong.mistakes.size(), 1u);
    EXPECT_THAT(wrong.mistakes[0].note.what, HasSubstr("a.cfg:2"));
}

TEST(CommandLine, KnowsTheNumberThatProxmoxGivesItsGuests) {
    const auto vm = read("/usr/bin/kvm -id 101 -m 1G");

    EXPECT_THAT(vm.unknown, testing::IsEmpty());
    EXPECT_EQ(vm.memory.text("size"), "1G");
}

TEST(CommandLine, NamesUnknownOptionsOnce) {
    const auto vm = read("kvm -frobnicate 1 -m 1G -frobnicate 2 -device VGA");

    ASSERT_EQ(vm.unknown.size(), 1u);
    EXPECT_EQ(vm.unknown[0].word, "-frobnicate");
    EXPECT_EQ(vm.devices.size(), 1u);
}

TEST(CommandLine, RefusesAnOptionWithoutItsArgument) {
    const auto vm = read("kvm -m 1G -device");

    ASSERT_EQ(vm.mistakes.size(), 1u);
    EXPECT_EQ(vm.mistakes[0].note.what, "has no argument");
}

TEST(CommandLine, RefusesJsonOfWrongTypes) {
    for (const auto* const device : {R"({"driver":"pcie-root-port","chassis":"1"})",
                                     R"({"driver":"VGA","multifunction":"on"})",
                                     R"({"driver":"pcie-root-port","x-speed":16})"}) {
        const auto vm = read(fmt::format("kvm -device '{}'", device));
        ASSERT_EQ(vm.mistakes.size(), 1u) << device;
        EXPECT_EQ(vm.mistakes[0].kind, Mistake::Kind::JsonType);
    }
}

// As libvirt writes them: of USB a port is a path, of virtio ATS is a flag.
TEST(CommandLine, KnowsThatNamesMeanOtherThingsElsewhere) {
    const auto vm = read(R"(kvm -device '{"driver":"usb-tablet","bus":"usb.0","port":"1"}' )"
                         R"(-device '{"driver":"virtio-net-pci","ats":true}' )"
                         R"(-device '{"driver":"vfio-pci","host":"65:00.0","ats":"off"}')");

    EXPECT_TRUE(vm.mistakes.empty());
}

TEST(CommandLine, KeepsBrokenDevicesAsMistakes) {
    for (const auto* const device : {"'{\"driver\":'", "'{}'", "id=a", "'{\"a\":1}'"}) {
        const auto vm = read(fmt::format("kvm -m 1G -device {}", device));
        EXPECT_TRUE(vm.devices.empty()) << device;
        EXPECT_EQ(vm.mistakes.size(), 1u) << device;
    }
}

TEST(CommandLine, KnowsUefiFirmware) {
    EXPECT_EQ(read("kvm -m 1G").firmware, said::Firmware::Default);
    EXPECT_EQ(read("kvm -drive if=pflash,file=a").firmware, said::Firmware::Flash);
    EXPECT_EQ(read("kvm -M q35,pflash0=a").firmware, said::Firmware::Flash);
    EXPECT_EQ(read("kvm -bios /usr/share/OVMF/OVMF.fd").firmware, said::Firmware::Flash);
    EXPECT_EQ(read("kvm -bios seabios.bin").firmware, said::Firmware::Other);
}

TEST(CommandLine, IsNoneWithoutAnOption) {
    const auto words = read_command("kvm disk.img", "vm.sh");
    ASSERT_TRUE(words);

    EXPECT_FALSE(read_command_line(*words, nullptr));
}

TEST(CommandLine, HoldsNoMoreDevicesThanItMay) {
    std::string text = "kvm";
    for (std::size_t n = 0; n < said::most_options + 5; ++n)
        text += " -device VGA";

    const auto vm = read(text);

    EXPECT_EQ(vm.devices.size(), said::most_options);
    EXPECT_EQ(vm.unknown.size(), 1u);
}

}  // namespace
}  // namespace tenon::managed::qemu
