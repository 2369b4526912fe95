#include "capture/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace tenon::capture {
namespace {

using testing::HasSubstr;

// A folder of its own for each test.
class CaptureFile : public testing::Test {
protected:
    CaptureFile()
        : folder_{std::filesystem::path{testing::TempDir()} /
                  testing::UnitTest::GetInstance()->current_test_info()->name()} {
        std::filesystem::create_directories(folder_);
    }
    ~CaptureFile() override { std::filesystem::remove_all(folder_); }

    std::string write(std::string_view name, std::string_view content) const {
        const auto path = (folder_ / name).string();
        std::ofstream{path, std::ios::binary} << content;
        return path;
    }

    // A dump of one function whose vendor id is `vendor`.
    static std::string dump(std::string_view slot, unsigned vendor) {
        std::string text =
            fmt::format("{} Device\n00: {:02x} {:02x}", slot, vendor & 0xff, vendor >> 8);
        for (unsigned n = 2; n < 64; ++n)
            text += n % 16 == 0 ? fmt::format("\n{:02x}: 00", n) : " 00";
        return text + "\n\n";
    }

    static unsigned vendor(const Result<device::DeviceFacts>& facts) {
        return facts.value().physical->read16(0);
    }

private:
    std::filesystem::path folder_;
};

TEST_F(CaptureFile, OfOneFunctionNeedsNoAddress) {
    EXPECT_EQ(vendor(read_capture(write("one", dump("65:00.0", 0x8086)))), 0x8086u);
}

TEST_F(CaptureFile, OfSeveralFunctionsIsReadByAddress) {
    const auto file = write("two", dump("0000:65:00.0", 0x8086) + dump("0000:65:00.1", 0x10de));

    EXPECT_EQ(vendor(read_capture(file + "#0000:65:00.1")), 0x10deu);
    EXPECT_EQ(vendor(read_capture(file + "#65:00.0")), 0x8086u);
}

TEST_F(CaptureFile, OfSeveralFunctionsListsThemIfNoneIsNamed) {
    const auto facts = read_capture(write("two", dump("65:00.0", 1) + dump("65:00.1", 2)));

    ASSERT_FALSE(facts);
    EXPECT_THAT(facts.error().what, HasSubstr("two: has 2 functions"));
    EXPECT_EQ(facts.error().hint, "Write FILE#ADDRESS with one of: 65:00.0, 65:00.1");
}

TEST_F(CaptureFile, ListsItsFunctionsIfAnotherIsNamed) {
    const auto facts = read_capture(write("one", dump("65:00.0", 1)) + "#66:00.0");

    ASSERT_FALSE(facts);
    EXPECT_EQ(facts.error().kind, Error::Kind::NotFound);
    EXPECT_THAT(facts.error().what, HasSubstr("one: has no function 66:00.0"));
    EXPECT_EQ(facts.error().hint, "Write FILE#ADDRESS with one of: 65:00.0");
}

TEST_F(CaptureFile, WithOneAddressTwiceIsUnclear) {
    const auto facts =
        read_capture(write("twice", dump("65:00.0", 1) + dump("65:00.0", 2)) + "#65:00.0");

    ASSERT_FALSE(facts);
    EXPECT_THAT(facts.error().what, HasSubstr("has 65:00.0 more than once, in line 1 and line 7"));
    EXPECT_EQ(facts.error().hint, "Write FILE#65:00.0@1 for the first of them, @2 for the second");
}

TEST_F(CaptureFile, WithOneAddressTwiceHasThemByNumber) {
    const auto file = write("twice", dump("65:00.0", 1) + dump("65:00.1", 3) + dump("65:00.0", 2));

    EXPECT_EQ(vendor(read_capture(file + "#65:00.0@1")), 1u);
    EXPECT_EQ(vendor(read_capture(file + "#0000:65:00.0@2")), 2u);
    EXPECT_EQ(read_capture(file + "#65:00.0@2")->source, file + "#65:00.0@2");
    EXPECT_THAT(read_capture(file + "#65:00.0@3").error().what,
                HasSubstr("twice: has no 65:00.0@3: it is there 2 times"));
    EXPECT_EQ(read_capture(file).error().hint,
              "Write FILE#ADDRESS with one of: 65:00.0@1, 65:00.1, 65:00.0@2");
    for (const auto* const number : {"@0", "@x", "@", "@-1"})
        EXPECT_THAT(read_capture(file + "#65:00.0" + number).error().what,
                    HasSubstr("has no function 65:00.0@"));
}

TEST_F(CaptureFile, WithASlotTwiceHasThemByNumber) {
    const auto before = dump("65:00.0", 1) + dump("65:00.1", 2);
    const auto after = dump("65:00.0", 3) + dump("65:00.1", 4);
    const auto file = write("twice", before + after);

    EXPECT_THAT(read_capture_slot(file + "#65:00.*").error().hint, HasSubstr("@2 for the second"));
    const auto slot = read_capture_slot(file + "#65:00.*@2").value();
    ASSERT_EQ(slot.size(), 2u);
    EXPECT_EQ(slot[0].physical->read16(0), 3u);
    EXPECT_EQ(slot[1].physical->read16(0), 4u);
    EXPECT_EQ(slot[1].source, file + "#65:00.1@2");
    EXPECT_FALSE(read_capture_slot(file + "#65:00.*@3"));
}

TEST_F(CaptureFile, WithAFaultHasTheOthers) {
    const auto file =
        write("fault", dump("65:00.0", 1) + "65:00.1 x\n00: 86 8\n\n" + dump("65:00.2", 2));

    EXPECT_EQ(vendor(read_capture(file + "#65:00.2")), 2u);
    EXPECT_THAT(read_capture(file + "#65:00.1").error().what, HasSubstr("fault: line 8: byte 2"));
    EXPECT_FALSE(read_capture_slot(file + "#65:00.*"));
}

TEST_F(CaptureFile, MayHaveTheMarkInItsName) {
    EXPECT_EQ(vendor(read_capture(write("a#65:00.0", dump("01:00.0", 7)))), 7u);
    EXPECT_EQ(vendor(read_capture(write("b#b", dump("01:00.0", 8)) + "#01:00.0")), 8u);
}

TEST_F(CaptureFile, OfBytesHasNoAddress) {
    std::string bytes(256, '\0');
    bytes[0] = '\x86';
    const auto file = write("config", bytes);

    const auto facts = read_capture(file);

    EXPECT_EQ(vendor(facts), 0x86u);
    EXPECT_FALSE(facts->address);
    EXPECT_THAT(read_capture(file + "#65:00.0").error().what, HasSubstr("#65:00.0"));
}

TEST_F(CaptureFile, SaysWhatADumpDoesNotTell) {
    const auto file = write("one", dump("0001:65:00.0", 0x8086));

    const auto facts = read_capture(file).value();

    EXPECT_EQ(facts.source, file);
    EXPECT_EQ(facts.origin, device::Origin::File);
    EXPECT_EQ(facts.address->domain, 1u);
    EXPECT_EQ(facts.driver.why(), "a dump does not tell");
    EXPECT_EQ(facts.vfio.why(), "a dump does not tell");
    EXPECT_EQ(facts.resources.why(), "a dump of bytes does not tell them");
}

TEST_F(CaptureFile, ThatCannotBeReadIsNamed) {
    const auto facts = read_capture("/nonexistent/dump#65:00.0");

    ASSERT_FALSE(facts);
    EXPECT_EQ(facts.error().kind, Error::Kind::NotFound);
    EXPECT_EQ(facts.error().what, "/nonexistent/dump: No such file or directory");
}

}  // namespace
}  // namespace tenon::capture
