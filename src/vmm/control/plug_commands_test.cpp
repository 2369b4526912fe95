#include "vmm/control/plug_commands.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "tests/support/qmp_command.hpp"

namespace tenon::vmm::control {
namespace {

using Json = nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Fd some_file() { return Fd::open("/dev/null", O_RDONLY).value(); }

bool is_open(int number) { return ::fcntl(number, F_GETFD) >= 0; }

class PlugCommands : public testing::Test {
protected:
    Result<Json> run(std::string_view name, const char* arguments) {
        for (const auto& command : commands)
            if (command.name == name) return carry_out(command, Json::parse(arguments), files);
        return malformed("no command {}", name);
    }
    std::string refusal(std::string_view name, const char* arguments) {
        const auto answer = run(name, arguments);
        return answer ? "" : answer.error().what;
    }

    void arrive() {
        std::vector<Fd> one;
        one.push_back(some_file());
        files.arrive(std::move(one));
    }

    std::vector<slots::PlugRequest> added;
    bool file_was_open = false;
    std::vector<std::string> removed;
    std::vector<std::string> pulled;
    Plugging plugging{.add = [this](const slots::PlugRequest& request) -> Result<slots::Plugged> {
                          added.push_back(request);
                          file_was_open = request.iommufd && is_open(*request.iommufd);
                          return slots::Plugged{.id = "dev0", .warnings = {}};
                      },
                      .remove = [this](const std::string& id) -> Result<void> {
                          removed.push_back(id);
                          return {};
                      },
                      .pull_out = [this](const std::string& id) -> Result<void> {
                          pulled.push_back(id);
                          return {};
                      }};
    QmpFiles files;
    std::vector<QmpCommand> commands = make_plug_commands(plugging);
};

TEST_F(PlugCommands, AddADeviceInTheWordsOfTheCommandLine) {
    ASSERT_TRUE(run("device_add", R"({"driver":"vfio-pci","host":"0000:01:00.0","id":"disk",
                                      "bus":"rp1","addr":"0x0.0x1","multifunction":true,
                                      "ats":"off","reset":"none"})"));
    ASSERT_EQ(added.size(), 1u);
    EXPECT_EQ(added[0].device, "0000:01:00.0,function=1,ats=off,port=rp1,id=disk,reset=none");
    EXPECT_FALSE(added[0].iommufd);
}

TEST_F(PlugCommands, RefuseWhatIsNoDevice) {
    EXPECT_THAT(refusal("device_add", "{}"), HasSubstr("'driver' is missing"));
    EXPECT_THAT(refusal("device_add", R"({"driver":"e1000"})"), HasSubstr("vfio-pci"));
    EXPECT_THAT(refusal("device_add", R"({"driver":"vfio-pci"})"), HasSubstr("'host'"));
    EXPECT_THAT(refusal("device_add", R"({"driver":"vfio-pci","host":7})"), HasSubstr("string"));
    EXPECT_THAT(refusal("device_add", R"({"driver":"vfio-pci","host":"01:00.0","id":["x"]})"),
                HasSubstr("'id'"));
    EXPECT_THAT(added, IsEmpty());
}

TEST_F(PlugCommands, AddAProcessByTheNameOfItsOption) {
    ASSERT_TRUE(run("device_add", R"({"driver":"disk","file":"/srv/a.img","readonly":true,
                                      "id":"data","bus":"rp1","addr":"0.1"})"));
    ASSERT_EQ(added.size(), 1u);
    EXPECT_EQ(added[0].option, "disk");
    EXPECT_EQ(added[0].device, "function=1,port=rp1,file=/srv/a.img,id=data,readonly=on");
}

TEST_F(PlugCommands, AddAProcessBehindASocketByQemusName) {
    ASSERT_TRUE(run("device_add", R"({"driver":"vhost-user-blk-pci","socket":"/run/a"})"));
    ASSERT_EQ(added.size(), 1u);
    EXPECT_EQ(added[0].option, "vhost-user");
    EXPECT_EQ(added[0].device, "type=blk,socket=/run/a");
    EXPECT_THAT(refusal("device_add", R"({"driver":"vhost-user-pci","socket":"/run/a"})"),
                HasSubstr("vfio-pci, disk, net, share, vhost-user and vhost-user-TYPE-pci are"));
    EXPECT_THAT(refusal("device_add", R"({"driver":"disk","file":"a,b"})"), HasSubstr("a comma"));
    EXPECT_EQ(added.size(), 1u);
}

TEST_F(PlugCommands, LetNoValueBringAKeyWithIt) {
    EXPECT_THAT(refusal("device_add", R"({"driver":"vfio-pci","host":"01:00.0,reset=none"})"),
                HasSubstr("address"));
    EXPECT_THAT(refusal("device_add", R"({"driver":"vfio-pci","host":"01:00.0","id":"x,port=p"})"),
                HasSubstr("comma"));
    EXPECT_THAT(added, IsEmpty());
}

TEST_F(PlugCommands, LetNoNameBringAKeyWithIt) {
    EXPECT_THAT(refusal("device_add", R"({"driver":"vfio-pci","host":"01:00.0","ats=on,fd":"3"})"),
                HasSubstr("unexpected"));
    EXPECT_THAT(refusal("device_add", R"({"driver":"vfio-pci","host":"01:00.0","fd=3,ats":"on"})"),
                HasSubstr("unexpected"));
    EXPECT_THAT(added, IsEmpty());
}

// A command line may name a capture, or a file of this process.
TEST_F(PlugCommands, KnowAHostsDeviceByItsAddressAlone) {
    for (const auto* const host : {"fd=3", "/dev/kmsg", "capture.json", "01:00.*", ""})
        EXPECT_THAT(
            refusal("device_add",
                    (R"({"driver":"vfio-pci","host":")" + std::string{host} + "\"}").c_str()),
            HasSubstr("not a PCI address"))
            << host;
    EXPECT_THAT(added, IsEmpty());
}

TEST_F(PlugCommands, KnowDeviceZeroAloneBehindAPort) {
    for (const auto* const address : {"1", "1.0", "0.8", "0.", "x", "0.1.2", ""})
        EXPECT_THAT(refusal("device_add", (R"({"driver":"vfio-pci","host":"01:00.0","addr":")" +
                                           std::string{address} + "\"}")
                                              .c_str()),
                    HasSubstr("device 0 alone"))
            << address;
    ASSERT_TRUE(run("device_add", R"({"driver":"vfio-pci","host":"01:00.0","addr":"0x0"})"));
    EXPECT_EQ(added[0].device, "01:00.0,function=0");
}

TEST_F(PlugCommands, TakeTheFilesThatAClientHandsOver) {
    arrive();
    ASSERT_TRUE(run("getfd", R"({"fdname":"iommu"})"));
    arrive();
    ASSERT_TRUE(run("getfd", R"({"fdname":"node"})"));
    ASSERT_TRUE(run("object-add", R"({"qom-type":"iommufd","id":"iommufd0","fd":"iommu"})"));

    ASSERT_TRUE(
        run("device_add", R"({"driver":"vfio-pci","fd":"node","iommufd":"iommufd0","id":"gpu"})"));

    ASSERT_EQ(added.size(), 1u);
    EXPECT_THAT(added[0].device, testing::MatchesRegex("fd=[0-9]+,iommu=iommufd,id=gpu"));
    ASSERT_TRUE(added[0].iommufd);
    EXPECT_TRUE(file_was_open);
    // The device's own file was for that one time; the object's is for the next one too.
    const int node = std::stoi(added[0].device.substr(3));
    EXPECT_FALSE(is_open(node));
    EXPECT_TRUE(is_open(*added[0].iommufd));
    EXPECT_THAT(refusal("device_add", R"({"driver":"vfio-pci","fd":"node"})"),
                HasSubstr("'node' has not been found"));
    ASSERT_TRUE(run("object-del", R"({"id":"iommufd0"})"));
    EXPECT_FALSE(is_open(*added[0].iommufd));
}

TEST_F(PlugCommands, NameFilesThatCame) {
    EXPECT_THAT(refusal("getfd", R"({"fdname":"a"})"), HasSubstr("SCM_RIGHTS"));
    arrive();
    EXPECT_THAT(refusal("getfd", R"({"fdname":"0a"})"), HasSubstr("digit"));
    EXPECT_THAT(refusal("closefd", R"({"fdname":"a"})"), HasSubstr("not been found"));
    arrive();
    ASSERT_TRUE(run("getfd", R"({"fdname":"a"})"));
    ASSERT_TRUE(run("closefd", R"({"fdname":"a"})"));
    EXPECT_THAT(refusal("closefd", R"({"fdname":"a"})"), HasSubstr("not been found"));
}

TEST_F(PlugCommands, KeepOnlySoManyFiles) {
    const auto name = [&](std::size_t n) {
        arrive();
        return refusal("getfd", fmt::format(R"({{"fdname":"file{}"}})", n).c_str());
    };
    for (std::size_t n = 0; n < QmpFiles::most; ++n)
        ASSERT_EQ(name(n), "");
    EXPECT_THAT(name(QmpFiles::most), HasSubstr("closefd"));
}

TEST_F(PlugCommands, KnowObjectsOfOneKind) {
    EXPECT_THAT(refusal("object-add", R"({"qom-type":"memory-backend-ram","id":"m"})"),
                HasSubstr("iommufd is known"));
    ASSERT_TRUE(run("object-add", R"({"qom-type":"iommufd","id":"i"})"));
    EXPECT_THAT(refusal("object-add", R"({"qom-type":"iommufd","id":"i"})"), HasSubstr("'i'"));
    ASSERT_TRUE(run("device_add", R"({"driver":"vfio-pci","host":"01:00.0","iommufd":"i"})"));
    EXPECT_EQ(added[0].device, "01:00.0,iommu=iommufd");
    EXPECT_FALSE(added[0].iommufd);
    EXPECT_THAT(refusal("object-del", R"({"id":"j"})"), HasSubstr("'j'"));
    EXPECT_THAT(refusal("device_add", R"({"driver":"vfio-pci","host":"01:00.0","iommufd":"j"})"),
                HasSubstr("'j'"));
}

TEST_F(PlugCommands, RemoveByAskingOrByForce) {
    ASSERT_TRUE(run("device_del", R"({"id":"a"})"));
    ASSERT_TRUE(run("device_del", R"({"id":"b","force":false})"));
    ASSERT_TRUE(run("device_del", R"({"id":"c","force":true})"));
    ASSERT_TRUE(run("device_del", R"({"id":"d","force":"true"})"));
    EXPECT_THAT(refusal("device_del", R"({"id":"e","force":"maybe"})"), HasSubstr("boolean"));
    EXPECT_THAT(refusal("device_del", "{}"), HasSubstr("'id' is missing"));
    EXPECT_THAT(removed, ElementsAre("a", "b"));
    EXPECT_THAT(pulled, ElementsAre("c", "d"));
}

TEST(PlugEvents, HaveQemusNames) {
    const auto gone =
        event_of(slots::PlugEvent{.kind = slots::PlugEvent::Kind::Deleted, .id = "disk"});
    EXPECT_EQ(gone.name, "DEVICE_DELETED");
    EXPECT_EQ(gone.data, Json::parse(R"({"device":"disk","path":"/machine/peripheral/disk"})"));
    EXPECT_EQ(
        event_of(slots::PlugEvent{.kind = slots::PlugEvent::Kind::NotLetGo, .id = "disk"}).name,
        "DEVICE_UNPLUG_GUEST_ERROR");
}

}  // namespace
}  // namespace tenon::vmm::control
