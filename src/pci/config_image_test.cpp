#include "pci/config_image.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace tenon::pci {
namespace {

TEST(ConfigImage, KnowsHowMuchWasRead) {
    const std::vector<std::byte> header(64, std::byte{0x5a});

    const auto image = ConfigImage::from_bytes(header);

    ASSERT_TRUE(image);
    EXPECT_EQ(image->known(), 64u);
    EXPECT_EQ(image->read16(0x3e), 0x5a5a);
    EXPECT_EQ(image->read16(0x3f), 0x005a);
}

TEST(ConfigImage, RefusesSizesThatNoFunctionHas) {
    EXPECT_FALSE(ConfigImage::from_bytes(std::vector<std::byte>(60)));
    EXPECT_FALSE(ConfigImage::from_bytes(std::vector<std::byte>(4100)));
    EXPECT_EQ(ConfigImage::from_bytes(std::vector<std::byte>(66)).error().what,
              "66 bytes are no configuration space: 64, 256 or 4096 are");
}

TEST(ConfigImage, AnswersAllOnesPastItsEnd) {
    ConfigImage image{express_size};

    image.write<std::uint32_t>(0xffe, 0);

    EXPECT_EQ(image.read32(0xffe), 0xffffffff);
    EXPECT_EQ(image.read32(0xffc), 0u);
    EXPECT_EQ(image.read8(0x1000), 0xff);
}

}  // namespace
}  // namespace tenon::pci
