#include "base/archive_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace tenon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Archive : public testing::Test {
protected:
    void file(std::string path, std::string content) {
        ASSERT_TRUE(tree_.add({.path = std::move(path), .kind = MemberKind::File, .target = {}},
                              std::move(content)));
    }
    void link(std::string path, std::string target) {
        ASSERT_TRUE(tree_.add(
            {.path = std::move(path), .kind = MemberKind::Link, .target = std::move(target)}));
    }

    ArchiveTree tree_{"it.tar"};
};

TEST_F(Archive, IsReadThroughItsLinks) {
    file("sys/devices/pci0/a/config", "bytes");
    link("sys/bus/a", "../devices/pci0/a");
    link("sys/absolute", "/sys/bus/a/config");

    EXPECT_EQ(tree_.read("it.tar/sys/bus/a/config", 100).value(), "bytes");
    EXPECT_EQ(tree_.read("it.tar/sys/absolute", 100).value(), "bytes");
    EXPECT_EQ(tree_.resolve("it.tar/sys/bus/a").value(), "it.tar/sys/devices/pci0/a");
    EXPECT_EQ(tree_.link("it.tar/sys/bus/a").value(), "../devices/pci0/a");
    EXPECT_EQ(tree_.link_name("it.tar/sys/bus/a").value(), "a");
}

TEST_F(Archive, ListsEachNameOnce) {
    file("f/a/1", "");
    file("f/a/2", "");
    file("f/a-b", "");
    file("f/a.c", "");
    file("f/b", "");
    file("g", "");

    EXPECT_THAT(tree_.entries("it.tar/f"), ElementsAre("a", "a-b", "a.c", "b"));
    EXPECT_THAT(tree_.entries("it.tar"), ElementsAre("f", "g"));
    EXPECT_THAT(tree_.entries("it.tar/none"), IsEmpty());
}

TEST_F(Archive, HasNothingOutside) {
    file("a", "one");
    link("up", "../../../etc/passwd");
    link("down", "nowhere");

    EXPECT_EQ(tree_.read("it.tar/up", 100).error().os_error, ENOENT);
    EXPECT_EQ(tree_.read("it.tar/../../a", 100).value(), "one");
    EXPECT_FALSE(tree_.exists("it.tar/down"));
    EXPECT_EQ(tree_.link("it.tar/down").value(), "nowhere");
    EXPECT_EQ(tree_.link("it.tar/a").error().os_error, EINVAL);
}

TEST_F(Archive, EndsALoopOfLinks) {
    link("a", "b");
    link("b", "a");

    EXPECT_EQ(tree_.resolve("it.tar/a").error().os_error, ELOOP);
    EXPECT_TRUE(tree_.exists("it.tar/a"));
}

TEST_F(Archive, BoundsWhatItHolds) {
    const TarMember member{.path = "a", .kind = MemberKind::File, .target = {}};

    EXPECT_FALSE(tree_.add(member, std::string(most_tree_bytes + 1, 'x')));
}

}  // namespace
}  // namespace tenon
