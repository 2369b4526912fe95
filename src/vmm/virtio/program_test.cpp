// Programs that are devices, as scripts that look like them.
#include "vmm/virtio/program.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "vmm/virtio/function.hpp"

namespace tenon::vmm::virtio {
namespace {

using model::virtio::Backend;
using model::virtio::ProgramKind;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::uint64_t program_mib = 1 << 20;

// A folder with programs, the only one that PATH has beside the shell's own, and with images.
class ProgramTest : public testing::Test {
protected:
    ProgramTest() {
        std::string name = testing::TempDir() + "program_test_XXXXXX";
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        folder = name;
        std::filesystem::create_directory(folder / "tmp");
        set("PATH", folder);
        set("TMPDIR", folder / "tmp");
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        said_from = Fd{ends[0]};
        said_to = Fd{ends[1]};
        EXPECT_TRUE(warnings->start(said_to.number()));
    }
    ~ProgramTest() override {
        for (const auto& [name, value] : before)
            value ? ::setenv(name.c_str(), value->c_str(), 1) : ::unsetenv(name.c_str());
        std::filesystem::remove_all(folder);
    }

    void set(const std::string& name, const std::filesystem::path& value) {
        const char* const old = ::getenv(name.c_str());
        before.emplace_back(name, old == nullptr ? std::nullopt : std::optional<std::string>{old});
        ::setenv(name.c_str(), value.c_str(), 1);
    }
    void install(const std::string& name, const std::string& script) {
        const auto path = folder / name;
        std::ofstream{path} << "#!/bin/sh\nPATH=/usr/bin:/bin\n" << script << '\n';
        ::chmod(path.c_str(), 0755);
    }
    std::string file(const std::string& name, std::string_view content) {
        std::ofstream{folder / name} << content;
        return folder / name;
    }
    static Backend disk(std::string path) {
        return {.file = {},
                .type = 2,
                .queues = 1,
                .queue_size = 128,
                .config_size = 60,
                .program = {{.kind = ProgramKind::Disk, .path = std::move(path)}}};
    }
    Result<Program::Started> start(const Backend& backend) {
        return Program::start(backend, "dev0", {.warnings = *warnings, .events = events});
    }
    // All that was said, once nobody says anything any more.
    std::string said() {
        warnings.reset();
        said_to.close();
        std::string text;
        std::array<char, 512> part{};
        for (;;) {
            const auto count = ::read(said_from.number(), part.data(), part.size());
            if (count <= 0) return text;
            text.append(part.data(), static_cast<std::size_t>(count));
        }
    }

    std::filesystem::path folder;
    std::vector<std::pair<std::string, std::optional<std::string>>> before;
    Fd said_from;
    Fd said_to;
    std::optional<board::Warnings> warnings{std::in_place};
    board::EventLoop events;
};

TEST_F(ProgramTest, NamesThePackageOfOneThatIsNotHere) {
    const auto checked = check_program(disk(file("a.img", "")));

    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().kind, Error::Kind::NotFound);
    EXPECT_THAT(checked.error().what, HasSubstr("a.img: no program qemu-storage-daemon is here"));
    EXPECT_THAT(checked.error().hint, HasSubstr("qemu-system-common of Debian 12"));
}

TEST_F(ProgramTest, NamesThePackageOfOneThatIsTooOld) {
    install("passt", "echo 'Usage: passt [OPTION]...'; exit 1");
    const Backend net{.file = {}, .program = {{.kind = ProgramKind::Network, .path = ""}}};

    const auto checked = check_program(net);

    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().kind, Error::Kind::Unsupported);
    EXPECT_THAT(checked.error().what, HasSubstr("passt: it is too old: it has no --vhost-user"));
    EXPECT_THAT(checked.error().hint, HasSubstr("passt of Debian 13"));
    install("passt", "echo '  --vhost-user  serve as a vhost-user device'; exit 0");
    EXPECT_TRUE(check_program(net));
}

TEST_F(ProgramTest, LooksAtTheImage) {
    install("qemu-storage-daemon", "exit 0");

    EXPECT_TRUE(check_program(disk(file("a.img", "any"))));
    EXPECT_THAT(check_program(disk(folder / "none")).error().what, HasSubstr("No such file"));
    EXPECT_THAT(check_program(disk(file("b.img", "QFI\xfb"))).error().what,
                HasSubstr("begins as a qcow2"));
    auto folder_itself = disk(folder);
    folder_itself.program->readonly = true;
    EXPECT_THAT(check_program(folder_itself).error().what,
                HasSubstr("neither a file nor a block device"));
}

TEST_F(ProgramTest, TakesWhatNeedsNoProgram) {
    EXPECT_TRUE(check_program({.socket = "/nowhere", .file = {}}));
}

TEST_F(ProgramTest, GivesSocketAndImageByTheirFiles) {
    install(
        "qemu-storage-daemon",
        "readlink /proc/self/fd/3 | sed 's/:.*//'; cat /proc/self/fd/4; echo; echo \"$2\"; exit 3");
    auto started = start(disk(file("a.img", "content of the image")));
    ASSERT_TRUE(started) << to_string(started.error());

    EXPECT_EQ(started->program->end_after_loss(), "qemu-storage-daemon ended with status 3");

    started->program.reset();
    EXPECT_THAT(said(), AllOf(HasSubstr("tenon: warning: dev0: qemu-storage-daemon: socket\r\n"),
                              HasSubstr("qemu-storage-daemon: content of the image\r\n"),
                              HasSubstr("driver=raw,"), HasSubstr("filename=/proc/self/fd/4\r\n")));
}

TEST_F(ProgramTest, GivesTheFolderOfAQcow2) {
    install("qemu-storage-daemon", "cat /proc/self/fd/4/a.qcow2; ls /proc/self/fd/4/; exit 0");
    auto started = start(disk(file("a.qcow2", "QFI\xfb and more")));
    ASSERT_TRUE(started) << to_string(started.error());
    started->program->end_after_loss();

    started->program.reset();
    EXPECT_THAT(said(), AllOf(HasSubstr("\\xfb and more"), HasSubstr("a.qcow2\r\n")));
}

TEST_F(ProgramTest, HoldsAnImageAsLongAsTheProgramHasIt) {
    install("qemu-storage-daemon", "exec sleep 1000");
    for (const auto* const name : {"a.img", "a.qcow2"}) {
        const auto image = disk(file(name, std::string_view{name}.ends_with("2") ? "QFI\xfb" : ""));
        auto reader = image;
        reader.program->readonly = true;
        auto started = start(image);
        ASSERT_TRUE(started) << to_string(started.error());

        EXPECT_EQ(check_program(image).error().kind, Error::Kind::Busy);
        EXPECT_THAT(check_program(reader).error().what, HasSubstr("of another guest"));

        started->program.reset();
        EXPECT_TRUE(check_program(image));
        const auto first = start(reader);
        ASSERT_TRUE(first) << to_string(first.error());
        EXPECT_TRUE(check_program(reader));
        EXPECT_FALSE(check_program(image));
    }
}

TEST_F(ProgramTest, LeavesNoNameBehind) {
    install("qemu-storage-daemon", "exec sleep 1000");
    auto started = start(disk(file("a.img", "")));
    ASSERT_TRUE(started) << to_string(started.error());

    EXPECT_TRUE(std::filesystem::is_empty(folder / "tmp"));
}

TEST_F(ProgramTest, EndsOneThatGoesOn) {
    install("qemu-storage-daemon", "exec sleep 1000");
    auto started = start(disk(file("a.img", "")));
    ASSERT_TRUE(started) << to_string(started.error());

    EXPECT_EQ(started->program->end_after_loss(), "qemu-storage-daemon had to be ended");
}

TEST_F(ProgramTest, CutsLinesThatAreTooLong) {
    install("qemu-storage-daemon", "head -c 100000 /dev/zero | tr '\\0' x; exit 0");
    auto started = start(disk(file("a.img", "")));
    ASSERT_TRUE(started) << to_string(started.error());
    started->program->end_after_loss();

    started->program.reset();
    EXPECT_LT(said().size(), 1000u);
}

TEST_F(ProgramTest, IsNotWaitedForWhenItEnds) {
    install("qemu-storage-daemon", "echo 'qemu-storage-daemon: no room' >&2; exit 1");
    const auto memory =
        board::GuestMemory::create(8 * program_mib, 6 * program_mib, {.shared = true}).value();

    const auto made =
        VirtioFunction::connect(disk(file("a.img", "")), "dev0",
                                {.memory = memory, .warnings = *warnings, .events = events});

    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().what,
                AllOf(StartsWith("dev0: asking for its features: the back end has closed the "
                                 "connection"),
                      HasSubstr(": qemu-storage-daemon ended with status 1")));
    EXPECT_THAT(said(), HasSubstr("warning: dev0: qemu-storage-daemon: no room\r\n"));
}

}  // namespace
}  // namespace tenon::vmm::virtio
