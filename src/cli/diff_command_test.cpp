#include "cli/diff_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/config_builder.hpp"
#include "tests/support/fake_sysfs.hpp"

namespace tenon::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

// Files: words of a card, the first bytes of one, and those of a slot.
class DiffCommand : public testing::Test {
protected:
    DiffCommand() {
        tree_.write(words_,
                    "01:00.0 VGA compatible controller [0300]: NVIDIA Corporation GP104 "
                    "[10de:1b81] (rev a1)\n");
        tree_.write(header_, dump("01:00.0"));
        tree_.write(slot_, dump("01:00.0") + dump("01:00.1"));
    }

    // As lspci -x prints it.
    static std::string dump(std::string_view address) {
        auto text = fmt::format("{} Something", address);
        const auto image = support::ConfigBuilder{64}.image();
        for (std::size_t at = 0; at < 64; ++at) {
            if (at % 16 == 0) text += fmt::format("\n{:02x}:", at);
            text += fmt::format(" {:02x}", image.read8(at));
        }
        return text + "\n\n";
    }

    Outcome compared(const std::string& a, const std::string& b, bool as_json = false) const {
        const Host host{.sysfs = host::sysfs::Sysfs{
                            {.sysfs = tree_.sysfs(), .dev = tree_.dev(), .proc = tree_.proc()}}};
        return run_diff(host, {.a = a, .b = b, .json = as_json}, {.width = 500});
    }

    support::FakeSysfs tree_;
    std::string words_ = tree_.proc() + "/words.txt";
    std::string header_ = tree_.proc() + "/header.txt";
    std::string slot_ = tree_.proc() + "/slot.txt";
};

TEST_F(DiffCommand, OfWordsSaysThatNothingIsKnownToCompare) {
    const auto text = compared(words_, words_);
    const auto object = compared(words_, words_, true);

    EXPECT_EQ(text.status, status::refused);
    EXPECT_THAT(text.out, HasSubstr("Nothing is known to compare of what a guest would see"));
    EXPECT_THAT(text.out, Not(HasSubstr("the same of both")));
    EXPECT_EQ(object.status, status::refused);
    EXPECT_TRUE(json::parse(object.out).at("same").is_null());
}

TEST_F(DiffCommand, OfTheHeaderAloneSaysHowFarItIsTheSame) {
    const auto text = compared(header_, header_);

    EXPECT_EQ(text.status, status::good);
    EXPECT_THAT(text.out,
                HasSubstr("would see the same of both, as far as the first 64 bytes tell"));
}

TEST_F(DiffCommand, HasOneLineOfWhatNeitherSideKnows) {
    const auto text = compared(header_, header_);
    const auto object = json::parse(compared(header_, header_, true).out);

    EXPECT_THAT(text.out, HasSubstr("fields that neither side knows (--json names them)\n"));
    EXPECT_THAT(text.out, Not(HasSubstr("iommu_group")));
    EXPECT_THAT(object.at("unknown_of_both").dump(), HasSubstr("iommu_group"));
}

TEST_F(DiffCommand, OfASlotTellsOfAPlanThatHasTheRegisters) {
    const auto slot = compared(slot_ + "#01:00.*", header_);

    EXPECT_EQ(slot.status, status::wrong);
    EXPECT_THAT(slot.err, HasSubstr("2 functions, and one is compared with one"));
    EXPECT_THAT(slot.err, HasSubstr("write `tenon plan -v --json` of all to a file"));
}

}  // namespace
}  // namespace tenon::cli
