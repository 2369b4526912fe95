// `tenon ctl` and a server that does not keep to the protocol.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/ctl_command.hpp"
#include "vmm/board/local_address.hpp"

namespace tenon::cli {
namespace {

using testing::HasSubstr;

constexpr std::string_view greeting = "{\"QMP\":{\"version\":{},\"capabilities\":[]}}\r\n";

// Lets one client in, negotiates as it should be, and then does as it is told.
class CtlAndAHostileServer : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(vmm::board::bind_to(listener, *vmm::board::local_address(path)), 0);
        ASSERT_EQ(::listen(listener.number(), 1), 0);
    }
    void TearDown() override {
        ::unlink(path.c_str());
        if (server.joinable()) server.join();
    }

    void serve(std::function<void(const Fd&)> rest) {
        server = std::thread{[this, rest = std::move(rest)] {
            const Fd client{::accept(listener.number(), nullptr, nullptr)};
            say(client, greeting);
            const auto asked = nlohmann::json::parse(hear(client));
            say(client, answer("{\"return\":{}", asked));
            rest(client);
        }};
    }
    // The answer with the id of the command.
    static std::string answer(std::string text, const nlohmann::json& asked) {
        if (asked.contains("id")) text += ",\"id\":" + asked.at("id").dump();
        return text + "}\r\n";
    }
    static bool say(const Fd& to, std::string_view text) {
        while (!text.empty()) {
            const auto count = ::send(to.number(), text.data(), text.size(), MSG_NOSIGNAL);
            if (count < 0) return false;
            text.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }
    static std::string hear(const Fd& from) {
        std::string text;
        std::array<char, 4096> bytes{};
        while (!text.ends_with('\n')) {
            const auto count = ::recv(from.number(), bytes.data(), bytes.size(), 0);
            if (count <= 0) return text;
            text.append(bytes.data(), static_cast<std::size_t>(count));
        }
        return text;
    }
    // What comes of a command that is answered by `text`, with the command's id in it.
    Outcome answered_by(const std::string& text) {
        serve([text](const Fd& client) {
            say(client, answer(text, nlohmann::json::parse(hear(client))));
        });
        return run_ctl({.socket = path, .words = {"query-status"}});
    }
    // What comes of one that is answered by exactly this.
    Outcome answered_with(const std::string& text) {
        serve([text](const Fd& client) {
            hear(client);
            say(client, text + "\r\n");
        });
        return run_ctl({.socket = path, .words = {"query-status"}});
    }

    std::string path = testing::TempDir() + "tenon-hostile-" + std::to_string(::getpid());
    Fd listener{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    std::thread server;
};

TEST_F(CtlAndAHostileServer, RefusesAnAnswerThatIsNone) {
    const auto outcome = answered_with("{}");

    EXPECT_EQ(outcome.status, status::wrong);
    EXPECT_THAT(outcome.err, HasSubstr("neither"));
}

TEST_F(CtlAndAHostileServer, RefusesAnAnswerThatIsBoth) {
    const auto outcome =
        answered_by("{\"return\":{},\"error\":{\"class\":\"GenericError\",\"desc\":\"no\"}");

    EXPECT_EQ(outcome.status, status::wrong);
    EXPECT_THAT(outcome.err, HasSubstr("both"));
}

TEST_F(CtlAndAHostileServer, RefusesAnAnswerToAnotherCommand) {
    const auto outcome = answered_with("{\"return\":{},\"id\":\"another\"}");

    EXPECT_EQ(outcome.status, status::wrong);
    EXPECT_THAT(outcome.err, HasSubstr("id"));
}

TEST_F(CtlAndAHostileServer, RefusesASuccessThatNamesNoCommand) {
    EXPECT_EQ(answered_with("{\"return\":{}}").status, status::wrong);
}

// One who could not read the command does not know its id.
TEST_F(CtlAndAHostileServer, TakesAnErrorThatNamesNoCommand) {
    const auto outcome = answered_with("{\"error\":{\"class\":\"GenericError\",\"desc\":\"no\"}}");

    EXPECT_EQ(outcome.status, status::refused);
    EXPECT_EQ(outcome.err, "tenon: GenericError: no\n");
}

TEST_F(CtlAndAHostileServer, SaysWhyItWasHungUp) {
    serve([](const Fd& client) {
        say(client, "{\"error\":{\"class\":\"GenericError\",\"desc\":\"too long\"}}\r\n");
    });
    const auto outcome =
        run_ctl({.socket = path, .words = {"echo", "a=" + std::string(8 << 20, 'x')}});

    EXPECT_EQ(outcome.status, status::refused);
    EXPECT_EQ(outcome.err, "tenon: GenericError: too long\n");
}

TEST_F(CtlAndAHostileServer, RefusesErrorsOfAnotherShape) {
    for (const auto* const error :
         {"1", "null", "[]", "{}", R"({"class":"GenericError"})", R"({"desc":"no"})",
          R"({"class":1,"desc":"no"})", R"({"class":{"a":"b"},"desc":"no"})",
          R"({"class":"GenericError","desc":["no"]})"}) {
        const auto outcome = answered_by(std::string{"{\"error\":"} + error);
        server.join();

        EXPECT_EQ(outcome.status, status::wrong) << error;
        EXPECT_THAT(outcome.err, HasSubstr("QMP")) << error;
    }
}

TEST_F(CtlAndAHostileServer, RefusesAnEventThatIsAnAnswerToo) {
    EXPECT_EQ(answered_by(R"({"event":"STOP","return":{})").status, status::wrong);
}

TEST_F(CtlAndAHostileServer, RefusesAnEventWithoutAName) {
    EXPECT_EQ(answered_by(R"({"event":7)").status, status::wrong);
}

TEST_F(CtlAndAHostileServer, PrintsWhateverIsReturned) {
    const auto outcome = answered_by(R"({"return":"text")");

    EXPECT_EQ(outcome.status, status::good);
    EXPECT_EQ(outcome.out, "\"text\"\n");
}

TEST_F(CtlAndAHostileServer, RefusesAGreetingOfAnotherShape) {
    for (const auto* const text : {"{}", "{\"QMP\":1}", "[\"QMP\"]", "{\"return\":{}}"}) {
        server = std::thread{[this, text] {
            const Fd client{::accept(listener.number(), nullptr, nullptr)};
            say(client, std::string{text} + "\r\n");
            hear(client);
        }};
        const auto outcome = run_ctl({.socket = path, .words = {"query-status"}});
        server.join();

        EXPECT_EQ(outcome.status, status::wrong) << text;
    }
}

TEST_F(CtlAndAHostileServer, StopsReadingAnAnswerAtItsLimit) {
    std::size_t said = 0;
    serve([&said](const Fd& client) {
        const std::string piece(1 << 16, ' ');
        hear(client);
        for (say(client, "{\"return\":\""); said < 100 << 20 && say(client, piece);)
            said += piece.size();
    });
    const auto outcome = run_ctl({.socket = path, .words = {"query-status"}});
    server.join();

    EXPECT_EQ(outcome.status, status::wrong);
    EXPECT_THAT(outcome.err, HasSubstr("16777216 bytes"));
    EXPECT_LT(said, 20u << 20);
}

// Each value costs a hundred times its two bytes.
TEST_F(CtlAndAHostileServer, StopsReadingAtTooManyValues) {
    std::string many = "[0";
    for (int n = 0; n < 2'000'000; ++n)
        many += ",0";
    const auto outcome = answered_by("{\"return\":" + many + "]");

    EXPECT_EQ(outcome.status, status::wrong);
    EXPECT_THAT(outcome.err, HasSubstr("1000000 values"));
}

TEST_F(CtlAndAHostileServer, WaitsForAnAnswerOnceHoweverManyEventsCome) {
    serve([](const Fd& client) {
        hear(client);
        while (say(client, "{\"event\":\"STOP\"}\r\n"))
            ::usleep(1000);
    });
    const auto start = std::chrono::steady_clock::now();
    const auto outcome = run_ctl(
        {.socket = path, .words = {"query-status"}, .patience = std::chrono::milliseconds{300}});

    EXPECT_EQ(outcome.status, status::wrong);
    EXPECT_THAT(outcome.err, HasSubstr("no answer within"));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{20});
}

TEST_F(CtlAndAHostileServer, WaitsNoLongerForOneThatTrickles) {
    serve([](const Fd& client) {
        hear(client);
        for (say(client, "{"); say(client, " ");)
            ::usleep(1000);
    });
    const auto outcome = run_ctl(
        {.socket = path, .words = {"query-status"}, .patience = std::chrono::milliseconds{300}});

    EXPECT_EQ(outcome.status, status::wrong);
    EXPECT_THAT(outcome.err, HasSubstr("no answer within"));
}

TEST_F(CtlAndAHostileServer, WaitsNoLongerForOneThatDoesNotRead) {
    serve([](const Fd& client) {
        pollfd hung_up{.fd = client.number(), .events = 0, .revents = 0};
        ::poll(&hung_up, 1, -1);
    });
    const auto outcome = run_ctl({.socket = path,
                                  .words = {"echo", "a=" + std::string(8 << 20, 'x')},
                                  .patience = std::chrono::milliseconds{300}});

    EXPECT_EQ(outcome.status, status::wrong);
    EXPECT_THAT(outcome.err, HasSubstr("within"));
}

}  // namespace
}  // namespace tenon::cli
