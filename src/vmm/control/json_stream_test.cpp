#include "vmm/control/json_stream.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tenon::vmm::control {
namespace {

std::vector<std::string> texts(const std::vector<Result<JsonStream::Json>>& found) {
    std::vector<std::string> texts;
    for (const auto& one : found)
        texts.push_back(one ? one->dump() : "error: " + one.error().what);
    return texts;
}

using Texts = std::vector<std::string>;

TEST(JsonStream, GivesObjectsThatStandCloseTogether) {
    JsonStream stream;

    EXPECT_EQ(texts(stream.feed("{\"a\":1}{\"b\":[{}]}\r\n {}")),
              (Texts{"{\"a\":1}", "{\"b\":[{}]}", "{}"}));
}

TEST(JsonStream, WaitsForTheEnd) {
    JsonStream stream;

    EXPECT_TRUE(stream.feed("{\"a\": {\"b\"").empty());
    EXPECT_EQ(texts(stream.feed(": 2}}")), Texts{"{\"a\":{\"b\":2}}"});
}

TEST(JsonStream, LeavesBracketsInStringsAlone) {
    JsonStream stream;

    EXPECT_EQ(texts(stream.feed(R"({"a": "}{\"]", "b": "\\"})")),
              Texts{R"({"a":"}{\"]","b":"\\"})"});
}

TEST(JsonStream, PassesOverALineThatIsNoObject) {
    JsonStream stream;

    EXPECT_EQ(texts(stream.feed("help me\n{}")),
              (Texts{"error: a message is a JSON object, which begins with '{'", "{}"}));
    EXPECT_FALSE(stream.broken());
}

TEST(JsonStream, SaysWhatOnlyLooksLikeAnObject) {
    JsonStream stream;
    const std::string no_json = "a message: line 1: no JSON here, or it is cut off";

    EXPECT_EQ(texts(stream.feed("{a}{]{\"b\":1}")),
              (Texts{"error: " + no_json, "error: " + no_json, "{\"b\":1}"}));
}

TEST(JsonStream, EndsAtAnObjectThatIsTooDeep) {
    JsonStream stream;

    const auto found = stream.feed("{\"a\":" + std::string(1000, '[') + "\n{}");

    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].error().what, "more than 32 brackets are open");
    EXPECT_TRUE(stream.broken());
    EXPECT_TRUE(stream.feed("{}").empty());
}

TEST(JsonStream, EndsAtAnObjectThatIsTooLarge) {
    JsonStream stream{{.bytes = 100}};

    const auto found = stream.feed("{\"a\":\"" + std::string(200, 'x'));

    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].error().what, "it has more than 100 bytes");
    EXPECT_TRUE(stream.broken());
}

// Bytes that often look like JSON.
rc::Gen<std::string> almost_json() {
    return rc::gen::container<std::string>(
        rc::gen::elementOf(std::string{"{}{}[]\"\"\\:,a1 \n\x80\xff"}));
}

RC_GTEST_PROP(JsonStreamProperty, DoesNotDependOnHowItComes, ()) {
    const auto bytes = *almost_json();
    const auto cut = *rc::gen::inRange<std::size_t>(0, bytes.size() + 1);
    JsonStream whole;
    JsonStream parts;

    const auto expected = texts(whole.feed(bytes));
    auto found = texts(parts.feed(std::string_view{bytes}.substr(0, cut)));
    for (auto& text : texts(parts.feed(std::string_view{bytes}.substr(cut))))
        found.push_back(text);

    RC_ASSERT(found == expected);
}

}  // namespace
}  // namespace tenon::vmm::control
