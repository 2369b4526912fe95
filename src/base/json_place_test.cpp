#include "base/json_place.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tenon {
namespace {

using testing::HasSubstr;

JsonDocument document(std::string_view text) {
    return JsonDocument::parse(text, "file.json", {.bytes = 1 << 20}).value();
}

std::string refusal(std::string_view text, std::size_t most = 1 << 20) {
    const auto read = JsonDocument::parse(text, "file.json", {.bytes = most});
    return read ? "no error" : read.error().what;
}

std::string mistake(const JsonDocument& document) {
    return document.mistake() ? document.mistake()->what : "no mistake";
}

TEST(JsonDocument, NamesTheLineOfWhatIsNoJson) {
    EXPECT_EQ(refusal("{\n\"a\": 1,\n}"), "file.json: line 3: no JSON here, or it is cut off");
    EXPECT_EQ(refusal("{\n\"a\": [1"), "file.json: line 2: no JSON here, or it is cut off");
    EXPECT_EQ(refusal(""), "file.json: line 1: no JSON here, or it is cut off");
    EXPECT_EQ(refusal("{\"a\": \"\xff\"}"), "file.json: line 1: no JSON here, or it is cut off");
}

TEST(JsonDocument, RefusesNumbersThatNoTypeHolds) {
    EXPECT_EQ(refusal("{\"a\": 1e999}"), "file.json: JSON with a number that is out of range");
}

TEST(JsonDocument, RefusesDeepNestingOutsideOfStringsOnly) {
    const std::string brackets(1000000, '[');

    EXPECT_EQ(refusal(brackets), "file.json: JSON nested more than 32 deep");
    EXPECT_EQ(
        refusal("{\"a\": \"" + std::string(100, '[') + "\\\"" + std::string(100, '{') + "\"}"),
        "no error");
}

TEST(JsonDocument, RefusesMoreThanItsLimit) {
    EXPECT_EQ(refusal("{}          ", 8), "file.json: JSON of more than 8 bytes");
}

// Two bytes of text are a value that takes sixteen of memory, or many more.
TEST(JsonDocument, RefusesMoreValuesThanItsLimit) {
    const auto refused = [](std::string_view text) {
        const auto read = JsonDocument::parse(text, "file.json", {.bytes = 100, .values = 4});
        return read ? "no error" : read.error().what;
    };

    EXPECT_EQ(refused("[0,0,0]"), "no error");
    EXPECT_EQ(refused("[0,0,0,0]"), "file.json: JSON of more than 4 values");
    EXPECT_EQ(refused("[[],[],[]]"), "file.json: JSON of more than 4 values");
    EXPECT_EQ(refused("{\"a\":{\"b\":{\"c\":[]}}}"), "file.json: JSON of more than 4 values");
    EXPECT_EQ(refused("\",,,,[[[[\""), "no error");
}

TEST(JsonMember, IsNothingWhereThereIsNone) {
    const auto json = document(R"({"a": 1})");
    const auto list = document(R"(["a"])");

    EXPECT_NE(find_member(json.value(), "a"), nullptr);
    EXPECT_EQ(find_member(json.value(), "b"), nullptr);
    EXPECT_EQ(find_member(list.value(), "a"), nullptr);
}

TEST(JsonPlace, GivesValuesOfTheTypeAskedFor) {
    auto json = document(R"({"n": 7, "i": -1, "h": "0x1F", "b": true, "t": "x", "l": [1, 2]})");
    const JsonPlace root{json};

    EXPECT_EQ(root.at("n").number(), 7u);
    EXPECT_EQ(root.at("i").number_between(-1, 3), -1);
    EXPECT_EQ(root.at("h").hex(0x1f), 0x1fu);
    EXPECT_TRUE(root.at("b").flag());
    EXPECT_EQ(root.at("t").text(), "x");
    EXPECT_EQ(root.at("l").items(2).size(), 2u);
    EXPECT_EQ(mistake(json), "no mistake");
}

TEST(JsonPlace, NamesThePathOfAMissingValue) {
    auto json = document(R"({"a": [{}]})");

    EXPECT_EQ(JsonPlace{json}.at("a").items(1)[0].at("b").number(), 0u);

    EXPECT_EQ(mistake(json), "file.json: $.a[0].b: is missing");
}

TEST(JsonPlace, KeepsTheFirstMistake) {
    auto json = document(R"({"a": 1})");

    EXPECT_FALSE(JsonPlace{json}.at("a").flag());
    EXPECT_EQ(JsonPlace{json}.at("b").text(), "");

    EXPECT_EQ(mistake(json), "file.json: $.a: is neither true nor false");
}

// One question each, because only the first mistake is kept.
template <typename Ask>
std::string asked(std::string_view value, Ask ask) {
    auto json = document("{\"a\": " + std::string{value} + "}");
    ask(JsonPlace{json}.at("a"));
    return mistake(json);
}

TEST(JsonPlace, RefusesNumbersOutOfRange) {
    const auto byte = [](const JsonPlace& place) { return place.number(255); };
    const auto node = [](const JsonPlace& place) { return place.number_between(-1, 8); };

    EXPECT_EQ(asked("255", byte), "no mistake");
    EXPECT_EQ(asked("256", byte), "file.json: $.a: is not a whole number from 0 to 255");
    EXPECT_THAT(asked("-1", byte), HasSubstr("whole number"));
    EXPECT_THAT(asked("1.0", byte), HasSubstr("whole number"));
    EXPECT_THAT(asked("\"1\"", byte), HasSubstr("whole number"));
    EXPECT_THAT(asked("-2", node), HasSubstr("from -1 to 8"));
    EXPECT_THAT(asked("18446744073709551615", node), HasSubstr("from -1 to 8"));
}

TEST(JsonPlace, RefusesHexThatIsNone) {
    const auto ask = [](const JsonPlace& place) { return place.hex(0xff); };

    EXPECT_EQ(asked("\"0xff\"", ask), "no mistake");
    EXPECT_EQ(asked("\"0x100\"", ask),
              "file.json: $.a: is not a string of 0x and hex digits up to 0xff");
    EXPECT_THAT(asked("\"ff\"", ask), HasSubstr("hex digits"));
    EXPECT_THAT(asked("\"0x\"", ask), HasSubstr("hex digits"));
    EXPECT_THAT(asked("\"0x-1\"", ask), HasSubstr("hex digits"));
    EXPECT_THAT(asked("255", ask), HasSubstr("hex digits"));
}

TEST(JsonPlace, RefusesTextThatATerminalWouldObey) {
    const auto ask = [](const JsonPlace& place) { return place.text(); };

    EXPECT_EQ(asked("\"µ vfio-pci\"", ask), "no mistake");
    EXPECT_EQ(asked(R"("\u001b[2J")", ask), "file.json: $.a: has a control character");
    EXPECT_THAT(asked(R"("\u009b2J")", ask), HasSubstr("control character"));
    EXPECT_THAT(asked(R"("a\nb")", ask), HasSubstr("control character"));
    EXPECT_EQ(asked("\"" + std::string(4097, 'x') + "\"", ask),
              "file.json: $.a: is longer than 4096 bytes");
    EXPECT_EQ(asked("null", ask), "file.json: $.a: is not a string");
}

TEST(JsonPlace, RefusesListsOfAnotherLength) {
    EXPECT_EQ(asked("[1,2,3]", [](const JsonPlace& place) { return place.items(2); }),
              "file.json: $.a: has 3 entries; at most 2 are possible");
    EXPECT_EQ(asked("[1]", [](const JsonPlace& place) { return place.exactly(2); }),
              "file.json: $.a: has not the 2 entries it should have");
    EXPECT_EQ(asked("{}", [](const JsonPlace& place) { return place.items(2); }),
              "file.json: $.a: is not a list");
}

}  // namespace
}  // namespace tenon
