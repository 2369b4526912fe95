// What is printed under --anonymize, searched for every name and number that was planted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "cli/text/tree_text.hpp"
#include "library/function_list.hpp"
#include "tests/support/config_builder.hpp"
#include "tests/support/fake_sysfs.hpp"

namespace tenon::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

// Bytes as a dump has them, each of its number alone.
constexpr auto secret_bytes = std::to_array<std::string_view>({
    "ccbbaaffff211b02",                  // The serial number, from its lowest byte.
    "021b21aabbcc",                      // The MAC address that it is made of, in a register.
    "c1c2c3c4c5c6c7c8c9cacbcccdcecfd0",  // The GUID of the hierarchy.
    "d1d2d3d4",                          // Vital Product Data.
    "e1e2e3e4",                          // A vendor's own.
});
constexpr auto secret_words = std::to_array<std::string_view>({"acme", "builder", "c0ffee00"});

pci::ConfigImage config() {
    support::ConfigBuilder builder;
    builder.head(0x40)
        .express(0x40, 0x80)
        .standard(0x80, 0x03, 0x90)
        .put32(0x84, 0xd4d3d2d1)
        .standard(0x90, 0x09, 0)
        .put8(0x92, 8)
        .put32(0x94, 0xe4e3e2e1)
        .put32(0xc0, 0xaa211b02)
        .put16(0xc4, 0xccbb)
        .extended(0x100, 0x03, 0x140)
        .put32(0x104, 0xffaabbcc)
        .put32(0x108, 0x021b21ff)
        .extended(0x140, 0x28, 0);
    for (unsigned n = 0; n < 16; ++n)
        builder.put8(0x150 + n, static_cast<std::uint8_t>(0xc1 + n));
    return builder.image();
}

// Text of `lspci -xxxx`.
std::string dump_of(const pci::ConfigImage& image) {
    auto text = std::string{"0000:03:00.0 Non-Volatile memory controller: something"};
    for (std::size_t at = 0; at < image.bytes().size(); ++at) {
        if (at % 16 == 0) text += fmt::format("\n{:02x}:", at);
        text += fmt::format(" {:02x}", image.read8(at));
    }
    return text + '\n';
}

std::string without(std::string text, std::string_view letters) {
    std::erase_if(text, [&](char letter) { return letters.contains(letter); });
    return text;
}

// Each byte order, whatever stands between bytes.
void expect_nameless(const std::string& printed) {
    for (const auto word : secret_words)
        EXPECT_THAT(printed, Not(HasSubstr(std::string{word})));
    const auto digits = without(printed, " :-_\n\t\"");
    for (const auto bytes : secret_bytes) {
        std::string reversed;
        for (std::size_t at = bytes.size(); at > 0; at -= 2)
            reversed += bytes.substr(at - 2, 2);
        EXPECT_THAT(digits, Not(HasSubstr(std::string{bytes})));
        EXPECT_THAT(digits, Not(HasSubstr(reversed)));
    }
}

// A host with the device at 01:00.0, and a dump of one in a folder that tells who has it.
class AnonymizedOutput : public testing::Test {
protected:
    AnonymizedOutput() {
        const auto image = config();
        const auto bytes = image.bytes();
        tree_.add({.address = "0000:01:00.0",
                   .config = {bytes.begin(), bytes.end()},
                   .driver = "nvme",
                   .group = "14"});
        tree_.write(tree_.proc() + "/sys/kernel/osrelease", "7.2.12-acme-builder\n");
        mount("/srv/acme");
        tree_.write(tree_.file("0000:01:00.0", "irq"), "16\n");
        tree_.write(tree_.proc() + "/interrupts", "  CPU0\n 16: 3 IO-APIC 16-fasteoi acme0\n");
        dump_ = folder() + "/acme.txt";
        rom_ = folder() + "/acme.rom";
        tree_.write(dump_, dump_of(image));
        tree_.write(rom_, "no option ROM");
    }

    // The disk of the device holds a file system.
    void mount(const std::string& point) {
        const auto disk = tree_.file("0000:01:00.0", "block/nvme0n1");
        tree_.write(disk / "dev", "259:0\n");
        std::filesystem::create_directories(tree_.sysfs() + "/class/block");
        std::filesystem::create_directory_symlink(disk, tree_.sysfs() + "/class/block/nvme0n1");
        tree_.write(tree_.proc() + "/self/mountinfo",
                    fmt::format("25 1 259:0 / {} rw - ext4 /dev/nvme0n1 rw\n", point));
    }

    std::string folder() const { return tree_.proc() + "/acme"; }

    Host this_host() const {
        return {.sysfs = host::sysfs::Sysfs{
                    {.sysfs = tree_.sysfs(), .dev = tree_.dev(), .proc = tree_.proc()}}};
    }

    // What a line of `tenon list` says of the device; a table may break it.
    std::string verdict(library::Names names) const {
        const auto list = library::list_functions(this_host(), names).value();
        return text::verdict_in_short(list, list.functions.front());
    }

    Outcome run_words(std::vector<std::string> words) const {
        words.insert(words.begin(), "tenon");
        std::vector<const char*> arguments;
        for (const auto& word : words)
            arguments.push_back(word.c_str());
        return run(static_cast<int>(arguments.size()), arguments.data(), this_host(), {}, {});
    }

    std::string print(std::vector<std::string> words) const {
        const auto outcome = run_words(std::move(words));
        EXPECT_NE(outcome.status, 2) << outcome.err;
        return outcome.out + outcome.err;
    }

    std::string failing(std::vector<std::string> words) const {
        const auto outcome = run_words(std::move(words));
        EXPECT_EQ(outcome.status, 2);
        EXPECT_EQ(outcome.out, "");
        return outcome.err;
    }

    support::FakeSysfs tree_;
    std::string dump_;
    std::string rom_;
};

TEST_F(AnonymizedOutput, IsToldApartFromWhatIsNot) {
    EXPECT_THAT(without(print({"capture", "01:00.0"}), " "), HasSubstr("ccbbaaffff211b02"));
    EXPECT_THAT(print({"plan", dump_}), HasSubstr("acme"));
    EXPECT_THAT(print({"capture", "01:00.0"}), HasSubstr("acme0"));
    EXPECT_THAT(print({"plan", "01:00.0"}), HasSubstr("holds /srv/acme (nvme0n1): do not"));
}

TEST_F(AnonymizedOutput, SaysWhatAFunctionIsUsedForWithoutItsName) {
    EXPECT_THAT(print({"plan", "--anonymize", "01:00.0"}),
                HasSubstr("0000:01:00.0 holds a mounted file system: do not"));
    EXPECT_THAT(print({"plan", "01:00.0"}), Not(HasSubstr("unbind")));
    EXPECT_EQ(verdict(library::Names::Told), "no: it holds /srv/acme (nvme0n1)");
    EXPECT_EQ(verdict(library::Names::Taken), "no: it holds a mounted file system");
    EXPECT_THAT(print({"list", "--json"}), HasSubstr("holds /srv/acme (nvme0n1): do not"));
    EXPECT_THAT(print({"list", "--json"}), Not(HasSubstr("unbind")));
}

TEST_F(AnonymizedOutput, OfACaptureNamesNobody) {
    expect_nameless(print({"capture", "--anonymize", "01:00.0"}));
}

TEST_F(AnonymizedOutput, OfAListNamesNobody) {
    expect_nameless(print({"list", "--anonymize"}));
    expect_nameless(print({"list", "--anonymize", "--json"}));
}

TEST_F(AnonymizedOutput, OfAPlanNamesNobodyInAnyForm) {
    const std::string picture = tree_.proc() + "/picture.svg";
    const std::vector<std::string> devices{"01:00.0", dump_, dump_ + ",rom=" + rom_,
                                           dump_ + ",vf-token=c0ffee00-0000-4000-8000-000000000001",
                                           dump_ + "#03:00.*,rom=" + rom_};
    for (const auto& device : devices) {
        expect_nameless(print({"plan", "--anonymize", device}));
        expect_nameless(print({"plan", "--anonymize", "-v", device}));
        expect_nameless(print({"plan", "--anonymize", "-v", "--json", device}));
        expect_nameless(print({"plan", "--anonymize", "--json", device}));
        expect_nameless(print({"plan", "--anonymize", "--emit", "lspci", device}));
        for (const auto* const manager : {"qemu", "libvirt", "proxmox", "kubevirt"})
            expect_nameless(print({"plan", "--anonymize", "--emit", manager, device}));
        expect_nameless(print({"plan", "--anonymize", "--map", device}));
        print({"plan", "--anonymize", "--map", picture, device});
        std::ostringstream drawn;
        drawn << std::ifstream{picture}.rdbuf();
        EXPECT_THAT(drawn.str(), HasSubstr("<svg"));
        expect_nameless(drawn.str());
    }
}

TEST_F(AnonymizedOutput, OfAnErrorNamesNobody) {
    const auto missing = folder() + "/builder\'s lab/x.txt";
    const std::vector<std::vector<std::string>> all{
        {"plan", "--anonymize", missing},
        {"plan", "--anonymize", missing + "#01:00.0,intx=off"},
        {"plan", "--anonymize", dump_ + ",rom=" + missing},
        {"plan", "--anonymize", dump_ + "#09:00.0"},
        {"list", "--anonymize", missing},
        {"capture", "--anonymize", missing}};
    for (const auto& words : all) {
        const auto error = failing(words);
        expect_nameless(error);
        EXPECT_THAT(error, HasSubstr("FILE"));
    }
    EXPECT_THAT(failing({"plan", missing}), HasSubstr("acme"));
    EXPECT_THAT(failing({"plan", "--anonymize", "09:00.0"}), HasSubstr("09:00.0"));
}

TEST_F(AnonymizedOutput, HasTheSamePlanButForNames) {
    const auto plain = print({"plan", "--json", dump_});
    auto nameless = print({"plan", "--json", "--anonymize", dump_});

    const auto source = fmt::format("\"source\": \"{}\"", dump_);
    const std::string file = "\"source\": \"file1#0000:03:00.0\"";
    ASSERT_THAT(nameless, HasSubstr(file));
    nameless.replace(nameless.find(file), file.size(), source);
    EXPECT_EQ(nameless, plain);
}

}  // namespace
}  // namespace tenon::cli
