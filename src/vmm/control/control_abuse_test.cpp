// Clients of the control socket that do it wrong, on purpose or not.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/event_fd.hpp"
#include "base/mutex.hpp"
#include "vmm/board/local_address.hpp"
#include "vmm/control/commands.hpp"
#include "vmm/control/control_client.hpp"
#include "vmm/control/control_socket.hpp"
#include "vmm/control/plug_commands.hpp"

namespace tenon::vmm::control {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr std::string_view hello = R"({"execute":"qmp_capabilities"})";

// Holds who comes until it is opened.
class Gate {
public:
    void pass() {
        ++came_;
        open_.wait(false);
        ++went_;
    }
    void open() {
        open_ = true;
        open_.notify_all();
    }
    void await(int count) const {
        while (came_ < count)
            std::this_thread::sleep_for(1ms);
    }
    int went() const { return went_; }

private:
    std::atomic<bool> open_ = false;
    std::atomic<int> came_ = 0;
    std::atomic<int> went_ = 0;
};

// Warnings, from any thread.
class Heard {
public:
    void add(const std::string& text) {
        const MutexLock lock{mutex_};
        text_ += text + "\n";
    }
    std::string all() {
        const MutexLock lock{mutex_};
        return text_;
    }

private:
    Mutex mutex_;
    std::string text_ TENON_GUARDED_BY(mutex_);
};

// Lets the process open only as many files as `next` says, until it goes.
class FewFiles {
public:
    explicit FewFiles(int next) {
        // A sanitizer that looks at a type for the first time opens files for that.
        EXPECT_THAT(system_error(EMFILE, "").what, HasSubstr("files"));
        EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
        auto low = before_;
        low.rlim_cur = static_cast<rlim_t>(next);
        EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
    }
    FewFiles(const FewFiles&) = delete;
    FewFiles& operator=(const FewFiles&) = delete;
    ~FewFiles() { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before_), 0); }

private:
    rlimit before_{};
};

constexpr std::string_view slow =
    R"({"execute":"device_add","arguments":{"driver":"vfio-pci","host":"01:00.0"},"id":"slow"})";

class ControlAbuse : public testing::Test {
protected:
    void SetUp() override {
        auto listener = ControlSocket::Listener::bind(path);
        ASSERT_TRUE(listener) << to_string(listener.error());
        auto made =
            ControlSocket::create(std::move(*listener), {.package = "tenon"},
                                  [&heard = heard](const std::string& text) { heard.add(text); });
        ASSERT_TRUE(made);
        socket = std::move(*made);
        auto commands = make_plug_commands(plugging);
        commands.push_back(
            {.name = "count", .arguments = {}, .run = [this](const Json&, QmpFiles&) {
                 return Result<Json>{Json(++count)};
             }});
        commands.push_back({.name = "long", .arguments = {}, .run = [this](const Json&, QmpFiles&) {
                                ++count;
                                return Result<Json>{Json(std::string(1 << 20, 'x'))};
                            }});
        socket->serve(std::move(commands));
    }
    // A client that has connected and heard the greeting; `patient` waits ten seconds for a line.
    Fd connected() const {
        Fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        EXPECT_EQ(board::connect_to(fd, *board::local_address(path)), 0);
        constexpr timeval patience{.tv_sec = 10, .tv_usec = 0};
        ::setsockopt(fd.number(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        EXPECT_THAT(line(fd), HasSubstr("QMP"));
        return fd;
    }
    Fd negotiated() const {
        auto fd = connected();
        send(fd, hello);
        EXPECT_THAT(line(fd), HasSubstr("return"));
        return fd;
    }
    static std::string line(const Fd& fd) {
        std::string text;
        for (char byte = 0; byte != '\n'; text += byte)
            if (::recv(fd.number(), &byte, 1, 0) != 1) return text + "<end>";
        return text;
    }
    static void send(const Fd& fd, std::string_view text, const std::vector<int>& files = {}) {
        alignas(cmsghdr) std::array<char, CMSG_SPACE(64 * sizeof(int))> control{};
        iovec data{.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()};
        msghdr message{};
        message.msg_iov = &data;
        message.msg_iovlen = 1;
        if (!files.empty()) {
            message.msg_control = control.data();
            message.msg_controllen = CMSG_SPACE(files.size() * sizeof(int));
            auto* const head = CMSG_FIRSTHDR(&message);
            head->cmsg_level = SOL_SOCKET;
            head->cmsg_type = SCM_RIGHTS;
            head->cmsg_len = CMSG_LEN(files.size() * sizeof(int));
            std::memcpy(CMSG_DATA(head), files.data(), files.size() * sizeof(int));
        }
        ASSERT_EQ(::sendmsg(fd.number(), &message, MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
    }
    static std::string getfd(const char* name) {
        return std::string{R"({"execute":"getfd","arguments":{"fdname":")"} + name + "\"}}";
    }

    // Where other users come to as well.
    std::string path = "/tmp/tenon-abuse-" + std::to_string(::getpid());
    std::atomic<int> count = 0;
    Heard heard;
    // A device that takes its time to come.
    Gate gate;
    Plugging plugging{.add = [this](const slots::PlugRequest&) -> Result<slots::Plugged> {
                          gate.pass();
                          return slots::Plugged{.id = "dev0", .warnings = {}};
                      },
                      .remove = [](const std::string&) -> Result<void> { return {}; },
                      .pull_out = [](const std::string&) -> Result<void> { return {}; }};
    std::unique_ptr<ControlSocket> socket;
};

// A pipe; who has an end of it open is seen at the other.
struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        out = Fd{ends[0]};
        in = Fd{ends[1]};
    }
    /// Whether nobody has `in` any more, within five seconds.
    bool closed() const {
        pollfd file{.fd = out.number(), .events = 0, .revents = 0};
        return ::poll(&file, 1, 5000) == 1 && (file.revents & POLLHUP) != 0;
    }
    Fd out;
    Fd in;
};

// A client of user `user`, as far as this process may be one; what it is sent first.
std::string greeting_of(uid_t user, const std::string& path) {
    Pipe told;
    const auto child = ::fork();
    if (child == 0) {
        std::array<char, 16> text{};
        const Fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        if (::setresuid(user, user, user) < 0 ||
            board::connect_to(fd, *board::local_address(path)) != 0)
            ::_exit(1);
        const auto count = ::recv(fd.number(), text.data(), text.size(), 0);
        ::_exit(::write(told.in.number(), text.data(), static_cast<std::size_t>(count)) == count
                    ? 0
                    : 1);
    }
    told.in.close();
    std::array<char, 16> text{};
    const auto count = ::read(told.out.number(), text.data(), text.size());
    int status = 1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
}

TEST_F(ControlAbuse, OtherUsersAreTurnedAwayWhereTheFileLetsThemThrough) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
    ASSERT_EQ(::chmod(path.c_str(), 0666), 0);
    EXPECT_EQ(greeting_of(4711, path), "");
    EXPECT_EQ(greeting_of(4711, path), "");
    EXPECT_THAT(greeting_of(0, path), HasSubstr("QMP"));
    const auto all = heard.all();
    EXPECT_EQ(all.find("another user"), all.rfind("another user")) << all;
    EXPECT_THAT(all, HasSubstr("another user"));
}

TEST_F(ControlAbuse, AFileThatAnotherCommandBroughtIsNotNamed) {
    const auto client = negotiated();
    Pipe pipe;
    send(client, R"({"execute":"count"})", {pipe.in.number()});
    pipe.in.close();
    EXPECT_THAT(line(client), HasSubstr("return"));
    EXPECT_TRUE(pipe.closed());
    send(client, getfd("a"));

    EXPECT_THAT(line(client), HasSubstr("SCM_RIGHTS"));
}

TEST_F(ControlAbuse, AFileThatAFailedCommandBroughtIsNotNamed) {
    const auto client = negotiated();
    for (const auto& wrong :
         {std::string{R"({"execute":"getfd"})"}, getfd("0"), std::string{R"({"execute":"none"})"},
          std::string{"{no}"}, std::string{R"({"execute":"getfd","arguments":7})"}}) {
        Pipe pipe;
        send(client, wrong, {pipe.in.number()});
        pipe.in.close();
        EXPECT_THAT(line(client), HasSubstr("error")) << wrong;
        EXPECT_TRUE(pipe.closed()) << wrong;
    }
    send(client, getfd("a"));

    EXPECT_THAT(line(client), HasSubstr("SCM_RIGHTS"));
}

TEST_F(ControlAbuse, OneFileIsNamedOfThoseThatCome) {
    const auto client = negotiated();
    Pipe one;
    Pipe other;
    send(client, getfd("a"), {one.in.number(), other.in.number()});
    one.in.close();
    other.in.close();
    EXPECT_THAT(line(client), HasSubstr("return"));

    EXPECT_TRUE(other.closed());
    send(client, R"({"execute":"closefd","arguments":{"fdname":"a"}})");
    EXPECT_TRUE(one.closed());
}

// The kernel gives bytes without files and bytes with files at once, with the files of the latter.
TEST_F(ControlAbuse, AFileGoesWithTheCommandThatItCameWith) {
    const auto client = negotiated();
    for (int n = 0; n < 50; ++n) {
        const Pipe pipe;
        send(client, R"({"execute":"count"})");
        send(client, getfd("a"), {pipe.in.number()});
        EXPECT_THAT(line(client), HasSubstr("return"));
        EXPECT_THAT(line(client), HasSubstr("return")) << n;
    }
}

// As qemu.qmp sends it: a blank with the file, then the command.
TEST_F(ControlAbuse, AFileMayComeBeforeItsCommand) {
    const auto client = negotiated();
    const Pipe pipe;
    send(client, " ", {pipe.in.number()});
    send(client, getfd("a"));

    EXPECT_THAT(line(client), HasSubstr("return"));
}

// With all descriptors in use the kernel drops files, and says so in a flag alone.
TEST_F(ControlAbuse, AClientWhoseFilesCannotBeTakenIsCutOff) {
    const auto client = negotiated();
    std::array<Pipe, 4> pipes;
    const Fd next{::fcntl(pipes[0].in.number(), F_DUPFD_CLOEXEC, 0)};
    std::string answer;
    {
        const FewFiles few{next.number() + 2};
        send(client, getfd("a"),
             {pipes[0].in.number(), pipes[1].in.number(), pipes[2].in.number()});
        answer = line(client);
    }

    EXPECT_EQ(answer, "<end>");
    EXPECT_THAT(heard.all(), HasSubstr("files"));
}

TEST_F(ControlAbuse, WaitsForDescriptorsWithoutHaste) {
    const Fd client{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const auto used = [] {
        rusage usage{};
        ::getrusage(RUSAGE_SELF, &usage);
        return std::chrono::seconds{usage.ru_utime.tv_sec + usage.ru_stime.tv_sec} +
               std::chrono::microseconds{usage.ru_utime.tv_usec + usage.ru_stime.tv_usec};
    };
    std::chrono::microseconds spent{};
    {
        const FewFiles few{client.number() + 1};
        ASSERT_EQ(board::connect_to(client, *board::local_address(path)), 0);
        const auto start = used();
        std::this_thread::sleep_for(500ms);
        spent = used() - start;
    }

    EXPECT_LT(spent, 100ms);
    EXPECT_THAT(heard.all(), HasSubstr("open files"));
    // It gets in when there are some again.
    EXPECT_THAT(line(client), HasSubstr("QMP"));
}

TEST_F(ControlAbuse, CommandsWaitUntilTheirAnswersAreRead) {
    const auto client = negotiated();
    std::string many;
    for (int n = 0; n < 20; ++n)
        many += R"({"execute":"long"})";
    send(client, many);
    std::this_thread::sleep_for(500ms);

    EXPECT_LT(count, 4);
    std::vector<char> bytes(1 << 20);
    for (long lines = 0; lines < 20;) {
        const auto got = ::recv(client.number(), bytes.data(), bytes.size(), 0);
        ASSERT_GT(got, 0);
        lines += std::count(bytes.begin(), bytes.begin() + got, '\n');
    }
    EXPECT_EQ(count, 20);
}

TEST_F(ControlAbuse, OneThatSaysNoMoreIsAnsweredStill) {
    const auto client = negotiated();
    send(client, R"({"execute":"long"}{"execute":"count"})");
    ASSERT_EQ(::shutdown(client.number(), SHUT_WR), 0);

    EXPECT_THAT(line(client), HasSubstr("xxx"));
    EXPECT_THAT(line(client), HasSubstr("return"));
    EXPECT_EQ(line(client), "<end>");
}

TEST_F(ControlAbuse, ASlowCommandDoesNotHoldOthers) {
    const auto client = negotiated();
    send(client, slow);
    gate.await(1);
    auto other = ControlClient::connect(path);
    ASSERT_TRUE(other);
    EXPECT_EQ(other->execute({{"execute", "count"}})->value, 1);
    // Its own next command waits.
    send(client, R"({"execute":"count","id":"next"})");
    EXPECT_EQ(other->execute({{"execute", "count"}})->value, 2);
    gate.open();

    EXPECT_EQ(Json::parse(line(client)), Json::parse(R"({"return":{},"id":"slow"})"));
    EXPECT_EQ(Json::parse(line(client)), Json::parse(R"({"return":3,"id":"next"})"));
}

TEST_F(ControlAbuse, EventsComeWhileACommandIsSlow) {
    const auto client = negotiated();
    send(client, slow);
    gate.await(1);
    socket->announce({.name = "STOP", .data = nullptr});

    EXPECT_THAT(line(client), HasSubstr("STOP"));
    gate.open();
    EXPECT_THAT(line(client), HasSubstr("slow"));
}

TEST_F(ControlAbuse, OneThatGoesLeavesItsSlowCommandToItsEnd) {
    for (int n = 0; n < 5; ++n)
        send(negotiated(), slow);
    gate.await(5);
    EXPECT_TRUE(ControlClient::connect(path));
    gate.open();
    socket.reset();

    EXPECT_EQ(gate.went(), 5);
}

// Each costs a thread.
TEST_F(ControlAbuse, SlowCommandsOfThoseThatGoAreLimited) {
    for (int n = 0; n < 40; ++n)
        send(negotiated(), slow);
    gate.await(static_cast<int>(QmpWorkers::most));
    auto client = ControlClient::connect(path);
    ASSERT_TRUE(client);
    EXPECT_EQ(client->execute({{"execute", "count"}})->value, 1);
    gate.open();
    socket.reset();

    EXPECT_LE(gate.went(), 40);
    EXPECT_GE(gate.went(), 16);
}

TEST_F(ControlAbuse, OneThatSaysNoMoreHearsOfItsSlowCommand) {
    const auto client = negotiated();
    send(client, slow);
    ASSERT_EQ(::shutdown(client.number(), SHUT_WR), 0);
    gate.await(1);
    gate.open();

    EXPECT_THAT(line(client), HasSubstr("slow"));
    EXPECT_EQ(line(client), "<end>");
}

TEST_F(ControlAbuse, TheEndWaitsForASlowCommand) {
    const auto client = negotiated();
    send(client, slow);
    gate.await(1);
    std::thread opener{[this] {
        std::this_thread::sleep_for(50ms);
        gate.open();
    }};
    socket.reset();
    opener.join();

    EXPECT_EQ(gate.went(), 1);
}

// Threads of the machine announce, clients flood and vanish, devices come: for the thread
// sanitizer.
TEST_F(ControlAbuse, OneReadsEventsWhileOthersFloodAndGo) {
    gate.open();
    const auto reader = negotiated();
    std::atomic<bool> stop = false;
    std::vector<std::thread> threads;
    for (int n = 0; n < 2; ++n) {
        threads.emplace_back([&] {
            while (!stop) {
                const auto client = negotiated();
                for (int more = 0; more < 20; ++more)
                    send(client, R"({"execute":"count"}{"execute":"none"}{no})");
            }
        });
        threads.emplace_back([&] {
            while (!stop)
                send(negotiated(), std::string{slow} + getfd("a"));
        });
        threads.emplace_back([&] {
            for (unsigned vector = 0; !stop; ++vector)
                socket->announce(event_of(board::DeviceEvent{.function = "dev0",
                                                             .kind = "silent-vector",
                                                             .vector = vector,
                                                             .text = "stays silent"}));
        });
    }
    std::this_thread::sleep_for(500ms);
    socket->announce({.name = "STOP", .data = nullptr});
    std::string text;
    while (!text.contains("STOP") && !text.contains("<end>"))
        text = line(reader);
    stop = true;
    for (auto& thread : threads)
        thread.join();

    EXPECT_THAT(text, HasSubstr("STOP"));
    send(reader, R"({"execute":"count","id":"last"})");
    while (!text.contains("last") && !text.contains("<end>"))
        text = line(reader);
    EXPECT_THAT(text, HasSubstr("return"));
}

TEST_F(ControlAbuse, ManyThatSayNothingKeepNobodyOut) {
    std::vector<Fd> silent;
    for (std::size_t n = 0; n < ControlSocket::most_clients; ++n)
        silent.push_back(connected());
    auto client = ControlClient::connect(path, 3 * ControlSocket::negotiation_patience);

    ASSERT_TRUE(client) << to_string(client.error());
    EXPECT_EQ(client->execute({{"execute", "count"}})->value, 1);
    EXPECT_EQ(line(silent.front()), "<end>");
    EXPECT_THAT(heard.all(), HasSubstr("has not negotiated"));
    // The others were not in the way.
    send(silent.back(), hello);
    EXPECT_THAT(line(silent.back()), HasSubstr("return"));
}

TEST_F(ControlAbuse, OneThatHasNegotiatedMaySayNothing) {
    std::vector<Fd> clients;
    for (std::size_t n = 1; n < ControlSocket::most_clients; ++n)
        clients.push_back(negotiated());
    const auto silent = connected();
    const auto later = connected();

    EXPECT_EQ(line(silent), "<end>");
    for (const auto& client : clients) {
        send(client, R"({"execute":"count"})");
        EXPECT_THAT(line(client), HasSubstr("return"));
    }
}

// A guest that switches MSI-X of 2048 vectors on and off, which the host does not have.
TEST_F(ControlAbuse, AFloodOfIncidentsCutsNobodyOff) {
    const auto lazy = negotiated();
    const auto start = std::chrono::steady_clock::now();
    for (unsigned n = 0; n < 100'000; ++n)
        socket->announce(event_of(board::DeviceEvent{.function = "dev0",
                                                     .kind = "silent-vector",
                                                     .vector = n % 2048,
                                                     .text = "vector stays silent"}));
    auto other = ControlClient::connect(path);
    ASSERT_TRUE(other);
    EXPECT_EQ(other->execute({{"execute", "count"}})->value, 1);
    std::uint64_t told = 0;
    int events = 0;
    for (; told < 100'000; ++events) {
        const auto text = line(lazy);
        ASSERT_THAT(text, HasSubstr("TENON_DEVICE_INCIDENT"));
        told += Json::parse(text).at("data").value("count", 1u);
    }

    EXPECT_EQ(told, 100'000u);
    EXPECT_LE(events, 2 + (std::chrono::steady_clock::now() - start) / 1s);
    EXPECT_EQ(heard.all(), "");
}

}  // namespace
}  // namespace tenon::vmm::control
