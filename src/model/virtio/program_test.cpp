#include "model/virtio/program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>
#include <string_view>

namespace tenon::model::virtio {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

Backend started(StartedProgram program, std::uint16_t queues = 1) {
    return {.type = 2, .queues = queues, .program = std::move(program)};
}

TEST(ProgramArguments, GiveAnImageByItsFile) {
    const auto backend = started({.kind = ProgramKind::Disk, .path = "a.img"}, 3);

    EXPECT_THAT(
        arguments_of(backend, {.socket = 3, .file = 4}),
        ElementsAre("--blockdev",
                    "driver=raw,node-name=disk,read-only=off,discard=unmap,file.driver=file,"
                    "file.filename=/proc/self/fd/4",
                    "--export",
                    "type=vhost-user-blk,id=disk,node-name=disk,addr.type=fd,addr.str=3,"
                    "writable=on,num-queues=3"));
}

TEST(ProgramArguments, GiveAQcow2ByItsFolderAndName) {
    const auto backend = started({.kind = ProgramKind::Disk,
                                  .path = "images/a,b",
                                  .format = ImageFormat::Qcow2,
                                  .readonly = true});

    const auto words = arguments_of(backend, {.socket = 3, .file = 4, .name = "a,b"});

    EXPECT_EQ(words[1],
              "driver=qcow2,node-name=disk,read-only=on,discard=unmap,file.driver=file,"
              "file.filename=/proc/self/fd/4/a,,b");
    EXPECT_TRUE(words[3].contains(",writable=off,"));
}

TEST(ProgramArguments, NameADiskOfTheHostAsOne) {
    const auto words = arguments_of(started({.kind = ProgramKind::Disk, .path = "/dev/sda"}),
                                    {.socket = 3, .file = 4, .name = "", .block_device = true});

    EXPECT_TRUE(words[1].contains(",file.driver=host_device,"));
}

TEST(ProgramArguments, GiveAFolderByItsFile) {
    auto folder =
        started({.kind = ProgramKind::Share, .path = "/srv", .readonly = true, .tag = "work"});

    EXPECT_THAT(arguments_of(folder, {.socket = 3, .file = 4}),
                ElementsAre("--fd", "3", "--shared-dir", "/proc/self/fd/4", "--tag", "work",
                            "--log-level", "error", "--readonly"));
    folder.program->readonly = false;
    EXPECT_THAT(arguments_of(folder, {.socket = 3, .file = 4}), Not(Contains("--readonly")));
}

TEST(ProgramArguments, ForwardPorts) {
    const auto net =
        started({.kind = ProgramKind::Network,
                 .forwards = {{.udp = false, .address = "127.0.0.1", .host = 2222, .guest = 22},
                              {.udp = true, .address = "0.0.0.0", .host = 53, .guest = 5353}}});

    EXPECT_THAT(arguments_of(net, {.socket = 3}),
                ElementsAre("--vhost-user", "--foreground", "--quiet", "--fd", "3", "--no-map-gw",
                            "-t", "127.0.0.1/2222:22", "-u", "0.0.0.0/53:5353"));
}

std::string image_trouble(const StartedProgram& program, std::string_view beginning) {
    const auto checked = check_image(program, std::as_bytes(std::span{beginning}));
    return checked ? "" : checked.error().what;
}

constexpr std::string_view qcow2 = "QFI\xfb";

TEST(ImageFormat, IsAsItsNameEndsUnlessItIsSaid) {
    EXPECT_EQ(format_of({.path = "a.img"}), ImageFormat::Raw);
    EXPECT_EQ(format_of({.path = "a.qcow2"}), ImageFormat::Qcow2);
    EXPECT_EQ(format_of({.path = "a.qcow2", .format = ImageFormat::Raw}), ImageFormat::Raw);
}

TEST(CheckImage, RefusesWhatAGuestMayHaveMadeAQcow2) {
    EXPECT_THAT(image_trouble({.path = "a.img"}, qcow2),
                testing::StartsWith("a.img: it begins as a qcow2"));
    EXPECT_EQ(image_trouble({.path = "a.img", .format = ImageFormat::Raw}, qcow2), "");
    EXPECT_EQ(image_trouble({.path = "a.img", .format = ImageFormat::Qcow2}, qcow2), "");
    EXPECT_EQ(image_trouble({.path = "a.qcow2"}, qcow2), "");
}

TEST(CheckImage, RefusesAQcow2ThatIsNone) {
    EXPECT_EQ(image_trouble({.path = "a.qcow2"}, "QFI\xfa"),
              "a.qcow2: it is no qcow2: it does not begin as one");
    EXPECT_NE(image_trouble({.path = "a.qcow2"}, "QFI"), "");
    EXPECT_EQ(image_trouble({.path = "a.img"}, ""), "");
}

TEST(Claims, AreOfWhatNoSecondDeviceCanHave) {
    EXPECT_EQ(claim_of(started({.kind = ProgramKind::Disk, .path = "a"})), "disk:a");
    EXPECT_EQ(claim_of(started({.kind = ProgramKind::Disk, .path = "a", .readonly = true})), "");
    EXPECT_EQ(claim_of(started({.kind = ProgramKind::Share, .path = "/srv", .tag = "t"})), "tag=t");
    EXPECT_EQ(claim_of(started({.kind = ProgramKind::Network})), "");
    EXPECT_EQ(claim_of({.socket = "/run/s", .file = {}}), "vhost-user:/run/s");
}

TEST(WithoutNames, KeepsWhatTheGuestSees) {
    const auto backend =
        without_names(started({.kind = ProgramKind::Disk, .path = "/srv/secret.qcow2"}, 3));

    EXPECT_EQ(name_of(backend), "disk:FILE");
    EXPECT_EQ(format_of(*backend.program), ImageFormat::Qcow2);
    EXPECT_EQ(backend.queues, 3u);
    EXPECT_EQ(name_of(without_names({.socket = "/run/secret", .file = {}})), "vhost-user:SOCKET");
    const auto net =
        without_names(started({.kind = ProgramKind::Network,
                               .forwards = {{.address = "192.0.2.7", .host = 1, .guest = 2}}}));
    EXPECT_EQ(net.program->forwards[0].address, "ADDRESS");
}

TEST(MacAddress, IsWrittenAsDriversWriteIt) {
    EXPECT_EQ(to_string(MacAddress{0x52, 0x54, 0, 0x12, 0xab, 0x0f}), "52:54:00:12:ab:0f");
}

TEST(Programs, AreNamedByWhatTheyServe) {
    EXPECT_EQ(name_of(started({.kind = ProgramKind::Disk, .path = "a.img"})), "disk:a.img");
    EXPECT_EQ(name_of(started({.kind = ProgramKind::Network})), "net:user");
    EXPECT_EQ(program_in_words({.kind = ProgramKind::Disk, .path = "a.img", .readonly = true}),
              "qemu-storage-daemon serves a.img (raw, read-only)");
    EXPECT_EQ(program_in_words({.kind = ProgramKind::Share, .path = "/srv", .tag = "work"}),
              "virtiofsd serves /srv as \"work\"");
}

}  // namespace
}  // namespace tenon::model::virtio
