#include "tenon/capture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "tests/support/config_builder.hpp"

namespace tenon {
namespace {

using testing::HasSubstr;
using testing::Not;

// Bytes of a function with a serial number: the extended capability 0x0003 at 0x100.
class PublicCapture : public testing::Test {
protected:
    PublicCapture() {
        const auto image = support::ConfigBuilder{}
                               .head(0x40)
                               .express(0x40, 0)
                               .extended(0x100, 0x0003, 0)
                               .put32(0x104, 0xcafe0123)
                               .image();
        std::ofstream{file_, std::ios::binary}.write(
            reinterpret_cast<const char*>(image.bytes().data()),  // NOLINT: bytes to a file
            static_cast<std::streamsize>(image.bytes().size()));
    }
    ~PublicCapture() override {
        ::unlink(file_.c_str());
        ::unlink(captured_.c_str());
    }

    std::string file_ = testing::TempDir() + "public_capture.bin";
    std::string captured_ = testing::TempDir() + "public_capture.json";
};

TEST_F(PublicCapture, WritesAFileThatGivesTheSameCapabilities) {
    const auto text = capture_text(std::vector{file_}).value();
    std::ofstream{captured_} << text;

    const auto before = Plan::make({.devices = {file_}}).value();
    const auto after = Plan::make({.devices = {captured_}}).value();

    const auto& ours = before.ports().front().functions.front();
    const auto& theirs = after.ports().front().functions.front();
    ASSERT_EQ(ours.capabilities.size(), theirs.capabilities.size());
    EXPECT_EQ(ours.capabilities.back().id, theirs.capabilities.back().id);
    EXPECT_EQ(before.start_bytes("dev0").value(), after.start_bytes("dev0").value());
    EXPECT_THAT(text, HasSubstr("23 01 fe ca"));
}

TEST_F(PublicCapture, BlanksSerialNumbersWhereAsked) {
    const auto text = capture_text(std::vector{file_}, Opening::Allowed, SerialNumbers::Blank);

    EXPECT_THAT(text.value(), Not(HasSubstr("23 01 fe ca")));
}

TEST_F(PublicCapture, NamesADeviceThatIsNotThere) {
    const auto none = capture_text(std::vector<std::string>{"/nowhere"});

    EXPECT_EQ(none.error().kind, Error::Kind::NotFound);
}

}  // namespace
}  // namespace tenon
