#include "library/words/disk_argument.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "library/words/backend_options.hpp"

namespace tenon::library::words {
namespace {

using model::virtio::ImageFormat;
using model::virtio::ProgramKind;
using testing::HasSubstr;

std::string why_not_disk(std::string_view text) {
    const auto parsed = parse_disk_argument(text);
    return parsed ? "" : parsed.error().what;
}

TEST(DiskArgument, IsABlockDeviceOfOneQueue) {
    const auto disk = parse_disk_argument("/srv/a.img");

    ASSERT_TRUE(disk) << to_string(disk.error());
    EXPECT_EQ(disk->backend, (model::virtio::Backend{
                                 .socket = "",
                                 .file = {},
                                 .type = 2,
                                 .queues = 1,
                                 .queue_size = 256,
                                 .config_size = 60,
                                 .program = {{.kind = ProgramKind::Disk, .path = "/srv/a.img"}}}));
}

TEST(DiskArgument, HasWhatIsSaidOfIt) {
    const auto disk =
        parse_disk_argument("a.img,format=qcow2,readonly,queues=4,id=system,port=rp9,function=2");

    ASSERT_TRUE(disk) << to_string(disk.error());
    EXPECT_EQ(disk->backend.program->format, ImageFormat::Qcow2);
    EXPECT_TRUE(disk->backend.program->readonly);
    EXPECT_EQ(disk->backend.queues, 4u);
    EXPECT_EQ(disk->id, "system");
    EXPECT_EQ(disk->port, "rp9");
    EXPECT_EQ(disk->function, 2u);
}

TEST(DiskArgument, SaysReadonlyInBothForms) {
    EXPECT_TRUE(parse_disk_argument("a,readonly=on")->backend.program->readonly);
    EXPECT_FALSE(parse_disk_argument("a,readonly=off")->backend.program->readonly);
    EXPECT_THAT(why_not_disk("a,readonly=yes"), HasSubstr("readonly=yes: known are on, off"));
    EXPECT_THAT(why_not_disk("a,queues"), HasSubstr("\"queues\" is not key=value"));
    EXPECT_THAT(why_not_disk("a,,readonly"), HasSubstr("\"\" is not key=value"));
}

TEST(DiskArgument, NamesWhatIsWrong) {
    EXPECT_THAT(why_not_disk("a,format=vmdk"), HasSubstr("a: format=vmdk: known are raw, qcow2"));
    EXPECT_THAT(why_not_disk("a,cache=none"), HasSubstr("known: format, readonly, queues, id"));
    EXPECT_THAT(why_not_disk(",readonly"), HasSubstr("no image is named"));
    EXPECT_THAT(why_not_disk("a,queues=0"), HasSubstr("1 to 255 are possible"));
}

TEST(DiskArgument, TellsWhyItHasNoSerialNumber) {
    EXPECT_THAT(why_not_disk("a,serial=1"), HasSubstr("a: serial=: qemu-storage-daemon answers"));
}

TEST(BackendOptions, ComeInOneOrderHoweverTheyWereTyped) {
    const auto all = parse_backends({{"vhost-user", {"s,type=rng"}}, {"disk", {"b", "a"}}});

    ASSERT_TRUE(all) << to_string(all.error());
    ASSERT_EQ(all->size(), 3u);
    EXPECT_EQ(name_of(all->at(0).backend), "disk:b");
    EXPECT_EQ(name_of(all->at(1).backend), "disk:a");
    EXPECT_EQ(name_of(all->at(2).backend), "vhost-user:s");
}

TEST(BackendOptions, AreFoundByTheirNames) {
    EXPECT_EQ(find_backend_option("disk")->first, "file");
    EXPECT_EQ(find_backend_option("device"), nullptr);
}

}  // namespace
}  // namespace tenon::library::words
