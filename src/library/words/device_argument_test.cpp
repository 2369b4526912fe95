#include "library/words/device_argument.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace tenon::library::words {
namespace {

std::string wrong_device(std::string_view text) {
    const auto device = parse_device_argument(text);
    return device ? "no error" : device.error().what;
}

TEST(DeviceArgument, IsTheWholeTextWithoutKeys) {
    EXPECT_EQ(parse_device_argument("0000:65:00.0").value(),
              (DeviceArgument{.name = "0000:65:00.0"}));
    EXPECT_EQ(parse_device_argument("dump.txt#65:00.0").value().name, "dump.txt#65:00.0");
}

TEST(DeviceArgument, ReadsEveryKey) {
    EXPECT_EQ(parse_device_argument("65:00.0,id=gpu,port=slot1,function=7,iommu=group").value(),
              (DeviceArgument{.name = "65:00.0",
                              .id = "gpu",
                              .port = "slot1",
                              .function = 7,
                              .access = {.interface = device::Interface::Group}}));
    EXPECT_EQ(parse_device_argument("65:00.0,iommu=iommufd").value().access.interface,
              device::Interface::Iommufd);
    EXPECT_EQ(parse_device_argument("65:00.0,iommu=auto").value().access.interface,
              device::Interface::Automatic);
}

TEST(DeviceArgument, MayHaveACommaInAFileName) {
    EXPECT_EQ(parse_device_argument("no,such,file").value().name, "no,such,file");
    EXPECT_EQ(parse_device_argument("no,such,file,id=a").value(),
              (DeviceArgument{.name = "no,such,file", .id = "a"}));
    EXPECT_EQ(parse_device_argument("a=b,c").value().name, "a=b,c");
}

TEST(DeviceArgument, IsAFileWithThatNameBeforeItHasKeys) {
    const auto path = testing::TempDir() + "dump,id=a";
    std::ofstream{path} << "x";

    EXPECT_EQ(parse_device_argument(path).value().name, path);
    const auto with_key = parse_device_argument(path + ",id=b").value();
    EXPECT_EQ(with_key.name, path);
    EXPECT_EQ(with_key.id, "b");
    std::filesystem::remove(path);
}

TEST(DeviceArgument, AfterAnAddressHasNothingButKeys) {
    EXPECT_EQ(wrong_device("65:00.0,gpu"), "65:00.0: \"gpu\" is not key=value");
}

TEST(DeviceArgument, AfterAFileThatIsThereHasNothingButKeys) {
    const auto path = testing::TempDir() + "device_argument_keys";
    std::ofstream{path} << "x";
    EXPECT_EQ(wrong_device(path + ",id"), path + ": \"id\" is not key=value");
    EXPECT_EQ(wrong_device(path + "#65:00.0,id"), path + "#65:00.0: \"id\" is not key=value");
    std::filesystem::remove(path);
}

TEST(DeviceArgument, NamesTheKeyThatIsWrong) {
    EXPECT_TRUE(wrong_device("65:00.0,bus=1")
                    .starts_with("65:00.0: unknown key \"bus\"; known: id, port, "));
    EXPECT_EQ(wrong_device("65:00.0,function=8"),
              "65:00.0: function=8: a slot has the functions 0 to 7");
    EXPECT_EQ(wrong_device("65:00.0,function=-1"),
              "65:00.0: function=-1: a slot has the functions 0 to 7");
    EXPECT_EQ(wrong_device("65:00.0,iommu=vfio"),
              "65:00.0: iommu=vfio: known are auto, iommufd, group");
    EXPECT_EQ(wrong_device("65:00.0,id=a b"),
              "65:00.0: id \"a b\": a name has letters, digits, \"_\", \"-\" and \".\"");
}

TEST(DeviceArgument, ReadsHowToOpenTheFunction) {
    const auto device =
        parse_device_argument("65:00.0,fd=5,vf-token=bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3").value();

    EXPECT_EQ(device.name, "65:00.0");
    EXPECT_EQ(device.access.file, 5);
    EXPECT_EQ(to_string(device.access.vf_token.value()), "bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3");
    EXPECT_EQ(wrong_device("65:00.0,fd=x"), "65:00.0: fd=x: it is not the number of a file");
    EXPECT_EQ(wrong_device("65:00.0,fd=4294967296"),
              "65:00.0: fd=4294967296: it is not the number of a file");
    EXPECT_EQ(wrong_device("65:00.0,fd=5,iommu=group"),
              "65:00.0: fd= is a node for iommufd: it does not go with iommu=group");
    EXPECT_TRUE(wrong_device("65:00.0,vf-token=secret").starts_with("65:00.0: vf-token: "));
}

TEST(DeviceArgument, MayBeNothingButAFile) {
    const auto device = parse_device_argument("fd=5,id=disk").value();

    EXPECT_EQ(device.name, "");
    EXPECT_EQ(device.id, "disk");
    EXPECT_EQ(device.access.file, 5);
    EXPECT_EQ(parse_device_argument("fd=5").value().access.file, 5);
}

TEST(DeviceArgument, NamesARom) {
    EXPECT_EQ(parse_device_argument("65:00.0,rom=off").value().rom, "off");
    EXPECT_EQ(parse_device_argument("65:00.0").value().rom, "");
}

TEST(DeviceArgument, NamesADevice) {
    EXPECT_EQ(wrong_device(""), "device \"\": no device is named");
    EXPECT_EQ(wrong_device(",id=a"), "device \",id=a\": no device is named");
}

}  // namespace
}  // namespace tenon::library::words
