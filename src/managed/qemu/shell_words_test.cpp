#include "managed/qemu/shell_words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::managed::qemu {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> texts_of(std::string_view text) {
    const auto words = read_command(text, "vm.sh");
    std::vector<std::string> texts;
    if (!words) return {words.error().what};
    for (const auto& word : *words)
        texts.push_back(word.text);
    return texts;
}

TEST(ReadCommand, TakesQuotesAway) {
    EXPECT_THAT(
        texts_of(R"(qemu-system-x86_64 -name 'a b' "c\"d" e\ f '{"driver":"VGA"}')"),
        ElementsAre("qemu-system-x86_64", "-name", "a b", "c\"d", "e f", R"({"driver":"VGA"})"));
}

TEST(ReadCommand, GoesOnBehindABackslashAtTheEndOfALine) {
    const auto words =
        read_command("#!/bin/sh\n# a guest\nqemu-system-x86_64 \\\n  -m 4G\n", "vm.sh");

    ASSERT_TRUE(words);
    ASSERT_EQ(words->size(), 3u);
    EXPECT_EQ((*words)[0].place.line, 3u);
    EXPECT_EQ((*words)[2].text, "4G");
    EXPECT_EQ((*words)[2].place.line, 4u);
    EXPECT_EQ((*words)[2].place.word, 2u);
}

TEST(ReadCommand, JoinsAWordAcrossLines) {
    EXPECT_THAT(texts_of("/usr/bin/kvm -device vfio-pci,\\\nhost=65:00.0"),
                ElementsAre("/usr/bin/kvm", "-device", "vfio-pci,host=65:00.0"));
}

TEST(ReadCommand, LeavesOutWhatStandsInFrontOfQemu) {
    EXPECT_THAT(texts_of("LC_ALL=C PATH=/bin sudo nice -n 5 /usr/bin/qemu-system-x86_64 -m 1G"),
                ElementsAre("/usr/bin/qemu-system-x86_64", "-m", "1G"));
}

TEST(ReadCommand, ChoosesTheCommandThatIsQemu) {
    EXPECT_THAT(texts_of("modprobe vfio-pci; echo 1 >/x && qemu-system-x86_64 -m 1G & wait\n"),
                ElementsAre("qemu-system-x86_64", "-m", "1G"));
}

TEST(ReadCommand, ReadsTheWordsOfAProcess) {
    const std::string_view line{
        "/usr/bin/kvm\0-name\0\0-m\0"
        "1G\0",
        25};

    EXPECT_THAT(texts_of(line), ElementsAre("/usr/bin/kvm", "-name", "", "-m", "1G"));
}

TEST(ReadCommand, TakesOptionsWithoutAProgram) {
    EXPECT_THAT(texts_of("-m 1G"), ElementsAre("", "-m", "1G"));
}

TEST(ReadCommand, MarksVariables) {
    const auto words = read_command("kvm -device vfio-pci,host=$GPU '-x=$no'", "vm.sh");

    ASSERT_TRUE(words);
    EXPECT_TRUE((*words)[2].variable);
    EXPECT_FALSE((*words)[3].variable);
}

TEST(ReadCommand, KeepsWhatAShellWouldPutIn) {
    EXPECT_THAT(texts_of("kvm -smp $(nproc --all) -m `cat (x` -name \"$(id -u) b\" -uuid ${A:-b}"),
                ElementsAre("kvm", "-smp", "$(nproc --all)", "-m", "`cat (x`", "-name",
                            "$(id -u) b", "-uuid", "${A:-b}"));
    EXPECT_THAT(texts_of("kvm -smp $(a $(b) c"), ElementsAre("kvm", "-smp", "$(a $(b) c"));
}

TEST(ReadCommand, NamesTheLineOfAQuoteWithoutEnd) {
    EXPECT_THAT(texts_of("kvm -m 1G\n-name 'a"), ElementsAre(HasSubstr("vm.sh:2: a quote begins")));
    EXPECT_THAT(texts_of("kvm \"a\\"), ElementsAre(HasSubstr("vm.sh:1: a quote begins")));
}

TEST(ReadCommand, RefusesNothingAtAll) {
    EXPECT_FALSE(read_command("", "vm.sh"));
    EXPECT_FALSE(read_command("# only a comment\n\n", "vm.sh"));
    EXPECT_FALSE(read_command(std::string_view{"\0", 1}, "vm.sh"));
    EXPECT_FALSE(read_command(std::vector<std::string>{}, "words"));
}

TEST(ReadCommand, BoundsItsInput) {
    EXPECT_FALSE(read_command(std::string(longest_input + 1, 'a'), "vm.sh"));
    std::string many;
    for (std::size_t n = 0; n <= most_words + 1; ++n)
        many += "a ";
    EXPECT_FALSE(read_command(many, "vm.sh"));
}

TEST(SplitWords, GivesAllTheSamePlace) {
    const auto words = split_words("-cpu host,-x '-m 1'", {.file = "a.conf", .line = 7});

    ASSERT_TRUE(words);
    ASSERT_EQ(words->size(), 3u);
    EXPECT_EQ((*words)[2].text, "-m 1");
    EXPECT_EQ((*words)[2].place, (said::Place{.file = "a.conf", .line = 7}));
}

}  // namespace
}  // namespace tenon::managed::qemu
