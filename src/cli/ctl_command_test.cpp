#include "cli/ctl_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "vmm/control/control_socket.hpp"

namespace tenon::cli {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

class CtlCommand : public testing::Test {
protected:
    void SetUp() override {
        auto listener = vmm::control::ControlSocket::Listener::bind(path);
        ASSERT_TRUE(listener) << to_string(listener.error());
        socket = std::move(*vmm::control::ControlSocket::create(
            std::move(*listener), {.package = "tenon"}, [](const std::string&) {}));
        const auto echo = [](const Json& given, vmm::control::QmpFiles&) -> Result<Json> {
            return given;
        };
        socket->serve({{.name = "echo", .arguments = {"a", "b", "c"}, .run = echo},
                       {.name = "query-commands",
                        .arguments = {},
                        .run = [](const Json&, vmm::control::QmpFiles&) -> Result<Json> {
                            return Json::array({"all"});
                        }}});
    }

    std::string path = testing::TempDir() + "tenon-ctl-" + std::to_string(::getpid());
    std::unique_ptr<vmm::control::ControlSocket> socket;
};

TEST_F(CtlCommand, PrintsWhatComesBack) {
    const auto outcome = run_ctl({.socket = path, .words = {"echo", "a=1", "b=true", "c=x=y"}});

    EXPECT_EQ(outcome.status, status::good);
    EXPECT_EQ(Json::parse(outcome.out), Json::parse(R"({"a":1,"b":true,"c":"x=y"})"));
    EXPECT_EQ(outcome.err, "");
}

TEST_F(CtlCommand, PrintsNothingForNothing) {
    const auto outcome = run_ctl({.socket = path, .words = {"echo"}});

    EXPECT_EQ(outcome.status, status::good);
    EXPECT_EQ(outcome.out, "");
}

TEST_F(CtlCommand, AsksForAllCommandsWithoutOne) {
    EXPECT_EQ(Json::parse(run_ctl({.socket = path, .words = {}}).out), Json::array({"all"}));
}

TEST_F(CtlCommand, SaysWhatTheOtherSideRefuses) {
    const auto outcome = run_ctl({.socket = path, .words = {"none"}});

    EXPECT_EQ(outcome.status, status::refused);
    EXPECT_EQ(outcome.err, "tenon: CommandNotFound: the command none is not known\n");
}

TEST_F(CtlCommand, RefusesWordsWithoutAValue) {
    const auto outcome = run_ctl({.socket = path, .words = {"echo", "a"}});

    EXPECT_EQ(outcome.status, status::wrong);
    EXPECT_EQ(outcome.err, "tenon: a: an argument is key=value\n");
}

TEST_F(CtlCommand, SaysThatNobodyAnswers) {
    const auto outcome = run_ctl({.socket = path + "-not", .words = {"echo"}});

    EXPECT_EQ(outcome.status, status::wrong);
    EXPECT_THAT(outcome.err, HasSubstr("control socket " + path + "-not"));
    EXPECT_THAT(outcome.err, HasSubstr("No such file"));
}

}  // namespace
}  // namespace tenon::cli
