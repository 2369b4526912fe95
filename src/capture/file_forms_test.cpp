// What read_capture() makes of the forms a file may have, by its content alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "capture/capture_json.hpp"
#include "capture/file.hpp"

namespace tenon::capture {
namespace {

using testing::HasSubstr;

device::DeviceFacts function(std::uint8_t bus) {
    device::DeviceFacts facts{"live", device::Origin::Live};
    facts.address = pci::Address{.bus = bus};
    facts.physical = pci::ConfigImage{64};
    return facts;
}

constexpr auto dump =
    "65:00.0 NVMe\r\n"
    "00: 86 80 53 09 06 04 10 00 01 02 08 01 10 00 00 00\r\n"
    "10: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\r\n"
    "20: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\r\n"
    "30: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\r\n";

class FileForms : public testing::Test {
protected:
    FileForms()
        : path_{(std::filesystem::path{testing::TempDir()} /
                 testing::UnitTest::GetInstance()->current_test_info()->name())
                    .string()} {}
    ~FileForms() override { std::filesystem::remove(path_); }

    Result<device::DeviceFacts> read(std::string_view content, const std::string& mark = "") {
        std::ofstream{path_, std::ios::binary} << content;
        return read_capture(path_ + mark);
    }

    std::string path_;
};

TEST_F(FileForms, AreACaptureOfOneFunction) {
    const auto facts = read(write_captures(std::array{function(1)}, {})).value();

    EXPECT_EQ(facts.source, path_);
    EXPECT_EQ(facts.origin, device::Origin::Capture);
    EXPECT_EQ(facts.address->bus, 1u);
}

TEST_F(FileForms, AreACaptureOfSeveralFunctions) {
    const auto text = write_captures(std::array{function(1), function(2)}, {});

    EXPECT_EQ(read(text, "#0000:02:00.0").value().address->bus, 2u);
    EXPECT_EQ(read(text, "#02:00.0").value().source, path_ + "#02:00.0");
    EXPECT_EQ(read(text).error().hint,
              "Write FILE#ADDRESS with one of: 0000:01:00.0, 0000:02:00.0");
    EXPECT_THAT(read(text, "#03:00.0").error().what, HasSubstr("has no function 03:00.0"));
}

TEST_F(FileForms, AreACaptureWithOneFunctionTwice) {
    const auto text = write_captures(std::array{function(1), function(1)}, {});

    EXPECT_THAT(read(text, "#01:00.0").error().what,
                HasSubstr("more than once, in functions[0] and functions[1]"));
}

TEST_F(FileForms, AreACaptureWithoutAnAddress) {
    auto nowhere = function(1);
    nowhere.address = Unknown{"a dump of bytes does not tell"};

    EXPECT_FALSE(read(write_captures(std::array{nowhere}, {})).value().address);
    EXPECT_THAT(read(write_captures(std::array{nowhere, function(1)}, {})).error().hint,
                HasSubstr("-, 0000:01:00.0"));
}

TEST_F(FileForms, AreTextOfLspciOfAWindowsEditor) {
    EXPECT_EQ(read(std::string{"\xef\xbb\xbf"} + dump).value().address->bus, 0x65u);
    EXPECT_EQ(read("\xef\xbb\xbf" + write_captures(std::array{function(1)}, {})).value().origin,
              device::Origin::Capture);
}

TEST_F(FileForms, AreJsonThatIsCutOff) {
    const auto text = write_captures(std::array{function(1)}, {});

    EXPECT_THAT(read(text.substr(0, text.size() / 2)).error().what,
                HasSubstr("no JSON here, or it is cut off"));
}

}  // namespace
}  // namespace tenon::capture
