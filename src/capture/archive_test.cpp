// Packed files and archives of what people recorded.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "capture/file.hpp"
#include "tests/support/packed.hpp"

namespace tenon::capture {
namespace {

using support::tar_end;
using support::tar_link;
using support::tar_member;
using testing::HasSubstr;

// A dump of one function whose vendor id is `vendor`.
std::string dump(std::string_view slot, unsigned vendor) {
    auto text = fmt::format("{} Device\n00: {:02x} {:02x}", slot, vendor & 0xff, vendor >> 8);
    for (unsigned n = 2; n < 64; ++n)
        text += n % 16 == 0 ? fmt::format("\n{:02x}: 00", n) : " 00";
    return text + "\n\n";
}

// The bytes of a function as /proc/bus/pci has them.
std::string bytes(unsigned vendor) {
    std::string bytes(256, '\0');
    bytes[0] = static_cast<char>(vendor & 0xff);
    bytes[1] = static_cast<char>(vendor >> 8);
    return bytes;
}

class PackedFile : public testing::Test {
protected:
    PackedFile()
        : path_{(std::filesystem::path{testing::TempDir()} /
                 testing::UnitTest::GetInstance()->current_test_info()->name())
                    .string()} {}
    ~PackedFile() override { std::filesystem::remove(path_); }

    Result<device::DeviceFacts> read(std::string_view content, const std::string& mark = "") {
        std::ofstream{path_, std::ios::binary} << content;
        return read_capture(path_ + mark);
    }
    unsigned vendor(std::string_view content, const std::string& mark = "") {
        const auto facts = read(content, mark);
        return facts ? facts->physical->read16(0) : 0;
    }

    std::string path_;
};

TEST_F(PackedFile, IsReadAsWhatIsInIt) {
    for (auto* const pack : {support::gzip, support::xz, support::zstd}) {
        EXPECT_EQ(vendor(pack(dump("65:00.0", 0x8086))), 0x8086u);
        EXPECT_EQ(vendor(pack(bytes(0x10de))), 0x10deu);
        EXPECT_EQ(vendor(pack(dump("65:00.0", 1) + dump("65:00.1", 2)), "#65:00.1"), 2u);
    }
}

TEST_F(PackedFile, IsABombOnlyUpToTheLimit) {
    const std::string zeros(std::size_t{32} << 20, '\0');
    const auto packed = support::gzip(zeros);

    EXPECT_THAT(read(packed + packed + packed).error().what,
                HasSubstr(": longer than 67108864 bytes"));
}

class ArchiveFile : public PackedFile {
protected:
    static std::string archive() {
        return tar_member("report/README", "nothing of PCI\n") +
               tar_member("report/lspci.txt", dump("65:00.0", 0x8086) + dump("65:00.1", 0x10de)) +
               tar_member("report/core", std::string(300, '\xff')) +
               tar_member("report/proc/bus/pci/65/01.0", bytes(0x15b3)) +
               tar_member("report/proc/bus/pci/0001:02/03.4", bytes(0x1af4)) +
               tar_link("report/latest", "lspci.txt") + tar_end();
    }
};

TEST_F(ArchiveFile, HasTheFunctionsOfItsMembers) {
    EXPECT_EQ(vendor(archive(), "#65:00.1"), 0x10deu);
    EXPECT_EQ(vendor(archive(), "#0000:65:00.0"), 0x8086u);
    EXPECT_EQ(vendor(archive(), "#65:01.0"), 0x15b3u);
    EXPECT_EQ(read(archive(), "#0001:02:03.4").value().address->domain, 1u);
}

TEST_F(ArchiveFile, MayBePacked) {
    EXPECT_EQ(vendor(support::gzip(archive()), "#65:00.1"), 0x10deu);
    EXPECT_EQ(vendor(support::xz(archive()), "#65:00.1"), 0x10deu);
    EXPECT_EQ(vendor(support::zstd(archive()), "#65:00.1"), 0x10deu);
}

TEST_F(ArchiveFile, MayHavePackedMembers) {
    const auto inner = support::gzip(dump("65:00.0", 0x8086));

    EXPECT_EQ(vendor(tar_member("bug-report.log.gz", inner) + tar_end()), 0x8086u);
}

TEST_F(ArchiveFile, ListsWhatItHasIfNothingIsNamed) {
    const auto error = read(archive()).error();

    EXPECT_THAT(error.what, HasSubstr("has 4 functions"));
    EXPECT_EQ(error.hint,
              "Write FILE#ADDRESS with one of: 65:00.0, 65:00.1, 0000:65:01.0, 0001:02:03.4");
}

TEST_F(ArchiveFile, WithOneFunctionTwiceNeedsTheMember) {
    const auto twice = tar_member("a.txt", dump("65:00.0", 1)) +
                       tar_member("b.txt", dump("65:00.0", 2)) + tar_end();
    const auto error = read(twice, "#65:00.0").error();

    EXPECT_THAT(error.what, HasSubstr("has 65:00.0 more than once, in a.txt, line 1 and b.txt, "
                                      "line 1"));
    EXPECT_THAT(error.hint,
                HasSubstr(fmt::format("FILE#MEMBER#ADDRESS, as in {}#a.txt#65:00.0", path_)));
    EXPECT_EQ(vendor(twice, "#65:00.0@2"), 2u);
    EXPECT_EQ(vendor(twice, "#b.txt#65:00.0"), 2u);
    EXPECT_EQ(vendor(twice, "#a.txt"), 1u);
}

TEST_F(ArchiveFile, GivesASlotOfOneMember) {
    std::ofstream{path_, std::ios::binary}
        << tar_member("a.txt", dump("65:00.0", 1) + dump("65:00.1", 2)) +
               tar_member("b.txt", dump("65:00.0", 3)) + tar_end();

    EXPECT_TRUE(names_slot(path_ + "#a.txt#65:00.*"));
    EXPECT_EQ(read_capture_slot(path_ + "#a.txt#65:00.*").value().size(), 2u);
    EXPECT_THAT(read_capture_slot(path_ + "#65:00.*").error().what, HasSubstr("more than once"));
}

TEST_F(ArchiveFile, WithoutFunctionsHasNone) {
    EXPECT_THAT(read(tar_member("a", "text") + tar_end()).error().what,
                HasSubstr("has 0 functions"));
}

TEST_F(ArchiveFile, CutOffIsRefused) {
    EXPECT_THAT(read(archive().substr(0, 2000)).error().what, HasSubstr("the archive is cut off"));
}

}  // namespace
}  // namespace tenon::capture
