// What is said to a back end, and what becomes of one that breaks the rules. Numbers are those of
// the vhost-user specification.
#include "vmm/virtio/session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/event_fd.hpp"
#include "tests/support/fake_backend.hpp"

namespace tenon::vmm::virtio {
namespace {

using namespace std::chrono_literals;
using support::FakeBackend;
using testing::ElementsAre;
using testing::HasSubstr;

const model::virtio::Backend storage{
    .socket = "", .file = {}, .type = 2, .queues = 2, .queue_size = 128, .config_size = 60};
constexpr auto patience = 20'000ms;  // What is to be answered is; the rest says so itself.
constexpr auto impatient = 50ms;

Result<Session> open(FakeBackend& backend, std::chrono::milliseconds wait = patience,
                     const model::virtio::Backend& device = storage) {
    TENON_TRY(channel, Channel::adopt(backend.front()), "");
    return Session::open(std::move(channel), device, wait);
}

std::string why_not(FakeBackend::Manners manners, std::chrono::milliseconds wait = patience,
                    const model::virtio::Backend& device = storage) {
    FakeBackend backend{std::move(manners)};
    const auto session = open(backend, wait, device);
    return session ? "" : to_string(session.error());
}

std::vector<std::byte> raw(std::uint32_t request, std::uint32_t flags, std::uint32_t size,
                           std::size_t sent) {
    std::vector<std::byte> bytes(12 + sent);
    store(std::span{bytes}, 0, request);
    store(std::span{bytes}, 4, flags);
    store(std::span{bytes}, 8, size);
    return bytes;
}

const model::virtio::Backend lan{
    .socket = "",
    .file = {},
    .type = 1,
    .queues = 2,
    .queue_size = 128,
    .config_size = 12,
    .mac = model::virtio::MacAddress{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}};
constexpr std::uint64_t mac_and_status = 1 << 5 | 1 << 16;
constexpr std::uint64_t version_1 = std::uint64_t{1} << 32;

std::vector<int> numbers_of(std::span<const std::byte> bytes) {
    std::vector<int> numbers;
    for (const auto byte : bytes)
        numbers.push_back(std::to_integer<int>(byte));
    return numbers;
}

TEST(VhostUserSession, TellsOfANetworkWhatItsBackEndDoesNot) {
    FakeBackend backend{{.features = version_1 | std::uint64_t{1} << 30, .protocol = 1 << 3}};

    const auto session = open(backend, patience, lan);

    ASSERT_TRUE(session) << to_string(session.error());
    EXPECT_EQ(session->features(), version_1 | mac_and_status);
    // Address, status (the link is up), pairs of queues, MTU.
    EXPECT_THAT(numbers_of(session->config()),
                ElementsAre(0x52, 0x54, 0, 0x12, 0x34, 0x56, 1, 0, 1, 0, 0, 0));
}

TEST(VhostUserSession, GivesABackEndNoFeaturesThatAreOurs) {
    FakeBackend backend{{.features = version_1 | std::uint64_t{1} << 30, .protocol = 1 << 3}};
    auto session = open(backend, patience, lan);
    ASSERT_TRUE(session) << to_string(session.error());

    ASSERT_TRUE(session->start(session->features(), {}, {}));

    for (const auto& told : backend.told())
        if (told.request == 2) {
            EXPECT_EQ(load<std::uint64_t>(told.payload, 0), version_1 | std::uint64_t{1} << 30);
        }
    EXPECT_THAT(backend.requests(), testing::Contains(2u));
}

TEST(VhostUserSession, PutsTheAddressOfANetworkIntoWhatItsBackEndTells) {
    FakeBackend backend{{.config = std::vector<std::byte>(12, std::byte{7})}};

    const auto session = open(backend, patience, lan);

    ASSERT_TRUE(session) << to_string(session.error());
    EXPECT_EQ(session->features() & mac_and_status, 1u << 5);
    EXPECT_THAT(numbers_of(session->config()),
                ElementsAre(0x52, 0x54, 0, 0x12, 0x34, 0x56, 7, 7, 7, 7, 7, 7));
}

TEST(VhostUserSession, AgreesOnWhatBothKnow) {
    FakeBackend backend;

    const auto session = open(backend);

    ASSERT_TRUE(session) << to_string(session.error());
    EXPECT_EQ(session->features(), std::uint64_t{1} << 32 | 1 << 9);
    // GET_FEATURES, GET and SET_PROTOCOL_FEATURES, GET_QUEUE_NUM, SET_OWNER, GET_CONFIG
    EXPECT_THAT(backend.requests(), ElementsAre(1, 15, 16, 17, 3, 24));
    EXPECT_EQ(session->config().size(), 60u);
}

TEST(VhostUserSession, TakesNoProtocolFeatureThatItDoesNotKnow) {
    FakeBackend backend{{.protocol = 0x8f2b}};

    ASSERT_TRUE(open(backend));

    EXPECT_EQ(load<std::uint64_t>(backend.told()[2].payload, 0), 0x209u);
}

TEST(VhostUserSession, AsksForNothingThatIsNotOffered) {
    FakeBackend backend{{.features = std::uint64_t{1} << 32}};
    auto network = storage;
    network.type = 1;

    ASSERT_TRUE(open(backend, patience, network));

    ASSERT_TRUE(backend.wait_for(3));  // Nobody answers that one.
    EXPECT_THAT(backend.requests(), ElementsAre(1, 3));
}

TEST(VhostUserSession, ShowsNoDriverWhatIsTheProtocols) {
    FakeBackend backend{{.features = ~std::uint64_t{0}}};

    const auto session = open(backend);

    ASSERT_TRUE(session);
    // NOTIFY_ON_EMPTY, LOG_ALL, 30, ACCESS_PLATFORM, RING_PACKED, SR_IOV, 38 to 41.
    constexpr std::uint64_t hidden = 1ull << 24 | 1ull << 26 | 1ull << 30 | 1ull << 33 |
                                     1ull << 34 | 1ull << 37 | 1ull << 38 | 1ull << 39 |
                                     1ull << 40 | 1ull << 41;
    EXPECT_EQ(session->features(), ~hidden);
}

TEST(VhostUserSession, TellsADiskOfTheQueuesThatItHas) {
    FakeBackend backend;

    const auto session = open(backend);

    ASSERT_TRUE(session);
    EXPECT_EQ(load<std::uint16_t>(session->config(), 34), 2u);
}

TEST(VhostUserSession, StartsAndStopsRings) {
    FakeBackend backend;
    auto session = open(backend);
    ASSERT_TRUE(session);
    const auto kick = EventFd::create().value();
    const auto call = EventFd::create().value();
    const std::array memory{SharedPart{
        .region = {.guest = 0, .size = 0x1000, .user = 0, .offset = 0}, .file = kick.number()}};
    const std::array rings{Ring{.index = 1,
                                .size = 64,
                                .descriptors = 0x100,
                                .available = 0x200,
                                .used = 0x300,
                                .kick = kick.number(),
                                .call = call.number()}};
    const auto before = backend.told().size();

    ASSERT_TRUE(session->start(std::uint64_t{1} << 32, memory, rings));
    ASSERT_TRUE(session->stop(std::array{std::uint16_t{1}}));

    auto told = backend.told();
    told.erase(told.begin(), told.begin() + static_cast<std::ptrdiff_t>(before));
    std::vector<std::uint32_t> requests;
    for (const auto& one : told)
        requests.push_back(one.request);
    // SET_FEATURES, MEM_TABLE, NUM, BASE, ADDR, CALL, KICK, ENABLE; ENABLE, GET_VRING_BASE
    EXPECT_THAT(requests, ElementsAre(2, 5, 8, 10, 9, 13, 12, 18, 18, 11));
    EXPECT_EQ(load<std::uint64_t>(told[0].payload, 0), std::uint64_t{1} << 32 | 1 << 30);
    EXPECT_EQ(told[0].flags, 9u);  // Version 1, an answer is wanted.
    EXPECT_EQ(told[1].payload.size(), 8u + 32u);
    EXPECT_EQ(told[1].files, 1u);
    EXPECT_EQ(load<std::uint64_t>(told[4].payload, 8), 0x100u);
    EXPECT_EQ(load<std::uint64_t>(told[4].payload, 16), 0x300u);  // used
    EXPECT_EQ(load<std::uint64_t>(told[4].payload, 24), 0x200u);  // available
    EXPECT_EQ(told[6].files, 1u);
    EXPECT_EQ(load<std::uint32_t>(told[7].payload, 4), 1u);
    EXPECT_EQ(load<std::uint32_t>(told[8].payload, 4), 0u);
}

TEST(VhostUserSession, WaitsByAQuestionWhereNothingIsAcknowledged) {
    FakeBackend backend{{.protocol = 1 << 9}};
    auto session = open(backend);
    ASSERT_TRUE(session) << to_string(session.error());

    ASSERT_TRUE(session->start(std::uint64_t{1} << 32, {}, {}));

    EXPECT_THAT(backend.requests(), ElementsAre(1, 15, 16, 3, 24, 2, 5, 1));
}

TEST(VhostUserSession, SaysThatMemoryIsRefused) {
    FakeBackend backend{{.refuses = {5}}};
    auto session = open(backend);
    ASSERT_TRUE(session);

    const auto started = session->start(std::uint64_t{1} << 32, {}, {});

    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().kind, Error::Kind::Denied);
    EXPECT_THAT(started.error().what, HasSubstr("giving it the guest's memory"));
}

TEST(VhostUserSession, WritesTheConfigurationAndReadsItAgain) {
    FakeBackend backend;
    auto session = open(backend);
    ASSERT_TRUE(session);

    ASSERT_TRUE(session->write_config(32, std::array{std::byte{1}}));

    EXPECT_THAT(backend.requests(), ElementsAre(1, 15, 16, 17, 3, 24, 25, 24));
    EXPECT_EQ(backend.told()[6].payload.size(), 13u);
}

TEST(VhostUserSession, RefusesABackEndOfOldVirtio) {
    EXPECT_THAT(why_not({.features = std::uint64_t{1} << 30}), HasSubstr("VERSION_1"));
}

TEST(VhostUserSession, SaysHowManyQueuesThereAre) {
    EXPECT_THAT(why_not({.queues = 1}), HasSubstr("has 1 queue, and the guest is to have 2"));
}

TEST(VhostUserSession, SaysThatAFileSystemHasNoTag) {
    auto shared = storage;
    shared.type = 26;
    EXPECT_THAT(why_not({.protocol = 1 << 3}, patience, shared), HasSubstr("--tag="));
}

TEST(VhostUserSession, SaysThatAConfigurationIsShorter) {
    EXPECT_THAT(why_not({.config = std::vector<std::byte>(20)}),
                HasSubstr("does not tell 60 bytes of configuration"));
}

// A back end that is a stranger, each in a way of its own.
TEST(VhostUserSession, WaitsForNobodyWithoutAnEnd) {
    EXPECT_THAT(why_not({.hangs_at = 17}, impatient), HasSubstr("does not answer in time"));
}
TEST(VhostUserSession, SeesThatItHasGone) {
    EXPECT_THAT(why_not({.closes_at = 24}), HasSubstr("closed the connection"));
}
TEST(VhostUserSession, TakesNoAnswerToAnotherQuestion) {
    EXPECT_THAT(why_not({.answers = {{1, raw(2, 5, 8, 8)}}}),
                HasSubstr("answers request 1 with a message of number 2"));
}
TEST(VhostUserSession, TakesNoAnswerOfAnotherVersion) {
    EXPECT_THAT(why_not({.answers = {{1, raw(1, 6, 8, 8)}}}), HasSubstr("with flags 0x6"));
}
TEST(VhostUserSession, TakesNoQuestionForAnAnswer) {
    EXPECT_THAT(why_not({.answers = {{1, raw(1, 1, 8, 8)}}}), HasSubstr("with flags 0x1"));
}
TEST(VhostUserSession, ReadsNoAnswerWithoutBounds) {
    EXPECT_THAT(why_not({.answers = {{1, raw(1, 5, 0xffff'ffff, 8)}}}),
                HasSubstr("4294967295 bytes: 4096 are too many"));
}
TEST(VhostUserSession, TakesNoNumberOfAnotherSize) {
    EXPECT_THAT(why_not({.answers = {{1, raw(1, 5, 4, 4)}}}), HasSubstr("4 bytes in place of 8"));
}
TEST(VhostUserSession, WaitsForTheRestOfAnAnswerNoLonger) {
    EXPECT_THAT(why_not({.answers = {{1, raw(1, 5, 8, 3)}}}, impatient),
                HasSubstr("does not answer in time"));
}
TEST(VhostUserSession, TakesNoMoreConfigurationThanItAskedFor) {
    EXPECT_THAT(why_not({.answers = {{24, raw(24, 5, 200, 200)}}}),
                HasSubstr("188 bytes of configuration in place of 60"));
}
TEST(VhostUserSession, TakesNoFilesThatItDidNotAskFor) {
    EXPECT_THAT(why_not({.sends_file = true}), HasSubstr("files that nobody asked for"));
}

TEST(VhostUserSession, NamesASocketThatIsNotThere) {
    const auto channel = Channel::connect(testing::TempDir() + "nobody");

    ASSERT_FALSE(channel);
    EXPECT_THAT(channel.error().hint, HasSubstr("Start its back end first"));
}

}  // namespace
}  // namespace tenon::vmm::virtio
