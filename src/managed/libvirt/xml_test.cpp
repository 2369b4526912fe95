#include "managed/libvirt/xml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::managed::libvirt {
namespace {

using testing::HasSubstr;

std::string error_of(std::string_view text) {
    const auto document = Document::parse(text, "a.xml");
    return document ? "" : document.error().what;
}

TEST(Xml, KnowsTheLineOfEachElement) {
    const auto document = Document::parse("$ virsh dumpxml a\n<a>\n  <b c='1'/>\n</a>\n", "a.xml");
    ASSERT_TRUE(document);
    const auto root = (*document)->root();

    EXPECT_EQ(to_string(root.place()), "a.xml:2");
    EXPECT_EQ(to_string(root.child("b").place()), "a.xml:3");
    EXPECT_EQ(root.child("b").attribute("c"), "1");
    EXPECT_EQ(root.child("b").tag(), "<b c='1'>");
}

TEST(Xml, AnswersNoneForWhatIsNotThere) {
    const auto document = Document::parse("<a/>", "a.xml");
    ASSERT_TRUE(document);
    const auto none = (*document)->root().child("b").child("c");

    EXPECT_FALSE(none);
    EXPECT_EQ(none.attribute("d"), "");
    EXPECT_EQ(none.text(), "");
    EXPECT_TRUE(none.children().empty());
    EXPECT_EQ(none.name(), "");
}

TEST(Xml, LeavesPrefixesOfNamesOut) {
    const auto document = Document::parse("<a xmlns:q='x'><q:b>t</q:b></a>", "a.xml");
    ASSERT_TRUE(document);

    EXPECT_EQ((*document)->root().child("b").text(), "t");
}

TEST(Xml, SaysInWhichLineItIsBroken) {
    EXPECT_THAT(error_of("<a>\n<b>\n</a>"), HasSubstr("a.xml:3: no well-formed XML"));
    EXPECT_THAT(error_of("no XML"), HasSubstr("no well-formed XML"));
    EXPECT_THAT(error_of("<a b='1"), HasSubstr("no well-formed XML"));
}

TEST(Xml, RefusesEntitiesOfItsOwn) {
    EXPECT_THAT(error_of("<!DOCTYPE a [<!ENTITY b 'cc'><!ENTITY d '&b;&b;&b;'>]><a>&d;</a>"),
                HasSubstr("DOCTYPE"));
    EXPECT_THAT(error_of("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>"), HasSubstr("DOCTYPE"));
    // One that is not declared stays as it is written.
    const auto document = Document::parse("<a>&b;&lt;</a>", "a.xml");
    ASSERT_TRUE(document);
    EXPECT_EQ((*document)->root().text(), "&b;<");
}

TEST(Xml, BoundsDepthAndNumber) {
    std::string deep;
    for (int n = 0; n < 100'000; ++n)
        deep += "<a>";
    for (int n = 0; n < 100'000; ++n)
        deep += "</a>";
    EXPECT_THAT(error_of(deep), HasSubstr("deep"));

    std::string many = "<a>";
    for (int n = 0; n < 500'000; ++n)
        many += "<b/>";
    EXPECT_THAT(error_of(many + "</a>"), HasSubstr("elements"));
    EXPECT_THAT(error_of(std::string(std::size_t{5} << 20, ' ')), HasSubstr("more than"));
}

TEST(Xml, EscapesValues) { EXPECT_EQ(escaped("a<b&'c'"), "a&lt;b&amp;&apos;c&apos;"); }

}  // namespace
}  // namespace tenon::managed::libvirt
