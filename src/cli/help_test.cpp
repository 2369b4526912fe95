#include "cli/help.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "cli/text/key_text.hpp"
#include "library/api/request_file.hpp"
#include "library/words/backend_options.hpp"
#include "library/words/device_argument.hpp"
#include "library/words/memory_argument.hpp"
#include "library/words/port_argument.hpp"
#include "library/words/viommu_argument.hpp"

namespace tenon::cli {
namespace {

using library::words::KeyWords;
using testing::HasSubstr;

TEST(KeyText, StandsInColumns) {
    const std::array keys{
        KeyWords{.name = "id", .value = "NAME", .what = "what it is called"},
        KeyWords{.name = "a-longer-one",
                 .value = "on|off",
                 .what = "as many words as do not fit into what the head of this key has left of "
                         "the first line"}};

    EXPECT_EQ(text::render_keys(keys, 2, 16),
              "  id=NAME       what it is called\n"
              "  a-longer-one=on|off  as many words as do not fit into what the head of this key "
              "has left of the\n"
              "                first line\n");
}

TEST(Help, TellsEveryKeyWhereItCanBeGiven) {
    for (const auto& keys : {library::words::device_keys(), library::words::port_keys(),
                             library::words::memory_keys(), library::words::vtd_keys()})
        for (const auto& key : keys) {
            EXPECT_THAT(plan_help(), HasSubstr(fmt::format(" {}={}  ", key.name, key.value)));
            EXPECT_THAT(run_help(), HasSubstr(fmt::format(" {}={}  ", key.name, key.value)));
        }
}

// A program that plans a machine's file by the library knows what stands there for a start alone.
TEST(Help, HasEveryKeyOfAFileThatOnlyAStartNeeds) {
    std::vector<std::string> known{"device", "port",  "machine", "viommu", "memory",
                                   "cpus",   "vcpus", "iommufd", "kvm"};
    for (const auto& key : library::run_keys()) {
        EXPECT_THAT(run_help(), HasSubstr(fmt::format("\n  --{} ", key.name)));
        known.emplace_back(key.name);
    }
    for (const auto& option : library::words::backend_options())
        known.emplace_back(option.name);
    const auto help = run_help();
    for (auto at = help.find("\n  --"); at != std::string::npos; at = help.find("\n  --", at + 1)) {
        const auto name = help.substr(at + 5, help.find_first_of(" |", at + 5) - at - 5);
        EXPECT_THAT(known, testing::Contains(name));
    }
}

// "auto|on|off": what is offered in small letters, digits and marks is what parsers take.
TEST(Help, OffersValuesThatAreTaken) {
    const auto each = [](const std::vector<KeyWords>& keys, auto parse) {
        for (const auto& key : keys)
            for (const auto value : split(key.value, '|')) {
                const bool literal =
                    value.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ[") == std::string_view::npos &&
                    value != "0-7";
                if (!literal) continue;
                EXPECT_TRUE(parse(fmt::format("{}={}", key.name, value)))
                    << key.name << '=' << value;
            }
    };
    each(library::words::device_keys(), [](const std::string& key) {
        return library::words::parse_device_argument("65:00.0," + key).has_value();
    });
    each(library::words::port_keys(), [](const std::string& key) {
        return library::words::parse_port_argument("a," + key).has_value();
    });
    each(library::words::vtd_keys(), [](const std::string& key) {
        return library::words::parse_viommu("vtd," + key).has_value();
    });
    each(library::words::memory_keys(), [](const std::string& key) {
        return library::words::parse_memory_argument("1G," + key).has_value();
    });
}

}  // namespace
}  // namespace tenon::cli
