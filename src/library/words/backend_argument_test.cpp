#include "library/words/backend_argument.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::library::words {
namespace {

using testing::HasSubstr;

std::string why_not(std::string_view text) {
    const auto parsed = parse_backend_argument(text);
    return parsed ? "" : parsed.error().what;
}

TEST(BackendArgument, HasWhatItsTypeHas) {
    const auto disk = parse_backend_argument("/run/disk.sock,type=blk");

    ASSERT_TRUE(disk) << to_string(disk.error());
    EXPECT_EQ(disk->backend, (model::virtio::Backend{.socket = "/run/disk.sock",
                                                     .file = {},
                                                     .type = 2,
                                                     .queues = 1,
                                                     .queue_size = 256,
                                                     .config_size = 60}));
}

TEST(BackendArgument, HasWhatIsSaid) {
    const auto parsed = parse_backend_argument(
        "fd=7,type=net,queues=3,queue-size=1024,config-size=8,id=lan,port=rp9,function=2");

    ASSERT_TRUE(parsed) << to_string(parsed.error());
    EXPECT_EQ(parsed->backend, (model::virtio::Backend{.socket = "",
                                                       .file = 7,
                                                       .type = 1,
                                                       .queues = 3,
                                                       .queue_size = 1024,
                                                       .config_size = 8}));
    EXPECT_EQ(parsed->id, "lan");
    EXPECT_EQ(parsed->port, "rp9");
    EXPECT_EQ(parsed->function, 2u);
}

TEST(BackendArgument, HasAStationAddressIfItIsANetwork) {
    EXPECT_EQ(parse_backend_argument("s,type=net,mac=52:54:00:ab:cd:ef")->backend.mac,
              (model::virtio::MacAddress{0x52, 0x54, 0, 0xab, 0xcd, 0xef}));
    EXPECT_THAT(why_not("s,type=blk,mac=52:54:00:ab:cd:ef"), HasSubstr("of a network alone"));
    EXPECT_THAT(why_not("s,type=net,mac=lan"), HasSubstr("of one station"));
}

TEST(BackendArgument, TakesATypeByItsNumber) {
    const auto parsed = parse_backend_argument("s,type=27,queues=2");

    ASSERT_TRUE(parsed) << to_string(parsed.error());
    EXPECT_EQ(parsed->backend.type, 27u);
    EXPECT_EQ(parsed->backend.config_size, 0u);
}

TEST(BackendArgument, WantsAType) { EXPECT_THAT(why_not("s"), HasSubstr("s: type= is missing")); }

TEST(BackendArgument, WantsTheQueuesOfATypeThatItDoesNotKnow) {
    EXPECT_THAT(why_not("s,type=27"), HasSubstr("queues= is missing"));
}

TEST(BackendArgument, NamesTheTypesThatItKnows) {
    EXPECT_THAT(why_not("s,type=disk"), HasSubstr("type=disk: known are net, blk,"));
    EXPECT_THAT(why_not("s,type=64"), HasSubstr("1 to 63"));
    EXPECT_THAT(why_not("s,type=0"), HasSubstr("1 to 63"));
}

TEST(BackendArgument, RefusesQueuesThatNoFunctionHas) {
    EXPECT_THAT(why_not("s,type=blk,queues=0"), HasSubstr("1 to 255 are possible"));
    EXPECT_THAT(why_not("s,type=blk,queues=256"), HasSubstr("1 to 255 are possible"));
    EXPECT_THAT(why_not("s,type=blk,queue-size=100"), HasSubstr("a power of two up to 32768"));
    EXPECT_THAT(why_not("s,type=blk,queue-size=65536"), HasSubstr("a power of two up to 32768"));
    EXPECT_THAT(why_not("s,type=blk,config-size=257"), HasSubstr("0 to 256 are possible"));
}

TEST(BackendArgument, NamesTheKeysThatThereAre) {
    EXPECT_THAT(why_not("s,type=blk,tag=x"), HasSubstr("unknown key \"tag\"; known: type, id"));
    EXPECT_THAT(why_not(",type=blk"), HasSubstr("no socket is named"));
    EXPECT_THAT(why_not("fd=x,type=blk"), HasSubstr("not the number of a file"));
}

TEST(BackendKeys, AreRightWithoutAType) {
    EXPECT_TRUE(check_backend_keys("s,queues=2"));
    EXPECT_FALSE(check_backend_keys("s,queues=two"));
}

}  // namespace
}  // namespace tenon::library::words
