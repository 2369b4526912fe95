#include "library/words/net_argument.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::library::words {
namespace {

using model::virtio::Forward;
using model::virtio::ProgramKind;
using testing::ElementsAre;
using testing::HasSubstr;

std::string why_not_net(std::string_view text) {
    const auto parsed = parse_net_argument(text);
    return parsed ? "" : parsed.error().what;
}

TEST(NetArgument, IsANetworkOfTwoQueues) {
    const auto net = parse_net_argument("user,id=lan");

    ASSERT_TRUE(net) << to_string(net.error());
    EXPECT_EQ(net->backend,
              (model::virtio::Backend{.socket = "",
                                      .file = {},
                                      .type = 1,
                                      .queues = 2,
                                      .queue_size = 256,
                                      .config_size = 12,
                                      .program = {{.kind = ProgramKind::Network, .path = ""}}}));
    EXPECT_EQ(net->id, "lan");
}

TEST(NetArgument, ForwardsPortsOfThisHostAlone) {
    const auto net = parse_net_argument("user,forward=tcp:2222:22+udp:0.0.0.0:53:5353");

    ASSERT_TRUE(net) << to_string(net.error());
    EXPECT_THAT(net->backend.program->forwards,
                ElementsAre(Forward{.address = "127.0.0.1", .host = 2222, .guest = 22},
                            Forward{.udp = true, .address = "0.0.0.0", .host = 53, .guest = 5353}));
}

TEST(NetArgument, RefusesWhatIsNoPort) {
    for (const auto* const text :
         {"22", "tcp:22", "icmp:1:2", "tcp:0:22", "tcp:2222:65536", "tcp:host:1:2", "tcp:1:2:3:4",
          "tcp:1:2+", "tcp:127.0.0:1:2", "tcp::1:2"})
        EXPECT_THAT(why_not_net(std::string{"user,forward="} + text),
                    HasSubstr("wanted is tcp:HOST:GUEST"))
            << text;
}

TEST(NetArgument, TakesAnAddressOfOneStation) {
    EXPECT_EQ(parse_net_argument("user,mac=52:54:00:ab:cd:EF")->backend.mac,
              (model::virtio::MacAddress{0x52, 0x54, 0, 0xab, 0xcd, 0xef}));
    for (const auto* const text : {"53:54:00:12:34:56", "52:54:00:12:34", "0:0:0:0:0:0",
                                   "00:00:00:00:00:00", "52:54:00:12:34:5g"})
        EXPECT_THAT(why_not_net(std::string{"user,mac="} + text), HasSubstr("of one station"))
            << text;
}

TEST(NetArgument, ReachesTheHostOnlyIfThatIsSaid) {
    EXPECT_FALSE(parse_net_argument("user")->backend.program->host);
    EXPECT_TRUE(parse_net_argument("user,host")->backend.program->host);
}

TEST(NetArgument, NamesWhatThereIs) {
    EXPECT_THAT(why_not_net("tap"), HasSubstr("known is user"));
    EXPECT_THAT(why_not_net("user,br=x"), HasSubstr("known: forward, host, mac, id"));
}

}  // namespace
}  // namespace tenon::library::words
