#include "vmm/control/control_socket.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>

#include "vmm/board/local_address.hpp"
#include "vmm/control/control_client.hpp"

namespace tenon::vmm::control {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

class ControlSocketTest : public testing::Test {
protected:
    void start() {
        auto listener = ControlSocket::Listener::bind(path);
        ASSERT_TRUE(listener) << to_string(listener.error());
        auto made = ControlSocket::create(std::move(*listener), {.package = "tenon"},
                                          [this](const std::string&) { ++warnings; });
        ASSERT_TRUE(made);
        socket = std::move(*made);
        socket->serve(
            {{.name = "count",
              .arguments = {},
              .run = [this](const Json&, QmpFiles&) -> Result<Json> { return Json(++count); }},
             {.name = "long", .arguments = {}, .run = [](const Json&, QmpFiles&) -> Result<Json> {
                  return Json(std::string(1 << 20, 'x'));
              }}});
    }
    // A client that sends what it likes.
    Fd raw() const {
        Fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        EXPECT_EQ(board::connect_to(fd, *board::local_address(path)), 0);
        return fd;
    }
    static std::string read_until(const Fd& fd, std::string_view end) {
        std::string text;
        std::array<char, 4096> bytes{};
        while (!text.ends_with(end)) {
            const auto count = ::recv(fd.number(), bytes.data(), bytes.size(), 0);
            if (count <= 0) return text + "<end>";
            text.append(bytes.data(), static_cast<std::size_t>(count));
        }
        return text;
    }
    static void send(const Fd& fd, std::string_view text) {
        ASSERT_EQ(::send(fd.number(), text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
    }

    std::string path = testing::TempDir() + "tenon-" + std::to_string(::getpid()) + "-" +
                       testing::UnitTest::GetInstance()->current_test_info()->name();
    std::atomic<int> count = 0;
    std::atomic<int> warnings = 0;
    std::unique_ptr<ControlSocket> socket;
};

TEST_F(ControlSocketTest, AnswersSeveralClients) {
    start();
    auto one = ControlClient::connect(path);
    auto other = ControlClient::connect(path);
    ASSERT_TRUE(one && other);

    EXPECT_EQ(one->execute({{"execute", "count"}})->value, 1);
    EXPECT_EQ(other->execute({{"execute", "count"}})->value, 2);
    EXPECT_EQ(one->execute({{"execute", "long"}})->value.get<std::string>().size(), 1u << 20);
}

// A zero byte in front would be an address of no file, open to every user of the host.
TEST_F(ControlSocketTest, HasNoNameOutsideOfTheFileSystem) {
    for (const auto& name : {std::string{"\0x", 2}, path + std::string{"\0x", 2}}) {
        const auto listener = ControlSocket::Listener::bind(name);
        ASSERT_FALSE(listener);
        EXPECT_THAT(listener.error().what, HasSubstr("a zero byte"));
    }
}

TEST_F(ControlSocketTest, IsForThisUserAlone) {
    start();
    struct stat file{};
    ASSERT_EQ(::stat(path.c_str(), &file), 0);

    EXPECT_EQ(file.st_mode & 0777u, 0600u);
}

TEST_F(ControlSocketTest, TakesItsPathAway) {
    start();
    socket.reset();

    EXPECT_NE(::access(path.c_str(), F_OK), 0);
    EXPECT_FALSE(ControlClient::connect(path));
}

TEST_F(ControlSocketTest, DoesNotTakeAPathFromAnother) {
    start();
    const auto second = ControlSocket::Listener::bind(path);

    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, Error::Kind::Busy);
    EXPECT_TRUE(ControlClient::connect(path));
}

TEST_F(ControlSocketTest, ReplacesASocketThatNobodyServes) {
    {
        const Fd dead{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        ASSERT_EQ(board::bind_to(dead, *board::local_address(path)), 0);
    }
    start();

    EXPECT_TRUE(ControlClient::connect(path));
}

TEST_F(ControlSocketTest, LeavesAFileAlone) {
    ASSERT_TRUE(Fd::open(path, O_CREAT | O_RDWR));

    EXPECT_FALSE(ControlSocket::Listener::bind(path));
    EXPECT_EQ(::unlink(path.c_str()), 0);
}

TEST_F(ControlSocketTest, RefusesAPathThatIsTooLong) {
    const auto bound = ControlSocket::Listener::bind("/tmp/" + std::string(200, 'x'));

    ASSERT_FALSE(bound);
    EXPECT_THAT(to_string(bound.error()), HasSubstr("1 to 107 bytes"));
}

TEST_F(ControlSocketTest, HangsUpAfterInputWithoutEnd) {
    start();
    const auto client = raw();
    read_until(client, "\r\n");
    send(client, "{\"execute\":\"" + std::string(70'000, 'x'));

    EXPECT_THAT(read_until(client, "<never>"), HasSubstr("more than 65536 bytes"));
    EXPECT_TRUE(ControlClient::connect(path));
}

TEST_F(ControlSocketTest, OutlivesAClientThatVanishes) {
    start();
    for (int n = 0; n < 50; ++n) {
        const auto client = raw();
        send(client, R"({"execute":"qmp_capabilities"}{"execute":"long"}{"execute":"lo)");
    }

    EXPECT_EQ(ControlClient::connect(path)->execute({{"execute", "count"}})->value, 1);
}

TEST_F(ControlSocketTest, IsNotHeldUpByOneThatDoesNotRead) {
    start();
    const auto lazy = raw();
    send(lazy, R"({"execute":"qmp_capabilities"}{"execute":"long"}{"execute":"long"})");

    EXPECT_EQ(ControlClient::connect(path)->execute({{"execute", "count"}})->value, 1);
}

TEST_F(ControlSocketTest, CutsOffOneThatLetsEventsPileUp) {
    start();
    const auto lazy = raw();
    read_until(lazy, "\r\n");
    send(lazy, R"({"execute":"qmp_capabilities"})");
    read_until(lazy, "\r\n");
    for (int n = 0; n < 8 && warnings == 0; ++n) {
        socket->announce({.name = "BIG", .data = {{"text", std::string(1 << 20, 'x')}}});
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    auto client = ControlClient::connect(path);

    EXPECT_EQ(client->execute({{"execute", "count"}})->value, 1);
    EXPECT_EQ(warnings, 1);
}

TEST_F(ControlSocketTest, SendsTheLastEventBeforeItGoes) {
    start();
    const auto client = raw();
    read_until(client, "\r\n");
    send(client, R"({"execute":"qmp_capabilities"})");
    read_until(client, "\r\n");
    socket->announce({.name = "SHUTDOWN", .data = nullptr});
    socket.reset();

    EXPECT_THAT(read_until(client, "\r\n"), HasSubstr("\"SHUTDOWN\""));
}

}  // namespace
}  // namespace tenon::vmm::control
