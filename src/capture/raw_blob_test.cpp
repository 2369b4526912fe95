#include "capture/raw_blob.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tenon::capture {
namespace {

TEST(RawBlob, ReadsTheSizesThatSysfsGives) {
    EXPECT_EQ(parse_raw_blob(std::string(64, '\0'), "f").value().known(), 64u);
    EXPECT_EQ(parse_raw_blob(std::string(256, '\0'), "f").value().known(), 256u);
    EXPECT_EQ(parse_raw_blob(std::string(4096, '\0'), "f").value().known(), 4096u);
}

TEST(RawBlob, KnowsAsMuchAsWasCopied) {
    EXPECT_EQ(parse_raw_blob(std::string(128, '\0'), "f").value().known(), 128u);
    EXPECT_EQ(parse_raw_blob(std::string(240, '\0'), "f").value().known(), 240u);
}

TEST(RawBlob, MayHaveALineEndBehindIt) {
    EXPECT_EQ(parse_raw_blob(std::string(256, '\0') + "\n", "f").value().known(), 256u);
    EXPECT_EQ(parse_raw_blob(std::string(4096, '\0') + "\n", "f").value().known(), 4096u);
}

TEST(RawBlob, KeepsTheBytes) {
    std::string content(64, '\0');
    content[0] = '\x86';
    content[1] = '\x80';

    EXPECT_EQ(parse_raw_blob(content, "f").value().read16(0), 0x8086u);
}

TEST(RawBlob, RefusesOtherSizes) {
    EXPECT_EQ(parse_raw_blob(std::string(63, '\0'), "f").error().what,
              "f: not text, and 63 bytes are no configuration space");
    EXPECT_FALSE(parse_raw_blob(std::string(100, '\0'), "f"));
    EXPECT_FALSE(parse_raw_blob(std::string(260, '\0'), "f"));
    EXPECT_FALSE(parse_raw_blob("", "f"));
    EXPECT_FALSE(parse_raw_blob(std::string(4097, '\0'), "f"));
}

TEST(RawBlob, IsToldFromText) {
    EXPECT_TRUE(is_binary(std::string_view{"ab\0c", 4}));
    EXPECT_TRUE(is_binary("\xff\xff"));
    EXPECT_FALSE(
        is_binary("65:00.0 \xc2\xb5"
                  "controller\r\n"));
    EXPECT_FALSE(is_binary(""));
}

}  // namespace
}  // namespace tenon::capture
