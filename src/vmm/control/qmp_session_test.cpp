#include "vmm/control/qmp_session.hpp"

#include <gtest/gtest.h>

namespace tenon::vmm::control {
namespace {

using Json = nlohmann::json;

class QmpSessionTest : public testing::Test {
protected:
    // The one answer to `input`.
    Json ask(std::string_view input) {
        EXPECT_TRUE(session.feed(input));
        const auto out = rest();
        EXPECT_TRUE(out.ends_with("}\r\n")) << out;
        return Json::parse(out);
    }
    // The answers to what waits.
    std::string rest() {
        std::string out;
        while (session.waits())
            out += session.next().out;
        return out;
    }
    void negotiate() {
        EXPECT_EQ(ask(R"({"execute":"qmp_capabilities"})"), Json::parse(R"({"return":{}})"));
    }
    std::string error_of(std::string_view input) {
        const auto answer = ask(input);
        const auto& error = answer.at("error");
        return error.at("class").get<std::string>() + ": " + error.at("desc").get<std::string>();
    }

    const std::vector<QmpCommand> commands{
        {.name = "echo",
         .arguments = {"text"},
         .run = [](const Json& given, QmpFiles&) -> Result<Json> { return given; }},
        {.name = "lose",
         .arguments = {},
         .run = [](const Json&, QmpFiles&) -> Result<Json> {
             return fail(Error::Kind::NotFound, "no such device");
         }},
        {.name = "fail",
         .arguments = {},
         .run = [](const Json&, QmpFiles&) -> Result<Json> { return malformed("no"); }},
        {.name = "work", .arguments = {}, .begin = [](const Json&, QmpFiles&) -> Result<QmpWork> {
             return QmpWork{[]() -> Result<Json> { return Json("done"); }};
         }}};
    const QmpVersion version{.major = 1, .minor = 2, .micro = 3, .package = "tenon"};
    QmpSession session{commands, version};
};

TEST_F(QmpSessionTest, GreetsWithItsVersion) {
    EXPECT_EQ(
        Json::parse(session.greeting()),
        Json::parse(R"({"QMP":{"version":{"qemu":{"major":1,"minor":2,"micro":3},"package":"tenon"},
                              "capabilities":[]}})"));
}

TEST_F(QmpSessionTest, WantsTheNegotiationFirst) {
    EXPECT_EQ(error_of(R"({"execute":"echo"})"), "CommandNotFound: 'qmp_capabilities' comes first");
    EXPECT_FALSE(session.negotiated());
    negotiate();
    EXPECT_TRUE(session.negotiated());
    EXPECT_EQ(error_of(R"({"execute":"qmp_capabilities"})"),
              "CommandNotFound: capabilities are negotiated already");
}

TEST_F(QmpSessionTest, OffersNoCapability) {
    EXPECT_EQ(error_of(R"({"execute":"qmp_capabilities","arguments":{"enable":["oob"]}})"),
              "GenericError: 'enable' must be an empty list: no capability was offered");
    EXPECT_FALSE(session.negotiated());
    EXPECT_EQ(ask(R"({"execute":"qmp_capabilities","arguments":{"enable":[]}})"),
              Json::parse(R"({"return":{}})"));
}

TEST_F(QmpSessionTest, AnswersWithTheIdThatWasGiven) {
    negotiate();

    EXPECT_EQ(ask(R"({"execute":"echo","arguments":{"text":"a"},"id":[1,{"x":2}]})"),
              Json::parse(R"({"return":{"text":"a"},"id":[1,{"x":2}]})"));
    EXPECT_EQ(ask(R"({"execute":"none","id":"7"})").at("id"), "7");
}

TEST_F(QmpSessionTest, TellsErrorsByTheirClass) {
    negotiate();

    EXPECT_EQ(error_of(R"({"execute":"lose"})"), "DeviceNotFound: no such device");
    EXPECT_EQ(error_of(R"({"execute":"fail"})"), "GenericError: no");
    EXPECT_EQ(error_of(R"({"execute":"none"})"), "CommandNotFound: the command none is not known");
}

TEST_F(QmpSessionTest, RefusesWhatItDoesNotKnow) {
    negotiate();

    EXPECT_EQ(error_of(R"({"execute":"echo","arguments":{"text":"","more":1}})"),
              "GenericError: parameter 'more' is unexpected");
    EXPECT_EQ(error_of(R"({"execute":"echo","arguments":[]})"),
              "GenericError: QMP input member 'arguments' must be an object");
    EXPECT_EQ(error_of(R"({"exec-oob":"echo"})"),
              "GenericError: QMP input member 'exec-oob' is unexpected");
    EXPECT_EQ(error_of(R"({"execute":1})"),
              "GenericError: QMP input lacks member 'execute', a string");
    EXPECT_EQ(error_of("{}"), "GenericError: QMP input lacks member 'execute', a string");
    EXPECT_EQ(error_of("hello\n"),
              "GenericError: a message is a JSON object, which begins with '{'");
}

TEST_F(QmpSessionTest, SendsBackBytesThatAreNoText) {
    negotiate();

    // The parser refuses them; nothing of that may throw.
    EXPECT_EQ(error_of("{\"execute\":\"\xff\"}"),
              "GenericError: a message: line 1: no JSON here, or it is cut off");
}

TEST_F(QmpSessionTest, AnswersEveryCommandOfOnePiece) {
    ASSERT_TRUE(session.feed(
        R"({"execute":"qmp_capabilities"}{"execute":"echo","id":1}{"execute":"echo","id":2})"));

    EXPECT_EQ(rest(),
              "{\"return\":{}}\r\n{\"id\":1,\"return\":{}}\r\n{\"id\":2,\"return\":{}}\r\n");
}

TEST_F(QmpSessionTest, AnswersWhatTakesTimeWhenItIsDone) {
    negotiate();
    ASSERT_TRUE(session.feed(R"({"execute":"work","id":7}{"execute":"echo"})"));

    auto step = session.next();
    EXPECT_EQ(step.out, "");
    EXPECT_TRUE(session.works());
    EXPECT_TRUE(session.waits());
    EXPECT_EQ(session.finish(step.work()), "{\"id\":7,\"return\":\"done\"}\r\n");
    EXPECT_FALSE(session.works());
    EXPECT_EQ(rest(), "{\"return\":{}}\r\n");
}

TEST_F(QmpSessionTest, TellsEventsOnceNegotiated) {
    const QmpEvent event{.name = "STOP", .data = nullptr, .microseconds = 5'000'007};
    EXPECT_EQ(session.event(event), "");
    negotiate();

    EXPECT_EQ(Json::parse(session.event(event)),
              Json::parse(R"({"event":"STOP","timestamp":{"seconds":5,"microseconds":7}})"));
    EXPECT_EQ(Json::parse(session.event({.name = "RESET", .data = {{"guest", true}}})).at("data"),
              Json::parse(R"({"guest":true})"));
}

}  // namespace
}  // namespace tenon::vmm::control
