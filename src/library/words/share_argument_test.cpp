#include "library/words/share_argument.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::library::words {
namespace {

using model::virtio::ProgramKind;
using testing::HasSubstr;

std::string why_not_share(std::string_view text) {
    const auto parsed = parse_share_argument(text);
    return parsed ? "" : parsed.error().what;
}

TEST(ShareArgument, IsAFileSystemOfTwoQueues) {
    const auto share = parse_share_argument("/srv/work,tag=work,readonly,id=work,port=rp1");

    ASSERT_TRUE(share) << to_string(share.error());
    EXPECT_EQ(share->backend, (model::virtio::Backend{.socket = "",
                                                      .file = {},
                                                      .type = 26,
                                                      .queues = 2,
                                                      .queue_size = 256,
                                                      .config_size = 40,
                                                      .program = {{.kind = ProgramKind::Share,
                                                                   .path = "/srv/work",
                                                                   .readonly = true,
                                                                   .tag = "work"}}}));
    EXPECT_EQ(share->id, "work");
    EXPECT_EQ(share->port, "rp1");
}

TEST(ShareArgument, WantsATag) {
    EXPECT_THAT(why_not_share("/srv"), HasSubstr("/srv: tag= is missing"));
    EXPECT_TRUE(check_share_keys("/srv,readonly"));
    EXPECT_FALSE(check_share_keys("/srv,readonly=maybe"));
}

TEST(ShareArgument, HasNoLongerTagThanADevice) {
    EXPECT_EQ(why_not_share("/srv,tag=" + std::string(36, 'a')), "");
    EXPECT_THAT(why_not_share("/srv,tag=" + std::string(37, 'a')), HasSubstr("than 36 letters"));
    EXPECT_THAT(why_not_share("/srv,tag=a b"), HasSubstr("a name has letters"));
}

TEST(ShareArgument, NamesTheKeysThatThereAre) {
    EXPECT_THAT(why_not_share("/srv,cache=always"), HasSubstr("known: tag, readonly, id, port"));
    EXPECT_THAT(why_not_share(",tag=a"), HasSubstr("no folder is named"));
}

}  // namespace
}  // namespace tenon::library::words
