#include "library/device_argument.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace tenon::library {
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
                              .interface = device::Interface::Group}));
    EXPECT_EQ(parse_device_argument("65:00.0,iommu=iommufd").value().interface,
              device::Interface::Iommufd);
    EXPECT_EQ(parse_device_argument("65:00.0,iommu=auto").value().interface,
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
    EXPECT_EQ(parse_device_argument(path + ",id=b")
                  .error()
                  .what.find(testing::TempDir() + "dump: id= is given twice"),
              0u);
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

TEST(DeviceArgument, NamesADevice) {
    EXPECT_EQ(wrong_device(""), "device \"\": no device is named");
    EXPECT_EQ(wrong_device(",id=a"), "device \",id=a\": no device is named");
}

TEST(PortArgument, IsAName) {
    EXPECT_EQ(parse_port_argument("slot1").value().name, "slot1");
    EXPECT_EQ(parse_port_argument("slot1,x=y").error().what,
              "port slot1: unknown key \"x\"; it has none");
    EXPECT_FALSE(parse_port_argument(""));
    EXPECT_FALSE(parse_port_argument("a:b"));
}

}  // namespace
}  // namespace tenon::library
