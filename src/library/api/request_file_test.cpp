#include "library/api/request_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace tenon::library {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RequestFile : public testing::Test {
protected:
    ~RequestFile() override { std::filesystem::remove(path); }

    // A request that names a file of this text, and says `said` besides.
    Result<PlanRequest> with(const std::string& text, PlanRequest said = {}) const {
        std::ofstream{path} << text;
        said.devices.push_back(path);
        return with_file(std::move(said));
    }

    std::string path = testing::TempDir() +
                       testing::UnitTest::GetInstance()->current_test_info()->name() + ".toml";
};

TEST_F(RequestFile, GivesWhatTheRequestDoesNotSay) {
    const auto request = with(
        "cpus = 4\nmemory = \"1G\"\nviommu = \"vtd\"\n"
        "[[port]]\nname = \"a\"\n[[device]]\nhost = \"01:00.0\"\n",
        {.devices = {"02:00.0"}, .memory = "2G"});

    ASSERT_TRUE(request) << request.error().what;
    EXPECT_EQ(request->cpus, "4");
    EXPECT_EQ(request->memory, "2G");
    EXPECT_EQ(request->viommu, "vtd");
    EXPECT_THAT(request->ports, ElementsAre("a"));
    EXPECT_THAT(request->devices, ElementsAre("01:00.0", "02:00.0"));
}

TEST_F(RequestFile, GivesWayToTheSameDeviceAndProcess) {
    const auto request = with(
        "[[device]]\nhost = \"01:00.0\"\nid = \"x\"\n[[disk]]\nfile = \"a.img\"\n"
        "[[disk]]\nfile = \"b.img\"\n",
        {.devices = {"0000:01:00.0"}, .processes = {"disk=b.img,id=b", "colour=red"}});

    ASSERT_TRUE(request) << request.error().what;
    EXPECT_THAT(request->devices, ElementsAre("0000:01:00.0"));
    // Who reads them says that one is none.
    EXPECT_THAT(request->processes, ElementsAre("disk=a.img", "disk=b.img,id=b", "colour=red"));
}

TEST_F(RequestFile, PassesOverWhatOnlyAStartNeeds) {
    const auto request = with("kernel = \"k\"\nnobody = true\nseal = \"full\"\n");

    ASSERT_TRUE(request) << request.error().what;
    EXPECT_THAT(request->devices, IsEmpty());
}

TEST_F(RequestFile, NamesLineAndKeyOfWhatIsWrong) {
    EXPECT_THAT(with("\ncolour = 3\n").error().what,
                HasSubstr(".toml:2: colour: no such key; known: append, control, cpus, device, "));
    EXPECT_THAT(with("nobody = \"no\"\n").error().what, HasSubstr(":1: nobody: it is true or"));
    EXPECT_THAT(with("machine = true\n").error().what, HasSubstr(":1: machine: "));
}

TEST_F(RequestFile, TakesOneFile) {
    EXPECT_THAT(with("cpus = 4\n", {.devices = {"other.toml"}}).error().what,
                HasSubstr("a machine is described by one file"));
}

TEST_F(RequestFile, LeavesARequestWithoutOneAsItIs) {
    const auto request = with_file({.devices = {"01:00.0", "a.lspci"}, .cpus = "3"});

    ASSERT_TRUE(request) << request.error().what;
    EXPECT_THAT(request->devices, ElementsAre("01:00.0", "a.lspci"));
    EXPECT_EQ(request->cpus, "3");
}

}  // namespace
}  // namespace tenon::library
