#include "base/unpack.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/packed.hpp"

namespace tenon {
namespace {

using testing::HasSubstr;

Result<std::string> unpack(std::string packed, std::uint64_t limit = most_unpacked) {
    TENON_TRY(stream, unpacked(std::make_unique<TextStream>(std::move(packed)), "it", limit), "");
    return read_all(*stream, std::size_t{1} << 30, "it");
}

// Text that does not pack to nothing, longer than any buffer on the way.
std::string long_text() {
    std::string text;
    for (unsigned n = 0; n < 40000; ++n)
        text += fmt::format("{:x}\n", n * 2654435761u);
    return text;
}

struct Packer {
    std::string (*pack)(std::string_view);
    const char* name;
};

class Unpacked : public testing::TestWithParam<Packer> {
protected:
    static std::string pack(std::string_view text) { return GetParam().pack(text); }
};

TEST_P(Unpacked, IsWhatWasPacked) {
    EXPECT_EQ(unpack(pack("65:00.0 NVMe\n")).value(), "65:00.0 NVMe\n");
    EXPECT_EQ(unpack(pack(long_text())).value(), long_text());
    EXPECT_EQ(unpack(pack("")).value(), "");
}

TEST_P(Unpacked, GoesOnWithWhatIsPackedBehindIt) {
    EXPECT_EQ(unpack(pack("one ") + pack("two")).value(), "one two");
}

TEST_P(Unpacked, MayHaveZerosAtItsEnd) {
    EXPECT_EQ(unpack(pack("one") + std::string(70000, '\0')).value(), "one");
}

TEST_P(Unpacked, MayBePackedTwice) { EXPECT_EQ(unpack(pack(pack("one"))).value(), "one"); }

TEST_P(Unpacked, IsNotPackedMoreOften) {
    EXPECT_EQ(unpack(pack(pack(pack("one")))).error().what, "it: is packed more than 2 times");
}

TEST_P(Unpacked, IsNoPartOfWhatWasCutOff) {
    const auto packed = pack(long_text());

    for (const auto size : {packed.size() - 1, packed.size() / 2, std::size_t{7}})
        EXPECT_EQ(unpack(packed.substr(0, size)).error().what, "it: its packed data is cut off");
}

TEST_P(Unpacked, IsNothingOfDamagedData) {
    auto packed = pack(long_text());
    for (auto at = packed.size() / 2; at < packed.size() / 2 + 64; ++at)
        packed[at] = static_cast<char>(packed[at] ^ 0x5a);

    EXPECT_EQ(unpack(packed).error().what, "it: its packed data is damaged");
    EXPECT_EQ(unpack(pack("one") + "more of another kind").error().what,
              "it: its packed data is damaged");
}

TEST_P(Unpacked, EndsAtTheLimit) {
    const auto bomb = pack(std::string(std::size_t{8} << 20, 'x'));
    ASSERT_LT(bomb.size(), 16384u);

    EXPECT_EQ(unpack(bomb, std::uint64_t{1} << 20).error().what,
              "it: unpacks to more than 1048576 bytes");
}

INSTANTIATE_TEST_SUITE_P(Formats, Unpacked,
                         testing::Values(Packer{support::gzip, "gzip"}, Packer{support::xz, "xz"},
                                         Packer{support::zstd, "zstd"}),
                         [](const auto& which) { return std::string{which.param.name}; });

TEST(Unpack, GivesOtherThingsAsTheyAre) {
    EXPECT_EQ(unpack("").value(), "");
    EXPECT_EQ(unpack("\x1f\x8b").value(), "\x1f\x8b");
    EXPECT_EQ(unpack("65:00.0 NVMe\n").value(), "65:00.0 NVMe\n");
}

TEST(Unpack, NamesWhatItDoesNotRead) {
    const auto bzip2 = unpack("BZh91AY&SY").error();

    EXPECT_EQ(bzip2.what, "it: is packed as bzip2, which is not read");
    EXPECT_THAT(bzip2.hint, HasSubstr("gzip, xz and Zstandard"));
    EXPECT_EQ(unpack("PK\x03\x04").error().what, "it: is packed as zip, which is not read");
}

TEST(Unpack, RefusesAWindowOfMoreMemory) {
    // A Zstandard frame whose window is 2^31 bytes: descriptor 0, exponent 21, no content.
    const std::string frame{"\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00", 9};

    EXPECT_EQ(unpack(frame).error().what, "it: unpacking it needs more than 136 MiB of memory");
}

}  // namespace
}  // namespace tenon
