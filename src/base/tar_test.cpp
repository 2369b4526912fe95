#include "base/tar.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/packed.hpp"

namespace tenon {
namespace {

using support::tar_end;
using support::tar_header;
using support::tar_link;
using support::tar_member;
using testing::ElementsAre;
using testing::HasSubstr;

struct Read {
    TarMember member;
    std::string content;
};

Result<std::vector<Read>> read(std::string archive) {
    TextStream stream{std::move(archive)};
    TarReader reader{stream, "it"};
    std::vector<Read> all;
    for (;;) {
        TENON_TRY(member, reader.next(), "");
        if (!member) return all;
        TENON_TRY(content, reader.content(4096), "");
        all.push_back({.member = *member, .content = content});
    }
}

std::vector<std::string> paths(const std::vector<Read>& all) {
    std::vector<std::string> paths;
    for (const auto& one : all)
        paths.push_back(one.member.path);
    return paths;
}

// A record of a pax header; its length counts itself, two digits here.
std::string record(std::string_view key, std::string_view value) {
    return fmt::format("{} {}={}\n", key.size() + value.size() + 5, key, value);
}

TEST(Tar, HasFilesFoldersAndLinks) {
    const auto all =
        read(tar_header("./report/", '5', 0) + tar_member("report/a.txt", "one") +
             tar_link("report/b", "a.txt") + tar_header("/report/c", '3', 0) + tar_end())
            .value();

    EXPECT_THAT(paths(all), ElementsAre("report", "report/a.txt", "report/b", "report/c"));
    EXPECT_EQ(all[0].member.kind, MemberKind::Folder);
    EXPECT_EQ(all[1].content, "one");
    EXPECT_EQ(all[2].member.kind, MemberKind::Link);
    EXPECT_EQ(all[2].member.target, "a.txt");
    EXPECT_EQ(all[3].member.kind, MemberKind::Other);
}

TEST(Tar, PassesOverWhatIsNotRead) {
    TextStream stream{tar_member("a", std::string(3000, 'x')) + tar_member("b", "two") + tar_end()};
    TarReader reader{stream, "it"};

    ASSERT_EQ(reader.next().value()->path, "a");
    ASSERT_EQ(reader.next().value()->path, "b");
    EXPECT_EQ(reader.content(3).value(), "two");
    EXPECT_FALSE(reader.next().value());
}

TEST(Tar, TakesThePrefixOfUstar) {
    const auto all = read(tar_header("name", '0', 0, "", "long/folder") + tar_end()).value();

    EXPECT_THAT(paths(all), ElementsAre("long/folder/name"));
}

TEST(Tar, TakesLongNamesOfGnu) {
    const std::string path(300, 'p');
    const std::string target(200, 't');
    const auto all = read(tar_member("././@LongLink", path + '\0', 'L') +
                          tar_member("././@LongLink", target + '\0', 'K') +
                          tar_link("pppp", "tttt") + tar_member("next", "") + tar_end())
                         .value();

    EXPECT_THAT(paths(all), ElementsAre(path, "next"));
    EXPECT_EQ(all[0].member.target, target);
}

TEST(Tar, TakesPathSizeAndLinkOfPax) {
    const auto all =
        read(tar_member("pax", record("path", "a/b") + record("mtime", "1.5"), 'x') +
             tar_member("short", "one") + tar_member("pax", record("linkpath", "to"), 'x') +
             tar_link("l", "from") + tar_end())
            .value();

    EXPECT_THAT(paths(all), ElementsAre("a/b", "l"));
    EXPECT_EQ(all[0].content, "one");
    EXPECT_EQ(all[1].member.target, "to");
}

TEST(Tar, PassesOverSparseFiles) {
    auto sparse = tar_header("sparse", 'S', 3);
    const auto all =
        read(sparse + "abc" + std::string(509, '\0') + tar_member("b", "two") + tar_end()).value();

    EXPECT_EQ(all[0].member.kind, MemberKind::Other);
    EXPECT_EQ(all[1].content, "two");
}

TEST(Tar, MayEndWithoutEmptyBlocks) {
    EXPECT_THAT(paths(read(tar_member("a", "one")).value()), ElementsAre("a"));
}

TEST(Tar, IsRefusedWhereItIsCutOff) {
    const auto archive = tar_member("a", std::string(600, 'x'));

    for (const std::size_t size : {100u, 700u, 1100u})
        EXPECT_THAT(read(archive.substr(0, size)).error().what,
                    HasSubstr("it: at byte 0: the archive is cut off"));
}

TEST(Tar, IsRefusedWithADamagedHeader) {
    auto archive = tar_member("a", "one") + tar_member("b", "two") + tar_end();
    archive[1024] = 'c';

    EXPECT_EQ(read(archive).error().what, "it: at byte 1024: the header of a member is damaged");
}

TEST(Tar, IsRefusedWithRecordsThatAreNone) {
    for (const auto* const records : {"99 path=a\n", "x", "5 a\n", "3 \n", "0 a=b\n", "6 path\n"})
        EXPECT_THAT(read(tar_member("pax", records, 'x') + tar_member("a", "")).error().what,
                    HasSubstr("a pax "))
            << records;
}

TEST(Tar, IsRefusedWithASizeThatIsNone) {
    EXPECT_THAT(
        read(tar_member("pax", record("size", "-1"), 'x') + tar_member("a", "")).error().what,
        HasSubstr("size that is no number"));
    EXPECT_THAT(
        read(tar_member("pax", record("size", "18446744073709551615"), 'x') + tar_member("a", ""))
            .error()
            .what,
        HasSubstr("size is no number"));
}

TEST(Tar, KeepsLongContentOut) {
    EXPECT_THAT(read(tar_member("a", std::string(5000, 'x'))).error().what,
                HasSubstr("a member of 5000 bytes, and 4096 are read"));
}

TEST(IsTar, TellsByTheChecksum) {
    const auto block = tar_header("a", '0', 0);
    auto damaged = block;
    damaged[0] = 'b';

    EXPECT_TRUE(is_tar(block));
    EXPECT_FALSE(is_tar(damaged));
    EXPECT_FALSE(is_tar(std::string(512, '\0')));
    EXPECT_FALSE(is_tar(std::string(512, ' ')));
    EXPECT_FALSE(is_tar(block.substr(0, 511)));
}

}  // namespace
}  // namespace tenon
